//! Searching over HTTP against tantivy in process, over the same mail, and bars over everything.
//!
//! Each question is asked of both in turn. The server keeps what recent questions found; each of ours leaves out a
//! word that no mail has, another one every time, so that every answer is made anew.

use super::server::Server;
use super::stats::{Bar, Row, Spread};
use super::{Bench, open};
use crate::Fault;
use crate::calibrate::{self, index};
use std::path::Path;
use std::time::Instant;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::QueryParser;
use tantivy::schema::Field;
use tantivy::{Index, Searcher};

/// How often each question is asked.
const CALLS: usize = 200;
/// Rows of an answer.
const ROWS: usize = 20;

/// Measures the questions.
pub fn rows(args: &Bench, scratch: &Path) -> Result<Vec<Row>, Fault> {
    let folder = tempfile::tempdir_in(scratch)?;
    let mbox = folder.path().join("mail.mbox");
    calibrate::extract(&args.zip, &mbox)?;
    let texts = calibrate::mail_texts(&std::fs::read(&mbox)?);
    let place = folder.path().join("index");
    std::fs::create_dir(&place)?;
    index::index(&texts, &place)?;
    let case = folder.path().join("mail");
    open(&args.glasshouse, std::slice::from_ref(&mbox), &case)?;
    std::fs::remove_file(&mbox)?;
    println!("\nsearch: {} mails, {CALLS} calls each, {ROWS} rows and the count\n", texts.len());
    let index = Index::open_in_dir(&place)?;
    let field = index.schema().get_field("text")?;
    let questions = questions(&index.reader()?.searcher(), field, &texts)?;
    let parser = QueryParser::for_index(&index, vec![field]);
    let searcher = index.reader()?.searcher();
    let mut server = Server::start(&args.glasshouse, &case)?;
    println!("{:<34}{:>10}{:>20}{:>20}", "question", "found", "tantivy p50 / p99", "over HTTP p50 / p99");
    let (mut beyond, mut slowest) = (Vec::new(), Vec::new());
    let mut number = 0;
    for (name, theirs, ours) in questions {
        let query = parser.parse_query(&theirs)?;
        let (mut bare, mut served) = (Vec::new(), Vec::new());
        let mut found = (0, 0);
        for _ in 0..CALLS {
            let start = Instant::now();
            let (_, count) = searcher.search(&query, &(TopDocs::with_limit(ROWS).order_by_score(), Count))?;
            bare.push(start.elapsed().as_secs_f64() * 1000.0);
            number += 1;
            let path = format!("/api/list?limit={ROWS}&q={}", escaped(&format!("{ours} -qzx{number}qzx")));
            let (took, body) = server.ask(&path)?;
            served.push(took);
            found = (count, counted(&body)?);
        }
        let (bare, served) = (Spread::of(bare.into_iter()), Spread::of(served.into_iter()));
        println!(
            "{name:<34}{:>10}{:>20}{:>20}",
            if found.0 == found.1 { found.0.to_string() } else { format!("{} / {}", found.0, found.1) },
            format!("{:.2} / {:.2}", bare.median(), bare.at(0.99)),
            format!("{:.2} / {:.2}", served.median(), served.at(0.99)),
        );
        beyond.push(served.median() - bare.median());
        slowest.push(served.at(0.99));
    }
    drop(server);
    let most = |values: &[f64]| Spread::of(values.iter().copied().max_by(f64::total_cmp).into_iter());
    let at_most = |must| Bar::AtMost { must, aim: None };
    Ok(vec![
        Row::new("search over HTTP p50 − tantivy p50, slowest question, ms", at_most(10.0), most(&beyond)),
        Row::new("search over HTTP p99, slowest question, ms", at_most(50.0), most(&slowest)),
        bars(args, folder.path())?,
    ])
}

