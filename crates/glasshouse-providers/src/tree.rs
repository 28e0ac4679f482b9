use glasshouse_model::EntryId;

/// What is known of an entry before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    pub id: EntryId,
    /// Path as the container writes it, `/` between names; entries of a nested archive follow its path and `!/`.
    pub path: &'a str,
    /// Uncompressed size in bytes, as the container states it.
    pub size: u64,
    /// CRC-32 of the content, where the container states it.
    pub crc32: Option<u32>,
    /// Which part holds it; equal numbers are the same container.
    pub part: u32,
}

impl<'a> TreeEntry<'a> {
    /// Returns the last name of the path.
    pub fn name(&self) -> &'a str {
        self.path.rsplit(['/']).next().unwrap_or(self.path)
    }

    /// Returns the path without its last name and without the slash before it.
    pub fn dir(&self) -> &'a str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }

    /// Returns the lower-case extension of the last name, without the dot; empty if there is none.
    pub fn extension(&self) -> String {
        match self.name().rsplit_once('.') {
            Some((stem, ext)) if !stem.is_empty() => ext.to_lowercase(),
            _ => String::new(),
        }
    }
}

/// All entries of a case, sorted by path, with a look at their first bytes.
pub struct Tree<'a> {
    entries: &'a [TreeEntry<'a>],
    head: &'a (dyn Fn(EntryId) -> Vec<u8> + Sync),
}

impl<'a> Tree<'a> {
    /// How many first bytes [`Tree::head`] returns at most.
    pub const HEAD: usize = 4096;

    /// Returns a tree over `entries`, which are sorted by path and then by id; `head` reads first bytes.
    pub fn new(entries: &'a [TreeEntry<'a>], head: &'a (dyn Fn(EntryId) -> Vec<u8> + Sync)) -> Self {
        debug_assert!(entries.windows(2).all(|w| (w[0].path, w[0].id) <= (w[1].path, w[1].id)));
        Tree { entries, head }
    }

    /// Returns all entries, sorted by path.
    pub fn entries(&self) -> &'a [TreeEntry<'a>] {
        self.entries
    }

    /// Returns the first bytes of an entry, fewer when it is shorter, none when it cannot be read.
    ///
    /// Costs a read and perhaps an inflate: look at the path first.
    pub fn head(&self, entry: EntryId) -> Vec<u8> {
        (self.head)(entry)
    }

    /// Returns every entry with exactly this path (archives may hold a name twice).
    pub fn at(&self, path: &str) -> &'a [TreeEntry<'a>] {
        let start = self.entries.partition_point(|e| e.path < path);
        let end = start + self.entries[start..].partition_point(|e| e.path == path);
        &self.entries[start..end]
    }

    /// Returns every entry below a folder, at any depth; `dir` comes without a trailing slash.
    pub fn below(&self, dir: &str) -> &'a [TreeEntry<'a>] {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let start = self.entries.partition_point(|e| e.path < prefix.as_str());
        let end = start + self.entries[start..].partition_point(|e| e.path.starts_with(&prefix));
        &self.entries[start..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_up_by_path_and_folder() {
        let entry =
            |id, path: &'static str| TreeEntry { id: EntryId(id), path: path.into(), size: 0, crc32: None, part: 0 };
        let entries = [entry(3, "a/b.JSON"), entry(0, "a/b/c"), entry(1, "a/b/c"), entry(2, "ab")];
        let head = |_| Vec::new();
        let tree = Tree::new(&entries, &head);
        assert_eq!(tree.at("a/b/c").len(), 2);
        assert_eq!(tree.at("a/b").len(), 0);
        assert_eq!(tree.below("a").len(), 3);
        assert_eq!(tree.below("").len(), 4);
        assert_eq!((entries[0].name(), entries[0].dir(), entries[0].extension().as_str()), ("b.JSON", "a", "json"));
        assert_eq!((entries[3].dir(), entries[3].extension().as_str()), ("", ""));
    }
}
