use crate::formats::months::english;
use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::civil::Date;

/// Reads the date of a mail header (RFC 5322, with the obsolete forms and common mistakes).
///
/// Text without a zone that says something, or that is no date at all, is kept without an instant.
pub fn mail_date(role: MomentRole, text: &str) -> Moment {
    let text = text.trim();
    let unread = || Moment {
        role,
        instant: None,
        text: text.to_owned(),
        basis: ZoneBasis::Ambiguous,
        precision: Precision::Second,
    };
    let Some(read) = read(text) else {
        return match super::super::time::iso_micros(text) {
            Some(_) => super::super::time::iso(role, text),
            None => unread(),
        };
    };
    let mut moment = unread();
    moment.precision = read.precision;
    if let Some(offset) = read.offset {
        moment.instant = Some((read.local_seconds - offset) * 1_000_000);
        moment.basis = ZoneBasis::Offset;
    }
    moment
}

struct Read {
    /// Seconds since 1970 as if the wall clock were UTC.
    local_seconds: i64,
    /// Seconds east of UTC, if the text says them.
    offset: Option<i64>,
    precision: Precision,
}

fn read(text: &str) -> Option<Read> {
    let (mut day, mut month, mut year, mut clock) = (None, None, None, None);
    let mut offset = None;
    let mut precision = Precision::Second;
    for token in Tokens(text) {
        let first = *token.as_bytes().first()?;
        if let Some(read) = clock_of(token) {
            if clock.is_some() {
                return None;
            }
            precision =
                if token.bytes().filter(|b| *b == b':').count() == 1 { Precision::Minute } else { Precision::Second };
            clock = Some(read);
        } else if matches!(first, b'+' | b'-') && clock.is_some() {
            offset = Some(numeric_zone(token)?);
        } else if let Some((y, m, d)) = iso_date(token) {
            if year.replace(y).is_some() || month.replace(m).is_some() || day.replace(d).is_some() {
                return None;
            }
        } else if first.is_ascii_digit() {
            // `2-Jan-2003` comes as one token.
            for number in token.split(['-', '/']) {
                if let Ok(n) = number.parse::<i64>() {
                    if number.len() > 4 {
                        return None;
                    } else if number.len() >= 3 {
                        if year.replace(century(n, number.len())).is_some() {
                            return None;
                        }
                    } else if day.is_none() && !token.contains('/') {
                        day = Some(n);
                    } else if year.is_none() && month.is_some() {
                        year = Some(century(n, number.len()));
                    } else {
                        return None;
                    }
                } else if month.replace(month_of(number)?).is_some() {
                    return None;
                }
            }
        } else if month.is_none() && month_of(token).is_some() {
            month = month_of(token);
        } else if is_weekday(token) {
            // The weekday says nothing that the date does not.
        } else if clock.is_some() {
            // An unknown name beside an offset (`+0100 CET`) is a remark.
            offset = offset.or(named_zone(token));
        } else if (day, month, year) != (None, None, None) {
            return None;
        }
        // What remains is a weekday in another language.
    }
    let date = Date::new(i16::try_from(year?).ok()?, month?, i8::try_from(day?).ok()?).ok()?;
    let epoch = Date::constant(1970, 1, 1);
    let days = i64::from(epoch.until(date).ok()?.get_days());
    Some(Read { local_seconds: days * 86_400 + clock?, offset, precision })
}

/// Words of a date between white space and commas, comments in parentheses left out.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.0 = self.0.trim_start_matches([' ', '\t', '\r', '\n', ',']);
            if self.0.is_empty() {
                return None;
            }
            if !self.0.starts_with('(') {
                break;
            }
            let mut depth = 0usize;
            let end = self.0.bytes().position(|b| {
                match b {
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            self.0 = end.map_or("", |end| &self.0[end + 1..]);
        }
        let end = self.0.find([' ', '\t', '\r', '\n', ',', '(']).unwrap_or(self.0.len());
        // `GMT+0200` and `10:00:00+0200` are two words.
        let signs: &[char] = if self.0[..end].contains(':') { &['+', '-'] } else { &['+'] };
        let sign = self.0[..end].find(signs).filter(|at| *at > 0);
        let end = sign.unwrap_or(end);
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(token)
    }
}

/// Reads `YYYY-MM-DD`.
fn iso_date(token: &str) -> Option<(i64, i8, i64)> {
    let mut parts = token.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = year.len() == 4 && month.len() == 2 && day.len() == 2 && parts.next().is_none();
    if fits { Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)) } else { None }
}

