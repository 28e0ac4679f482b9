//! Tables of the privacy dashboard's archive. Which columns they have is hardly public: each goes by several names.

use crate::formats::sheet::{Is, Sheet};
use crate::formats::wall::Clock;
use glasshouse_model::Family;
use glasshouse_model::MomentRole::{End, Observed, Start};

pub(super) const BROWSING: &str = "browsing";
pub(super) const SEARCH: &str = "search";
pub(super) const LOCATION: &str = "location";
pub(super) const USAGE: &str = "usage";
pub(super) const MEDIA: &str = "media";
pub(super) const VOICE: &str = "voice";

const TIMES: &[&str] = &["DateTime", "Date and time", "Timestamp", "StartDateTime", "Date", "Time"];
const ENDS: &[&str] = &["EndDateTime", "EndTime"];

/// A kind of table with what names its file: beginnings, lower case. Without one the columns alone tell it.
pub(super) struct Kind {
    pub files: &'static [&'static str],
    pub sheet: Sheet,
}

pub(super) static KINDS: &[Kind] = &[
    Kind {
        files: &[],
        sheet: Sheet {
            format: BROWSING,
            family: Family::WebVisit,
            needs: &[&["DateTime"], &["NavigatedToUrl"]],
            columns: &[(TIMES, Is::Time(Observed)), (&["PageTitle"], Is::Title)],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
    Kind {
        files: &["searchrequestsandquery"],
        sheet: Sheet {
            format: SEARCH,
            family: Family::Search,
            needs: &[TIMES, &["SearchTerms", "SearchTerm", "Query", "Search terms"]],
            columns: &[
                (TIMES, Is::Time(Observed)),
                (&["SearchTerms", "SearchTerm", "Query", "Search terms"], Is::Text),
            ],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
    Kind {
        files: &["preciseuserlocation"],
        sheet: Sheet {
            format: LOCATION,
            family: Family::Location,
            needs: &[TIMES, &["Latitude"], &["Longitude"]],
            columns: &[
                (TIMES, Is::Time(Observed)),
                (&["Latitude"], Is::Lat),
                (&["Longitude"], Is::Lon),
                (&["AccuracyRadius", "Accuracy"], Is::Accuracy),
                (&["Name", "Address"], Is::Address),
            ],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
    Kind {
        files: &["contentconsumption"],
        sheet: Sheet {
            format: MEDIA,
            family: Family::Play,
            needs: &[TIMES],
            columns: &[
                (TIMES, Is::Time(Observed)),
                (ENDS, Is::Time(End)),
                (&["Title", "MediaTitle", "ContentTitle", "Name"], Is::Title),
            ],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
    Kind {
        files: &["productandserviceusage"],
        sheet: Sheet {
            format: USAGE,
            family: Family::App,
            needs: &[TIMES],
            columns: &[
                (TIMES, Is::Time(Start)),
                (ENDS, Is::Time(End)),
                (&["AppName", "ApplicationName", "App", "ProductName", "Name"], Is::Title),
            ],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
    Kind {
        files: &["inkingtypingandspeechutterance"],
        sheet: Sheet {
            format: VOICE,
            family: Family::Voice,
            needs: &[TIMES],
            columns: &[(TIMES, Is::Time(Observed)), (&["Transcription", "Utterance", "DisplayText", "Text"], Is::Text)],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
];
