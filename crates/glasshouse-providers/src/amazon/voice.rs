//! Stored voice recordings: what a file itself tells, which is little.

use super::alexa::VOICE;
use crate::{Opened, Sink, TreeEntry};
use glasshouse_model::{Attachment, Family, Locator, Moment, MomentRole, Precision, Record, ZoneBasis};

/// Says whether an entry is named and placed like a recording of Alexa.
pub(super) fn is_recording(entry: &TreeEntry) -> bool {
    const ENDINGS: &[&str] = &["wav", "mp3", "m4a", "ogg", "opus", "aac", "flac"];
    let path = entry.dir().to_lowercase();
    let placed = path.split('/').any(|folder| folder.starts_with("alexa") || folder == "amazonalexacloud");
    placed && ENDINGS.contains(&entry.extension().as_str())
}

/// Makes the record of one recording.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::whole(opened.entry.size));
        let name = opened.entry.name();
        let mime = mime(frame.bytes);
        let mut record = Record::new(Family::Voice, VOICE);
        record.title = Some(name.to_owned());
        record.moments.extend(time_in_name(name));
        if mime.is_none() {
            out.warn(at.clone(), "audio.header", "The file does not begin like sound of a kind that is known.");
        }
        if let Some(wave) = wave(frame.bytes) {
            record.fields.int("sampleRate", i64::from(wave.sample_rate)).int("channels", i64::from(wave.channels));
            record.fields.float("seconds", wave.seconds);
            if wave.data > wave.held && !frame.truncated {
                out.warn(at.clone(), "audio.truncated", "The recording ends before the length that it states.");
            }
        } else if mime == Some("audio/wav") {
            out.warn(at.clone(), "audio.header", "The recording's header is damaged; its length is not known.");
        }
        record.attachments.push(Attachment {
            name: Some(name.to_owned()),
            mime: mime.map(Into::into),
            size: Some(opened.entry.size),
            sha256: None,
            at: Some(at.clone()),
        });
        out.record(at, record);
    }
}

fn mime(bytes: &[u8]) -> Option<&'static str> {
    let starts = |with: &[u8]| bytes.starts_with(with);
    if starts(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
        Some("audio/wav")
    } else if starts(b"ID3") || matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0) {
        Some("audio/mpeg")
    } else if starts(b"OggS") {
        Some("audio/ogg")
    } else if starts(b"fLaC") {
        Some("audio/flac")
    } else if bytes.get(4..8) == Some(b"ftyp") {
        Some("audio/mp4")
    } else {
        None
    }
}

struct Wave {
    sample_rate: u32,
    channels: u16,
    seconds: f64,
    /// Bytes of sound, as stated and as there.
    data: u64,
    held: u64,
}

/// Reads the chunks of a WAVE file that say how long it is.
fn wave(bytes: &[u8]) -> Option<Wave> {
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let half = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?));
    let (mut at, mut format) = (12usize, None);
    // A recording has a handful of chunks.
    for _ in 0..64 {
        let (length, body) = (word(at.checked_add(4)?)?, at.checked_add(8)?);
        match bytes.get(at..at.checked_add(4)?)? {
            b"fmt " => format = Some((half(body + 2)?, word(body + 4)?, word(body + 8)?)),
            b"data" => {
                let (channels, sample_rate, byte_rate) = format.filter(|f| f.2 > 0)?;
                let seconds = f64::from(length) / f64::from(byte_rate);
                let held = bytes.len().saturating_sub(body) as u64;
                return Some(Wave { sample_rate, channels, seconds, data: u64::from(length), held });
            }
            _ => {}
        }
        at = body.checked_add(usize::try_from(length).ok()?)?.checked_add(length as usize % 2)?;
    }
    None
}

/// Returns the time that a name begins with: `2017-07-14_02.40.00_12.wav`. Nothing says in which zone it is.
fn time_in_name(name: &str) -> Option<Moment> {
    let text = name.get(..19)?;
    let wall = format!("{}T{}", text.get(..10)?, text.get(11..)?.replace(['.', '-', '_'], ":"));
    let separated = matches!(text.as_bytes().get(10), Some(b'_' | b'-' | b' ' | b'T'));
    let ends = !name.get(19..)?.starts_with(|c: char| c.is_ascii_digit());
    if !separated || !ends || wall.parse::<jiff::civil::DateTime>().is_err() {
        return None;
    }
    Some(Moment {
        role: MomentRole::Created,
        instant: None,
        text: text.to_owned(),
        basis: ZoneBasis::Ambiguous,
        precision: Precision::Second,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_a_name_has_no_instant() {
        let moment = time_in_name("2017-07-14_02.40.00_0.wav").expect("a time");
        assert_eq!((moment.instant, moment.text.as_str()), (None, "2017-07-14_02.40.00"));
        for other in ["recording.wav", "2017-07-14_25.40.00_0.wav", "2017-07-14_02.40.001.wav", "2017-07-14é02.40.00"]
        {
            assert!(time_in_name(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_wave_file_says_how_long_it_is() {
        let mut file = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0".to_vec();
        file.extend(b"LIST\x03\0\0\0abc\0data\x00\x7d\0\0");
        let wave = wave(&file).expect("a wave");
        assert_eq!((wave.sample_rate, wave.channels, wave.seconds), (16000, 1, 1.0));
        assert_eq!((wave.data, wave.held), (32000, 0));
        assert!(super::wave(&file[..30]).is_none());
        assert!(super::wave(b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff").is_none());
    }
}
