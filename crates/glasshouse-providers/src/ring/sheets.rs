//! The tables of a Ring export and their columns.

use crate::formats::sheet::{Is, Names, Sheet};
use glasshouse_model::{Family, MomentRole};

pub(super) const DEVICES: &str = "devices";
pub(super) const LOCATIONS: &str = "locations";
pub(super) const EVENTS: &str = "events";
pub(super) const DEVICE_EVENTS: &str = "device-events";
pub(super) const APP_EVENTS: &str = "app-events";
pub(super) const SUBSCRIPTIONS: &str = "subscriptions";
pub(super) const PAYMENTS: &str = "payments";

const LAT: (Names, Is) = (&["Latitude"], Is::Lat);
const LON: (Names, Is) = (&["Longitude"], Is::Lon);

pub(super) static SHEETS: &[Sheet] = &[
    Sheet {
        format: DEVICES,
        family: Family::Device,
        needs: &[&["device_id"], &["device_name"], &["created_at"], &["video_storage_enabled", "show_video_enabled"]],
        columns: &[
            (&["created_at"], Is::Time(MomentRole::Created)),
            (&["device_name"], Is::Title),
            LAT,
            LON,
            (
                &[
                    "device_id",
                    "timezone",
                    "video_storage_enabled",
                    "show_video_enabled",
                    "max_days_video_is_stored",
                    "rich_notifications_eligible",
                    "people_detection_eligible",
                    "ai_automated_warnings_enabled",
                    "automated_siren_enabled",
                    "continuous_video_recording_subscribed",
                    "offline_motion_recording_subscribed",
                ],
                Is::Field,
            ),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: DEVICES,
        family: Family::Device,
        needs: &[&["Ssid"], &["Device Id"], &["Created At"], &["Status"]],
        columns: &[
            (&["Created At"], Is::Time(MomentRole::Created)),
            (&["Updated At"], Is::Time(MomentRole::Modified)),
            (&["Description"], Is::Title),
            LAT,
            LON,
            (&["Status", "Device Id", "Ssid"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: LOCATIONS,
        family: Family::Location,
        needs: &[&["location_name"], &["address"], &["location_type"]],
        columns: &[
            (&["location_name"], Is::Title),
            LAT,
            LON,
            (&["address"], Is::Address),
            (&["city", "state", "zip_code", "country", "timezone", "location_type", "location_subtype"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: EVENTS,
        family: Family::Activity,
        needs: &[&["Event Date"], &["Event Type"], &["Detection Type", "Human Detected", "Duration Seconds"]],
        columns: &[
            (&["Event Date"], Is::Time(MomentRole::Start)),
            (&["Security Alert Date"], Is::Time(MomentRole::Observed)),
            (&["Event Type"], Is::Title),
            (&["Video Full Description", "Video Short Description"], Is::Text),
            LAT,
            LON, // When the recording goes, and not when the event was over.
            (
                &[
                    "Access Code Name",
                    "Anomalous Event",
                    "Detection Type",
                    "Duration Seconds",
                    "End To End Encryption",
                    "Event Created With Alexa",
                    "Event From Sidewalk",
                    "Expires At Date",
                    "Event Responded By Alexa",
                    "Human Detected",
                    "Is 24x7",
                    "Is Favorited",
                    "Is Initiated By Event Owner",
                    "Reviewed By Virtual Security Guard",
                    "Security Alert Name",
                    "Security Alert State Type",
                    "Status",
                    "Streaming Mode",
                    "Virtual Security Guard",
                ],
                Is::Field,
            ),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: DEVICE_EVENTS,
        family: Family::Activity,
        needs: &[&["Category"], &["Event Date"], &["Message Type"]],
        columns: &[
            (&["Event Date"], Is::Time(MomentRole::Observed)),
            (&["Message Type"], Is::Title),
            (&["Category"], Is::Field),
        ],
        ..Sheet::NONE
    },
    // Three columns that anybody could have: the folder tells.
    Sheet {
        format: APP_EVENTS,
        family: Family::Activity,
        needs: &[&["Event"], &["Timestamp"], &["Properties"]],
        path: &[&["ring_mobile_app_data", "app_events", "other_events"]],
        columns: &[
            (&["Timestamp"], Is::Time(MomentRole::Observed)),
            (&["Event"], Is::Title),
            (&["Properties"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: SUBSCRIPTIONS,
        family: Family::Purchase,
        needs: &[&["Plan Id"], &["Current Period Start"], &["Cancel At Period End"]],
        columns: &[
            (&["Start"], Is::Time(MomentRole::Start)),
            (&["Created"], Is::Time(MomentRole::Created)),
            (&["Current Period Start"], Is::Time(MomentRole::Observed)),
            (&["Current Period End"], Is::Time(MomentRole::End)),
            (&["Plan Id"], Is::Title),
            (&["Cancel At Period End", "Quantity", "Status"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: PAYMENTS,
        family: Family::Payment,
        needs: &[&["Invoice Number"], &["Payment Provider"], &["Amount"]],
        columns: &[
            (&["Creation Date"], Is::Time(MomentRole::Created)),
            (&["Period Start Date"], Is::Time(MomentRole::Start)),
            (&["Period End Date"], Is::Time(MomentRole::End)),
            (&["Description"], Is::Title),
            (&["Type", "Payment Provider", "Invoice Number", "Amount", "Currency Code", "Status"], Is::Field),
        ],
        ..Sheet::NONE
    },
    // Headers that nobody describes, such as translated ones: the service's own names of folders and files tell.
    Sheet { family: Family::Device, ..placed(DEVICES, &[&["RingDeviceRegistry/Device.csv"]]) },
    Sheet { family: Family::Location, ..placed(LOCATIONS, &[&["RingDeviceRegistry/Device_location"]]) },
    placed(EVENTS, &[&["RequestAllYourData"], &["datasets/Events"]]),
    placed(DEVICE_EVENTS, &[&["RequestAllYourData"], &["datasets/DeviceEvents"]]),
    placed(APP_EVENTS, &[&["ring_mobile_app_data"]]),
    Sheet { family: Family::Payment, ..placed(PAYMENTS, &[&["Subscriptions.Accounting"]]) },
];

/// Returns a sheet that its place alone tells: every column is a field, and counted as one that is not known.
const fn placed(format: &'static str, path: &'static [Names]) -> Sheet {
    Sheet { format, path, ..Sheet::NONE }
}
