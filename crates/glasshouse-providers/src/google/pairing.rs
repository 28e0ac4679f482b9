//! Which sidecar belongs to which photo, within one folder of Google Photos.
//!
//! Names alone decide, for they are all that Takeout keeps: the sidecar's name is the photo's, with or without
//! `.supplemental-metadata`, cut to 46 characters before `.json`, with a counter that stands elsewhere than the
//! photo's. All names here are lower case.

use super::locale::EDITED;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many characters of a sidecar's name precede `.json` at most.
const LONGEST_STEM: usize = 46;
const SUFFIX: &str = "supplemental-metadata";

/// Returns the sidecar of each media file that has one.
pub(super) fn pair<'a>(media: &BTreeSet<&'a str>, sidecars: &BTreeSet<&'a str>) -> HashMap<&'a str, &'a str> {
    let mut found: HashMap<&str, &str> = HashMap::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    // What each sidecar is for, whether or not that file is here: edited copies and films look there too.
    let mut by_target: HashMap<String, &str> = HashMap::new();
    let mut by_stem: HashMap<String, &str> = HashMap::new();
    for sidecar in sidecars {
        for target in targets(sidecar) {
            if let Some(media) = media.get(target.full().as_str()).filter(|m| !found.contains_key(**m)) {
                found.insert(media, sidecar);
                used.insert(sidecar);
            }
            let full = target.full();
            let (stem, ext) = split(&full);
            if !ext.contains('(') {
                by_stem.entry(stem.to_owned()).or_insert(sidecar);
            }
            by_target.entry(full).or_insert(sidecar);
            if used.contains(sidecar) {
                break;
            }
        }
    }
    let mut by_base: BTreeMap<String, Vec<(&str, Option<&str>)>> = BTreeMap::new();
    for name in media.iter().filter(|name| !found.contains_key(**name)) {
        let (stem, ext) = split(name);
        let (base, counter) = counter(stem);
        by_base.entry(format!("{base}{ext}")).or_default().push((name, counter));
        if counter.is_some() {
            // A number in brackets may be the name's own.
            by_base.entry((*name).to_owned()).or_default().push((name, None));
        }
    }
    // Names that were cut: the sidecar's is the beginning of the photo's. Where long names differ only behind the
    // cut, the sidecars alone have counters; those left over after the first round take the next name in order.
    for same_counter in [true, false] {
        for sidecar in sidecars.iter().filter(|s| !used.contains(**s)).copied().collect::<Vec<_>>() {
            let cut = targets(sidecar).into_iter().find_map(|target| cut_name(&target, same_counter, &by_base, &found));
            if let Some(name) = cut {
                found.insert(name, sidecar);
                used.insert(sidecar);
            }
        }
    }
    for name in media {
        if found.contains_key(name) {
            continue;
        }
        let (stem, _) = split(name);
        let originals = edited_of(name);
        let shared = originals
            .iter()
            .find_map(|original| found.get(original.as_str()).or_else(|| by_target.get(original.as_str())))
            .or_else(|| originals.iter().find_map(|original| by_stem.get(split(original).0)))
            .or_else(|| by_stem.get(stem).filter(|sidecar| film(name) || !used.contains(**sidecar)))
            .copied();
        if let Some(sidecar) = shared {
            found.insert(name, sidecar);
            used.insert(sidecar);
        }
    }
    // A film beside a still whose sidecar's name was cut has the still's.
    for name in media {
        let stem = split(name).0;
        if stem.is_empty() || found.contains_key(name) || !film(name) {
            continue;
        }
        // A Pixel's film is `a.mp` beside `a.mp.jpg`.
        let of_film = |m: &str| split(m).0 == stem || split(m).0 == *name;
        let still = media.range(stem..).take_while(|m| m.starts_with(stem)).find(|m| of_film(m) && *m != name);
        if let Some(sidecar) = still.and_then(|still| found.get(still)).copied() {
            found.insert(name, sidecar);
        }
    }
    found
}

