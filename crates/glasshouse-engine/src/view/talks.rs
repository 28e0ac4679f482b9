//! Conversations: records that their provider ties together, and one of them in order.

use super::View;
use super::attached::{Attachment, Attachments, Item, describe};
use super::parties::{Named, is_sender};
use super::places::span;
use super::rows::{Row, as_row, cut, shown_and, text};
use super::set::{Set, Sorted};
use super::threads::Held;
use crate::EngineError;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Names that a conversation of a list shows.
const MOST_NAMES: usize = 12;
/// Records of a conversation that are asked who takes part.
const ASKED: usize = 200;
/// Bytes of a message's text that a conversation shows; all of it is in the record.
const LONGEST_TEXT: usize = 32 << 10;
/// Bytes of raw fields that are looked through for what a conversation shows.
const LONGEST_FIELDS: usize = 256 << 10;

/// A conversation of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Talk {
    pub service: String,
    pub conversation: String,
    /// Title of its first record that has one.
    pub title: Option<String>,
    pub parties: Vec<String>,
    pub count: u64,
    pub first: Option<String>,
    pub last: Option<String>,
}

/// A record of a conversation.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    #[serde(flatten)]
    pub row: Row,
    pub text: Option<String>,
    /// The text is longer than what is given here.
    pub text_cut: bool,
    /// The fields that say what became of a message, as the provider wrote them.
    pub fields: HashMap<String, Box<RawValue>>,
    /// The holder of the account sent it.
    pub own: bool,
}

/// Words in the names of fields that say what became of a message.
const TELLING: [&str; 8] = ["reaction", "edit", "delet", "unsent", "forward", "reply", "quoted", "status"];

impl View {
    /// Returns the number of conversations in a set, and some of them, the most recent first.
    pub fn talks(&self, set: &Set, rank: usize, limit: usize) -> Result<(u64, Vec<Talk>), EngineError> {
        let (order, service, talk) = (self.order()?, self.coded("service")?, self.coded("conversation")?);
        let (parties, threads, held) = (self.parties()?, self.threads()?, self.held(set)?);
        let page: &[Held] = held.get(rank..rank.saturating_add(limit).min(held.len())).unwrap_or_default();
        let firsts: Vec<u32> = page.iter().map(|held| held.first).collect();
        let titles = self
            .read_at(&firsts, &["title"], |batch, i, _| Ok(text(batch, "title", i)?.map(|t| cut(t, 300).to_owned())))?;
        let talks = page.iter().zip(titles).map(|(held, title)| {
            let mut seen: Vec<u32> = Vec::new();
            let mut names: Vec<String> = Vec::new();
            let members = threads.from(held.thread, held.first).iter().filter(|position| set.has(**position));
            for (party, _) in members.take(ASKED).flat_map(|position| parties.of(*position)) {
                if names.len() >= MOST_NAMES || seen.contains(&party) {
                    continue;
                }
                seen.push(party);
                if let Some(label) = parties.get(party).and_then(Named::label)
                    && !names.iter().any(|n| n == label)
                {
                    names.push(label.to_owned());
                }
            }
            let key = threads.key(held.thread);
            let (first, last) = span(&order, held.first, held.last);
            Talk {
                service: service.named(key.0).unwrap_or_default().to_owned(),
                conversation: talk.named(key.1).unwrap_or_default().to_owned(),
                title,
                parties: names,
                count: held.count.into(),
                first,
                last,
            }
        });
        Ok((held.len() as u64, talks.collect()))
    }

    /// Returns what belongs to one conversation, whatever else is asked for.
    pub fn talk(&self, service: &str, conversation: &str) -> Result<Set, EngineError> {
        let (order, services, talks) = (self.order()?, self.coded("service")?, self.coded("conversation")?);
        let threads = self.threads()?;
        let codes = talks.find(conversation).zip(services.find(service));
        let thread = codes.and_then(|(talk, service)| threads.find(talk, service));
        let positions = thread.map_or_else(Vec::new, |thread| threads.positions(thread).to_vec());
        Ok(Set::list(&order, positions))
    }

    /// Returns the rank of a record within a set, if it is there.
    pub fn rank_of(&self, set: &Set, sorted: Sorted, id: &str) -> Result<Option<u32>, EngineError> {
        let Some(row) = self.row_of(id)? else { return Ok(None) };
        let position = self.order()?.place(row);
        Ok(set.has(position).then(|| set.rank_at(sorted, set.before(position))))
    }

