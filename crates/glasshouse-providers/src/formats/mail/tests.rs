use super::*;
use glasshouse_model::canonical_json;

const MBOX: Options = Options { format: "mbox", mbox: true, take: &["x-gm-thrid"] };

fn read(message: &str) -> (Option<Message>, Vec<&'static str>) {
    read_bytes(message.as_bytes(), false)
}

fn read_bytes(message: &[u8], truncated: bool) -> (Option<Message>, Vec<&'static str>) {
    let mut sink = Sink::new();
    let read = read_message(message, 100, EntryId(7), truncated, &MBOX, &mut sink);
    (read, sink.warnings().iter().map(|w| w.code).collect())
}

fn json(message: &str) -> serde_json::Value {
    let (read, _) = read(message);
    let record = read.expect("a message").record;
    serde_json::from_str(&canonical_json("mail", &record, &|_| "e")).expect("JSON")
}

#[test]
fn a_plain_message() {
    let value = json(
        "From 1@xxx Sat Jan 02 10:00:00 +0000 2010\r\nX-GM-THRID: 12\r\nReceived: by a; Sat, 2 Jan 2010 02:00:01 -0800 (PST)\r\n\
         Received: by b; x\r\nFrom: Jo <jo@example.org>\r\nTo: =?utf-8?Q?Zo=C3=AB?= <zoe@example.org>,\r\n b@example.org\r\n\
         Subject: =?utf-8?Q?Caf=C3?=\r\n =?utf-8?Q?=A9?=\r\nDate: Sat, 2 Jan 2010 10:00:00 +0000\r\n\
         References: <root@x> <p@x>\r\nIn-Reply-To: <p@x>\r\nMessage-ID: <own@x>\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n\
         Line\r\n>From here\r\n\r\n",
    );
    assert_eq!(value["moments"][0]["instant"], 1_262_426_400_000_000i64);
    assert_eq!(value["moments"][1]["instant"], 1_262_426_401_000_000i64);
    assert_eq!(value["moments"][1]["text"], "Sat, 2 Jan 2010 02:00:01 -0800 (PST)");
    assert_eq!(value["parties"][1]["name"], "Zoë");
    assert_eq!(value["parties"].as_array().map(Vec::len), Some(3));
    assert_eq!(value["title"], "Café");
    assert_eq!(value["text"], "Line\nFrom here");
    assert_eq!(value["conversation"], "root@x");
    let fields = &value["fields"];
    assert_eq!(fields["received"], serde_json::json!(["by a; Sat, 2 Jan 2010 02:00:01 -0800 (PST)", "by b; x"]));
    assert_eq!(fields["references"], serde_json::json!(["root@x", "p@x"]));
    assert_eq!((&fields["message-id"], &fields["x-twice"]), (&"<own@x>".into(), &"1".into()));
    assert_eq!(fields["x-twice again"], serde_json::json!(["2"]));
    assert_eq!(fields["to"], "=?utf-8?Q?Zo=C3=AB?= <zoe@example.org>, b@example.org");
    assert_eq!(fields["from"], serde_json::Value::Null);
    assert_eq!(fields["mbox from"], "1@xxx Sat Jan 02 10:00:00 +0000 2010");
    assert_eq!(fields["x-gm-thrid"], serde_json::Value::Null);
}