/// Returns the first media file without a sidecar whose name begins as the target's does.
fn cut_name<'a>(
    target: &Target,
    same_counter: bool,
    by_base: &BTreeMap<String, Vec<(&'a str, Option<&'a str>)>>,
    found: &HashMap<&str, &str>,
) -> Option<&'a str> {
    // A hostile folder could hold endless names with one beginning.
    const MOST_LOOKED_AT: usize = 2000;
    if target.base.chars().count() < LONGEST_STEM - 6 && target.base.len() < LONGEST_STEM {
        return None;
    }
    let after = by_base.range(target.base.clone()..).take_while(|(base, _)| base.starts_with(&target.base));
    let mut fitting = after.flat_map(|(_, names)| names).take(MOST_LOOKED_AT).filter(|(name, counter)| {
        let counted = *counter == target.counter.as_deref() || (!same_counter && counter.is_none());
        counted && !found.contains_key(name) && edited_of(name).is_empty()
    });
    fitting.next().map(|(name, _)| *name)
}

/// Returns the media file that a sidecar names exactly, whether or not another sidecar was taken for it.
pub(super) fn named<'a>(sidecar: &str, media: &BTreeSet<&'a str>) -> Option<&'a str> {
    targets(sidecar).iter().find_map(|target| media.get(target.full().as_str()).copied())
}

/// Says whether a name is one of an edited copy or a film, which share the sidecar of another file.
pub(super) fn shares(name: &str) -> bool {
    film(name) || !edited_of(name).is_empty()
}

/// What a sidecar's name says its file is called.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    base: String,
    counter: Option<String>,
}

impl Target {
    /// Returns the file's name, the counter where Takeout puts it.
    fn full(&self) -> String {
        match &self.counter {
            Some(counter) => {
                let (stem, ext) = split(&self.base);
                format!("{stem}({counter}){ext}")
            }
            None => self.base.clone(),
        }
    }
}

fn targets(sidecar: &str) -> Vec<Target> {
    let stem = sidecar.strip_suffix(".json").unwrap_or(sidecar);
    let mut targets = Vec::new();
    let readings = match counter(stem) {
        (base, Some(number)) => vec![(base, Some(number)), (stem, None)],
        (_, None) => vec![(stem, None)],
    };
    for (stem, counter) in readings {
        let counter = counter.map(str::to_owned);
        if let Some((base, suffix)) = stem.rsplit_once('.')
            && SUFFIX.starts_with(suffix)
            && !base.is_empty()
        {
            targets.push(Target { base: base.to_owned(), counter: counter.clone() });
        }
        targets.push(Target { base: stem.to_owned(), counter });
    }
    targets
}

/// Splits `name(3)` into name and number.
fn counter(stem: &str) -> (&str, Option<&str>) {
    let split = stem.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    match split {
        Some((base, number))
            if !number.is_empty() && number.len() < 5 && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            (base, Some(number))
        }
        _ => (stem, None),
    }
}

/// Says whether a name is one that the moving half of a live photo has.
fn film(name: &str) -> bool {
    matches!(split(name).1, ".mp4" | ".mov" | ".m4v" | ".mp" | ".mv" | ".3gp")
}

