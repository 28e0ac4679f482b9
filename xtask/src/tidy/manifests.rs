//! What the crates depend on.

use super::Finding;
use crate::Fault;
use std::path::Path;

/// The number of packages may grow to this; beyond it somebody decides that the newcomer is worth it.
const MOST_PACKAGES: usize = 680;

/// Each crate here may use only these of ours: a verifier must not lean on what it verifies.
const MAY_USE: &[(&str, &[&str])] = &[("glasshouse-verify", &["glasshouse-layout"]), ("glasshouse-layout", &[])];

/// Checks the number of packages and what the verifier uses.
pub fn check(root: &Path) -> Result<Vec<Finding>, Fault> {
    let lock = std::fs::read_to_string(root.join("Cargo.lock"))?;
    let packages = lock.lines().filter(|l| *l == "[[package]]").count();
    let mut found = Vec::new();
    if packages > MOST_PACKAGES {
        let message = format!("{packages} packages; {MOST_PACKAGES} are the most.");
        found.push(Finding::new("Cargo.lock", lock.lines().count(), message));
    }
    for (name, allowed) in MAY_USE {
        let path = format!("crates/{name}/Cargo.toml");
        if let Ok(manifest) = std::fs::read_to_string(root.join(&path)) {
            found.extend(
                ours(&manifest)
                    .into_iter()
                    .filter(|(_, used)| !allowed.contains(&used.as_str()))
                    .map(|(line, used)| Finding::new(&path, line, format!("{name} may not use {used}."))),
            );
        }
    }
    Ok(found)
}

/// Returns the crates of this workspace that a manifest depends on outside tests, with the line of each.
fn ours(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut relevant = false;
    for (number, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            relevant = section.contains("dependencies") && !section.contains("dev-dependencies");
        }
        if !relevant || line.starts_with('#') {
            continue;
        }
        // Names stand in keys, in headings and, where a dependency is renamed, in `package`.
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '/'));
        found.extend(words.filter(|w| w.starts_with("glasshouse")).map(|w| (number + 1, w.to_owned())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::ours;

    #[test]
    fn dependencies_are_read() {
        let manifest = "[package]\nname = \"glasshouse-verify\"\n[dependencies]\nserde = \"1\"\n# glasshouse-x\n\
            glasshouse-layout.workspace = true\nq = { package = \"glasshouse-store\" }\n[dev-dependencies]\n\
            glasshouse-engine.workspace = true\n[target.'cfg(unix)'.dependencies.glasshouse-model]\n";
        let found: Vec<_> = ours(manifest).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
        assert_eq!(found, ["6 glasshouse-layout", "7 glasshouse-store", "10 glasshouse-model"]);
    }
}
