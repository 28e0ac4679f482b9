//! The tables of a Ring export and their columns.

use crate::formats::sheet::{Place, Sheet};
use glasshouse_model::{Family, MomentRole};

pub(super) const DEVICES: &str = "devices";
pub(super) const LOCATIONS: &str = "locations";
pub(super) const EVENTS: &str = "events";
pub(super) const DEVICE_EVENTS: &str = "device-events";
pub(super) const APP_EVENTS: &str = "app-events";
pub(super) const SUBSCRIPTIONS: &str = "subscriptions";
pub(super) const PAYMENTS: &str = "payments";

const HERE: Place = Place { lat: &["Latitude"], lon: &["Longitude"], accuracy: &[], address: &[] };

pub(super) static SHEETS: &[Sheet] = &[
    Sheet {
        format: DEVICES,
        family: Family::Device,
        needs: &[&["device_id"], &["device_name"], &["created_at"], &["video_storage_enabled", "show_video_enabled"]],
        moments: &[(MomentRole::Created, &["created_at"])],
        title: &["device_name"],
        place: HERE,
        known: &[
            &["device_id"],
            &["timezone"],
            &["video_storage_enabled"],
            &["show_video_enabled"],
            &["max_days_video_is_stored"],
            &["rich_notifications_eligible"],
            &["people_detection_eligible"],
            &["ai_automated_warnings_enabled"],
            &["automated_siren_enabled"],
            &["continuous_video_recording_subscribed"],
            &["offline_motion_recording_subscribed"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: DEVICES,
        family: Family::Device,
        needs: &[&["Ssid"], &["Device Id"], &["Created At"], &["Status"]],
        moments: &[(MomentRole::Created, &["Created At"]), (MomentRole::Modified, &["Updated At"])],
        title: &["Description"],
        place: HERE,
        known: &[&["Status"], &["Device Id"], &["Ssid"]],
        ..Sheet::NONE
    },
    Sheet {
        format: LOCATIONS,
        family: Family::Location,
        needs: &[&["location_name"], &["address"], &["location_type"]],
        title: &["location_name"],
        place: Place { address: &["address"], ..HERE },
        known: &[
            &["city"],
            &["state"],
            &["zip_code"],
            &["country"],
            &["timezone"],
            &["location_type"],
            &["location_subtype"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: EVENTS,
        family: Family::Activity,
        needs: &[&["Event Date"], &["Event Type"], &["Detection Type", "Human Detected", "Duration Seconds"]],
        moments: &[(MomentRole::Start, &["Event Date"]), (MomentRole::Observed, &["Security Alert Date"])],
        title: &["Event Type"],
        text: &[&["Video Full Description", "Video Short Description"]],
        place: HERE,
        known: &[
            &["Access Code Name"],
            &["Anomalous Event"],
            &["Detection Type"],
            &["Duration Seconds"],
            &["End To End Encryption"],
            &["Event Created With Alexa"],
            &["Event From Sidewalk"],
            // When the recording goes, and not when the event was over.
            &["Expires At Date"],
            &["Event Responded By Alexa"],
            &["Human Detected"],
            &["Is 24x7"],
            &["Is Favorited"],
            &["Is Initiated By Event Owner"],
            &["Reviewed By Virtual Security Guard"],
            &["Security Alert Name"],
            &["Security Alert State Type"],
            &["Status"],
            &["Streaming Mode"],
            &["Virtual Security Guard"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: DEVICE_EVENTS,
        family: Family::Activity,
        needs: &[&["Category"], &["Event Date"], &["Message Type"]],
        moments: &[(MomentRole::Observed, &["Event Date"])],
        title: &["Message Type"],
        known: &[&["Category"]],
        ..Sheet::NONE
    },
    // Three columns that anybody could have: the folder tells.
    Sheet {
        format: APP_EVENTS,
        family: Family::Activity,
        needs: &[&["Event"], &["Timestamp"], &["Properties"]],
        path: &[&["ring_mobile_app_data", "app_events", "other_events"]],
        moments: &[(MomentRole::Observed, &["Timestamp"])],
        title: &["Event"],
        known: &[&["Properties"]],
        ..Sheet::NONE
    },
    Sheet {
        format: SUBSCRIPTIONS,
        family: Family::Purchase,
        needs: &[&["Plan Id"], &["Current Period Start"], &["Cancel At Period End"]],
        moments: &[
            (MomentRole::Start, &["Start"]),
            (MomentRole::Created, &["Created"]),
            (MomentRole::Observed, &["Current Period Start"]),
            (MomentRole::End, &["Current Period End"]),
        ],
        title: &["Plan Id"],
        known: &[&["Cancel At Period End"], &["Quantity"], &["Status"]],
        ..Sheet::NONE
    },
    Sheet {
        format: PAYMENTS,
        family: Family::Payment,
        needs: &[&["Invoice Number"], &["Payment Provider"], &["Amount"]],
        moments: &[
            (MomentRole::Created, &["Creation Date"]),
            (MomentRole::Start, &["Period Start Date"]),
            (MomentRole::End, &["Period End Date"]),
        ],
        title: &["Description"],
        known: &[&["Type"], &["Payment Provider"], &["Invoice Number"], &["Amount"], &["Currency Code"], &["Status"]],
        ..Sheet::NONE
    },
];
