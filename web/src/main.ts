import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { listen } from "./lib/keys";
import { followLinks } from "./lib/route.svelte";
import { begin, showTheme } from "./lib/session.svelte";

showTheme();
followLinks();
listen();
void begin();
mount(App, { target: document.getElementById("app")! });
