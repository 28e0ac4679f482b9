//! Words of any language, for the index and for queries alike.
//!
//! A word is a run of letters, digits and marks. Punctuation always divides, so that the parts of an address or
//! a file name are found each by itself. Scripts that are written without blanks (Han, Kana, Thai and their
//! like) give overlapping pairs of characters. Words are compared without case, accents and width.

use icu_normalizer::DecomposingNormalizerBorrowed;
use std::ops::Range;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The name under which the tokenizer is registered with an index.
pub const NAME: &str = "glasshouse-words-1";

/// Longer words are cut to this many bytes: no one types them, and they would swell the index.
const LONGEST_WORD: usize = 200;

/// Divides text into words.
#[derive(Clone, Default)]
pub struct Words {
    /// The room of the word in hand, kept from text to text.
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { found: Found::new(text), token: &mut self.token }
    }
}

/// The words of one text, in order, as tantivy asks for them.
pub struct WordStream<'a> {
    found: Found<'a>,
    token: &'a mut Token,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        self.token.text.clear();
        let Some(range) = self.found.next(&mut self.token.text) else { return false };
        (self.token.offset_from, self.token.offset_to) = (range.start, range.end);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Returns the words of a text as they are indexed.
pub fn words(text: &str) -> Vec<String> {
    let mut found = Found::new(text);
    let mut words = Vec::new();
    let mut word = String::new();
    while found.next(&mut word).is_some() {
        words.push(std::mem::take(&mut word));
    }
    words
}

/// Finds the words of a text, in order.
pub(crate) struct Found<'a> {
    text: &'a str,
    at: usize,
    /// End of the run of unspaced script in progress.
    pair: Option<usize>,
}

impl<'a> Found<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Found { text, at: 0, pair: None }
    }

    /// Appends the next word, as it is indexed, and returns where it stands; none at the end.
    pub(crate) fn next(&mut self, out: &mut String) -> Option<Range<usize>> {
        if let Some(end) = self.pair {
            return Some(self.next_pair(end, out));
        }
        let bytes = self.text.as_bytes();
        loop {
            // The common case, plain ASCII, byte by byte.
            let run =
                |at: usize, kind: Kind| bytes[at..].iter().take_while(|b| KINDS[usize::from(**b)] == kind).count();
            let start = self.at + run(self.at, Kind::Between);
            self.at = start + run(start, Kind::Word);
            match bytes.get(self.at) {
                None if self.at == start => return None,
                Some(b) if !b.is_ascii() => {}
                _ => {
                    let (from, end) = (out.len(), self.at.min(start + LONGEST_WORD));
                    out.push_str(&self.text[start..end]);
                    out[from..].make_ascii_lowercase();
                    return Some(start..self.at);
                }
            }
            // A character beyond ASCII takes part: go on by characters from where the word began.
            self.at = start;
            let mut end = start;
            let mut unspaced = None;
            for (i, c) in self.text[start..].char_indices() {
                if !is_word(c) || *unspaced.get_or_insert(is_unspaced(c)) != is_unspaced(c) {
                    break;
                }
                end = start + i + c.len_utf8();
            }
            if end == start {
                self.at += self.text[start..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
            if unspaced == Some(true) {
                self.pair = Some(end);
                return Some(self.next_pair(end, out));
            }
            self.at = end;
            fold_into(&self.text[start..end], out);
            return Some(start..end);
        }
    }

    /// Appends the next pair of the unspaced run that ends at `end`.
    fn next_pair(&mut self, end: usize, out: &mut String) -> Range<usize> {
        let start = self.at;
        let mut chars = self.text[start..end].char_indices();
        let first = chars.next().map_or(0, |(_, c)| c.len_utf8());
        let second = chars.next().map_or(0, |(_, c)| c.len_utf8());
        self.at = start + first;
        if start + first + second >= end {
            // The last pair ends the run, and a run of one character is a word by itself.
            self.at = end;
            self.pair = None;
        }
        let range = start..start + first + second;
        fold_into(&self.text[range.clone()], out);
        range
    }
}

/// What a byte is for the division into words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Between,
    Word,
    /// Part of a character beyond ASCII.
    Beyond,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Between; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        if byte >= 0x80 {
            kinds[byte] = Kind::Beyond;
        } else if (byte as u8).is_ascii_alphanumeric() {
            kinds[byte] = Kind::Word;
        }
        byte += 1;
    }
    kinds
};

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || is_accent(c)
        || matches!(c, '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}' | '\u{3099}' | '\u{309a}')
}

/// Says whether a script is written without blanks between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// Says whether a mark is an accent or vowel point that searchers leave out.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn fold_into(word: &str, out: &mut String) {
    let from = out.len();
    const NORMALIZER: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
    for c in NORMALIZER.normalize_iter(word.chars()) {
        if out.len() - from >= LONGEST_WORD {
            return;
        }
        match c {
            _ if is_accent(c) => {}
            'ß' | 'ẞ' => out.push_str("ss"),
            'ς' => out.push('σ'),
            'ø' | 'Ø' => out.push('o'),
            'ł' | 'Ł' => out.push('l'),
            'đ' | 'Đ' => out.push('d'),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            'ı' => out.push('i'),
            _ => out.extend(c.to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_of_many_languages() {
        for (text, expected) in [
            ("The quick, brown-fox_2!", &["the", "quick", "brown", "fox", "2"][..]),
            ("", &[]),
            ("  \u{a0}… —", &[]),
            ("anna.mueller@example.com", &["anna", "mueller", "example", "com"]),
            ("Über CAFÉ naïve Straße Łódź", &["uber", "cafe", "naive", "strasse", "lodz"]),
            ("e\u{301}te\u{301}", &["ete"]),
            ("Привет, ДОГОВОР", &["привет", "договор"]),
            ("会議 請求書", &["会議", "請求", "求書"]),
            ("写", &["写"]),
            ("カタカナABCの", &["カタ", "タカ", "カナ", "abc", "の"]),
            ("ﬁle ＡＢＣ", &["file", "abc"]),
            ("שָׁלוֹם مَرْحَبًا", &["שלום", "مرحبا"]),
            ("ευχαριστώ ΣΊΣΥΦΟΣ", &["ευχαριστω", "σισυφοσ"]),
            ("İstanbul ISPARTA", &["istanbul", "isparta"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(words("สวัสดี").len(), 5, "pairs of Thai characters");
    }

    #[test]
    fn a_word_without_end_is_cut() {
        assert_eq!(words(&"x".repeat(1 << 20))[0].len(), super::LONGEST_WORD);
        assert!(words(&"é".repeat(1 << 16))[0].len() <= super::LONGEST_WORD + 4);
    }

    /// Offsets lie on character boundaries inside the text, and positions count up, whatever the text.
    #[test]
    fn offsets_are_sound() {
        use tantivy::tokenizer::{TokenStream, Tokenizer};
        let text: String = (1u32..0x3000).step_by(7).filter_map(char::from_u32).collect();
        let mut tokenizer = super::Words::default();
        let mut stream = tokenizer.token_stream(&text);
        let mut last = None;
        while stream.advance() {
            let token = stream.token();
            assert!(text.get(token.offset_from..token.offset_to).is_some_and(|t| !t.is_empty()));
            assert!(last.is_none_or(|l| token.position == l + 1));
            last = Some(token.position);
        }
    }
}
