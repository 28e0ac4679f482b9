//! Runs every provider over files in memory, as the engine would over a case.
#![allow(dead_code)]

use glasshouse_model::{Claim, EntryId, Framing, Record, Warning, canonical_json};
use glasshouse_providers::framing::{LONGEST_FRAME, frame_all};
use glasshouse_providers::{Companion, Frame, Opened, Positioned, Sink, Tree, TreeEntry, providers};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

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
    /// By entry: the provider and format of the claim that reads it, as the main entry or beside it.
    pub read_by: BTreeMap<EntryId, String>,
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

/// Names of files whose bytes are text.
const TEXTS: &[&str] =
    &["json", "js", "csv", "txt", "html", "xml", "gpx", "kml", "tcx", "geojson", "vcf", "ics", "ndjson", "jsonl"];

/// Returns the folders of all fixtures, sorted.
pub fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "lenses"].map(|name| fs::read_dir(root.join(name)).expect("a folder of providers"));
    let mut all: Vec<PathBuf> = folders
        .into_iter()
        .flatten()
        .filter_map(|folder| fs::read_dir(folder.ok()?.path().join("fixtures")).ok())
        .flatten()
        .filter_map(|fixture| Some(fixture.ok()?.path()))
        .collect();
    all.sort();
    assert!(all.len() > 100, "no fixtures");
    all
}

/// Says whether a fixture is one of damaged files.
pub fn is_malformed(fixture: &Path) -> bool {
    fixture.file_name().is_some_and(|name| name.to_string_lossy().starts_with("malformed-"))
}

/// Returns the ending of a name in small letters.
pub fn extension(path: &str) -> String {
    path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default()
}

/// Says whether a file is a text by its name and its bytes.
pub fn is_text(file: &File) -> bool {
    TEXTS.contains(&extension(&file.path).as_str()) && std::str::from_utf8(&file.bytes).is_ok()
}

/// Splits a plain table (no quotes) into its lines' values; none for what is no plain table.
pub fn table(file: &File) -> Option<(char, Vec<Vec<String>>)> {
    let text = (is_text(file) && extension(&file.path) == "csv").then(|| String::from_utf8_lossy(&file.bytes))?;
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next()?;
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|d| first.matches(*d).count())?;
    let rows: Vec<Vec<String>> = text.lines().map(|l| l.split(delimiter).map(str::to_owned).collect()).collect();
    let width = rows.first()?.len();
    let plain = !text.contains('"') && width > 1 && rows.len() > 1 && rows.iter().all(|row| row.len() == width);
    plain.then_some((delimiter, rows))
}

/// Writes a table as [`table`] splits it.
pub fn written(delimiter: char, rows: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let lines: Vec<String> = rows.into_iter().map(|row| row.join(&delimiter.to_string())).collect();
    (lines.join("\n") + "\n").into_bytes()
}

/// Recognises and parses the files; entry ids are their positions.
pub fn parse_all(files: &[File]) -> Outcome {
    parse_some(files, |_| true, |_| true)
}

/// Recognises and parses the files as far as some providers read some claims.
pub fn parse_some(files: &[File], asked: impl Fn(&str) -> bool, wanted: impl Fn(&Claim) -> bool) -> Outcome {
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
        for provider in providers().iter().filter(|p| p.manifest().general == general && asked(p.manifest().id)) {
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
                for id in claim.companions.iter().chain([&claim.main]) {
                    let by = || format!("{}.{}", provider.manifest().id, claim.format);
                    outcome.read_by.entry(*id).or_insert_with(by);
                }
                taken.extend(claim.companions.iter().chain(&claim.copies));
                if !wanted(claim) {
                    continue;
                }
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
