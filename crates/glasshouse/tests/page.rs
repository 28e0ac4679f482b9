//! What people do on the page that changes what it shows, and pictures that browsers cannot decode.

mod support;

use serde_json::{Value, json};
use support::schema::agrees;
use support::server::{Browser, Server, escaped};
use support::{account, glasshouse, open, run};

/// Who is one person may be said by hand: it is an event, it can be undone, and what came later counts.
#[test]
fn people_are_joined_and_split_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let mail = |from: &str, n: u32| {
        format!(
            "From x Mon Jan  1 00:00:00 2024\nFrom: {from}\nTo: Bo <bo@example.org>\nDate: Mon, {n} Jan 2024 10:00:00 +0100\nMessage-ID: <{n}@example.com>\n\nwords\n\n"
        )
    };
    let senders =
        ["Ana <ana@example.com>", "Ana R <ana.r@example.net>", "Cy <cy@example.com>", "Ana <ana@example.com>"];
    let text: String = (1..).zip(senders).map(|(n, from)| mail(from, n)).collect();
    let mbox = folder.path().join("mail.mbox");
    std::fs::write(&mbox, text).expect("written");
    run(open(&case, &[mbox], &[]), 0);
    // Whoever has a part in a record is found by it, whether they wrote or were written to; and a phrase is one person.
    for (query, count) in [
        ("with:ana", "3"),
        ("with:bo", "4"),
        ("from:ana", "3"),
        ("from:bo", "0"),
        ("with:\"ana r\"", "1"),
        ("with:\"bo ana\"", "0"),
        ("with:an*", "3"),
        ("-with:ana", "1"),
        ("with:ana with:bo", "3"),
    ] {
        let mut search = glasshouse(["search", "--count"]);
        search.arg(&case).args(["--", query]);
        assert_eq!(run(search, i32::from(count == "0")).trim(), count, "{query}");
    }
    let page = Server::start(&case).enter();
    let people = || page.get("/api/people?limit=200");
    let find = |name: &str| page.get(&format!("/api/people?limit=10&name={}", escaped(name)))["rows"].clone();
    let id = |name: &str| find(name)[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(people()["count"], 4);
    assert_eq!(find("ana").as_array().map(Vec::len), Some(2));
    let (ana, other, cy) = (id("ana@example.com"), id("ana.r@example.net"), id("cy@"));
    let join =
        |a: &str, b: &str, why: &str| page.post("/api/people/join", &json!({ "person": a, "with": b, "reason": why }));
    for (a, b, why, status) in
        [(&ana, &ana, "same", 400), (&ana, &other, "  ", 400), (&ana, &"0000000000000000".to_owned(), "same", 404)]
    {
        assert_eq!(join(a, b, why).status, status, "{why}");
    }
    assert_eq!(people()["count"], 4);

    let made = join(&ana, &other, "both sign with one number").json();
    assert_eq!(people()["count"], 3);
    let one =
        page.get(&format!("/api/people?id={}&limit=1", made["person"].as_str().expect("an id")))["rows"][0].clone();
    assert_eq!(one["records"], 3, "{one}");
    assert_eq!(one["by_hand"][0]["reason"], "both sign with one number");
    assert!(!one["why"].to_string().contains("both sign"), "what is said by hand is no evidence");
    assert!(one["query"].as_str().is_some_and(|q| q.contains("ana.r@example.net") && q.contains("ana@example.com")));
    let graph = page.get("/api/graph");
    assert_eq!(graph["nodes"].as_array().map(Vec::len), Some(3));
    let three = join(&id("ana@example.com"), &cy, "and she is the third").json();
    assert_eq!(people()["count"], 2);

    // What is split off later goes, and the rest stays together.
    let all =
        page.get(&format!("/api/people?id={}&limit=1", three["person"].as_str().expect("an id")))["rows"][0].clone();
    let part = |value: &str| {
        let items = all["identifiers"].as_array().expect("identifiers").iter();
        items.filter(|i| i["value"] == value).find_map(|i| i["id"].as_str()).expect("a part").to_owned()
    };
    let split = |ids: Value| {
        page.post("/api/people/split", &json!({ "person": all["id"], "identifiers": ids, "reason": "a colleague" }))
    };
    assert_eq!(split(json!([])).status, 400);
    assert_eq!(split(json!([part("ana@example.com"), part("ana.r@example.net"), part("cy@example.com")])).status, 400);
    assert_eq!(split(json!([part("ana@example.com")])).status, 200);
    assert_eq!(people()["count"], 3);
    let rest = find("cy@")[0].clone();
    assert_eq!(
        (rest["records"].clone(), find("ana@example.com")[0]["records"].clone()),
        (json!(2), json!(2)),
        "{rest}"
    );
    assert_eq!(page.get("/api/people/changes")["rows"].as_array().map(Vec::len), Some(3));

    // It stands after a new start, and each is undone by itself.
    let stands = people();
    drop(page);
    let page = Server::start(&case).enter();
    assert_eq!(page.get("/api/people?limit=200"), stands);
    assert_eq!(page.post("/api/people/changes/3/undo", &json!({})).status, 200);
    assert_eq!(page.post("/api/people/changes/3/undo", &json!({})).status, 404);
    assert_eq!(page.get("/api/people")["count"], 2);
    assert_eq!(page.post("/api/people/changes/1/undo", &json!({})).status, 200);
    assert_eq!(page.post("/api/people/changes/2/undo", &json!({})).status, 200);
    assert_eq!(page.get("/api/people")["count"], 4);
    let events = page.get("/api/events?limit=50")["rows"].to_string();
    for what in ["people.joined", "people.split", "people.undone", "a colleague"] {
        assert!(events.contains(what), "{what}: {events}");
    }
}

