//! Names that Takeout translates, in one table.
//!
//! Recognition goes by content wherever content is enough, so that a language that is not here still works;
//! the names matter where it is not (HTML whose first bytes are styles, pictures without a sidecar).

/// A product of Takeout whose folder name is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    AccessLog,
    Account,
    AndroidConfiguration,
    Chat,
    Chrome,
    Fi,
    Fit,
    Fitbit,
    Hangouts,
    Keep,
    Location,
    Mail,
    MyActivity,
    Pay,
    Photos,
    PlayStore,
    Profile,
    Saved,
    SearchContributions,
    Tasks,
    Voice,
    YouTube,
}

const NAMES: &[(Product, &[&str])] = &[
    (Product::AccessLog, &["Access Log Activity"]),
    (Product::Account, &["Google Account", "Google-Konto"]),
    (Product::AndroidConfiguration, &["Android Device Configuration Service", "Android-Gerätekonfigurationsdienst"]),
    (Product::Chat, &["Google Chat"]),
    (Product::Chrome, &["Chrome", "Google Chrome"]),
    (Product::Fi, &["Google Fi", "Google Fi Wireless"]),
    (Product::Fit, &["Fit", "Google Fit"]),
    (Product::Fitbit, &["Fitbit", "Google Health"]),
    (Product::Hangouts, &["Hangouts"]),
    (Product::Keep, &["Keep", "Google Keep", "Google Notizen"]),
    (Product::Pay, &["Google Pay"]),
    (Product::PlayStore, &["Google Play Store"]),
    (Product::Profile, &["Profile", "Profil", "Profiel"]),
    (Product::Saved, &["Saved", "Gespeichert", "Opgeslagen"]),
    (Product::SearchContributions, &["Search Contributions"]),
    (Product::Tasks, &["Tasks", "Aufgaben", "Taken"]),
    (Product::Voice, &["Voice", "Google Voice"]),
    (
        Product::Location,
        &[
            "Location History",
            "Location History (Timeline)",
            "Timeline",
            "Standortverlauf",
            "Standortverlauf (Zeitachse)",
            "Zeitachse",
            "Historique des positions",
            "Historial de ubicaciones",
            "Cronologia delle posizioni",
            "Histórico de localização",
            "Locatiegeschiedenis",
            "Historia lokalizacji",
            "История местоположений",
            "ロケーション履歴",
        ],
    ),
    (Product::Mail, &["Mail", "Gmail", "E-Mail", "Correo", "Posta", "Poczta", "メール", "Почта"]),
    (
        Product::MyActivity,
        &[
            "My Activity",
            "Meine Aktivitäten",
            "Mon activité",
            "Mi actividad",
            "Le mie attività",
            "Minha atividade",
            "A minha atividade",
            "Mijn activiteit",
            "Moja aktywność",
            "Мои действия",
            "マイ アクティビティ",
            "내 활동",
            "我的活动",
            "我的活動",
        ],
    ),
    (
        Product::Photos,
        &[
            "Google Photos",
            "Google Fotos",
            "Google Foto",
            "Google Foto's",
            "Google Zdjęcia",
            "Zdjęcia Google",
            "Google Фото",
            "Google フォト",
            "Google 포토",
            "Google 相册",
            "Google 相簿",
            "Google Fotoğraflar",
            "Fotky Google",
        ],
    ),
    (
        Product::YouTube,
        &[
            "YouTube and YouTube Music",
            "YouTube und YouTube Music",
            "YouTube",
            "YouTube en YouTube Music",
            "YouTube et YouTube Music",
            "YouTube y YouTube Music",
            "YouTube e YouTube Music",
        ],
    ),
];

/// Returns the product of a path and how many bytes of the path its folder takes.
///
/// A folder counts below `Takeout`, or wherever its name cannot mean anything else.
pub(super) fn product(path: &str) -> Option<(Product, usize)> {
    let mut below_takeout = false;
    let mut end = 0;
    for name in path.split('/') {
        end += name.len();
        if end == path.len() {
            break;
        }
        if let Some(product) = named(name).filter(|p| below_takeout || is_unmistakable(*p)) {
            return Some((product, end));
        }
        below_takeout = is_takeout(name);
        end += 1;
    }
    None
}

/// Says whether a folder is the one in which all of an export lies. Parts that are unpacked beside each other get a
/// number: `Takeout 2`, `Takeout (1)`.
pub(super) fn is_takeout(name: &str) -> bool {
    let Some((start, rest)) = name.split_at_checked("Takeout".len()) else { return false };
    let number = rest.trim_start().trim_matches(['(', ')']);
    start.eq_ignore_ascii_case("Takeout")
        && (rest.is_empty() || ((1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())))
}

/// Says whether a folder of that name is Google's wherever it lies.
fn is_unmistakable(product: Product) -> bool {
    matches!(
        product,
        Product::AccessLog
            | Product::Account
            | Product::AndroidConfiguration
            | Product::Chat
            | Product::Fi
            | Product::Location
            | Product::MyActivity
            | Product::Photos
            | Product::PlayStore
            | Product::SearchContributions
    )
}

fn named(name: &str) -> Option<Product> {
    NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(product, _)| *product)
}

/// Words that an editor adds to a picture's name; the edited copy shares the original's sidecar.
pub(super) const EDITED: &[&str] = &[
    "-edited",
    "-effects",
    "-smile",
    "-mix",
    "-edytowane",
    "-bearbeitet",
    "-bewerkt",
    "-編集済み",
    "-modificato",
    "-modifié",
    "-ha editado",
    "-editat",
    "-editado",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_found_where_they_belong() {
        let found = |path: &str| product(path).map(|(p, end)| (p, path[..end].to_string()));
        assert_eq!(found("Takeout/Mail/a.mbox"), Some((Product::Mail, "Takeout/Mail".into())));
        assert_eq!(found("x/Takeout/Google Fotos/a/b.jpg"), Some((Product::Photos, "x/Takeout/Google Fotos".into())));
        assert_eq!(found("Library/Mail/a.mbox"), None);
        assert_eq!(found("Takeout 2/Mail/a.mbox"), Some((Product::Mail, "Takeout 2/Mail".into())));
        assert_eq!(found("Takeout (1)/Mail/a.mbox"), Some((Product::Mail, "Takeout (1)/Mail".into())));
        for other in ["Takeout menu", "Takeout-2023", "Takeout 2023", "Takeou", "Takeouts"] {
            assert_eq!(found(&format!("{other}/Mail/a.mbox")), None, "{other}");
        }
        assert_eq!(found("Meine Aktivitäten/Suche/MeineAktivitäten.html").map(|f| f.0), Some(Product::MyActivity));
        assert_eq!(found("Takeout/Google Photos"), None, "a file of that name is no folder");
    }
}
