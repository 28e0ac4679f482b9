//! Makes sure that there is a page to embed: the built one, or a plain one that says how to build it.

use std::path::Path;
use std::{fs, io};

const PLAIN: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Glasshouse</title>
<h1>Glasshouse</h1>
<p>This build has no review page. Run <code>scripts/web.sh</code>, build again, and serve the case anew.</p>
<p>What the page asks is at <a href=\"/api/openapi.json\">/api/openapi.json</a>; the command line does everything else.</p>
</html>
";

fn main() -> io::Result<()> {
    let dist = Path::new("../../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    let index = dist.join("index.html");
    if !index.exists() {
        fs::create_dir_all(dist)?;
        fs::write(index, PLAIN)?;
    }
    Ok(())
}
