//! Tables of Prime Video, Kindle, Audible, Amazon Music and of registered devices.

use crate::formats::sheet::Sheet;
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
        moments: &[
            (MomentRole::Start, &["First Time Registered"]),
            (MomentRole::Observed, &["Last Time Registered"]),
            (MomentRole::End, &["Time Deregistered"]),
        ],
        title: &["Account Name", "Amazon Device Model Name"],
        known: &[
            &["Amazon Device Model Name"],
            &["Current Firmware Version"],
            &["Customer Login Pool"],
            &["Customer Type"],
            &["Device Account Role"],
            &["Device Model"],
            &["Device Pairing Details"],
            &["Device Serial Number"],
            &["IP Address"],
            &["Local Time Offset"],
            &["State"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO,
        family: Family::Play,
        needs: &[&["TitleName"], &["MostRecentWatchDate"]],
        moments: &[(MomentRole::Observed, &["MostRecentWatchDate"])],
        title: &["TitleName"],
        text: &[&["TitleDescription"]],
        known: &[&["SecondsWatched"], &["LatestWatchProgress"], &["DeletedFromWatchHistory"], &["EntityType"]],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO,
        family: Family::Play,
        needs: &[&["Playback Start Datetime (UTC)", "Playback Start Datetime"]],
        moments: &[
            (MomentRole::Start, &["Playback Start Datetime (UTC)", "Playback Start Datetime"]),
            (MomentRole::End, &["Playback End Datetime (UTC)", "Playback End Datetime"]),
        ],
        title: &["Title"],
        known: &[
            &["Seconds Viewed"],
            &["Material Type Description"],
            &["Is Deleted"],
            &["Device Manufacturer Name"],
            &["Amazon Device Model Name"],
            &["Device Model"],
            &["Content Quality Delivered"],
            &["Country Code"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO,
        family: Family::Play,
        needs: &[&["Playback Hour"], &["Title"]],
        moments: &[(MomentRole::Start, &["Playback Hour"])],
        title: &["Title"],
        known: &[
            &["Operating System"],
            &["Browser"],
            &["Delivery Type"],
            &["City"],
            &["Country"],
            &["ISP"],
            &["State"],
            &["Content Quality Entitled"],
            &["Entitlement Type"],
            &["Video Type"],
            &["Audio Language"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO_LIST,
        family: Family::Activity,
        needs: &[&["itemAddedDate"], &["catalogTitle", "listId", "itemType"]],
        moments: &[(MomentRole::Observed, &["itemAddedDate"])],
        title: &["catalogTitle"],
        known: &[&["listId"], &["itemType"], &["deleted"]],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO_SEARCHES,
        family: Family::Search,
        needs: &[&["Search Query from Customer"], &["Search Request Date"]],
        moments: &[(MomentRole::Observed, &["Search Request Date"])],
        text: &[&["Search Query from Customer"]],
        known: &[&["Device Name"], &["Device App Group"]],
        ..Sheet::NONE
    },
    Sheet {
        format: VIDEO_PURCHASES,
        family: Family::Purchase,
        needs: &[&["Title"], &["Offer Type"], &["Grant Time", "Origin Time"]],
        moments: &[
            (MomentRole::Start, &["Grant Time"]),
            (MomentRole::Created, &["Origin Time"]),
            (MomentRole::End, &["Rental Expiry Time"]),
        ],
        title: &["Title"],
        known: &[&["Offer Type"], &["Quality"]],
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
        moments: &[
            (MomentRole::Start, &["start_time", "start_timestamp"]),
            (MomentRole::End, &["end_time", "end_timestamp"]),
        ],
        title: &["product_name"],
        known: &[
            &["ASIN"],
            &["content_id"],
            &["content_type"],
            &["device_family"],
            &["number_of_page_flips"],
            &["personal_document_id"],
            &["reading_marketplace"],
            &["total_reading_milliseconds", "total_reading_millis"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Play,
        needs: &[&["Event Duration Milliseconds", "EventDuration"], &["Start Date"], &["ASIN"]],
        moments: &[(MomentRole::Start, &["Start Date"]), (MomentRole::End, &["End Date"])],
        title: &["Product Name", "Title"],
        known: &[
            &["ASIN"],
            &["Event Duration Milliseconds"],
            &["EventDuration"],
            &["Narration Speed"],
            &["DeviceType"],
            &["StartPosition"],
            &["EndPosition"],
            &["BookLength"],
            &["DeliveryType"],
            &["Bookmark"],
            &["AudioType"],
            &["AsinOwned"],
            &["ListeningMode"],
            &["Store"],
            &["AppVersion"],
            &["LocalTimezone"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Purchase,
        needs: &[&["Length in Minutes"], &["Authors"]],
        moments: &[(MomentRole::Created, &["Purchase Date"]), (MomentRole::Modified, &["Last Updated"])],
        title: &["Title", "Product Name"],
        parties: &[(PartyRole::Author, None, &["Authors"])],
        known: &[&["ASIN"], &["Length in Minutes"]],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Purchase,
        needs: &[&["DateAdded"], &["ASIN"], &["IsDownloaded", "Downloaded"]],
        moments: &[
            (MomentRole::Created, &["DateAdded"]),
            (MomentRole::Received, &["DateFirstDownloaded"]),
            (MomentRole::End, &["DateDeleted"]),
        ],
        title: &["Title", "Product Name"],
        known: &[
            &["ASIN"],
            &["IsDownloaded", "Downloaded"],
            &["IsDeleted", "Deleted"],
            &["DeleteBy"],
            &["IsPublic"],
            &["IsStreamed"],
            &["IsPreorder"],
            &["Downloads"],
            &["OrderNumber"],
            &["OriginType"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Purchase,
        needs: &[&["Order Place Date"], &["Price Paid Member"]],
        moments: &[(MomentRole::Created, &["Order Place Date"])],
        title: &["Title", "Product Name"],
        known: &[&["ASIN"], &["Price Paid Member"], &["Type"], &["Status"]],
        ..Sheet::NONE
    },
    Sheet {
        format: AUDIBLE,
        family: Family::Payment,
        needs: &[&["BillingPeriodStartDate"], &["Plan"], &["TotalAmount"]],
        moments: &[
            (MomentRole::Start, &["BillingPeriodStartDate"]),
            (MomentRole::End, &["BillingPeriodEndDate"]),
            (MomentRole::Created, &["TaxCreateDate"]),
            (MomentRole::Modified, &["StatusLastupdatedDate"]),
        ],
        title: &["OfferName", "Plan"],
        known: &[
            &["BaseAmount"],
            &["Tax"],
            &["TotalAmount"],
            &["Currency"],
            &["Type"],
            &["PlanBillingFreq"],
            &["PlanBillingFee"],
            &["OfferType"],
            &["TransactionId"],
            &["SubscriptionIdentifier"],
            &["PlanSelectionIdentifier"],
            &["MerchantName"],
            &["TaxReason"],
            &["Status"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: KINDLE_SYNC,
        family: Family::Activity,
        needs: &[&["ASIN"], &["Annotation Type"], &["Customer modified date on device"]],
        moments: &[(MomentRole::Modified, &["Customer modified date on device"])],
        title: &["Product Name", "Annotation Type"],
        known: &[&["ASIN"], &["Annotation Type"], &["Is Deleted"]],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Play,
        needs: &[&["Listen Duration in Milliseconds"], &["Date"]],
        moments: &[(MomentRole::Observed, &["Date"])],
        title: &["Product Name"],
        known: &[&["ASIN"], &["Device Type"], &["Listen Duration in Milliseconds"], &["Track Length in Milliseconds"]],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Search,
        path: &[&["listening", "music"]],
        needs: &[&["Query"], &["Event Date"]],
        moments: &[(MomentRole::Observed, &["Event Date"])],
        text: &[&["Query"]],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Reaction,
        needs: &[&["Entity Type"], &["Rating"], &["Last Updated Date"]],
        moments: &[(MomentRole::Modified, &["Last Updated Date"])],
        title: &["Product Name"],
        known: &[&["ASIN"], &["Device Type"], &["Entity Type"], &["Rating"]],
        ..Sheet::NONE
    },
    Sheet {
        format: MUSIC,
        family: Family::Media,
        needs: &[&["Album Name"], &["Creation Date"], &["Artist Name", "Album Artist Name"]],
        moments: &[(MomentRole::Created, &["Creation Date"]), (MomentRole::Modified, &["Last Updated Date"])],
        title: &["Title", "File Name", "Album Name"],
        parties: &[(PartyRole::Author, None, &["Artist Name"])],
        known: &[&["ASIN"], &["Album Artist Name"], &["Primary Genre", "Album Primary Genre"]],
        ..Sheet::NONE
    },
];
