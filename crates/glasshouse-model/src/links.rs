use crate::{EntryId, Locator, Ref};

/// An entry that a record may name as its attachment without reading it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// What records call it: a file name, or a path below the export's root, as the provider chose.
    pub name: String,
    pub entry: EntryId,
    /// Uncompressed size in bytes, as the container states it.
    pub size: u64,
}

impl Link {
    /// Returns a reference to the whole entry.
    pub fn whole(&self) -> Ref {
        Ref { entry: self.entry, locator: Locator::whole(self.size) }
    }
}

/// Entries by the names that records call them by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Links {
    links: Vec<Link>,
}

impl Links {
    /// Returns the first entry of that name.
    pub fn get(&self, name: &str) -> Option<&Link> {
        self.all(name).first()
    }

    /// Returns every entry of that name: archives may hold a name twice.
    pub fn all(&self, name: &str) -> &[Link] {
        let start = self.links.partition_point(|l| l.name.as_str() < name);
        let end = start + self.links[start..].partition_point(|l| l.name == name);
        &self.links[start..end]
    }

    /// Returns all links, sorted by name and entry.
    pub fn as_slice(&self) -> &[Link] {
        &self.links
    }
}

impl FromIterator<Link> for Links {
    fn from_iter<T: IntoIterator<Item = Link>>(links: T) -> Self {
        let mut links: Vec<_> = links.into_iter().collect();
        links.sort_unstable();
        Links { links }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_name() {
        let link = |name: &str, entry| Link { name: name.into(), entry: EntryId(entry), size: 1 };
        let links: Links = [link("b", 3), link("a", 2), link("b", 1)].into_iter().collect();
        assert_eq!(links.get("b").map(|l| l.entry), Some(EntryId(1)));
        assert_eq!(links.all("b").len(), 2);
        assert!(links.get("c").is_none());
    }
}
