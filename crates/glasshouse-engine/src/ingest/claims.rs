//! Recognition: which provider reads which entry, decided before anything is parsed.

use super::journal::WarningRow;
use super::limits::Limits;
use super::parts::Evidence;
use crate::EngineError;
use crate::cores::in_parts;
use crate::scope::Reason;
use glasshouse_model::{Claim, EntryId, Format, Links};
use glasshouse_providers::{Provider, Tree, TreeEntry, providers};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::io::Read;
use std::sync::Arc;

/// A claim that stands, with its provider and the key it is known by from run to run.
pub struct Standing {
    pub provider: &'static dyn Provider,
    pub format: &'static Format,
    pub claim: Claim,
    pub key: Key,
    /// What the journal knows it by.
    pub number: u32,
    /// How many chunks it has, once its entry was cut to its end.
    pub chunks: Option<u32>,
}

/// What a claim is known by from run to run: the same key means the same records.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 16]);

impl Key {
    fn of(text: &str) -> Self {
        let mut key = [0; 16];
        blake3::Hasher::new().update(text.as_bytes()).finalize_xof().fill(&mut key);
        Key(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&glasshouse_layout::hex(self.0))
    }
}

/// What recognition decided.
pub struct Recognised {
    pub claims: Vec<Standing>,
    /// Claims on entries that cannot hold anything that the authorities cover: not read.
    pub outside: Vec<(Standing, Reason)>,
    pub warnings: Vec<WarningRow>,
}

