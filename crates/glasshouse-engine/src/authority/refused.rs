//! What no authority can be, whatever its fields say.

/// Says why a power cannot carry the reading of cloud data, if it cannot.
///
/// Sections 37 to 44 of the PCSC Act 2022 reach information stored on a device, from that device. Section 44A and
/// on (requests to third parties about victims) are another chapter.
pub fn power(statute: &str, section: &str) -> Option<&'static str> {
    let statute: String = statute.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let pcsc = statute.contains("pcsc") || statute.contains("policecrimesentencing");
    let device = section
        .split(|c: char| !c.is_alphanumeric())
        .chain(statute.split_inclusive(|c: char| !c.is_ascii_digit()))
        .filter_map(|word| {
            let digits = word.trim_start_matches(|c: char| !c.is_ascii_digit());
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let (number, rest) = digits.split_at_checked(end)?;
            // 44A to 44F are requests to third parties; 37(1) and 37 are the power over devices.
            let lettered = number == "44" && !rest.is_empty();
            (!lettered).then(|| number.parse::<u32>().ok()).flatten()
        })
        .any(|number| (37..=44).contains(&number));
    (pcsc && device).then_some(
        "PCSC Act 2022 s.37 is refused: it covers information stored on an electronic device, taken from that device; nothing in ss.37 to 44 reaches an online account. Name the power that does (a warrant, an order, a notice), or use the kind `consent`, whose agreement record has the form of s.39.",
    )
}

/// Says why an analysis is never part of Glasshouse, if it is one of those.
pub fn analysis(name: &str) -> Option<&'static str> {
    const NEVER: [&str; 13] = [
        "face_identification",
        "face_search",
        "race",
        "ethnicity",
        "gender",
        "sex",
        "age",
        "risk_score",
        "credibility",
        "reliability",
        "prediction",
        "monitoring",
        "tracking",
    ];
    let name = name.to_lowercase().replace([' ', '-'], "_");
    NEVER.iter().any(|n| *n == name).then_some(
        "is never part of Glasshouse, and no authority can permit it (Regulation (EU) 2024/1689 Art 5 and Annex III)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_power_is_refused_in_any_spelling_and_nothing_else_is() {
        for (statute, section) in [
            ("Police, Crime, Sentencing and Courts Act 2022", "37"),
            ("PCSC Act 2022", "s.37(1)"),
            ("PCSC Act 2022", "section 41"),
            ("PCSCA 2022", "Part 2 Chapter 3, ss. 37-39"),
            ("PCSC Act 2022 s.37", "-"),
        ] {
            assert!(power(statute, section).is_some(), "{statute} {section}");
        }
        for (statute, section) in [
            ("Police and Criminal Evidence Act 1984", "Schedule 1, paragraph 4"),
            ("PCSC Act 2022", "44A"),
            ("18 USC", "2703(a)"),
            ("Some Act 1937", "37"),
        ] {
            assert!(power(statute, section).is_none(), "{statute} {section}");
        }
    }
}