    /// Returns the records of a conversation from a rank on.
    pub fn said(&self, talk: &Set, sorted: Sorted, rank: u32, limit: u32) -> Result<Vec<Said>, EngineError> {
        let (people, parties) = (self.people()?, self.parties()?);
        let columns = shown_and(&["fields"]);
        let mut said = self.read_at(&talk.page(sorted, rank, limit), &columns, |batch, i, known| {
            let own = parties
                .of(known.position)
                .filter(|(_, role)| is_sender(*role))
                .any(|(p, _)| people.person(p).is_some_and(|person| people.owner.is(person)));
            let full = text(batch, "text", i)?;
            let fields = text(batch, "fields", i)?.map_or_else(HashMap::new, telling);
            let number = known.row;
            let said = Said {
                row: as_row(batch, i, known)?,
                text: full.map(|t| cut(t, LONGEST_TEXT).to_owned()),
                text_cut: full.is_some_and(|t| t.len() > LONGEST_TEXT),
                fields,
                own,
            };
            Ok((number, said))
        })?;
        let rows: Vec<(u32, &str)> = said.iter().map(|(row, said)| (*row, said.row.id.as_str())).collect();
        let attached = self.attachments_of(&rows, all_items)?;
        for ((_, said), these) in said.iter_mut().zip(attached) {
            said.row.attachments = Attachments::These(these);
        }
        Ok(said.into_iter().map(|(_, said)| said).collect())
    }

    /// Returns what is attached to some rows: of each those items that `pick` takes, in the order of the rows.
    ///
    /// The list of a segment is opened once, however many rows ask for it.
    pub(super) fn attachments_of(
        &self,
        rows: &[(u32, &str)],
        pick: impl Fn(&[Item]) -> Vec<(u32, Item)>,
    ) -> Result<Vec<Vec<Attachment>>, EngineError> {
        let attached = self.attached()?;
        let mut of: Vec<Vec<Attachment>> = rows.iter().map(|_| Vec::new()).collect();
        // Segment, line of its list, place of the row among those given, number and item.
        let mut wanted: Vec<(usize, u32, usize, u32, Item)> = Vec::new();
        for (place, (row, _)) in rows.iter().enumerate() {
            let Some((segment, _)) = self.locate(*row) else { continue };
            wanted.extend(pick(attached.of(*row)).into_iter().map(|(n, item)| (segment, item.line, place, n, item)));
        }
        wanted.sort_unstable_by_key(|w| (w.0, w.1));
        for group in wanted.chunk_by(|a, b| a.0 == b.0) {
            let open = group.first().and_then(|first| self.searcher.segments().get(first.0));
            let Some(open) = open else { continue };
            let items: Vec<(u32, Item)> = group.iter().map(|(_, _, _, n, item)| (*n, *item)).collect();
            let described = describe(open.columns.folder(), &items)?;
            for (mut attachment, (_, _, place, ..)) in described.into_iter().zip(group) {
                if let (Some(these), Some((_, id))) = (of.get_mut(*place), rows.get(*place)) {
                    (*id).clone_into(&mut attachment.record);
                    these.push(attachment);
                }
            }
        }
        for these in &mut of {
            these.sort_by_key(|a| a.n);
        }
        Ok(of)
    }
}

/// Returns all attachments of a record, up to a number that is shown.
pub(super) fn all_items(items: &[Item]) -> Vec<(u32, Item)> {
    /// Attachments of a record that are shown; all are counted.
    const MOST: usize = 500;
    (0..).zip(items.iter().copied()).take(MOST).collect()
}

/// Returns the fields that say what became of a message.
fn telling(fields: &str) -> HashMap<String, Box<RawValue>> {
    if fields.len() > LONGEST_FIELDS {
        return HashMap::new();
    }
    let all: HashMap<String, Box<RawValue>> = serde_json::from_str(fields).unwrap_or_default();
    let tells = |name: &str| {
        let name = name.to_ascii_lowercase();
        TELLING.iter().any(|word| name.contains(word))
    };
    all.into_iter().filter(|(name, _)| tells(name)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fields_that_tell_are_kept_as_written() {
        let kept = super::telling(r#"{"reactions":[1.10],"Edited":true,"size":3,"deleted_at":null}"#);
        let mut names: Vec<_> = kept.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["Edited", "deleted_at", "reactions"]);
        assert_eq!(kept["reactions"].get(), "[1.10]");
        assert!(super::telling("not json").is_empty());
    }
}