#[test]
fn parts_become_text_and_attachments() {
    let value = json(
        "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n\
         --c\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nCaf=E9\n\
         --c\nContent-Type: text/html\n\n<p>Caf&eacute;</p>\n--c--\n\
         --b\nContent-Type: application/pdf; name=\"x\"\nContent-Disposition: attachment;\n filename*0*=utf-8''na%C3%AF;\n filename*1=ve.pdf\n\
         Content-Transfer-Encoding: base64\n\nYWJj\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\
         Content-Type: multipart/mixed; boundary=d\n\n--d\n\ninner text\n--d\nContent-Type: image/gif\n\nGIF\n--d--\n--b--\n",
    );
    assert_eq!(value["text"], "Café");
    assert_eq!(value["fields"]["alternative parts"], serde_json::json!(["1.2 text/html"]));
    let attachments = value["attachments"].as_array().expect("attachments");
    assert_eq!(attachments.len(), 3);
    assert_eq!((&attachments[0]["name"], &attachments[0]["size"]), (&"naïve.pdf".into(), &3.into()));
    assert_eq!(attachments[0]["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert!(attachments[0]["locator"].as_str().is_some_and(|l| l.starts_with("mime:2@100+")));
    assert!(attachments[1]["locator"].as_str().is_some_and(|l| l.starts_with("mime:3@100+")));
    assert!(attachments[2]["locator"].as_str().is_some_and(|l| l.starts_with("mime:3.2@100+")));
}

#[test]
fn html_alone_is_read_as_text_and_in_its_own_charset() {
    let html = b"Content-Type: text/html\n\n<meta charset=windows-1252><p>Caf\xe9</p>".as_slice();
    let (message, warnings) = read_bytes(html, false);
    assert_eq!(message.and_then(|m| m.record.text).as_deref(), Some("Café"));
    assert!(warnings.is_empty());
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(read("From x\n\n\n").1, ["mail.empty"]);
    assert!(read("From x\n\n\n").0.is_none());
    assert_eq!(read("no header here\n").1, ["mail.no-header"]);
    assert_eq!(read_bytes(b"Subject: Gr\xfc\xdfe aus K\xf6ln\n\nx", false).1, ["mail.charset"]);
    let base64 = "Content-Transfer-Encoding: base64\nContent-Type: image/png\n\nYWJj\n_____";
    assert_eq!(read(base64).1, ["mail.encoding"]);
    assert_eq!(read_bytes(base64.as_bytes(), true).1, ["mail.truncated"]);
    let cut = read_bytes(base64.as_bytes(), true).0.expect("a message");
    assert_eq!((cut.record.attachments[0].size, cut.record.attachments[0].sha256), (None, None));
}

#[test]
fn taken_headers_are_handed_over() {
    let message = read("X-GM-THRID: 12\nSubject: x\n\ny").0.expect("a message");
    assert_eq!(message.taken, [("x-gm-thrid", "12".to_string())]);
    assert_eq!(message.at.locator.to_string(), "mime:@100+28");
}

/// What a sender can make long stays within time that grows with its length.
#[test]
fn hostile_length_takes_no_hostile_time() {
    let long = 4_000_000;
    for (head, unit) in [
        ("", "a:\n"),
        ("Subject: ", "=?a?Q?"),
        ("Subject: ", "=?a?B? "),
        ("To: ", "=?a?Q?"),
        ("To: ", "(\\(\"<"),
        ("To: ", "a@b,"),
        ("Date: ", "((1 "),
        ("References: ", "<a"),
        ("Content-Type: x; a=", "=?a?Q?"),
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n"),
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: multipart/mixed; boundary=c\n\n"),
        ("Content-Type: text/html\n\n", "<a b=\"'>"),
        ("Content-Type: text/html\n\n", "<style></"),
        ("Content-Type: text/html\n\n", "&<!--"),
        ("Content-Transfer-Encoding: base64\n\n", "=A!\n"),
        ("Content-Transfer-Encoding: quoted-printable\n\n", "= \t"),
        ("From x\n\n", ">From "),
        ("Subject: \u{e9}", "\u{e9}\n\t"),
    ] {
        let message = format!("{head}{}", unit.repeat(long / unit.len()));
        let started = std::time::Instant::now();
        read(&message);
        assert!(started.elapsed().as_secs() < 20, "{head}{unit}");
    }
}

#[test]
fn the_separators_date_stands_in_for_missing_headers() {
    let moment = |message: &str| read(message).0.expect("a message").record.moments.first().cloned();
    let gmail = moment("From 1@xxx Sat Jan 02 10:00:00 +0000 2010\nSubject: draft\n\nx").expect("a time");
    assert_eq!((gmail.instant, gmail.role), (Some(1_262_426_400_000_000), MomentRole::Received));
    let local = moment("From a@b Sat Jan  2 10:00:00 2010\nSubject: draft\n\nx").expect("a time");
    assert_eq!((local.instant, local.text.as_str()), (None, "Sat Jan  2 10:00:00 2010"));
    assert_eq!(moment("From -\nSubject: draft\n\nx"), None);
}

#[test]
fn html_is_read_where_its_plain_alternative_says_nothing() {
    let value = json(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Transfer-Encoding: quoted-printable\n\n=20\n\
         --b\nContent-Type: text/html; name=x.html\n\n<p>said</p>\n--b--\n",
    );
    assert_eq!((&value["text"], &value["fields"]["alternative parts"]), (&"said".into(), &serde_json::Value::Null));
}
