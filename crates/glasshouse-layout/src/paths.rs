//! Where things are in a case folder: paths relative to it, `/` between names.

/// What the case is; written once.
pub const CASE: &str = "case.toml";
/// Secrets of the case: its signing key and the key of its record ids. Not part of any proof.
pub const KEYS: &str = "keys/case.toml";
/// The newest signed tree head.
pub const CHECKPOINT: &str = "log/checkpoint";
/// The newest looks, until all files of the log are on the disk; in no proof.
pub const AHEAD: &str = "log/ahead";
/// Somebody waits for whatever reads the case to stop, to write down that an authority has ended; in no proof.
pub const ENDING: &str = "ending";
/// People's tags, notes and decisions.
pub const WORK: &str = "work.sqlite";
/// There while a personal case is being destroyed.
pub const DESTROYING: &str = "destroying";

/// Returns the path of an authority's version.
pub fn authority(id: &str, version: u32) -> String {
    format!("authorities/{id}-{version}.toml")
}

/// Returns the path of an authority's or organisation's signature.
pub fn signature(file: &str) -> String {
    format!("{file}.sig")
}

/// Returns the path of what ended an authority before its time.
pub fn withdrawn(id: &str) -> String {
    format!("authorities/{id}-withdrawn.toml")
}

/// Returns the path of a version of the organisation's file, as the case keeps it.
pub fn organisation(version: u32) -> String {
    format!("authorities/organisation-{version}.toml")
}

/// Returns the folder of a source.
pub fn source(source: &str) -> String {
    format!("evidence/{source}")
}

/// Returns the path of what a source is.
pub fn source_file(source: &str, part: u32) -> String {
    format!("evidence/{source}/part-{part:04}.json")
}

/// Returns the path of a part's bytes.
pub fn part(source: &str, part: u32) -> String {
    format!("evidence/{source}/part-{part:04}")
}

/// Returns the path of a part's bytes where they are sealed.
pub fn part_sealed(source: &str, part: u32) -> String {
    format!("evidence/{source}/part-{part:04}.age")
}

/// Returns the path of a part's list of entries where it is sealed.
pub fn manifest_sealed(source: &str, part: u32) -> String {
    format!("evidence/{source}/part-{part:04}.manifest.jsonl.age")
}

/// Returns the path of the key of a sealed part, which is sealed to the key of the case.
pub fn part_key(source: &str, part: u32) -> String {
    format!("evidence/{source}/part-{part:04}.key.age")
}

/// Returns the path of a version of the key of a case, sealed to those who may open its evidence.
pub fn case_key(version: u32) -> String {
    format!("evidence/key-{version}.age")
}

/// Returns the path of what says that evidence was destroyed.
pub fn discard(number: u32) -> String {
    format!("evidence/discard-{number:04}.json")
}

/// Returns the path of what a case that was made out of others took from the one with this id.
pub fn origin(case: &str) -> String {
    format!("evidence/origin-{case}.json")
}

/// Returns the path of a part's list of entries.
pub fn manifest(source: &str, part: u32) -> String {
    format!("evidence/{source}/part-{part:04}.manifest.jsonl")
}

/// Returns the folder of a run.
pub fn run(run: &str) -> String {
    format!("runs/{run}")
}

/// Returns the path of what a run is.
pub fn run_file(run: &str) -> String {
    format!("runs/{run}/run.json")
}

/// Returns the folder of a segment.
pub fn segment(run: &str, segment: u32) -> String {
    format!("runs/{run}/segments/{segment:06}")
}

/// Returns the folder of a segment of what is put aside for the privilege reviewer.
pub fn put_aside(run: &str, segment: u32) -> String {
    format!("runs/{run}/quarantine/{segment:06}")
}

/// Returns the folder of a segment of what is not decided on before all was read.
pub fn waiting(run: &str, segment: u32) -> String {
    format!("runs/{run}/waiting/{segment:06}")
}

/// Returns the path of the payload that the log's leaf `index` commits to.
pub fn payload(index: u64) -> String {
    format!("log/payload/{}/{:03}", index / 1000, index % 1000)
}

/// Returns the path of the content that the payload of leaf `index` commits to, where it does.
pub fn sealed(index: u64) -> String {
    format!("log/sealed/{}/{:03}", index / 1000, index % 1000)
}

/// Returns the path of a tile of the log (C2SP tlog-tiles): `width` below 256 is a partial tile.
///
/// ```
/// assert_eq!(glasshouse_layout::paths::tile(0, 1_234_067, 256), "log/tile/0/x001/x234/067");
/// assert_eq!(glasshouse_layout::paths::tile(1, 0, 3), "log/tile/1/000.p/3");
/// ```
pub fn tile(level: u8, index: u64, width: u32) -> String {
    numbered(&format!("log/tile/{level}"), index, width)
}

/// Returns the path of a bundle of leaves of the log (C2SP tlog-tiles).
///
/// ```
/// assert_eq!(glasshouse_layout::paths::entries(0, 7), "log/tile/entries/000.p/7");
/// ```
pub fn entries(index: u64, width: u32) -> String {
    numbered("log/tile/entries", index, width)
}

fn numbered(prefix: &str, index: u64, width: u32) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
    format!("{prefix}/{}{partial}", groups.join("/"))
}
