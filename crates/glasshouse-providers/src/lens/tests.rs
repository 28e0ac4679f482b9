use super::*;
use crate::framing::frame_all;
use crate::{Frame, TreeEntry};
use glasshouse_model::{EntryId, Record};

const HEAD: &str = "lens = 1\nprovider = 'example'\nservice = 'Example'\nformat = 'things'\ntitle = 'Things'\n\
    tier = 'unverified'\nreferences = ['https://example.com']\n";

/// Reads one file with one lens, a frame a call; gives records, codes of warnings, and drift.
fn read(lens: &'static dyn Provider, path: &str, bytes: &[u8]) -> (Vec<Record>, Vec<&'static str>, Vec<String>) {
    let entry = TreeEntry { id: EntryId(0), path: path.into(), size: bytes.len() as u64, crc32: None, part: 0 };
    let head = |_| bytes[..bytes.len().min(Tree::HEAD)].to_vec();
    let entries = [entry];
    let mut out = Sink::new();
    for claim in lens.recognise(&Tree::new(&entries, &head)) {
        for span in frame_all(claim.framing, bytes).0 {
            let frame = Frame {
                name: &span.name,
                element: span.element,
                index: span.index,
                offset: span.start,
                bytes: &bytes[span.start as usize..span.end as usize],
                truncated: span.truncated,
            };
            let head = &bytes[..bytes.len().min(Opened::HEAD)];
            let frames = [frame];
            let opened = Opened {
                claim: &claim,
                entry: &entries[0],
                frames: &frames,
                companions: &[],
                head,
                survey: &[],
                positioned: None,
                decoder: &crate::formats::exif::Here,
            };
            lens.parse(&opened, &mut out);
        }
    }
    let (records, warnings, drift) = out.into_parts();
    let drift = drift.into_iter().map(|((_, key), count)| format!("{key} {count}")).collect();
    (records, warnings.iter().map(|w| w.code).collect(), drift)
}

fn example(rest: &str) -> &'static dyn Provider {
    load(&format!("{HEAD}{rest}"), "example.toml").unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn html_tables_are_read_by_the_names_in_their_head() {
    let lens = example(
        "[match]\nlayout = 'html'\npaths = ['log.html']\ncolumns = ['When', 'Who']\n\
         [[record]]\nfamily = 'login'\n[[record.time]]\nfield = 'When'\nrole = 'observed'\n\
         format = ['%Y-%m-%d %H:%M']\nzone = 'utc'\n[[record.party]]\nrole = 'owner'\nname = 'Who'\n",
    );
    let page = "<html><body><table><tr class=h><th>When</th><th>Who</th><th>&amp; IP</th></tr>\n\
        <tr><td>2024-01-02 03:04</td><td>Tove &lt;b&gt; <i>Lind</i></td><td>192.0.2.1</td></tr>\n\
        <tr><td>soon</td><td>M</td></tr><track></table></body></html>";
    let (records, warnings, drift) = read(lens, "x/LOG.html", page.as_bytes());
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].moments[0].instant, Some(1_704_164_640_000_000));
    assert_eq!(records[0].parties[0].name.as_deref(), Some("Tove <b> Lind"));
    assert_eq!(records[0].fields.to_json(), r#"{"& IP":"192.0.2.1"}"#);
    let at = &records[0].refs[0].locator;
    let bytes = &page[at.start as usize..(at.start + at.length) as usize];
    assert!(bytes.starts_with("<tr><td>2024") && bytes.ends_with("</tr>"), "{bytes}");
    assert_eq!((warnings, drift), (vec!["table.columns", "time.syntax"], vec!["& IP 1".to_owned()]));
    assert!(read(lens, "x/log.html", b"<table><tr><th>When</th></tr></table>").0.is_empty());
}

