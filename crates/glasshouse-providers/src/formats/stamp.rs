//! The date and clock that a line of a chat log begins with, in whatever order, script and punctuation.

use std::ops::Range;

/// Longest beginning of a line that is looked at.
pub(crate) const LONGEST: usize = 192;

/// How a log writes its stamps; all lines of one log share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub bracket: bool,
    /// What stands between the numbers of the date.
    pub separator: char,
    /// What stands between the stamp and the rest: `]`, `-`, `,` or `:`.
    pub end: char,
    pub seconds: bool,
}

/// Half of the day, as the word beside the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// There is no such word: the clock has 24 hours.
    None,
    Am,
    Pm,
    /// There is a word, and it is not known.
    Unknown,
}

/// A stamp that was found; its numbers are as written, and what they mean is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Where its text is, without brackets and marks around it.
    pub text: Range<usize>,
    pub numbers: [u16; 3],
    /// How many digits each of them has.
    pub digits: [usize; 3],
    pub hour: u8,
    pub minute: u8,
    pub second: Option<u8>,
    pub half: Half,
    pub form: Form,
    /// Where the rest of the line begins.
    pub body: usize,
}

impl Stamp {
    /// Returns hour, minute and second on a clock of 24 hours, if they can be known.
    pub fn clock(&self) -> Option<(u8, u8, u8)> {
        let hour = match self.half {
            Half::None => self.hour,
            Half::Am if self.hour <= 12 => self.hour % 12,
            Half::Pm if self.hour <= 12 => self.hour % 12 + 12,
            // Some phones write `13:30 PM`.
            Half::Pm => self.hour,
            Half::Am | Half::Unknown => return None,
        };
        (hour < 24).then_some((hour, self.minute, self.second.unwrap_or(0)))
    }
}

