//! The tables of Fitbit, which an export holds below `Fitbit` or `Google Health`.

use super::locale::Product;
use super::sheets::{ACCOUNT, Table};
use crate::formats::columns::{Is, Sheet};
use glasshouse_model::Family;
use glasshouse_model::IdentifierKind::Email;
use glasshouse_model::MomentRole::{Created, End, Modified, Observed, Start};
use glasshouse_model::PartyRole::Owner;

pub(super) const FORMAT: &str = "fitbit";

pub(super) static TABLES: &[Table] = &[
    Table {
        product: None,
        file: "",
        sheet: Sheet {
            format: FORMAT,
            family: Family::Health,
            kind: "sleep score",
            needs: &[&["sleep_log_entry_id"], &["timestamp"], &["overall_score"]],
            columns: &[
                (&["timestamp"], Is::Time(Observed)),
                (&["sleep_log_entry_id"], Is::Field),
                (&["overall_score"], Is::Field),
                (&["composition_score"], Is::Field),
                (&["revitalization_score"], Is::Field),
                (&["duration_score"], Is::Field),
                (&["deep_sleep_in_minutes"], Is::Field),
                (&["resting_heart_rate"], Is::Field),
                (&["restlessness"], Is::Field),
            ],
            clock: ACCOUNT,
        },
    },
    Table {
        product: None,
        file: "",
        sheet: Sheet {
            format: FORMAT,
            family: Family::Health,
            kind: "stress score",
            needs: &[&["DATE"], &["STRESS_SCORE"]],
            columns: &[
                (&["DATE"], Is::Time(Observed)),
                (&["UPDATED_AT"], Is::Time(Modified)),
                (&["STRESS_SCORE"], Is::Field),
                (&["SLEEP_POINTS"], Is::Field),
                (&["MAX_SLEEP_POINTS"], Is::Field),
                (&["RESPONSIVENESS_POINTS"], Is::Field),
                (&["MAX_RESPONSIVENESS_POINTS"], Is::Field),
                (&["EXERTION_POINTS"], Is::Field),
                (&["MAX_EXERTION_POINTS"], Is::Field),
                (&["STATUS"], Is::Field),
                (&["CALCULATION_FAILED"], Is::Field),
            ],
            clock: ACCOUNT,
        },
    },
    Table {
        product: Some(Product::Fitbit),
        file: "",
        sheet: Sheet {
            format: FORMAT,
            family: Family::Health,
            kind: "oxygen saturation",
            needs: &[&["timestamp"], &["average_value"], &["lower_bound"], &["upper_bound"]],
            columns: &[
                (&["timestamp"], Is::Time(Observed)),
                (&["average_value"], Is::Field),
                (&["lower_bound"], Is::Field),
                (&["upper_bound"], Is::Field),
            ],
            clock: ACCOUNT,
        },
    },
    Table {
        product: Some(Product::Fitbit),
        file: "",
        sheet: Sheet {
            format: FORMAT,
            family: Family::Health,
            kind: "skin temperature",
            needs: &[&["sleep_start"], &["sleep_end"], &["nightly_temperature"]],
            columns: &[
                (&["sleep_start"], Is::Time(Start)),
                (&["sleep_end"], Is::Time(End)),
                (&["type"], Is::Field),
                (&["temperature_samples"], Is::Field),
                (&["nightly_temperature"], Is::Field),
                (&["baseline_relative_sample_sum"], Is::Field),
                (&["baseline_relative_sample_sum_of_squares"], Is::Field),
                (&["baseline_relative_nightly_standard_deviation"], Is::Field),
                (&["baseline_relative_sample_standard_deviation"], Is::Field),
            ],
            clock: ACCOUNT,
        },
    },
    Table {
        product: Some(Product::Fitbit),
        file: "",
        sheet: Sheet {
            format: FORMAT,
            family: Family::Device,
            kind: "tracker",
            needs: &[&["tracker_id"], &["last_sync_date_time"]],
            columns: &[
                (&["last_sync_date_time"], Is::Time(Observed)),
                (&["date_added"], Is::Time(Created)),
                (&["device_type", "device_name", "tracker_name"], Is::Title),
                (&["tracker_id"], Is::Field),
                (&["batt_level", "battery_level"], Is::Field),
            ],
            clock: ACCOUNT,
        },
    },
    Table {
        product: Some(Product::Fitbit),
        file: "",
        sheet: Sheet {
            format: FORMAT,
            family: Family::Account,
            kind: "profile",
            needs: &[&["id"], &["full_name"], &["email_address"], &["member_since"]],
            columns: &[
                (&["member_since"], Is::Time(Created)),
                (&["full_name"], Is::Title),
                (&["full_name"], Is::Name(Owner)),
                (&["email_address"], Is::Id(Owner, Email)),
                (&["id"], Is::Account),
                (PROFILE, Is::Field),
            ],
            clock: ACCOUNT,
        },
    },
    Table {
        product: Some(Product::Fitbit),
        file: "",
        sheet: Sheet {
            format: FORMAT,
            family: Family::Setting,
            kind: "goal",
            needs: &[&["type"], &["frequency"], &["target"], &["start_date"]],
            columns: &[
                (&["start_date"], Is::Time(Start)),
                (&["end_date"], Is::Time(End)),
                (&["created_on"], Is::Time(Created)),
                (&["edited_on"], Is::Time(Modified)),
                (&["type"], Is::Title),
                (&["frequency"], Is::Field),
                (&["target"], Is::Field),
                (&["result"], Is::Field),
                (&["status"], Is::Field),
                (&["is_primary"], Is::Field),
            ],
            clock: ACCOUNT,
        },
    },
];

/// What Fitbit knows of a person beside the names.
const PROFILE: &[&str] = &[
    "first_name",
    "last_name",
    "display_name_setting",
    "display_name",
    "username",
    "date_of_birth",
    "child",
    "country",
    "state",
    "city",
    "timezone",
    "locale",
    "about_me",
    "start_of_week",
    "sleep_tracking",
    "time_display_format",
    "gender",
    "height",
    "weight",
    "stride_length_walking",
    "stride_length_running",
    "weight_unit",
    "distance_unit",
    "height_unit",
    "water_unit",
    "glucose_unit",
    "swim_unit",
];
