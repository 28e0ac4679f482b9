//! Tables of Prime Video, Kindle, Audible, Amazon Music and of registered devices.

use crate::formats::sheet::{Is, Sheet};
use glasshouse_model::{Family, MomentRole, PartyRole};

pub(super) const DEVICES: &str = "devices";
pub(super) const VIDEO: &str = "prime-video";
pub(super) const VIDEO_LIST: &str = "prime-video-watchlist";
pub(super) const VIDEO_SEARCHES: &str = "prime-video-searches";
pub(super) const VIDEO_PURCHASES: &str = "prime-video-purchases";
pub(super) const KINDLE: &str = "kindle-sessions";
pub(super) const KINDLE_LIBRARY: &str = "kindle-library";
pub(super) const KINDLE_SYNC: &str = "kindle-sync";
pub(super) const AUDIBLE: &str = "audible";
pub(super) const MUSIC: &str = "music";

pub(super) static SHEETS: &[Sheet] = &[
    Sheet {
        format: DEVICES,
        family: Family::Device,
        needs: &[&["Device Serial Number"], &["First Time Registered", "Last Time Registered"]],
        columns: &[
            (&["First Time Registered"], Is::Time(MomentRole::Start)),
            (&["Last Time Registered"], Is::Time(MomentRole::Observed)),
            (&["Time Deregistered"], Is::Time(MomentRole::End)),
            (&["Account Name", "Amazon Device Model Name"], Is::Title),
            (
                &[
                    "Amazon Device Model Name",
                    "Current Firmware Version",
                    "Customer Login Pool",
                    "Customer Type",
                    "Device Account Role",
                    "Device Model",
                    "Device Pairing Details",
                    "Device Serial Number",
                    "IP Address",
                    "Local Time Offset",
                    "State",
                ],
                Is::Field,
            ),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO,
        family: Family::Play,
        needs: &[&["TitleName"], &["MostRecentWatchDate"]],
        columns: &[
            (&["MostRecentWatchDate"], Is::Time(MomentRole::Observed)),
            (&["TitleName"], Is::Title),
            (&["TitleDescription"], Is::Text),
            (&["SecondsWatched", "LatestWatchProgress", "DeletedFromWatchHistory", "EntityType"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO,
        family: Family::Play,
        needs: &[&["Playback Start Datetime (UTC)", "Playback Start Datetime"]],
        columns: &[
            (&["Playback Start Datetime (UTC)", "Playback Start Datetime"], Is::Time(MomentRole::Start)),
            (&["Playback End Datetime (UTC)", "Playback End Datetime"], Is::Time(MomentRole::End)),
            (&["Title"], Is::Title),
            (
                &[
                    "Seconds Viewed",
                    "Material Type Description",
                    "Is Deleted",
                    "Device Manufacturer Name",
                    "Amazon Device Model Name",
                    "Device Model",
                    "Content Quality Delivered",
                    "Country Code",
                ],
                Is::Field,
            ),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO,
        family: Family::Play,
        needs: &[&["Playback Hour"], &["Title"]],
        columns: &[
            (&["Playback Hour"], Is::Time(MomentRole::Start)),
            (&["Title"], Is::Title),
            (
                &[
                    "Operating System",
                    "Browser",
                    "Delivery Type",
                    "City",
                    "Country",
                    "ISP",
                    "State",
                    "Content Quality Entitled",
                    "Entitlement Type",
                    "Video Type",
                    "Audio Language",
                ],
                Is::Field,
            ),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO_LIST,
        family: Family::Activity,
        needs: &[&["itemAddedDate"], &["catalogTitle", "listId", "itemType"]],
        columns: &[
            (&["itemAddedDate"], Is::Time(MomentRole::Observed)),
            (&["catalogTitle"], Is::Title),
            (&["listId", "itemType", "deleted"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO_SEARCHES,
        family: Family::Search,
        needs: &[&["Search Query from Customer"], &["Search Request Date"]],
        columns: &[
            (&["Search Request Date"], Is::Time(MomentRole::Observed)),
            (&["Search Query from Customer"], Is::Text),
            (&["Device Name", "Device App Group"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO_PURCHASES,
        family: Family::Purchase,
        needs: &[&["Title"], &["Offer Type"], &["Grant Time", "Origin Time"]],
        columns: &[
            (&["Grant Time"], Is::Time(MomentRole::Start)),
            (&["Origin Time"], Is::Time(MomentRole::Created)),
            (&["Rental Expiry Time"], Is::Time(MomentRole::End)),
            (&["Title"], Is::Title),
            (&["Offer Type", "Quality"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: KINDLE,
        family: Family::Play,
        needs: &[
            &["start_time", "start_timestamp"],
            &["ASIN", "content_id"],
            &["total_reading_milliseconds", "total_reading_millis"],
        ],
        columns: &[
            (&["start_time", "start_timestamp"], Is::Time(MomentRole::Start)),
            (&["end_time", "end_timestamp"], Is::Time(MomentRole::End)),
            (&["product_name"], Is::Title),
            (
                &[
                    "ASIN",
                    "content_id",
                    "content_type",
                    "device_family",
                    "number_of_page_flips",
                    "personal_document_id",
                    "reading_marketplace",
                ],
                Is::Field,
            ),
            (&["total_reading_milliseconds", "total_reading_millis"], Is::Renamed),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Play,
        needs: &[&["Event Duration Milliseconds", "EventDuration"], &["Start Date"], &["ASIN"]],
        columns: &[
            (&["Start Date"], Is::Time(MomentRole::Start)),
            (&["End Date"], Is::Time(MomentRole::End)),
            (&["Product Name", "Title"], Is::Title),
            (
                &[
                    "ASIN",
                    "Event Duration Milliseconds",
                    "EventDuration",
                    "Narration Speed",
                    "DeviceType",
                    "StartPosition",
                    "EndPosition",
                    "BookLength",
                    "DeliveryType",
                    "Bookmark",
                    "AudioType",
                    "AsinOwned",
                    "ListeningMode",
                    "Store",
                    "AppVersion",
                    "LocalTimezone",
                ],
                Is::Field,
            ),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Purchase,
        needs: &[&["Length in Minutes"], &["Authors"]],
        columns: &[
            (&["Purchase Date"], Is::Time(MomentRole::Created)),
            (&["Last Updated"], Is::Time(MomentRole::Modified)),
            (&["Title", "Product Name"], Is::Title),
            (&["Authors"], Is::Name(PartyRole::Author)),
            (&["ASIN", "Length in Minutes"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Purchase,
        needs: &[&["DateAdded"], &["ASIN"], &["IsDownloaded", "Downloaded"]],
        columns: &[
            (&["DateAdded"], Is::Time(MomentRole::Created)),
            (&["DateFirstDownloaded"], Is::Time(MomentRole::Received)),
            (&["DateDeleted"], Is::Time(MomentRole::End)),
            (&["Title", "Product Name"], Is::Title),
            (
                &["ASIN", "DeleteBy", "IsPublic", "IsStreamed", "IsPreorder", "Downloads", "OrderNumber", "OriginType"],
                Is::Field,
            ),
            (&["IsDownloaded", "Downloaded"], Is::Renamed),
            (&["IsDeleted", "Deleted"], Is::Renamed),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Purchase,
        needs: &[&["Order Place Date"], &["Price Paid Member"]],
        columns: &[
            (&["Order Place Date"], Is::Time(MomentRole::Created)),
            (&["Title", "Product Name"], Is::Title),
            (&["ASIN", "Price Paid Member", "Type", "Status"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Payment,
        needs: &[&["BillingPeriodStartDate"], &["Plan"], &["TotalAmount"]],
        columns: &[
            (&["BillingPeriodStartDate"], Is::Time(MomentRole::Start)),
            (&["BillingPeriodEndDate"], Is::Time(MomentRole::End)),
            (&["TaxCreateDate"], Is::Time(MomentRole::Created)),
            (&["StatusLastupdatedDate"], Is::Time(MomentRole::Modified)),
            (&["OfferName", "Plan"], Is::Title),
            (
                &[
                    "BaseAmount",
                    "Tax",
                    "TotalAmount",
                    "Currency",
                    "Type",
                    "PlanBillingFreq",
                    "PlanBillingFee",
                    "OfferType",
                    "TransactionId",
                    "SubscriptionIdentifier",
                    "PlanSelectionIdentifier",
                    "MerchantName",
                    "TaxReason",
                    "Status",
                ],
                Is::Field,
            ),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: KINDLE_SYNC,
        family: Family::Activity,
        needs: &[&["ASIN"], &["Annotation Type"], &["Customer modified date on device"]],
        columns: &[
            (&["Customer modified date on device"], Is::Time(MomentRole::Modified)),
            (&["Product Name", "Annotation Type"], Is::Title),
            (&["ASIN", "Annotation Type", "Is Deleted"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Play,
        needs: &[&["Listen Duration in Milliseconds"], &["Date"]],
        columns: &[
            (&["Date"], Is::Time(MomentRole::Observed)),
            (&["Product Name"], Is::Title),
            (&["ASIN", "Device Type", "Listen Duration in Milliseconds", "Track Length in Milliseconds"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Search,
        path: &[&["listening", "music"]],
        needs: &[&["Query"], &["Event Date"]],
        columns: &[(&["Event Date"], Is::Time(MomentRole::Observed)), (&["Query"], Is::Text)],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Reaction,
        needs: &[&["Entity Type"], &["Rating"], &["Last Updated Date"]],
        columns: &[
            (&["Last Updated Date"], Is::Time(MomentRole::Modified)),
            (&["Product Name"], Is::Title),
            (&["ASIN", "Device Type", "Entity Type", "Rating"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Media,
        needs: &[&["Album Name"], &["Creation Date"], &["Artist Name", "Album Artist Name"]],
        columns: &[
            (&["Creation Date"], Is::Time(MomentRole::Created)),
            (&["Last Updated Date"], Is::Time(MomentRole::Modified)),
            (&["Title", "File Name", "Album Name"], Is::Title),
            (&["Artist Name"], Is::Name(PartyRole::Author)),
            (&["ASIN", "Album Artist Name"], Is::Field),
            (&["Primary Genre", "Album Primary Genre"], Is::Renamed),
        ],
        ..Sheet::NONE
    },
];
