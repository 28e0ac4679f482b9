//! One look over the file's index: which items there are, where each begins, and what the folders are called.
//!
//! It is made once, and every stretch of the file is parsed with it: the list is sorted by place and of a fixed
//! width, so that a stretch finds its items without reading the rest.

use super::file::{File, Node};
use super::heap::properties;
use super::names;
use crate::formats::bytes::{le32, le64};
use crate::formats::mapi::{Name, Named, Names, Props};
use crate::{Frame, Positioned, Survey};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Types of nodes, the low five bits of their ids.
const FOLDER: u32 = 0x02;
const MESSAGE: u32 = 0x04;
/// Items that belong to a folder and that nobody sees in it: its views, rules, settings.
const HIDDEN: u32 = 0x08;
/// Bytes of an item in the list.
const WIDTH: usize = 32;
const DEEPEST_FOLDER: usize = 64;
const MOST_PROBLEMS: usize = 100;
const MOST_FOLDERS: usize = 200_000;
const LONGEST_PATH: usize = 2000;

/// An item as the index lists it.
pub(super) struct Listed {
    pub offset: u64,
    pub id: u32,
    pub parent: u32,
    pub data: u64,
    pub sub: u64,
}

/// What the survey learnt, beside the list of items.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Rest {
    pub problems: Vec<(String, u64)>,
    /// How many hidden items there are.
    pub hidden: u64,
    folders: HashMap<u32, String>,
    /// Id, set, and number or text.
    names: Vec<(u16, [u8; 16], Option<u32>, String)>,
}

/// The survey as a parser reads it.
pub(super) struct Index<'a> {
    pub rest: Rest,
    pub names: Names,
    items: &'a [u8],
}

impl<'a> Index<'a> {
    pub fn read(survey: &'a [u8]) -> Option<Self> {
        let length = usize::try_from(le32(survey, 0)?).ok()?;
        let (rest, items) = survey.get(4..)?.split_at_checked(length)?;
        let rest: Rest = serde_json::from_slice(rest).ok()?;
        let names = rest.names.iter().map(|(id, set, number, text)| {
            let name = number.map_or_else(|| Name::Text(text.clone()), Name::Number);
            (*id, Named { set: *set, name })
        });
        let names = names.collect();
        Some(Index { rest, names, items })
    }

    /// Returns the items that begin in a stretch of the file.
    pub fn within(&self, start: u64, length: u64) -> impl Iterator<Item = Listed> {
        let items: &'a [[u8; WIDTH]] = self.items.as_chunks().0;
        let from = items.partition_point(|item| le64(item, 0).is_some_and(|at| at < start));
        items
            .get(from..)
            .unwrap_or_default()
            .iter()
            .filter_map(listed)
            .take_while(move |item| item.offset - start < length)
    }

    pub fn folder(&self, id: u32) -> Option<&str> {
        self.rest.folders.get(&id).map(String::as_str)
    }
}

fn listed(item: &[u8; WIDTH]) -> Option<Listed> {
    Some(Listed {
        offset: le64(item, 0)?,
        id: le32(item, 8)?,
        parent: le32(item, 12)?,
        data: le64(item, 16)?,
        sub: le64(item, 24)?,
    })
}

#[derive(Default)]
pub(super) struct Surveyor {
    found: Vec<u8>,
}

impl Survey for Surveyor {
    fn frame(&mut self, _frame: &Frame<'_>) {}

    fn positioned(&mut self, bytes: &dyn Positioned) {
        let mut rest = Rest::default();
        let mut items = Vec::new();
        match File::open(bytes) {
            Ok(file) => look(&file, &mut rest, &mut items),
            Err(fault) => rest.problems.push((fault.to_owned(), 0)),
        }
        let json = serde_json::to_vec(&rest).unwrap_or_default();
        self.found = (json.len() as u32).to_le_bytes().to_vec();
        self.found.extend_from_slice(&json);
        self.found.extend(items.iter().flatten());
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.found
    }
}

/// An item's place, id, parent, data and parts.
type Line = (u64, u32, u32, u64, u64);

fn look(file: &File<'_>, rest: &mut Rest, items: &mut Vec<[u8; WIDTH]>) {
    let mut lines: Vec<Line> = Vec::new();
    let mut folders: Vec<Node> = Vec::new();
    let mut problems = Vec::new();
    let (mut lost, mut more_folders) = (0u64, 0u64);
    file.all_nodes(
        &mut |node| match node.id & 0x1f {
            MESSAGE => match file.place(node.data) {
                Ok(place) => lines.push((place.offset, node.id, node.parent, node.data, node.sub)),
                Err(_) => lost += 1,
            },
            FOLDER if folders.len() < MOST_FOLDERS => folders.push(node),
            FOLDER => more_folders += 1,
            HIDDEN => rest.hidden += 1,
            _ => {}
        },
        &mut |fault, offset| {
            if problems.len() < MOST_PROBLEMS {
                problems.push((fault.to_owned(), offset));
            }
        },
    );
    if lost > 0 {
        problems.push((format!("The bytes of {lost} items are not where the file's index says."), 0));
    }
    if more_folders > 0 {
        problems.push((format!("The names of {more_folders} folders were not read."), 0));
    }
    lines.sort_unstable();
    *items = lines.iter().map(line).collect();
    match names::read(file) {
        Ok(names) => {
            rest.names = names.into_iter().map(plain).collect();
            rest.names.sort_unstable();
        }
        Err(fault) => problems.push((format!("The names of properties cannot be read: {fault}"), 0)),
    }
    let mut called: HashMap<u32, (u32, String)> = HashMap::new();
    for node in &folders {
        match properties(file, node, &Names::new(), None, &mut Vec::new()) {
            Ok(bag) => {
                let name = Props::new(bag.list, None).text(0x3001).unwrap_or_default();
                called.insert(node.id, (node.parent, name));
            }
            Err(fault) if problems.len() < MOST_PROBLEMS => {
                problems.push((format!("The folder 0x{:x} cannot be read: {fault}", node.id), 0));
            }
            Err(_) => {}
        }
    }
    rest.folders = called.keys().map(|id| (*id, path(*id, &called))).filter(|(_, p)| !p.is_empty()).collect();
    rest.problems = problems;
}

fn line(line: &Line) -> [u8; WIDTH] {
    let (offset, id, parent, data, sub) = line;
    let mut bytes = [0; WIDTH];
    let parts = [offset.to_le_bytes().to_vec(), id.to_le_bytes().to_vec(), parent.to_le_bytes().to_vec()];
    let numbers = [data.to_le_bytes().to_vec(), sub.to_le_bytes().to_vec()];
    let all = parts.into_iter().chain(numbers).flatten();
    bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
    bytes
}

fn plain((id, named): (u16, Named)) -> (u16, [u8; 16], Option<u32>, String) {
    match named.name {
        Name::Number(number) => (id, named.set, Some(number), String::new()),
        Name::Text(text) => (id, named.set, None, text),
    }
}

/// Returns a folder's names from the top on, `/` between them.
fn path(id: u32, called: &HashMap<u32, (u32, String)>) -> String {
    let mut names = Vec::new();
    let mut at = id;
    while let Some((parent, name)) = called.get(&at) {
        if names.len() >= DEEPEST_FOLDER {
            break;
        }
        names.push(name.as_str());
        // The root is its own parent.
        if *parent == at {
            break;
        }
        at = *parent;
    }
    names.reverse();
    names.retain(|name| !name.is_empty());
    let mut path = names.join("/");
    if path.len() > LONGEST_PATH {
        path = path.chars().take(LONGEST_PATH / 4).collect();
    }
    path
}
