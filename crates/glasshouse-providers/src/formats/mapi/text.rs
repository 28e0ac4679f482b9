use super::{Props, kind, rtf};
use crate::formats::mail::{decode_charset, html_to_text};
use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::Timestamp;

/// Units of 100 ns between 1601 and 1970.
const EPOCH: i64 = 116_444_736_000_000_000;

/// Returns microseconds since 1970 of a count of 100 ns since 1601; none for the counts that mean "no time".
fn micros(count: u64) -> Option<i64> {
    let count = i64::try_from(count).ok().filter(|n| *n != 0 && *n != i64::MAX)?;
    let micros = count.checked_sub(EPOCH)?.div_euclid(10);
    // 4501-01-01 stands for "none" in Outlook.
    (Timestamp::from_microsecond(micros).is_ok() && micros < 79_870_665_600_000_000).then_some(micros)
}

/// Returns the moment of a FILETIME, which is UTC; its text is the count. None where it says that there is no time.
pub(super) fn moment(role: MomentRole, count: u64) -> Option<Moment> {
    let instant = micros(count)?;
    let text = count.to_string();
    Some(Moment { role, instant: Some(instant), text, basis: ZoneBasis::Utc, precision: Precision::Microsecond })
}

/// Returns the moment of a FILETIME that holds a wall clock of the user's.
pub(super) fn wall(role: MomentRole, count: u64) -> Option<Moment> {
    micros(count)?;
    let text = iso_of_filetime(count);
    let text = text.trim_end_matches('Z').to_owned();
    Some(Moment { role, instant: None, text, basis: ZoneBasis::DeviceLocal, precision: Precision::Second })
}

/// Returns a FILETIME as text for reading.
pub(super) fn iso_of_filetime(count: u64) -> String {
    match micros(count).and_then(|m| Timestamp::from_microsecond(m).ok()) {
        Some(time) => time.to_string(),
        None => count.to_string(),
    }
}

/// What came of the body.
pub(super) struct Body {
    pub text: Option<String>,
    /// A body that the text does not come from: its property's name.
    pub others: Vec<&'static str>,
    /// The compressed RTF is damaged.
    pub damaged: bool,
}

/// Returns the text of an item: the plain body, else that of the HTML, else that of the RTF.
pub(super) fn body(props: &mut Props) -> Body {
    let mut body = Body { text: None, others: Vec::new(), damaged: false };
    let plain = props.text(0x1000);
    let html = html(props);
    let has_rtf = props.raw(0x1009).is_some_and(|p| !p.values.is_empty());
    if let Some(plain) = plain {
        body.text = Some(plain.replace("\r\n", "\n").trim_end().to_owned());
        body.others.extend(html.is_some().then_some("PidTagHtml"));
        body.others.extend(has_rtf.then_some("PidTagRtfCompressed"));
    } else if let Some(html) = html {
        body.text = Some(html_to_text(&html));
        body.others.extend(has_rtf.then_some("PidTagRtfCompressed"));
    } else if has_rtf {
        match props.binary(0x1009).and_then(rtf::decompress) {
            Some(rtf) => body.text = Some(rtf::text(&rtf)),
            None => body.damaged = true,
        }
    }
    if !body.damaged {
        props.done(0x1009);
    }
    props.done(0x1013);
    body.text = body.text.filter(|t| !t.trim().is_empty());
    body
}

/// Returns the HTML body, which is stored as text or as bytes of the item's charset.
pub(super) fn html(props: &Props) -> Option<String> {
    let property = props.raw(0x1013)?;
    let value = property.first()?;
    let text = match property.kind {
        kind::BINARY => {
            let stated = props.peek_int(0x3FDE).and_then(super::charset_of);
            decode_charset(value, stated.as_deref().or(props.charset())).0.into_owned()
        }
        kind::STRING | kind::STRING8 => props.decode(property.kind, value).into_owned(),
        _ => return None,
    };
    Some(text).filter(|t| !t.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filetimes() {
        assert_eq!(iso_of_filetime(132_539_328_000_000_000), "2021-01-01T00:00:00Z");
        assert!(moment(MomentRole::Sent, 0).is_none());
        assert!(moment(MomentRole::Sent, u64::MAX).is_none());
        assert!(moment(MomentRole::Sent, 0x0CB3_4557_A3DD_4000).is_none());
        assert_eq!(moment(MomentRole::Sent, 116_444_736_000_000_010).map(|m| m.instant), Some(Some(1)));
    }
}