/// Returns how a picture of the gallery is asked for.
fn picture(rows: &Value, name: &str) -> String {
    let row = rows.as_array().expect("rows").iter().find(|r| r["media"]["name"] == name).expect("the picture");
    format!("{}/{}", row["id"].as_str().expect("an id"), row["media"]["n"])
}

/// A picture in HEIC shows the preview that its camera left in it; without one, the page is told why there is none.
#[test]
fn heic_shows_its_preview_or_says_why_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).expect("a folder");
    let preview = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9";
    std::fs::write(pictures.join("with.HEIC"), heic(Some(preview))).expect("written");
    std::fs::write(pictures.join("without.HEIC"), heic(None)).expect("written");
    let case = folder.path().join("case");
    run(open(&case, &[pictures], &[]), 0);
    let page = Server::start(&case).enter();
    let rows = page.get("/api/media?limit=10")["rows"].clone();
    let of = |name: &str| picture(&rows, name);
    let shown = page.ask(&format!("/api/thumb/{}", of("with.HEIC")), "");
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("image/jpeg")), "{}", shown.text());
    assert_eq!(shown.body, preview);
    let none = page.ask(&format!("/api/thumb/{}", of("without.HEIC")), "");
    assert!(none.status == 404 && none.text().contains("holds no preview"), "{}", none.text());
    let whole = page.ask(&format!("/api/media/{}", of("without.HEIC")), "");
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("image/heic")));
}

/// A picture without a preview is made small apart from the server; those that look alike are found, and named as that.
#[test]
fn pictures_are_made_small_and_those_that_look_alike_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).expect("a folder");
    let draw = |name: &str, side: u32, of: fn(u32, u32) -> [u8; 3]| {
        let drawn = image::RgbImage::from_fn(side, side, |x, y| image::Rgb(of(x * 64 / side, y * 64 / side)));
        drawn.save(pictures.join(name)).expect("written");
    };
    draw("large.jpg", 1400, |x, y| [(x * 3) as u8, (x * y % 251) as u8, (y * 2) as u8]);
    draw("copy.jpg", 350, |x, y| [(x * 3) as u8, (x * y % 251) as u8, (y * 2) as u8]);
    draw("other.jpg", 900, |x, y| [((64 - x) * y % 255) as u8, (x * x % 255) as u8, 9]);
    // Damaged, and of a kind that is not taken apart: the browser gets them as they are.
    let whole = std::fs::read(pictures.join("large.jpg")).expect("there");
    std::fs::write(pictures.join("half.webp"), b"RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0/").expect("written");
    let case = folder.path().join("case");
    run(open(&case, &[pictures], &[]), 0);
    let page = Server::start(&case).enter();
    let rows = page.get("/api/media?limit=10")["rows"].clone();
    let of = |name: &str| picture(&rows, name);
    for _ in 0..2 {
        let small = page.ask(&format!("/api/thumb/{}", of("large.jpg")), "");
        assert_eq!((small.status, small.header("content-type")), (200, Some("image/jpeg")));
        let read = image::load_from_memory(&small.body).expect("a JPEG");
        assert!((read.width(), read.height()) == (512, 512) && small.body.len() < whole.len());
    }
    let given = page.ask(&format!("/api/thumb/{}", of("half.webp")), "");
    assert_eq!((given.status, given.header("content-type")), (200, Some("image/webp")));
    assert!(given.body.starts_with(b"RIFF"));

    let document = page.get("/api/openapi.json");
    let answers = &document["paths"]["/api/media/{id}/{n}/alike"]["get"]["responses"]["200"];
    let alike = page.get(&format!("/api/media/{}/alike", of("large.jpg")));
    agrees(&document, &answers["content"]["application/json"]["schema"], &alike, "those that look alike");
    let names: Vec<&str> =
        alike["rows"].as_array().expect("rows").iter().filter_map(|r| r["shown"]["media"]["name"].as_str()).collect();
    assert_eq!(names, ["copy.jpg"]);
    assert_eq!((alike["looked"].as_u64(), alike["of"].as_u64(), alike["all"].as_u64()), (Some(3), Some(3), Some(4)));
    assert_eq!(page.get(&format!("/api/media/{}/alike", of("other.jpg")))["rows"], json!([]));
    for (path, status) in [
        (format!("{}/alike", of("half.webp")), 404),
        (format!("{}/alike?q=after:yesterday", of("large.jpg")), 400),
        ("0000000000000000/0/alike".to_owned(), 404),
    ] {
        assert_eq!(page.ask(&format!("/api/media/{path}"), "").status, status, "{path}");
    }
}

