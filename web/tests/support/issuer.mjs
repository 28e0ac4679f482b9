// An organisation's own server: a certified OpenID provider on this machine, and what goes wrong with one.
import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { fileURLToPath } from "node:url";
import { decodeJwt, exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from "jose";
import { Provider } from "oidc-provider";

/** Returns a port that is free now. */
export const free = () => new Promise((done) => { const probe = createServer().listen(0, "127.0.0.1", () => { const { port } = probe.address(); probe.close(() => done(port)); }); });

/** A file of the server that the tests are, as the program would be given it. */
export const pem = (name) => fileURLToPath(new URL(`../../../crates/glasshouse/tests/support/tls/${name}`, import.meta.url));

/**
 * Serves an issuer, over TLS, that knows one client and takes any name. `twist` changes the claims of the tokens that it gives,
 * which it signs all the same; `forge` has them signed otherwise: with a key that it never published (`strange`), not at
 * all (`none`), or with what everybody can read of its own key (`HS256`); `token` gives an earlier one again; `way` changes
 * the address that it sends people back to.
 */
export async function issuer({ redirect, secret }) {
  const made = async () => { const { privateKey } = await generateKeyPair("RS256", { extractable: true }); return { ...(await exportJWK(privateKey)), kid: "k1", alg: "RS256", use: "sig" }; };
  const [key, strange] = [await made(), await made()];
  const port = await free(), url = `https://localhost:${port}`;
  const provider = new Provider(url, {
    clients: [{ client_id: "glasshouse", client_secret: secret, redirect_uris: [redirect] }],
    jwks: { keys: [key] },
    cookies: { keys: ["not a secret"] },
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, email: `${id}@example.com`, email_verified: true }) }),
    // Whoever is signed in there lets us know who they are, without being asked.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  const state = { twist: undefined, forge: undefined, token: undefined, given: undefined, way: undefined, asked: [] };
  const known = createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" });
  const signed = async (claims) => {
    if (state.forge === "none") return new UnsecuredJWT(claims).encode();
    if (state.forge === "HS256") return new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(Buffer.from(known));
    return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(await importJWK(state.forge ? strange : key));
  };
  provider.use(async (ctx, next) => {
    state.asked.push(ctx.path);
    if (ctx.path.startsWith("/interaction/")) {
      if (ctx.method === "GET") { ctx.type = "html"; ctx.body = `<!doctype html><title>Issuer</title><link rel="icon" href="data:,"><form method="post"><label>Who <input name="login"></label><button>Go</button></form>`; return; }
      const chunks = [];
      for await (const chunk of ctx.req) chunks.push(chunk);
      const accountId = new URLSearchParams(Buffer.concat(chunks).toString()).get("login");
      await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId } });
      ctx.respond = false;
      return;
    }
    await next();
    const to = ctx.response.get("location");
    if (state.way && to?.startsWith(redirect)) {
      const changed = state.way(new URL(to));
      if (changed) ctx.set("location", changed.href); else { ctx.status = 200; ctx.response.remove("location"); ctx.body = "held"; }
    }
    if (ctx.path === "/token" && ctx.body?.id_token && (state.twist || state.forge)) {
      const claims = { ...decodeJwt(ctx.body.id_token), ...state.twist };
      ctx.body = { ...ctx.body, id_token: await signed(claims) };
    }
    if (ctx.path === "/token" && ctx.body?.id_token) {
      state.given = ctx.body.id_token;
      if (state.token) ctx.body = { ...ctx.body, id_token: state.token };
    }
  });
  provider.on("server_error", (_, error) => console.error(error));
  const server = createSecureServer({ cert: await readFile(pem("cert.pem")), key: await readFile(pem("key.pem")) }, provider.callback());
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return { url, state, stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}