/// Says whether a character is invisible: a direction mark, an isolate, a join, a byte order mark.
pub fn is_mark(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// Finds the stamp that a line begins with, looking at no more than the first 192 bytes of it.
pub fn scan(line: &[u8]) -> Option<Stamp> {
    // Most lines that are none end here: a stamp begins with a digit, a bracket or a character beyond ASCII.
    if !matches!(line.first()?, b'0'..=b'9' | b'[' | 0xc2..=0xef) {
        return None;
    }
    Scan { line: line.get(..LONGEST).unwrap_or(line), at: 0 }.stamp()
}

/// Reads on in a line; characters are decoded as they are met, for few lines are looked at beyond their first.
struct Scan<'a> {
    line: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn stamp(mut self) -> Option<Stamp> {
        self.blanks();
        let bracket = self.eat(|c| c == '[').is_some();
        self.blanks();
        let start = self.at;
        let (a, a_digits) = self.number(4)?;
        let (separator, second_separator) = self.separator()?;
        let (b, b_digits) = self.number(2)?;
        self.marks();
        self.eat(|c| c == second_separator)?;
        if separator != '/' && separator != '-' {
            self.blanks();
        }
        let (c, c_digits) = self.number(4)?;
        let year_first = matches!(a_digits, 4) && c_digits <= 2;
        let year_last = a_digits <= 2 && matches!(c_digits, 2 | 4);
        if !(year_first || year_last) {
            // Korean and Chinese years may have two digits, and their days one.
            (a_digits <= 2 && c_digits <= 2 && matches!(separator, '년' | '年' | '.' | '/' | '-')).then_some(())?;
        }
        let before = self.connector()?;
        let (hour, _) = self.number(2)?;
        let (minute, second) = self.minutes()?;
        let mut text_end = self.at;
        let after = self.word();
        let half = match (half(before.as_str()), after.as_ref().map(|word| half(word.as_str()))) {
            (Some(half), _) | (None, Some(Some(half))) => half,
            (None, Some(None)) => Half::Unknown,
            (None, None) => Half::None,
        };
        if after.is_some() {
            text_end = self.at;
        }
        let end = self.end(bracket)?;
        if hour > 24 || minute > 59 || second.is_some_and(|s| s > 60) {
            return None;
        }
        let form = Form { bracket, separator, end, seconds: second.is_some() };
        let (numbers, digits) = ([a, b, c], [a_digits, b_digits, c_digits]);
        let (hour, minute) = (hour as u8, minute as u8);
        let second = second.map(|s| s as u8);
        Some(Stamp { text: start..text_end, numbers, digits, hour, minute, second, half, form, body: self.at })
    }

    /// Returns the next character; none where the line ends or is no text.
    #[inline]
    fn peek(&self) -> Option<char> {
        match *self.line.get(self.at)? {
            b'\n' => None,
            byte if byte.is_ascii() => Some(char::from(byte)),
            _ => beyond_ascii(self.line.get(self.at..)?),
        }
    }

    #[inline]
    fn eat(&mut self, accept: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek().filter(|c| accept(*c))?;
        self.at += c.len_utf8();
        Some(c)
    }

    #[inline]
    fn marks(&mut self) {
        // No mark is ASCII.
        while self.line.get(self.at).is_some_and(|byte| !byte.is_ascii()) && self.eat(is_mark).is_some() {}
    }

    fn blanks(&mut self) -> bool {
        let mut any = false;
        while let Some(c) = self.eat(|c| is_mark(c) || is_blank(c)) {
            any |= is_blank(c);
        }
        any
    }

    /// Reads a number of at most `most` digits, of any script that phones write dates in.
    #[inline]
    fn number(&mut self, most: usize) -> Option<(u16, usize)> {
        self.marks();
        let (mut value, mut digits) = (0u16, 0);
        while let Some((c, digit)) = self.peek().and_then(|c| Some((c, digit(c)?))) {
            if digits == most {
                return None;
            }
            value = value * 10 + digit;
            digits += 1;
            self.at += c.len_utf8();
        }
        (digits > 0).then_some((value, digits))
    }

    /// Reads what stands after the first number, and returns it with what must stand after the second.
    fn separator(&mut self) -> Option<(char, char)> {
        self.marks();
        let found = self.eat(|c| matches!(c, '/' | '-' | '.' | '年' | '년'))?;
        if found != '/' && found != '-' {
            self.blanks();
        }
        let second = match found {
            '年' => '月',
            '년' => '월',
            same => same,
        };
        Some((found, second))
    }

    /// Reads what stands between date and clock: blanks, a comma, a short word; returns the word.
    fn connector(&mut self) -> Option<Word> {
        let mut word = Word::default();
        let mut apart = false;
        loop {
            let c = self.peek()?;
            if digit(c).is_some() {
                return apart.then_some(word);
            }
            self.eat(|_| true);
            match c {
                ',' | '،' | '、' => apart = true,
                c if is_blank(c) => apart = true,
                '.' | '日' | '일' | '\'' => {}
                c if is_mark(c) => {}
                c if is_letter(c) && word.len < 24 => word.push(c),
                _ => return None,
            }
        }
    }

    /// Reads minutes and perhaps seconds, after the hour.
    fn minutes(&mut self) -> Option<(u16, Option<u16>)> {
        let two = |scan: &mut Self| scan.number(2).filter(|(_, digits)| *digits == 2).map(|(value, _)| value);
        self.marks();
        if let Some(separator) = self.eat(|c| matches!(c, ':' | '.' | '：')) {
            let minute = two(self)?;
            let at = self.at;
            if self.eat(|c| c == separator).is_some()
                && let Some(second) = two(self)
            {
                return Some((minute, Some(second)));
            }
            self.at = at;
            return Some((minute, None));
        }
        // `17 h 46 min 05 s`, as French Canada writes it.
        self.blanks();
        self.eat(|c| c == 'h')?;
        self.blanks();
        let minute = two(self)?;
        let at = self.at;
        self.blanks();
        if self.line.get(self.at..).is_some_and(|rest| rest.starts_with(b"min")) {
            self.at += 3;
            self.blanks();
            if let Some(second) = two(self) {
                self.blanks();
                if self.eat(|c| c == 's').is_some() {
                    return Some((minute, Some(second)));
                }
            }
        }
        self.at = at;
        Some((minute, None))
    }

    /// Reads the word after the clock, without its dots and blanks.
    fn word(&mut self) -> Option<Word> {
        let mut at = self.at;
        let mut word = Word::default();
        while let Some(c) = self.eat(|c| is_blank(c) || is_mark(c) || is_letter(c) || matches!(c, '.' | '״' | '"')) {
            if is_letter(c) {
                word.push(c);
            }
            if is_letter(c) || c == '.' {
                at = self.at;
            }
            if word.len > 48 {
                word = Word::default();
                break;
            }
        }
        self.at = at;
        (word.len > 0).then_some(word)
    }

    /// Reads what ends the stamp and the blank after it.
    fn end(&mut self, bracket: bool) -> Option<char> {
        let apart = self.blanks();
        if bracket {
            let end = self.eat(|c| c == ']')?;
            self.eat(is_blank);
            return Some(end);
        }
        let end = match self.eat(|c| matches!(c, '-' | '–' | '—' | ',' | ':'))? {
            '–' | '—' => '-',
            other => other,
        };
        if end == '-' && !apart {
            return None;
        }
        if self.peek().is_some() {
            self.eat(is_blank)?;
        }
        Some(end)
    }
}

