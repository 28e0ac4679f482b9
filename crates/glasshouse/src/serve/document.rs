//! The OpenAPI document of what the page asks, generated from the handlers and from the shapes of their answers.

// The shapes say what an answer holds; the answers themselves come from the engine's own types. That they agree
// is tested over HTTP (`tests/serve.rs`).
#![allow(dead_code)]

use super::{case, custody, exports, html, lists, log, media, people, record, sign_in, smalls, talks, work};
use axum::response::{IntoResponse, Response};
use glasshouse_engine::view::Detail;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::{self, ContentBuilder, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Glasshouse",
        description = "What the review page asks of a case. A session cookie comes from the link that \
            `glasshouse serve` prints, or from signing in. Changes are POST with the header `X-Glasshouse` (`csrf` of the session). \
            Times are ISO 8601 in UTC. Errors are `{\"error\": \"one sentence for people\"}`.",
        license(name = "Apache-2.0")
    ),
    paths(
        sign_in::ways,
        sign_in::sign_in,
        sign_in::sign_out,
        sign_in::enquire,
        case::session,
        case::case,
        case::warnings,
        case::entries,
        lists::list,
        lists::rank,
        lists::histogram,
        lists::facets,
        lists::complete,
        lists::map,
        lists::track,
        record::record,
        record::bytes,
        record::near,
        html::html,
        media::gallery,
        media::medium,
        media::thumb,
        smalls::alike,
        talks::conversations,
        talks::conversation,
        people::people,
        people::join,
        people::split,
        people::changes,
        people::undo,
        people::graph,
        talks::reveals,
        talks::made_by,
        work::marks,
        work::mark,
        work::undo_mark,
        work::saved,
        work::save,
        work::undo_saved,
        log::events,
        log::proof,
        log::checkpoint,
        log::erase,
        custody::custody,
        custody::certificate,
        exports::begin,
        exports::exports,
        exports::file,
        document,
    ),
    components(schemas(Error)),
    modifiers(&Refusals)
)]
struct Document;

/// What any question may be answered with instead, as a sentence.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let refused = |why: &str| {
            let error = ContentBuilder::new().schema(Some(openapi::Ref::from_schema_name("Error"))).build();
            ResponseBuilder::new().description(why).content("application/json", error).build()
        };
        for item in document.paths.paths.values_mut() {
            for (operation, changes) in [(&mut item.get, false), (&mut item.post, true)] {
                let Some(operation) = operation else { continue };
                let mut may = vec![
                    ("400", "What was asked cannot be read, or is too much; the sentence says what to ask instead."),
                    ("401", "Nobody is signed in."),
                    ("403", "Nobody who may do this is asking."),
                ];
                if changes {
                    may.push(("404", "What is to be changed is not there."));
                    may.push(("409", "Another process writes the case; the same may do later."));
                }
                for (status, why) in may {
                    operation.responses.responses.entry(status.into()).or_insert_with(|| refused(why).into());
                }
            }
        }
    }
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "case", responses((status = 200, body = Value)))]
pub async fn document() -> Response {
    axum::Json(Document::openapi()).into_response()
}

/// A record with where its bytes are, and what people said of it.
#[derive(Serialize)]
pub struct Answered {
    #[serde(flatten)]
    pub record: Detail,
    pub refs: Vec<Value>,
    pub tags: Vec<glasshouse_engine::work::Mark>,
    pub notes: Vec<glasshouse_engine::work::Mark>,
}

