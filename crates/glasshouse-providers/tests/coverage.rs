//! `docs/coverage.md` says what the manifests say.

use glasshouse_providers::providers;
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = "<!-- formats: made by `UPDATE_EXPECTED=1 cargo test --workspace --test coverage` -->\n";
const END: &str = "<!-- end of formats -->";

#[test]
fn the_page_lists_every_format() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("where the list begins");
    let (found, after) = rest.split_once(END).expect("where the list ends");
    let expected = list();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).expect("written");
    } else {
        assert!(found == expected, "docs/coverage.md is not what the manifests say; run it with UPDATE_EXPECTED=1");
    }
}

/// Returns a table of the formats of each provider, by title, and what it does not cover.
fn list() -> String {
    let mut manifests: Vec<_> = providers().iter().map(|p| p.manifest()).collect();
    manifests.sort_by_key(|m| m.title.to_lowercase());
    let mut text = String::new();
    for manifest in manifests {
        let _ = write!(
            text,
            "\n### {}\n\n| Format | What it is | Families | Tier |\n| --- | --- | --- | --- |\n",
            manifest.title
        );
        for format in manifest.formats {
            let families: Vec<_> = format.families.iter().map(|f| f.as_str()).collect();
            let cells =
                (manifest.id, format.id, format.title.replace('|', "\\|"), families.join(", "), format.tier.as_str());
            let _ = writeln!(text, "| `{}.{}` | {} | {} | {} |", cells.0, cells.1, cells.2, cells.3, cells.4);
        }
        if !manifest.not_covered.is_empty() {
            let _ = write!(text, "\nNot covered: {}\n", manifest.not_covered.join(" "));
        }
    }
    text.push('\n');
    text
}