/// Measures bars of a year, a day each, over everything that the export holds.
fn bars(args: &Bench, folder: &Path) -> Result<Row, Fault> {
    let case = folder.join("whole");
    open(&args.glasshouse, &args.zip, &case)?;
    let mut server = Server::start(&args.glasshouse, &case)?;
    let (_, all) = server.ask("/api/list?limit=1")?;
    let (_, by_year) = server.ask("/api/histogram?by=year")?;
    let by_year: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&by_year)?;
    let mut took = Vec::new();
    let years: Vec<_> = by_year.keys().filter_map(|y| y.parse::<i32>().ok()).collect();
    for call in 0..30 {
        let year = years.get(call % years.len().max(1)).copied().unwrap_or(2024);
        // A condition on place tests every record, whatever is kept of it.
        let query = format!("after:{year} before:{} has:place", year + 1);
        took.push(server.ask(&format!("/api/histogram?by=day&q={}", escaped(&query)))?.0);
        took.push(server.ask("/api/histogram?by=day")?.0);
    }
    let took = Spread::of(took.into_iter());
    println!("\nbars by day over {} records: p50 {:.2}, slowest {:.2} ms", counted(&all)?, took.median(), took.at(1.0));
    let slowest = Spread::of(std::iter::once(took.at(1.0)));
    Ok(Row::new("bars of a year over all records, slowest, ms", Bar::AtMost { must: 200.0, aim: None }, slowest))
}

/// Returns questions in both languages, made of words by how many mails have them.
fn questions(searcher: &Searcher, field: Field, texts: &[String]) -> Result<Vec<(String, String, String)>, Fault> {
    let reader = searcher.segment_readers().first().ok_or("The index is empty.")?;
    let inverted = reader.inverted_index(field)?;
    let mut words: Vec<(u32, String)> = Vec::new();
    let mut terms = inverted.terms().stream()?;
    while terms.advance() {
        let (word, count) = (String::from_utf8_lossy(terms.key()).into_owned(), terms.value().doc_freq);
        if count >= 2 && word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase()) {
            words.push((count, word));
        }
    }
    words.sort();
    let all = texts.len() as f64;
    // The word whose number of mails is nearest to a share of all.
    let near = |share: f64| -> Result<&str, Fault> {
        let wanted = share * all;
        let by = |w: &&(u32, String)| (f64::from(w.0) - wanted).abs();
        let word = words.iter().min_by(|a, b| by(a).total_cmp(&by(b)));
        Ok(word.map(|(_, word)| word.as_str()).ok_or("The mail holds too few words.")?)
    };
    let (most, many, tenth, rare) = (near(1.0)?, near(0.14)?, near(0.1)?, near(5.0 / all)?);
    let (eighth, twelfth) = (near(0.125)?, near(0.08)?);
    // Two words that stand beside each other somewhere, and each in many mails.
    let common: std::collections::HashSet<&str> =
        words.iter().filter(|w| f64::from(w.0) > all * 0.02).map(|w| w.1.as_str()).collect();
    let pair = texts.iter().find_map(|text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        words
            .windows(2)
            .find(|w| w[0] != w[1] && w.iter().all(|w| common.contains(w)))
            .map(|w| format!("\"{} {}\"", w[0], w[1]))
    });
    let mut questions = vec![
        (most.to_owned(), most.to_owned(), most.to_owned()),
        (many.to_owned(), many.to_owned(), many.to_owned()),
        (format!("{rare} (rare)"), rare.to_owned(), rare.to_owned()),
        (format!("{tenth} (a tenth)"), tenth.to_owned(), tenth.to_owned()),
        (format!("{many} and {eighth}"), format!("{many} AND {eighth}"), format!("{many} {eighth}")),
        (
            format!("{many}, {eighth} or {twelfth}"),
            format!("{many} OR {eighth} OR {twelfth}"),
            format!("{many} OR {eighth} OR {twelfth}"),
        ),
    ];
    questions.extend(pair.map(|pair| (pair.clone(), pair.clone(), pair)));
    Ok(questions)
}

fn counted(body: &[u8]) -> Result<usize, Fault> {
    let answer: serde_json::Value = serde_json::from_slice(body)?;
    let count = answer["count"].as_u64().ok_or_else(|| String::from_utf8_lossy(body).into_owned())?;
    Ok(usize::try_from(count)?)
}

fn escaped(text: &str) -> String {
    let byte = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(byte).collect()
}