#[test]
fn lines_of_json_are_read_one_by_one() {
    let lens = example(
        "[match]\nlayout = 'ndjson'\npaths = ['*.ndjson']\nkeys = ['at']\n[[record]]\nfamily = 'activity'\n\
         program = 'select(.kind != \"noise\") | . + {name: \"\\(.kind):\\($file)\"}'\nknown = ['kind']\ntitle = 'name'\n\
         [[record.time]]\nfield = 'at'\nrole = 'observed'\nformat = ['epoch-millis']\nzone = 'utc'\n",
    );
    let lines =
        b"\xef\xbb\xbf{\"at\":1,\"kind\":\"a\",\"odd\":[1.50]}\n\n{\"at\":2,\"kind\":\"noise\"}\n{\"at\":\n[1]\n";
    let (records, warnings, drift) = read(lens, "a/b.ndjson", lines);
    assert_eq!(records[0].title.as_deref(), Some("a:a/b.ndjson"));
    assert_eq!(records[0].fields.to_json(), r#"{"kind":"a","odd":[1.50]}"#);
    // What the program cannot read is kept as it stands.
    assert_eq!(records[1].fields.to_json(), r#"{"value":[1]}"#);
    assert_eq!((records.len(), warnings), (2, vec!["json.syntax", "lens.program"]));
    assert_eq!(drift, ["odd 1", "value 1"]);
}

#[test]
fn a_program_that_runs_away_is_stopped_and_told() {
    let lens = example(
        "[match]\nlayout = 'json'\npaths = ['a.json']\nkeys = ['n']\n[[record]]\nfamily = 'activity'\nitems = ['']\n\
         program = '[.n[] as $a | .n[] as $b | .n[] as $c | .n[] as $d | .n[] as $e | $a] | {first: .[0]}'\n",
    );
    let list = vec!["1"; 500].join(",");
    let (records, warnings, _) = read(lens, "a.json", format!("[{{\"n\":[{list}]}}]").as_bytes());
    assert_eq!(warnings, ["lens.budget"]);
    assert_eq!(records.len(), 1, "the item itself is kept");
    let lens = example(
        "[match]\nlayout = 'json'\npaths = ['a.json']\nkeys = ['n']\n[[record]]\nfamily = 'activity'\nitems = ['']\n\
         program = '.n'\n",
    );
    assert_eq!(read(lens, "a.json", b"[{\"n\":1}]").1, ["lens.output"]);
}

#[test]
fn old_and_new_layouts_give_the_same_records() {
    let tiktok = *shipped().iter().find(|p| p.manifest().id == "tiktok").expect("a lens");
    let old = include_bytes!("../../lenses/tiktok/fixtures/2022-activity/input/user_data.json");
    let new = include_bytes!("../../lenses/tiktok/fixtures/2025-your-activity/input/TikTok/user_data_tiktok.json");
    let lines = |bytes: &[u8]| {
        let (records, _, _) = read(tiktok, "user_data.json", bytes);
        let mut lines: Vec<_> = records
            .into_iter()
            .map(|mut record| {
                record.refs.clear();
                format!("{record:?}")
            })
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(old), lines(new));
    assert_eq!(lines(old).len(), 12);
}

#[test]
fn mistakes_are_named_with_their_line_and_what_to_do() {
    let matching = "[match]\nlayout = 'csv'\npaths = ['a.csv']\ncolumns = ['a']\n";
    let record = "[[record]]\nfamily = 'post'\n";
    for (rest, line, what) in [
        ("", 1, "`match`"),
        ("[match]\nlayout = 'xml'\n", 9, "csv or html"),
        ("[match]\nlayout = 'csv'\npaths = ['*']\n", 10, "the end of a path"),
        ("[match]\nlayout = 'csv'\npaths = ['a.csv']\n", 8, "`columns` is missing"),
        (matching, 1, "[[record]]"),
        (&format!("{matching}{record}colour = 'red'\n"), 14, "`colour` is not known"),
        (&format!("{matching}[[record]]\nfamily = 'posts'\n"), 13, "`posts`"),
        (
            &format!("{matching}{record}[[record.time]]\nfield = 'a'\nrole = 'sent'\nformat = 'iso'\nzone = 'utc'\n"),
            14,
            "zone",
        ),
        (&format!("{matching}{record}[[record.time]]\nfield = 'a'\nrole = 'seen'\n"), 16, "`seen`"),
        (
            &format!("{matching}{record}[[record.time]]\nfield = 'a'\nrole = 'sent'\nformat = 'yyyy'\nzone = 'utc'\n"),
            17,
            "`yyyy`",
        ),
        (&format!("{matching}{record}[[record.party]]\nrole = 'to'\n"), 14, "nothing that names it"),
        (&format!("{matching}{record}[record.place]\nlat = 'a'\n"), 14, "only one"),
        (&format!("{matching}{record}program = '''\n.a\n| range(3)\n'''\n"), 16, "`range`"),
        (&format!("{matching}{record}items = ['']\n"), 14, "`items` is not known"),
        ("x = 1\nx = 2\n", 9, "stands here"),
    ] {
        let Err(error) = load(&format!("{HEAD}{rest}"), "my.toml") else { panic!("{rest} was taken") };
        assert!(error.to_string().starts_with("my.toml, line "), "{error}");
        assert!(error.line == line && error.to_string().contains(what), "{rest}: {error}");
        assert!(!error.next.is_empty());
    }
    let taken = format!("{HEAD}{matching}{record}").replace("'example'", "'google'");
    assert!(load(&taken, "a").is_err_and(|e| e.what.contains("there already")));
    let odd = format!("{HEAD}{matching}{record}").replace("'example'", "'Ex\"ample'");
    assert!(load(&odd, "a").is_err_and(|e| e.line == 2));
    assert!(load(&"x".repeat(100_000), "a").is_err_and(|e| e.what.contains("longer")));
}

#[test]
fn damaged_lenses_are_refused_or_taken_without_a_panic() {
    let text = include_str!("../../lenses/chatgpt/conversations.toml").replace("\"chatgpt\"", "\"damaged\"");
    let mut taken = 0;
    for (at, _) in text.char_indices().step_by(7) {
        let cut = load(&text[..at], "cut").is_ok();
        let without = format!("{}{}", &text[..at], text[at..].chars().skip(3).collect::<String>());
        let extra = format!("{}{}{}", &text[..at], ["[", "'''", "\"", "=", "|", "(", "\\", "-"][at % 8], &text[at..]);
        taken +=
            [cut, load(&without, "without").is_ok(), load(&extra, "extra").is_ok()].iter().filter(|ok| **ok).count();
    }
    assert!(taken > 0, "some damage lies in a comment");
}

#[test]
fn a_lens_is_known_by_its_text() {
    assert_ne!(version("a"), version("b"));
    assert!(version("a") > 0);
}

#[test]
fn a_lens_says_whether_its_files_come_by_legal_process_alone() {
    let rest = "[match]\nlayout = 'csv'\npaths = ['a.csv']\ncolumns = ['A']\n[[record]]\nfamily = 'note'\ntext = 'A'\n";
    let of = |from: &str| load(&format!("{HEAD}{from}{rest}"), "example.toml");
    for (from, is_return) in [("", false), ("from = 'holder'\n", false), ("from = 'legal-process'\n", true)] {
        let lens = of(from).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((lens.is_return("things"), lens.is_return("others")), (is_return, false), "{from}");
    }
    let wrong = of("from = 'elsewhere'\n").err().expect("an error").to_string();
    assert!(wrong.contains("holder or legal-process"), "{wrong}");
}