macro_rules! shapes {
    ($($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $field:ident : $kind:ty),* $(,)? })*) => {$(
        $(#[$about])*
        #[derive(ToSchema)]
        pub struct $name { $($(#[$of])* $field: $kind),* }
    )*};
}

shapes! {
    /// What went wrong.
    Error { error: String }
    Session {
        case: CaseName, person: PersonName, csrf: String, readonly: bool, version: String,
        /// Actions that the policies allow this person now, of those that the page offers.
        may: Vec<String>,
        /// Analyses that the authority names, of those that there are; all of them in a personal case.
        analyses: Vec<String>,
        /// Id of the authority that is acted under, and what it says; none in a personal case.
        authority: Option<String>, statement: Option<String>,
        /// Lines of enquiry to choose from, and the one that is chosen.
        enquiries: Vec<String>, enquiry: Option<String>,
    }
    /// `issuer` is who says who people are, at `/sign-in/begin?place=` and the place of the page to come back to.
    /// `authorities` are those that this browser's person has still to choose from.
    Ways { passwords: bool, issuer: Option<String>, authorities: Vec<Choice> }
    /// `statement` says what it authorises.
    Choice { id: String, statement: String }
    /// `code_wanted`: the password is right, and the same is to be sent again with a code. `authority_wanted`: an
    /// authority is to be chosen.
    Entered { entered: bool, code_wanted: bool, authority_wanted: bool }
    Left { left: bool }
    Chosen { enquiry: Option<String> }
    /// `notice` is a sentence that every page shows; empty for none.
    CaseName { title: String, kind: String, fingerprint: String, notice: String }
    PersonName { name: String, role: String }
    Case {
        sources: Vec<Source>,
        /// The cases that this one was made out of; empty for most.
        made_of: Vec<MadeOf>,
        formats: Vec<FormatRead>,
        /// Number of entries by status.
        entries: BTreeMap<String, u64>,
        warnings: WarningCounts,
        drift: Vec<Drift>,
        authority: Authority,
        outcomes: Vec<Outcome>,
        /// About how many people other than the subject the shown records name; none in a personal case.
        third_parties: Option<u64>,
        verification: Verification,
        runs: Vec<Run>,
        not_covered: Vec<NotCovered>,
    }
    Source { id: String, title: String, added: String, parts: Vec<PartOf>, entries: u64 }
    PartOf { number: u32, path: String, size: u64, sha256: String, container: String, external: Option<String>, origin: Option<Origin> }
    /// Where a part was before this case was made out of others; none for what was taken in here.
    Origin { case: String, source: String, number: u32 }
    /// `checkpoint` is the signed head of its log, and `authorities` are those in force there, by id.
    MadeOf { case: String, fingerprint: String, checkpoint: String, authorities: Vec<String>, parts: u64 }
    FormatRead {
        format: String, provider: String, title: String, service: String, tier: String, records: u64,
        first: Option<String>, last: Option<String>,
    }
    WarningCounts { total: u64, by_code: Vec<WarningCount> }
    WarningCount { code: String, provider: String, count: u64 }
    /// A field that the reader does not know, and how often it was met.
    Drift { format: String, key: String, count: u64 }
    /// `due` says what of its dates has come, and what to do.
    Authority { kind: String, title: String, limits: Vec<String>, due: Vec<String> }
    Outcome {
        outcome: String, service: String, family: Option<String>, unit: String, count: u64, reason: String,
    }
    /// The log as it stands. `anchored` is false: the case cannot know what somebody outside keeps.
    Verification { checkpoint: String, size: u64, time: Option<String>, anchored: bool }
    Run {
        run: String, started: String, finished: String, tool: String, records: u64, warnings: u64,
    }
    NotCovered { provider: String, text: String }
    Warnings { total: u64, rows: Vec<WarningRow> }
    WarningRow {
        source: Option<String>, entry: Option<u32>, path: Option<Vec<String>>, locator: Option<String>,
        provider: String, code: String, message: String,
    }
    Entries { total: u64, rows: Vec<EntryRow> }
    EntryRow {
        entry: u32, source: String, part: u32, path: Vec<String>, kind: String, size: u64, sha256: Option<String>,
        mime: Option<String>, status: String, provider: Option<String>, format: Option<String>,
        problem: Option<String>,
    }
    List { count: u64, rank: u32, rows: Vec<Row> }
    /// A record as lists show it.
    Row {
        id: String, family: String, format: String, service: String, account: Option<String>,
        /// proven, documented or unverified
        tier: String,
        /// UTC; none where no instant is known
        time: Option<String>,
        /// as the provider wrote it
        time_text: Option<String>, zone_basis: Option<String>, title: Option<String>,
        /// beginning of the text on one line
        snippet: Option<String>,
        from: Vec<String>, to: Vec<String>,
        attachments: Attachments,
        conversation: Option<String>, lat: Option<f64>, lon: Option<f64>, address: Option<String>,
    }
    Rank { rank: u32 }
    Facet { value: String, label: String, count: u64 }
    Completion { from: u32, to: u32, options: Vec<Offer> }
    Offer { text: String, about: String }
    Map { total: u64, cells: Vec<Cell> }
    Cell {
        lat: f64, lon: f64, count: u64, first: Option<String>, last: Option<String>,
        #[schema(nullable = false)]
        id: Option<String>,
        #[schema(nullable = false)]
        accuracy: Option<f32>,
    }
    /// `points` are lists of latitude, longitude, time and id.
    Track { points: Vec<Vec<Value>> }
    /// What a record holds beside a row of a list.
    RecordMore {
        text: Option<String>,
        /// the text is longer than what is given here
        text_cut: bool,
        moments: Vec<Moment>, parties: Vec<Party>, place: Option<Place>,
        /// the remaining fields under the provider's own names, as written
        fields: BTreeMap<String, Value>,
        fields_cut: bool, source: String, refs: Vec<Ref>, tags: Vec<Mark>, notes: Vec<Mark>,
    }
    Moment { role: String, time: Option<String>, text: String, basis: String, precision: String }
    Party {
        role: String, name: Option<String>, kind: Option<String>, identifier: Option<String>,
        /// id in the list of people
        person: Option<String>,
    }
    Place {
        lat: Option<f64>, lon: Option<f64>, accuracy: Option<f64>, altitude: Option<f64>, address: Option<String>,
    }
    File {
        n: u32, name: Option<String>, mime: Option<String>,
        /// image, audio, video or other
        kind: String,
        size: Option<u64>, sha256: Option<String>,
        /// the case holds its bytes
        present: bool,
        record: String,
    }
    Ref {
        entry: u32,
        /// from the part inwards
        path: Option<Vec<String>>,
        sha256: Option<String>, size: Option<u64>, mime: Option<String>, status: Option<String>,
        part: Option<PartNumber>, locator: Locator,
    }
    /// `authority` is the one that it was taken in under.
    PartNumber { source: String, number: u32, authority: Option<String>, origin: Option<Origin> }
    /// `text` is the locator as written: `kind:detail@start+length`.
    Locator { kind: String, text: String, detail: String, start: u64, length: u64 }
    Bytes {
        entry: u32, path: Option<Vec<String>>, mime: Option<String>, sha256: Option<String>, size: u64,
        start: u64, length: u64, locator: Locator,
        /// where the given bytes begin in the entry
        window_start: u64,
        window_base64: String,
        /// the given bytes, if they are text
        text: Option<String>,
        /// what the locator names
        node: Option<String>,
    }
    Near { previous: Vec<Row>, next: Vec<Row> }
    Conversations { count: u64, rows: Vec<Talk> }
    Talk {
        service: String, conversation: String, title: Option<String>, parties: Vec<String>, count: u64,
        first: Option<String>, last: Option<String>,
    }
    /// `rows` are rows of a list and more: see `Said`.
    Conversation { count: u64, rank: u32, rows: Vec<Said> }
    Gallery { count: u64, rank: u32, rows: Vec<Shown> }
    Medium {
        n: u32, name: Option<String>, mime: Option<String>, kind: String, size: Option<u64>, sha256: Option<String>,
        present: bool, record: String, width: Option<u64>, height: Option<u64>,
    }
    /// Pictures that look alike: `looked` of the `of` nearest in time were compared, of `all` that the search has.
    Alike { looked: u64, of: u64, all: u64, rows: Vec<LooksAlike> }
    /// `apart` of 64 places differ.
    LooksAlike { apart: u32, shown: Shown }
    People { count: u64, rank: u64, rows: Vec<Person> }
    Person {
        id: String, name: String, identifiers: Vec<Identifier>, records: u64, services: Vec<String>,
        first: Option<String>, last: Option<String>, why: Vec<String>,
        /// what people said of who this is, which is no evidence
        by_hand: Vec<ByPeople>,
        /// finds their records
        query: String,
        /// the holder of the account
        own: bool,
    }
    Identifier {
        kind: String, value: String,
        /// what it is split off by; none for a name that goes with an identifier
        id: Option<String>,
        /// where it means nothing elsewhere
        service: Option<String>,
    }
    /// `what` is joined or split: `parties` were joined with `others`, or split off from them.
    ByPeople {
        n: i64, what: String, parties: Vec<String>, others: Vec<String>, reason: String, person: String, time: String,
    }
    /// The number of the change, and the id of the person that came of it.
    Changed { n: i64, person: Option<String> }
    Changes { rows: Vec<Change> }
    Change {
        n: i64, what: String, parties: Vec<String>, others: Vec<String>, reason: String, person: String, time: String,
        /// the case has somebody whom it names
        known: bool,
    }
    /// `count` people are in the records; the nodes are those in most of them.
    Graph { count: u64, nodes: Vec<Node>, edges: Vec<Edge> }
    Node { id: String, name: String, count: u64, query: String, own: bool }
    Edge { from: String, to: String, count: u64, services: Vec<String> }
    /// Home, work and nights away are findings, never facts: `why` says the rule.
    Reveals {
        services: Vec<ServiceHeld>, contacts: Vec<Seen>, home: Option<Stay>, work: Option<Stay>,
        /// the longest of `stays`
        nights_away: Vec<Stay>, stays: u64, voice: Counted, searches: Counted, searched: Counted,
        /// those of most records, of `device_names`
        devices: Vec<Seen>, device_names: u64, devices_unread: u64,
    }
    ServiceHeld {
        service: String, held: Vec<Held>,
        /// people in its records, the holder not counted
        people: u64,
        /// records with coordinates
        places: u64,
        /// how its holder deletes it there, as far as that is known; nobody tried these ways
        deleting: Vec<Deleting>,
        held_by: Option<String>,
        /// ways in which others can get at it
        routes: Vec<String>,
        query: String,
    }
    /// `way` leads through the service's menus, from the address `at`, for these kinds; for all that it holds if none is named.
    Deleting { kinds: Vec<String>, way: String, at: Option<String>, described_at: Option<String> }
    Held { what: String, count: u64, first: Option<String>, last: Option<String>, query: String }
    Seen { name: String, count: u64, first: Option<String>, last: Option<String>, query: String }
    /// `days` nights or working days there, of `of` with records anywhere.
    Stay { lat: f64, lon: f64, days: u32, of: u32, first: String, last: String, why: String, query: String }
    Counted { count: u64, query: String }
    /// `values` are the different ones; `rows` are those of most records.
    MadeBy { values: u64, rows: Vec<Maker> }
    /// `value` as a field of the provider's own name says it; `example` is the id of one of the records.
    Maker { field: String, value: String, count: u64, first: Option<String>, last: Option<String>, example: String }
    Marks { rows: Vec<Mark> }
    Mark { n: i64, record: String, kind: String, text: String, person: String, time: String }
    Undone { undone: i64 }
    SavedList { rows: Vec<Saved> }
    Saved { n: i64, name: String, url: String, person: String, time: String }
    Events { total: u64, rows: Vec<Event> }
    Event {
        n: u64, time: String, kind: String, action: String, person: Option<String>, place: String,
        role: String, authority: String,
        /// line of enquiry that it was for
        enquiry: String,
        /// policies that allowed it
        policies: Vec<String>,
        tool: String, summary: String,
        /// hash of what the event is about
        digest: Option<String>,
        erased: bool,
    }
    /// `left` events vouch for files or tell of an erasure, and stay as they are.
    Erased { erased: u64, left: u64 }
    Custody { certificates: Vec<Certified> }
    /// What was discarded by one act; the certificate has all of it.
    Certified {
        number: u32, decided: String, destroyed: String, person: String, role: String, authorities: Vec<String>,
        reason: String, withheld: bool, method: Vec<String>, outcomes: Vec<Discarded>,
    }
    /// `unit` is records, entries or bytes.
    Discarded { service: String, family: String, reason: String, unit: String, count: u64 }
    Exports { rows: Vec<Export> }
    Export {
        n: u64, q: String, tag: Option<String>, recipient: String, purpose: String,
        /// running, done or failed
        state: String,
        /// records that go in, once they are known
        records: u64,
        /// records and files that are done, about twice as many in the end
        done: u64,
        /// size of the file, once it is there
        bytes: Option<u64>,
        /// hash of `export.json` in it, which the log has outside personal cases
        sha256: Option<String>,
        /// why it failed
        error: Option<String>,
    }
    Proof {
        n: u64, leaf: String, payload: Option<String>, size: u64,
        /// root hash, base64
        root: Option<String>,
        /// from the leaf up, base64 (RFC 6962, 2.1.1)
        hashes: Vec<String>,
        checkpoint: String,
    }
}

/// In a list the number of attachments; in a record or a conversation what they are.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Attachments {
    Number(u32),
    These(Vec<File>),
}

/// A row of a list, and all else that is known of the record.
#[derive(ToSchema)]
pub struct Record {
    #[serde(flatten)]
    row: Row,
    #[serde(flatten)]
    more: RecordMore,
}

/// A row of a list, and what a conversation shows of it.
#[derive(ToSchema)]
pub struct Said {
    #[serde(flatten)]
    row: Row,
    text: Option<String>,
    text_cut: bool,
    /// What became of a message (reactions, edits, deletion), as the provider wrote it.
    fields: BTreeMap<String, Value>,
    /// The holder of the account sent it.
    own: bool,
}

/// A row of a list, and the medium that it shows.
#[derive(ToSchema)]
pub struct Shown {
    #[serde(flatten)]
    row: Row,
    media: Medium,
}

/// What put records there, by service.
#[derive(ToSchema)]
pub struct Makers(BTreeMap<String, MadeBy>);

/// Number of records by day, month or year.
#[derive(ToSchema)]
pub struct Histogram(BTreeMap<String, u64>);

/// The most frequent values by facet.
#[derive(ToSchema)]
pub struct Facets(BTreeMap<String, Vec<Facet>>);