/// Splits a name before its extension.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// Returns what the original of an edited copy may be called; nothing for a name that is none.
fn edited_of(name: &str) -> Vec<String> {
    let (stem, ext) = split(name);
    let (base, number) = counter(stem);
    let mut originals = Vec::new();
    let whole = EDITED.iter().find_map(|word| base.strip_suffix(word));
    // Long names are cut in the middle of the word.
    let cut = || {
        let (original, word) = base.rsplit_once('-')?;
        let word = format!("-{word}");
        let cut =
            word.len() > 1 && base.chars().count() >= LONGEST_STEM - 4 && EDITED.iter().any(|e| e.starts_with(&word));
        cut.then_some(original)
    };
    if let Some(original) = whole.or_else(cut) {
        match number {
            Some(number) => originals.push(format!("{original}({number}){ext}")),
            None => originals.push(format!("{original}{ext}")),
        }
    }
    originals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired<'a>(media: &[&'a str], sidecars: &[&'a str]) -> Vec<(&'a str, &'a str)> {
        let found = pair(&media.iter().copied().collect(), &sidecars.iter().copied().collect());
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn names_in_all_forms() {
        for (media, sidecar) in [
            ("img.jpg", "img.jpg.json"),
            ("img.jpg", "img.jpg.supplemental-metadata.json"),
            ("img.jpg", "img.jpg.suppl.json"),
            ("img.jpg", "img.jpg.s.json"),
            ("img.jpg", "img.jpg..json"),
            ("img(1).jpg", "img.jpg(1).json"),
            ("img(1).jpg", "img(1).jpg.json"),
            ("img(1).jpg", "img.jpg.supplemental-metadata(1).json"),
            ("img(12).jpg", "img.jpg.supplemental-met(12).json"),
            ("urlaub in knaufspesch in der schneifel (38).jpg", "urlaub in knaufspesch in der schneifel (38).jp.json"),
            ("img-edited.jpg", "img.jpg.json"),
            ("img-bearbeitet(1).jpg", "img.jpg.supplemental-metadata(1).json"),
            ("img.mp4", "img.heic.supplemental-metadata.json"),
            ("img(2).mp4", "img.heic(2).json"),
            ("scan (3)", "scan (3).json"),
        ] {
            assert_eq!(paired(&[media], &[sidecar]), [(media, sidecar)]);
        }
        for (media, sidecar) in
            [("img.jpg", "img.jpg(1).json"), ("img(1).jpg", "img.jpg.json"), ("a.jpg", "b.jpg.json")]
        {
            assert!(paired(&[media], &[sidecar]).is_empty(), "{media} {sidecar}");
        }
    }

    #[test]
    fn each_counter_has_its_own() {
        let media = ["img.jpg", "img(1).jpg", "img-edited.jpg", "img(1).mp4"];
        let sidecars = ["img.jpg.supplemental-metadata.json", "img.jpg.supplemental-metadata(1).json"];
        assert_eq!(
            paired(&media, &sidecars),
            [
                ("img(1).jpg", sidecars[1]),
                ("img(1).mp4", sidecars[1]),
                ("img-edited.jpg", sidecars[0]),
                ("img.jpg", sidecars[0])
            ]
        );
    }

    #[test]
    fn the_film_of_a_pixel_has_the_stills() {
        let sidecar = "pxl_1.mp.jpg.supplemental-metada.json";
        assert_eq!(
            paired(&["pxl_1.mp", "pxl_1.mp.jpg", "pxl_2.mp"], &[sidecar]),
            [("pxl_1.mp", sidecar), ("pxl_1.mp.jpg", sidecar)]
        );
    }

    #[test]
    fn long_names_that_collide() {
        let long = "a".repeat(47);
        let (one, two) = (format!("{long}.jpg"), format!("{long}(1).jpg"));
        let (first, second) = (format!("{}.json", &long[..46]), format!("{}(1).json", &long[..46]));
        assert_eq!(paired(&[&one, &two], &[&first, &second]), [(two.as_str(), second.as_str()), (&one, &first)]);
    }

    #[test]
    fn long_names_that_differ_behind_the_cut() {
        let long = "c".repeat(46);
        let (one, two) = (format!("{long}a.jpg"), format!("{long}b.jpg"));
        let (first, second) = (format!("{long}.json"), format!("{long}(1).json"));
        assert_eq!(paired(&[&one, &two], &[&first, &second]), [(one.as_str(), first.as_str()), (&two, &second)]);
    }

    #[test]
    fn a_cut_name_takes_films_and_edited_copies_along() {
        let long = "b".repeat(47);
        let (still, film) = (format!("{long}.jpg"), format!("{long}.mp4"));
        let sidecar = format!("{}.json", &long[..46]);
        let found = paired(&[&still, &film], &[&sidecar]);
        assert_eq!(found.len(), 2);
    }
}