/// Asks every provider for its claims; those of general readers yield, and of two others the first stands.
///
/// `lenses` are the case's own and are asked before the providers that are shipped.
pub fn recognise(
    evidence: &Evidence,
    entries: &[TreeEntry<'_>],
    lenses: &[&'static dyn Provider],
) -> Result<Recognised, EngineError> {
    let head = |id: EntryId| head(evidence, id, Tree::HEAD);
    let tree = Tree::new(entries, &head);
    let mut taken: BTreeMap<EntryId, &'static str> = BTreeMap::new();
    let mut companions: BTreeSet<EntryId> = BTreeSet::new();
    let mut standing = Vec::new();
    let mut lists = HashMap::new();
    let mut warnings = Vec::new();
    let all: Vec<&'static dyn Provider> = lenses.iter().chain(providers()).copied().collect();
    // Each looks for itself; who stands is decided after, in their order.
    let claimed = in_parts(all.len(), |at| {
        let look = || all.get(at).map_or(Vec::new(), |provider| provider.recognise(&tree));
        Ok(std::panic::catch_unwind(std::panic::AssertUnwindSafe(look)).ok())
    })?;
    let mut claimed: Vec<_> = all.into_iter().zip(claimed).collect();
    for general in [false, true] {
        for (provider, claims) in claimed.iter_mut().filter(|(p, _)| p.manifest().general == general) {
            let manifest = provider.manifest();
            let Some(mut claims) = claims.take() else {
                warnings.push(warning(
                    None,
                    manifest.id,
                    "provider.panic",
                    "The provider failed while recognising; its entries were not read.".into(),
                ));
                continue;
            };
            claims.sort_by_key(|c| c.main);
            for claim in claims {
                if general && (taken.contains_key(&claim.main) || companions.contains(&claim.main)) {
                    continue;
                }
                if let Some(other) = taken.get(&claim.main) {
                    warnings.push(warning(
                        Some(claim.main),
                        manifest.id,
                        "claim.conflict",
                        format!("Both {other} and {} claim this entry; {other} reads it.", manifest.id),
                    ));
                    continue;
                }
                let Some(format) = manifest.formats.iter().find(|f| f.id == claim.format) else {
                    return Err(EngineError::other(format!(
                        "{} claims as {}, which its manifest lacks.",
                        manifest.id, claim.format
                    )));
                };
                taken.insert(claim.main, manifest.id);
                companions.extend(claim.companions.iter().chain(&claim.copies));
                let key = key(*provider, format, &claim, &mut lists);
                standing.push(Standing { provider: *provider, format, claim, key, number: 0, chunks: None });
            }
        }
    }
    Ok(Recognised { claims: standing, outside: Vec::new(), warnings })
}

impl Recognised {
    /// Sets aside the claims on entries that the limits rule out, before any is read, and forgets what could
    /// tell of them.
    pub fn within(mut self, limits: &Limits, evidence: &Evidence) -> Self {
        if limits.are_none() {
            return self;
        }
        let identity = limits.identity();
        let mut within = Vec::new();
        for mut standing in self.claims {
            let source = evidence.find(standing.claim.main).map_or("", |(part, _)| part.row.source.as_str());
            match limits.may_hold(standing.provider.manifest().id, standing.format.families, source) {
                Ok(()) => {
                    // Other limits mean other records, so the claim is known by another key.
                    let key = format!("{} {identity}", standing.key);
                    standing.key = Key::of(&key);
                    within.push(standing);
                }
                Err(reason) => self.outside.push((standing, reason)),
            }
        }
        self.claims = within;
        self.warnings = super::kept::without_content(self.warnings);
        self
    }
}

impl Recognised {
    /// Returns the entries that a record of another entry may have attached.
    pub fn linked(&self) -> HashSet<u32> {
        let (mut linked, mut seen) = (HashSet::new(), HashSet::new());
        for claim in self.claims.iter().map(|standing| &standing.claim) {
            // A record that is made from several entries may be told by any of them.
            if !claim.companions.is_empty() {
                linked.extend(std::iter::once(&claim.main).chain(&claim.companions).map(|e| e.0));
            }
            linked.extend(claim.copies.iter().map(|e| e.0));
            if seen.insert(Arc::as_ptr(&claim.links)) {
                linked.extend(claim.links.as_slice().iter().map(|link| link.entry.0));
            }
        }
        linked
    }
}

/// Returns what a claim is known by.
///
/// `lists` remembers the digests of lists of links, which many claims share. A list is known by its address: that
/// is sound because every claim that has a key is kept, and its list with it, until all have one.
fn key(
    provider: &dyn Provider,
    format: &Format,
    claim: &Claim,
    lists: &mut HashMap<*const Links, blake3::Hash>,
) -> Key {
    let mut digest = |list: &Arc<Links>| {
        *lists.entry(Arc::as_ptr(list)).or_insert_with(|| {
            let mut hasher = blake3::Hasher::new();
            for link in list.as_slice() {
                hasher.update(format!("{} {}\n", link.entry, link.name.len()).as_bytes());
                hasher.update(link.name.as_bytes());
            }
            hasher.finalize()
        })
    };
    let links = digest(&claim.links);
    let mut text = format!(
        "{}.{}/{} {} {:?} {:?} {:?} {:?} {}",
        provider.manifest().id,
        format.id,
        format.version,
        claim.main,
        claim.companions,
        claim.copies,
        claim.framing,
        claim.group,
        links,
    );
    if !claim.present.as_slice().is_empty() {
        text.push_str(&format!(" {}", digest(&claim.present)));
    }
    Key::of(&text)
}

/// Returns up to `most` first bytes of an entry.
pub(super) fn head(evidence: &Evidence, id: EntryId, most: usize) -> Vec<u8> {
    let mut head = Vec::new();
    if let Some((part, index)) = evidence.find(id)
        && let Ok(reader) = part.part.read(index)
    {
        // An entry that breaks off has a head all the same.
        let _ = reader.take(most as u64).read_to_end(&mut head);
    }
    head
}

pub(super) fn warning(entry: Option<EntryId>, provider: &str, code: &str, message: String) -> WarningRow {
    WarningRow {
        source: None,
        entry: entry.map(|e| e.0),
        locator: None,
        provider: provider.into(),
        code: code.into(),
        message,
    }
}
