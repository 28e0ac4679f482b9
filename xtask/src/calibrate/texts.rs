//! The texts that people search: what mails, chats and activities say.

use super::{archive, mail};
use crate::Fault;
use mail_parser::MessageParser;
use serde::Deserialize;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Returns the texts of an export, from the file if it is there, else from the export and into the file.
pub fn load_or_make(zips: &[PathBuf], file: Option<&Path>) -> Result<Vec<String>, Fault> {
    let Some(file) = file else { return make(zips) };
    if file.exists() {
        let lines = BufReader::new(std::fs::File::open(file)?).lines();
        return lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect();
    }
    let texts = make(zips)?;
    let mut out = BufWriter::new(std::fs::File::create(file)?);
    for text in &texts {
        serde_json::to_writer(&mut out, text)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(texts)
}

#[derive(Deserialize)]
struct Chat {
    #[serde(default)]
    messages: Vec<ChatMessage>,
}

#[derive(Deserialize)]
struct ChatMessage {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Activity {
    title: Option<String>,
}

fn make(zips: &[PathBuf]) -> Result<Vec<String>, Fault> {
    let mut texts = Vec::new();
    archive::each(zips, is_wanted, |bytes| {
        match bytes.first() {
            Some(b'{') => {
                let chat: Chat = serde_json::from_slice(&bytes)?;
                texts.extend(chat.messages.into_iter().filter_map(|m| m.text));
            }
            Some(b'[') => {
                let activities: Vec<Activity> = serde_json::from_slice(&bytes)?;
                texts.extend(activities.into_iter().filter_map(|a| a.title));
            }
            _ => texts.extend(of_mail(&bytes)),
        }
        Ok(())
    })?;
    Ok(texts)
}

/// Returns the texts of the messages of an mbox.
pub fn of_mail(mbox: &[u8]) -> Vec<String> {
    let parser = MessageParser::default();
    mail::messages(mbox).filter_map(|m| parser.parse(m)).map(|m| mail_text(&m)).collect()
}

fn is_wanted(name: &str) -> bool {
    mail::is_mbox(name) || name.ends_with("/messages.json") || name.ends_with("/MyActivity.json")
}

fn mail_text(message: &mail_parser::Message) -> String {
    let mut text = message.subject().unwrap_or_default().to_owned();
    for part in 0..message.text_body_count() {
        text.push('\n');
        text.push_str(&message.body_text(part).unwrap_or_default());
    }
    text
}
