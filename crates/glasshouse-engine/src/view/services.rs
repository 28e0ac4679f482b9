//! Who keeps what a service holds, and how its holder deletes it there: data in `services.toml`, beside the code.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What is known of a service.
#[derive(Debug, Deserialize)]
pub(super) struct Service {
    /// Providers that it is true of.
    ids: Vec<String>,
    /// The company, or whoever else has the data; none for files that do not say it.
    pub held_by: Option<String>,
    #[serde(flatten)]
    door: Door,
    #[serde(default)]
    kind: Vec<Kind>,
}

/// Families that have a way of their own.
#[derive(Debug, Deserialize)]
struct Kind {
    families: Vec<String>,
    #[serde(flatten)]
    door: Door,
}

/// A way to delete something, where it begins, and the company's own words on it.
#[derive(Clone, Debug, Deserialize)]
struct Door {
    way: String,
    at: Option<String>,
    help: Option<String>,
}

/// How some of what a service holds can be deleted there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deleting {
    /// Families that it is for; none for all that the service holds.
    pub kinds: Vec<String>,
    /// The way through its menus.
    pub way: String,
    /// The address where that begins, if it has one.
    pub at: Option<String>,
    /// The company's own help on it, where such a page is known.
    pub described_at: Option<String>,
}

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        service: Vec<Service>,
    }
    // INVARIANT: the file is part of the program, and the tests below read it.
    toml::from_str::<File>(include_str!("services.toml")).expect("services.toml is well formed").service
});

/// Returns what is known of the service that a provider's records are from.
pub(super) fn known(provider: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.ids.iter().any(|id| id == provider))
}

impl Service {
    /// Returns the ways for what is held of these families: those with a door of their own, then the service's.
    pub fn deleting(&self, held: &[&str]) -> Vec<Deleting> {
        let of = |kind: &&Kind, family: &str| kind.families.iter().any(|one| one == family);
        let mut ways: Vec<Deleting> = Vec::new();
        for kind in &self.kind {
            let kinds: Vec<String> =
                held.iter().filter(|family| of(&kind, family)).map(|family| (*family).to_owned()).collect();
            ways.extend((!kinds.is_empty()).then(|| kind.door.of(kinds)));
        }
        // What has none goes by the service's own, which is for all of it where there is no other.
        let rest = |family: &&&str| !self.kind.iter().any(|kind| of(&kind, family));
        let rest: Vec<String> = held.iter().filter(rest).map(|family| (*family).to_owned()).collect();
        ways.push(self.door.of(if ways.is_empty() { Vec::new() } else { rest }));
        ways
    }
}

impl Door {
    fn of(&self, kinds: Vec<String>) -> Deleting {
        Deleting { kinds, way: self.way.clone(), at: self.at.clone(), described_at: self.help.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn whatever_a_reader_can_produce_has_a_way_and_no_way_is_of_what_none_produces() {
        let mut ids = BTreeSet::new();
        for provider in glasshouse_providers::providers() {
            let manifest = provider.manifest();
            let service = known(manifest.id).unwrap_or_else(|| panic!("{} is not in services.toml", manifest.id));
            assert_eq!(service.held_by.is_none(), manifest.general, "{}: who holds it", manifest.id);
            let families: BTreeSet<&str> =
                manifest.formats.iter().flat_map(|format| format.families).map(|family| family.as_str()).collect();
            let mut met = BTreeSet::new();
            for kind in &service.kind {
                for family in &kind.families {
                    assert!(families.contains(family.as_str()), "{} never has {family}", manifest.id);
                    assert!(met.insert(family), "{}: {family} has two ways", manifest.id);
                }
            }
            for family in families {
                let ways = service.deleting(&[family]);
                let first = ways.first().expect("a way");
                assert!(first.kinds.is_empty() || first.kinds == [family], "{}: {family}", manifest.id);
            }
            ids.insert(manifest.id);
        }
        let listed: Vec<&str> = SERVICES.iter().flat_map(|service| &service.ids).map(String::as_str).collect();
        assert_eq!(listed.len(), ids.len(), "each once, and none that no reader has");
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), ids);
    }

    #[test]
    fn ways_are_sentences_and_addresses_are_whole() {
        for service in SERVICES.iter() {
            let doors = std::iter::once(&service.door).chain(service.kind.iter().map(|kind| &kind.door));
            for door in doors {
                assert!(door.way.len() > 10 && !door.way.ends_with('.'), "{}", door.way);
                for address in door.at.iter().chain(&door.help) {
                    let rest = address.strip_prefix("https://").expect("a secure address");
                    assert!(rest.contains('.') && !rest.contains(char::is_whitespace), "{address}");
                }
            }
        }
    }

    #[test]
    fn kinds_with_a_door_of_their_own_come_first_and_the_rest_goes_by_the_service() {
        let ways = known("google").expect("google").deleting(&["location", "mail", "setting", "visit"]);
        let kinds: Vec<Vec<String>> = ways.iter().map(|way| way.kinds.clone()).collect();
        assert_eq!(kinds, [vec!["location", "visit"], vec!["mail"], vec!["setting"]]);
        assert_eq!(ways[1].at.as_deref(), Some("https://mail.google.com"));
        let all = known("gpx").expect("gpx").deleting(&["location"]);
        assert_eq!((all.len(), all[0].kinds.len(), all[0].at.as_deref()), (1, 0, None));
    }
}