/// Returns a HEIC of metadata alone: its boxes, an EXIF block, and in that block perhaps a preview (ISO/IEC 23008-12).
fn heic(preview: Option<&[u8]>) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &1u32.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    // One tag, and after it a directory of the preview: where it lies in the block, and how long it is.
    let mut tiff = [&b"II*\0"[..], &8u32.to_le_bytes(), &1u16.to_le_bytes(), &entry(0x0112, 3, 1)].concat();
    match preview {
        None => tiff.extend(0u32.to_le_bytes()),
        Some(preview) => {
            let second = tiff.len() as u32 + 4;
            let data = second + 2 + 3 * 12 + 4;
            tiff.extend(second.to_le_bytes());
            tiff.extend(3u16.to_le_bytes());
            tiff.extend(entry(0x0103, 3, 6));
            tiff.extend(entry(0x0201, 4, data));
            tiff.extend(entry(0x0202, 4, preview.len() as u32));
            tiff.extend(0u32.to_le_bytes());
            tiff.extend(preview);
        }
    }
    let exif = [&6u32.to_be_bytes()[..], b"Exif\0\0", &tiff].concat();
    let boxed = |kind: &[u8], content: &[u8]| [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat();
    let ftyp = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
    let handler = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let item = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0");
    let items = boxed(b"iinf", &[&b"\0\0\0\0\0\x01"[..], &item].concat());
    let place = |offset: u32| {
        let extent = [offset.to_be_bytes(), (exif.len() as u32).to_be_bytes()].concat();
        boxed(b"iloc", &[&b"\0\0\0\0\x44\0\0\x01\0\x01\0\0\0\x01"[..], &extent].concat())
    };
    let meta = |offset: u32| boxed(b"meta", &[&b"\0\0\0\0"[..], &handler, &items, &place(offset)].concat());
    let offset = ftyp.len() + meta(0).len() + 8;
    [ftyp, meta(offset as u32), boxed(b"mdat", &exif)].concat()
}

/// A run of an earlier program lacks what was found and what became of the files; the page says it all the same.
#[test]
fn what_an_older_run_did_not_sum_up_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    let newer = Server::start(&case).enter().get("/api/case");
    let path = case.join("runs/r0001/run.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
    for field in ["entries", "found"] {
        assert!(file.as_object_mut().expect("an object").remove(field).is_some(), "{field}");
    }
    std::fs::write(&path, file.to_string()).expect("written");
    let older = Server::start(&case).enter().get("/api/case");
    assert!(newer["entries"]["parsed"].as_u64() > Some(3) && newer["formats"].as_array().map(Vec::len) > Some(3));
    for field in ["entries", "formats"] {
        assert_eq!(older[field], newer[field], "{field}");
    }
    assert_eq!(older["made_of"], json!([]));
}

/// What is held can be deleted some way. What pictures look like is known after a start; in a personal case nobody has to
/// name the analysis.
#[test]
fn what_pictures_look_like_outlives_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &account().paths(), &[]), 0);
    let page = Server::start(&case).enter();
    assert_eq!(page.get("/api/session")["analyses"], json!(["similar_pictures"]));
    for service in page.get("/api/self")["services"].as_array().expect("services") {
        let last = service["deleting"].as_array().and_then(|ways| ways.last()).expect("a way for all of it");
        assert!(last["way"].as_str().is_some_and(|way| way.len() > 10), "{service}");
    }
    let media = page.get("/api/media?limit=100");
    let row = media["rows"].as_array().expect("rows").iter().find(|row| row["media"]["kind"] == "image");
    let row = row.expect("a picture");
    let asked = format!("/api/media/{}/{}/alike", row["id"].as_str().expect("an id"), row["media"]["n"]);
    let whole =
        |page: &Browser| (0..200).map(|_| page.get(&asked)).find(|told| told["looked"] == told["of"]).expect("it ends");
    let told = whole(&page);
    assert!(told["of"].as_u64() > Some(10), "{told}");
    drop(page);
    let kept = std::fs::read_to_string(case.join("cache/looks")).expect("it is kept");
    let lines = || kept.lines().filter(|line| !line.is_empty());
    assert!(lines().count() as u64 > told["of"].as_u64().expect("a number") / 2, "{kept}");
    // A picture that is said to look like all others is found so: what is kept is what is used.
    let own = lines().next().expect("a line").split(' ').next().expect("a look").to_owned();
    let forged: Vec<String> = lines().map(|line| format!("{own} {}", &line[17..])).collect();
    std::fs::write(case.join("cache/looks"), forged.join("\n")).expect("written");
    let again = whole(&Server::start(&case).enter());
    assert!(again["rows"].as_array().map(Vec::len) >= Some(forged.len() - 1), "{again}");
}
