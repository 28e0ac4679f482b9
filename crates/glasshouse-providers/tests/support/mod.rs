//! Runs every provider over files in memory, as the engine would over a case.
#![allow(dead_code)]

use glasshouse_model::{EntryId, Framing, Record, Warning, canonical_json};
use glasshouse_providers::framing::{LONGEST_FRAME, frame_all};
use glasshouse_providers::{Companion, Frame, Opened, Positioned, Sink, Tree, TreeEntry, providers};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A file of a fixture.
#[derive(Clone)]
pub struct File {
    pub path: String,
    pub bytes: Vec<u8>,
}

/// All that a run over some files gave.
#[derive(Default)]
pub struct Outcome {
    pub paths: Vec<String>,
    pub claimed: Vec<String>,
    /// Entries that two providers claim; the first reads them.
    pub conflicts: Vec<String>,
    pub records: Vec<(&'static str, Record)>,
    pub warnings: Vec<Warning>,
    pub drift: BTreeMap<String, u64>,
}

/// Returns the files below a folder, sorted by path.
pub fn load(folder: &Path) -> Vec<File> {
    fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let entry = entry.expect("a folder entry");
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{path}/"), files);
            } else {
                files.push(File { path, bytes: fs::read(entry.path()).expect("a readable fixture") });
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Recognises and parses the files; entry ids are their positions.
pub fn parse_all(files: &[File]) -> Outcome {
    let entries: Vec<TreeEntry<'_>> = files
        .iter()
        .zip(0..)
        .map(|(file, id)| TreeEntry {
            id: EntryId(id),
            path: &file.path,
            size: file.bytes.len() as u64,
            crc32: Some(crc32fast::hash(&file.bytes)),
            part: 0,
        })
        .collect();
    let head = |id: EntryId| {
        let bytes = &files[id.0 as usize].bytes;
        bytes[..bytes.len().min(Tree::HEAD)].to_vec()
    };
    let tree = Tree::new(&entries, &head);
    let mut outcome = Outcome { paths: files.iter().map(|f| f.path.clone()).collect(), ..Outcome::default() };
    let mut taken = BTreeSet::new();
    for general in [false, true] {
        for provider in providers().iter().filter(|p| p.manifest().general == general) {
            let mut claims = provider.recognise(&tree);
            claims.retain(|claim| {
                let free = !taken.contains(&claim.main);
                if !free && !general {
                    outcome.conflicts.push(files[claim.main.0 as usize].path.clone());
                }
                free
            });
            for claim in &claims {
                assert!(taken.insert(claim.main), "{} is claimed twice by one", files[claim.main.0 as usize].path);
                outcome.claimed.push(format!(
                    "{} as {}.{}",
                    files[claim.main.0 as usize].path,
                    provider.manifest().id,
                    claim.format
                ));
            }
            for claim in &claims {
                taken.extend(claim.companions.iter().chain(&claim.copies));
                let file = &files[claim.main.0 as usize];
                let (spans, troubles) = match claim.framing {
                    Framing::Whole => frame_all(Framing::Whole, &file.bytes),
                    framing => frame_all(framing, &file.bytes),
                };
                let companions: Vec<_> = claim
                    .companions
                    .iter()
                    .map(|id| Companion {
                        entry: &entries[id.0 as usize],
                        bytes: &files[id.0 as usize].bytes,
                        truncated: files[id.0 as usize].bytes.len() as u64 > LONGEST_FRAME,
                    })
                    .collect();
                let mut survey = provider.survey(claim);
                let frames: Vec<_> = spans.iter().map(|span| frame(span, &file.bytes)).collect();
                let positioned = matches!(claim.framing, Framing::Stretches).then_some(&file.bytes as &dyn Positioned);
                if let (Some(survey), Some(bytes)) = (&mut survey, positioned) {
                    survey.positioned(bytes);
                } else if let Some(survey) = &mut survey {
                    frames.iter().for_each(|frame| survey.frame(frame));
                }
                let survey = survey.map(|s| s.finish()).unwrap_or_default();
                let mut sink = Sink::new();
                // One frame a call: a parser that keeps state between frames would show here.
                for frame in frames {
                    let opened = Opened {
                        claim,
                        entry: &entries[claim.main.0 as usize],
                        frames: &[frame],
                        companions: &companions,
                        head: &file.bytes[..file.bytes.len().min(Opened::HEAD)],
                        survey: &survey,
                        positioned,
                        decoder: &glasshouse_providers::formats::exif::Here,
                    };
                    provider.parse(&opened, &mut sink);
                }
                let (records, warnings, drift) = sink.into_parts();
                outcome.records.extend(records.into_iter().map(|r| (provider.manifest().id, r)));
                outcome.warnings.extend(warnings);
                outcome.warnings.extend(troubles.iter().map(|t| Warning {
                    at: Some(glasshouse_model::Ref {
                        entry: claim.main,
                        locator: glasshouse_model::Locator::bytes(t.offset, 0),
                    }),
                    code: t.code,
                    message: t.message.into(),
                }));
                for ((format, key), count) in drift {
                    *outcome.drift.entry(format!("{}.{format} {key}", provider.manifest().id)).or_default() += count;
                }
            }
        }
    }
    outcome
}

fn frame<'a>(span: &'a glasshouse_providers::framing::Span, bytes: &'a [u8]) -> Frame<'a> {
    Frame {
        name: &span.name,
        element: span.element,
        index: span.index,
        offset: span.start,
        bytes: &bytes[span.start as usize..span.end as usize],
        truncated: span.truncated,
    }
}

impl Outcome {
    /// Returns all of it as readable JSON, a record a line.
    pub fn to_json(&self) -> String {
        let path = |id: EntryId| self.paths[id.0 as usize].as_str();
        let mut lines = vec!["{\"claims\": [".to_string()];
        lines.push(self.claimed.iter().map(|c| format!("  {}", serde_json::json!(c))).collect::<Vec<_>>().join(",\n"));
        lines.push("],\n\"records\": [".into());
        let records: Vec<_> = self
            .records
            .iter()
            .map(|(provider, r)| {
                let mut line = format!("  {}", canonical_json(provider, r, &path));
                if let Some(same_as) = &r.same_as {
                    line.insert_str(3, &format!("\"same_as\":{},", serde_json::json!(same_as)));
                }
                line
            })
            .collect();
        lines.push(records.join(",\n"));
        lines.push("],\n\"warnings\": [".into());
        let warnings: Vec<_> = self
            .warnings
            .iter()
            .map(|w| {
                let at = w.at.as_ref().map(|at| format!("{} {}", path(at.entry), at.locator));
                format!("  {}", serde_json::json!({"at": at, "code": w.code, "message": w.message}))
            })
            .collect();
        lines.push(warnings.join(",\n"));
        lines.push("],\n\"drift\": ".into());
        lines.push(serde_json::json!(self.drift).to_string());
        lines.push("}".into());
        let json = lines.join("\n") + "\n";
        serde_json::from_str::<serde_json::Value>(&json).expect("the outcome is valid JSON");
        json
    }
}
