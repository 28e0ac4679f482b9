//! The tables of Fitbit, which an export holds below `Fitbit` or `Google Health`.

use super::locale::Product;
use super::sheets::{ACCOUNT, Table};
use crate::formats::sheet::{Is, Sheet};
use glasshouse_model::Family;
use glasshouse_model::IdentifierKind::Email;
use glasshouse_model::MomentRole::{Created, End, Modified, Observed, Start};
use glasshouse_model::PartyRole::Owner;

pub(super) const FORMAT: &str = "fitbit";

const SHEET: Sheet = Sheet { format: FORMAT, family: Family::Health, clock: Some(ACCOUNT), ..Sheet::NONE };

pub(super) static TABLES: &[Table] = &[
    Table::any(Sheet {
        kind: "sleep score",
        needs: &[&["sleep_log_entry_id"], &["timestamp"], &["overall_score"]],
        columns: &[
            (&["timestamp"], Is::Time(Observed)),
            (&["composition_score", "revitalization_score", "duration_score", "deep_sleep_in_minutes"], Is::Field),
            (&["resting_heart_rate", "restlessness"], Is::Field),
        ],
        ..SHEET
    }),
    Table::any(Sheet {
        kind: "stress score",
        needs: &[&["DATE"], &["STRESS_SCORE"]],
        columns: &[
            (&["DATE"], Is::Time(Observed)),
            (&["UPDATED_AT"], Is::Time(Modified)),
            (&["SLEEP_POINTS", "MAX_SLEEP_POINTS", "RESPONSIVENESS_POINTS", "MAX_RESPONSIVENESS_POINTS"], Is::Field),
            (&["EXERTION_POINTS", "MAX_EXERTION_POINTS", "STATUS", "CALCULATION_FAILED"], Is::Field),
        ],
        ..SHEET
    }),
    Table::of(
        Product::Fitbit,
        Sheet {
            kind: "sleep profile",
            needs: &[&["creation_date"], &["sleep_type"]],
            columns: &[
                (&["creation_date"], Is::Time(Created)),
                (&["sleep_type"], Is::Title),
                (&["deep_sleep", "rem_sleep", "sleep_duration", "sleep_start_time"], Is::Field),
                (&["schedule_variability", "restorative_sleep", "time_before_sound_sleep"], Is::Field),
                (&["sleep_stability", "nights_with_long_awakenings", "days_with_naps"], Is::Field),
            ],
            ..SHEET
        },
    ),
    Table::of(
        Product::Fitbit,
        Sheet {
            kind: "oxygen saturation",
            needs: &[&["timestamp"], &["average_value"], &["lower_bound"], &["upper_bound"]],
            columns: &[(&["timestamp"], Is::Time(Observed))],
            ..SHEET
        },
    ),
    Table::of(
        Product::Fitbit,
        Sheet {
            kind: "skin temperature",
            needs: &[&["sleep_start"], &["sleep_end"], &["nightly_temperature"]],
            columns: &[
                (&["sleep_start"], Is::Time(Start)),
                (&["sleep_end"], Is::Time(End)),
                (&["type", "temperature_samples", "baseline_relative_sample_sum"], Is::Field),
                (&["baseline_relative_sample_sum_of_squares"], Is::Field),
                (&["baseline_relative_nightly_standard_deviation"], Is::Field),
                (&["baseline_relative_sample_standard_deviation"], Is::Field),
            ],
            ..SHEET
        },
    ),
    Table::of(
        Product::Fitbit,
        Sheet {
            family: Family::Device,
            kind: "tracker",
            needs: &[&["tracker_id"], &["last_sync_date_time"]],
            columns: &[
                (&["last_sync_date_time"], Is::Time(Observed)),
                (&["date_added"], Is::Time(Created)),
                (&["device_type", "device_name", "tracker_name"], Is::Title),
                (&["batt_level", "battery_level"], Is::Field),
            ],
            ..SHEET
        },
    ),
    Table::of(
        Product::Fitbit,
        Sheet {
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
            ..SHEET
        },
    ),
    Table::of(
        Product::Fitbit,
        Sheet {
            family: Family::Setting,
            kind: "goal",
            needs: &[&["type"], &["frequency"], &["target"], &["start_date"]],
            columns: &[
                (&["start_date"], Is::Time(Start)),
                (&["end_date"], Is::Time(End)),
                (&["created_on"], Is::Time(Created)),
                (&["edited_on"], Is::Time(Modified)),
                (&["type"], Is::Title),
                (&["result", "status", "is_primary"], Is::Field),
            ],
            ..SHEET
        },
    ),
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
