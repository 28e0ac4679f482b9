//! Names of months.

/// The names of each month in English, German, Dutch, French, Italian, Spanish and Portuguese, in small letters; the
/// first is the English one. No name means one month in one of them and another month in another.
const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "januar", "jän", "januari", "janv", "janvier", "gen", "gennaio", "ene", "enero", "janeiro"],
    &["february", "feb", "februar", "febr", "februari", "févr", "février", "febbraio", "febrero", "fev", "fevereiro"],
    &["march", "mar", "märz", "mär", "mrt", "maart", "mars", "marzo", "março"],
    &["april", "apr", "avr", "avril", "aprile", "abr", "abril"],
    &["may", "mai", "mei", "mag", "maggio", "mayo", "maio"],
    &["june", "jun", "juni", "juin", "giu", "giugno", "junio", "junho"],
    &["july", "jul", "juli", "juil", "juillet", "lug", "luglio", "julio", "julho"],
    &["august", "aug", "augustus", "août", "ago", "agosto"],
    &["september", "sep", "sept", "septembre", "set", "settembre", "septiembre", "setembro"],
    &["october", "oct", "okt", "oktober", "octobre", "ott", "ottobre", "octubre", "out", "outubro"],
    &["november", "nov", "novembre", "noviembre", "novembro"],
    &["december", "dec", "dez", "dezember", "déc", "décembre", "dic", "dicembre", "diciembre", "dezembro"],
];

/// Returns the number of a month by its English name, or by its first letters, three at least.
pub fn english(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.').as_bytes();
    let begins = |name: &str| name.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let found = MONTHS.iter().position(|names| word.len() >= 3 && names.first().is_some_and(|name| begins(name)));
    i8::try_from(found? + 1).ok()
}

/// Returns the number of a month by its name, short or long, in any of the seven languages.
pub fn month(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.').to_lowercase();
    let found = MONTHS.iter().position(|names| names.contains(&word.as_str()))?;
    i8::try_from(found + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_month() {
        let all: Vec<&str> = MONTHS.into_iter().flatten().copied().collect();
        assert!(all.iter().all(|name| all.iter().filter(|other| *other == name).count() == 1));
        for (word, number) in [("Jan", Some(1)), ("Sept.", Some(9)), ("OKTOBER", Some(10)), ("sty", None), ("", None)] {
            assert_eq!(month(word), number, "{word}");
        }
    }

    #[test]
    fn english_names_may_be_cut() {
        for (word, number) in [
            ("jan", Some(1)),
            ("Sept", Some(9)),
            ("Decem.", Some(12)),
            ("MAY", Some(5)),
            ("Ma", None),
            ("Janvier", None),
            ("Mayday", None),
        ] {
            assert_eq!(english(word), number, "{word}");
        }
    }
}