/// Returns the seconds of the day of `H:MM[:SS[.fff]]`.
fn clock_of(token: &str) -> Option<i64> {
    let mut parts = token.split([':']);
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = parts.next().unwrap_or("0");
    let second = second.split('.').next()?;
    if parts.next().is_some() {
        return None;
    }
    let number = |text: &str, most: i64| -> Option<i64> {
        let digits = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse().ok().filter(|n| *n <= most) } else { None }
    };
    Some(number(hour, 23)? * 3600 + number(minute, 59)? * 60 + number(second, 60)?)
}

fn numeric_zone(token: &str) -> Option<i64> {
    let sign = if token.starts_with('-') { -1 } else { 1 };
    let digits: String = token[1..].chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n: i64 = digits.parse().ok()?;
    (n / 100 < 24 && n % 100 < 60).then_some(sign * (n / 100 * 3600 + n % 100 * 60))
}

/// Returns the offset of the zone names that RFC 5322 gives a meaning; military letters have none any more.
fn named_zone(token: &str) -> Option<i64> {
    let hours = match token.to_ascii_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" => 0,
        "EST" | "CDT" => -5,
        "EDT" => -4,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Some(hours * 3600)
}

fn month_of(token: &str) -> Option<i8> {
    let month = english(token.get(..3)?)?;
    token.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.').then_some(month)
}

fn is_weekday(token: &str) -> bool {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    token.get(..3).is_some_and(|start| DAYS.iter().any(|d| start.eq_ignore_ascii_case(d)))
}

/// Returns the year that two or three digits mean (RFC 5322, 4.3).
fn century(n: i64, digits: usize) -> i64 {
    match digits {
        1 | 2 if n < 50 => 2000 + n,
        1..=3 => 1900 + n,
        _ => n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_with_a_zone_have_an_instant() {
        for (text, seconds) in [
            ("Fri, 21 Nov 1997 09:55:06 -0600", 880_127_706),
            ("21 Nov 97 09:55:06 -0600 (CST)", 880_127_706),
            ("Fri, 21 Nov 1997 07:55:06 -0800 (PST)", 880_127_706),
            ("Fri, 21 Nov 97 15:55:06 GMT", 880_127_706),
            ("Fri,21 Nov 1997 15:55:06 UT", 880_127_706),
            ("21 November 1997 10:55:06 EST", 880_127_706),
            ("Fri Nov 21 15:55:06 GMT 1997", 880_127_706),
            ("Fri, 21 Nov 1997 15:55:06 +0000 (GMT+00:00 (nested) x)", 880_127_706),
            ("Fri, 21 Nov 1997 17:55:06 GMT+0200", 880_127_706),
            ("Fri, 21 Nov 1997 17:55:06 +02:00", 880_127_706),
            ("Fri, 21-Nov-1997 15:55:06 -0000", 880_127_706),
            ("Fri, 21 Nov 1997 16:55:06 +0100 CET", 880_127_706),
            ("1997-11-21T15:55:06Z", 880_127_706),
            ("1997-11-21 17:55:06 +0200", 880_127_706),
            ("Thu, 01 Jan 1970 00:00:00 +0000", 0),
            ("31 Dec 69 23:59:59 Z", -1),
            ("Sat, 31 Dec 2016 23:59:60 +0000", 1_483_228_800),
            ("ven., 21 Nov 1997 15:55:06.123 +0000", 880_127_706),
            ("21 Nov 1997 07:55:06-0800", 880_127_706),
            ("1 Jan 103 00:00:00 +0000", 1_041_379_200),
        ] {
            let moment = mail_date(MomentRole::Sent, text);
            assert_eq!(moment.instant, Some(seconds * 1_000_000), "{text}");
            assert_eq!((moment.text.as_str(), moment.basis), (text, ZoneBasis::Offset));
        }
        assert_eq!(mail_date(MomentRole::Sent, "1 Jan 2020 10:00 +0000").precision, Precision::Minute);
    }

    #[test]
    fn dates_without_a_known_zone_have_none() {
        for text in [
            "Fri, 21 Nov 1997 09:55:06",
            "Fri Nov 21 09:55:06 1997",
            "Fri, 21 Nov 1997 09:55:06 CEST",
            "Fri, 21 Nov 1997 09:55:06 A",
            "Fri, 15 Dec 2023 12:19:43 0000",
            "Fri, 31 Nov 1997 09:55:06 -0600",
            "Fri, 21 Nov 1997 25:55:06 -0600",
            "Fri, 21 Nov 1997 09:55:06 -9999",
            "11/12/2003 10:00:00 +0000",
            "gestern",
            "",
            ")",
            "((((",
            "99999999999999999999 Jan 1 1 1",
            "Fr, 21 Nov 1997 09:55:06",
            "+5 Jan 2000",
        ] {
            let moment = mail_date(MomentRole::Sent, text);
            assert_eq!((moment.instant, moment.basis, moment.text.as_str()), (None, ZoneBasis::Ambiguous, text));
        }
    }
}