#[cold]
fn beyond_ascii(rest: &[u8]) -> Option<char> {
    rest.get(..4).unwrap_or(rest).utf8_chunks().next()?.valid().chars().next()
}

/// A short word in lower case.
struct Word {
    text: [u8; 64],
    len: usize,
}

impl Default for Word {
    fn default() -> Self {
        Word { text: [0; 64], len: 0 }
    }
}

impl Word {
    /// Adds a letter, if there is room.
    fn push(&mut self, c: char) {
        for c in c.to_lowercase() {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).as_bytes();
            if let Some(room) = self.text.get_mut(self.len..self.len + bytes.len()) {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
        }
    }

    fn as_str(&self) -> &str {
        self.text.get(..self.len).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default()
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}')
}

/// Says whether a character may be part of a word beside a clock.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() || (!c.is_ascii() && digit(c).is_none() && !is_blank(c) && !is_mark(c) && !matches!(c, '–' | '—'))
}

#[inline]
fn digit(c: char) -> Option<u16> {
    let code = c as u32;
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| (code - 0x30) as u16);
    }
    const ZEROS: [u32; 5] = [0x660, 0x6f0, 0x966, 0x9e6, 0xff10];
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    u16::try_from(code - zero).ok()
}

/// Returns the half of the day that a lower-case word without dots and blanks means; none if it says nothing.
///
/// A word before the clock (`at`, `klo`, `à`) need not be one; one behind it that is not known is not ignored.
fn half(word: &str) -> Option<Half> {
    const AM: &[&str] = &[
        "am",
        "a",
        "上午",
        "凌晨",
        "清晨",
        "早上",
        "오전",
        "午前",
        "ص",
        "قظ",
        "πμ",
        "vm",
        "de",
        "fm",
        "öö",
        "ap",
        "sa",
        "पूर्वाह्न",
        "पूर्व",
        "ก่อนเที่ยง",
        "לפנהצ",
        "לפנה״צ",
        "pd",
        "dop",
        "пп",
    ];
    const PM: &[&str] = &[
        "pm",
        "p",
        "下午",
        "晚上",
        "中午",
        "오후",
        "午後",
        "م",
        "بظ",
        "μμ",
        "nm",
        "du",
        "em",
        "ös",
        "ip",
        "ch",
        "अपराह्न",
        "หลังเที่ยง",
        "אחהצ",
        "אחה״צ",
        "md",
        "odp",
        "сл",
    ];
    const HOURS: &[&str] = &["h", "ч", "uhr", "uur", "s"];
    if word.is_empty() {
        None
    } else if AM.contains(&word) {
        Some(Half::Am)
    } else if PM.contains(&word) {
        Some(Half::Pm)
    } else if HOURS.contains(&word) {
        Some(Half::None)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(String, [u16; 3], Option<(u8, u8, u8)>, char, String)> {
        let stamp = scan(line.as_bytes())?;
        let (text, body) = (line.get(stamp.text.clone())?, line.get(stamp.body..)?);
        Some((text.to_owned(), stamp.numbers, stamp.clock(), stamp.form.end, body.to_owned()))
    }

    #[test]
    fn stamps_of_all_countries() {
        for (line, text, numbers, clock, end) in [
            ("12/31/14, 23:59 - x", "12/31/14, 23:59", [12, 31, 14], (23, 59, 0), '-'),
            ("[31/12/2014, 23:59:58] x", "31/12/2014, 23:59:58", [31, 12, 2014], (23, 59, 58), ']'),
            ("\u{200e}[07.03.26, 21:22:39] x", "07.03.26, 21:22:39", [7, 3, 26], (21, 22, 39), ']'),
            ("\u{feff}1/2/18, 1:05 AM - x", "1/2/18, 1:05 AM", [1, 2, 18], (1, 5, 0), '-'),
            ("1/2/18, 12:05\u{202f}AM - x", "1/2/18, 12:05\u{202f}AM", [1, 2, 18], (0, 5, 0), '-'),
            ("28/3/2025, 9:29 p. m. - x", "28/3/2025, 9:29 p. m.", [28, 3, 2025], (21, 29, 0), '-'),
            ("28/3/2025, 9:29\u{a0}p.\u{a0}m. – x", "28/3/2025, 9:29\u{a0}p.\u{a0}m.", [28, 3, 2025], (21, 29, 0), '-'),
            ("2023-12-20, 5:46 p.m. - x", "2023-12-20, 5:46 p.m.", [2023, 12, 20], (17, 46, 0), '-'),
            ("2023-12-20 17 h 46 - x", "2023-12-20 17 h 46", [2023, 12, 20], (17, 46, 0), '-'),
            ("02.05.18 à 18:00 - x", "02.05.18 à 18:00", [2, 5, 18], (18, 0, 0), '-'),
            ("[12.3.2022 klo 14.08.18] x", "12.3.2022 klo 14.08.18", [12, 3, 2022], (14, 8, 18), ']'),
            ("02-05-2018 18.00 - x", "02-05-2018 18.00", [2, 5, 2018], (18, 0, 0), '-'),
            ("5.03.2018 г., 15:10 ч. - x", "5.03.2018 г., 15:10 ч.", [5, 3, 2018], (15, 10, 0), '-'),
            ("2018년 3월 1일 오후 3:15, x", "2018년 3월 1일 오후 3:15", [2018, 3, 1], (15, 15, 0), ','),
            ("[2018. 3. 1. 오전 12:15:01] x", "2018. 3. 1. 오전 12:15:01", [2018, 3, 1], (0, 15, 1), ']'),
            ("2018/3/1 下午3:15 - x", "2018/3/1 下午3:15", [2018, 3, 1], (15, 15, 0), '-'),
            ("[2018/3/1 午後3:15:09] x", "2018/3/1 午後3:15:09", [2018, 3, 1], (15, 15, 9), ']'),
            ("2014-12-15 19:35:12: x", "2014-12-15 19:35:12", [2014, 12, 15], (19, 35, 12), ':'),
            (
                "٢٩\u{200f}/٢\u{200f}/٢٠٢٤، ٩:٠٥ م - x",
                "٢٩\u{200f}/٢\u{200f}/٢٠٢٤، ٩:٠٥ م",
                [29, 2, 2024],
                (21, 5, 0),
                '-',
            ),
            ("1/2/18, 13:05 PM - x", "1/2/18, 13:05 PM", [1, 2, 18], (13, 5, 0), '-'),
        ] {
            let found = Some((text.to_owned(), numbers, Some(clock), end, "x".to_owned()));
            assert_eq!(read(line), found, "{line}");
        }
    }

    #[test]
    fn lines_that_only_look_like_it() {
        for line in [
            "",
            "[",
            "[]",
            "12/03/2024 was the deadline",
            "12/03/2024, 10 - x",
            "12/03/2024, 10:60 - x",
            "12/03/2024, 25:00 - x",
            "12/03/2024 10:00-11:00 lunch",
            "12/03-2024, 10:00 - x",
            "123/03/2024, 10:00 - x",
            "12/03/20245, 10:00 - x",
            "[12/03/2024, 10:00 x",
            "1.2.3 10:00",
            "192.168.1.1 10:00 - x",
            "+49 151 2345678",
            "12/03/2024 and much more than a word of text 10:00 - x",
        ] {
            assert_eq!(scan(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_not_guessed() {
        assert_eq!(scan("1/2/18, 9:05 xyz - x".as_bytes()).map(|s| (s.half, s.clock())), Some((Half::Unknown, None)));
        assert_eq!(scan(b"1/2/18, 24:05 - x").map(|s| s.clock()), Some(None));
        assert_eq!(scan(b"1/2/18, 13:05 AM - x").map(|s| s.clock()), Some(None));
    }

    #[test]
    fn bytes_that_are_no_text_stop_nothing() {
        assert!(scan(b"1/2/18, 9:05 - \xff\xfe").is_some());
        assert!(scan(b"1/2/18, 9\xff:05 - x").is_none());
        assert!(scan(&b"9".repeat(1000)).is_none());
        assert!(scan("年".repeat(100).as_bytes()).is_none());
    }
}
