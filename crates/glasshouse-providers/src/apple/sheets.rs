//! The tables of an Apple export, by the columns that tell them.

use crate::formats::sheet::{Is, Sheet};
use crate::formats::wall::Clock;
use glasshouse_model::IdentifierKind::Account as AccountId;
use glasshouse_model::MomentRole::{Created, End, Modified, Observed, Start};
use glasshouse_model::PartyRole::Owner;
use glasshouse_model::{Family, IdentifierKind};

pub(super) const ACCOUNT: &str = "account";
pub(super) const STORE: &str = "store";
pub(super) const SUPPORT: &str = "support";
pub(super) const APPS: &str = "apps";
pub(super) const SAFARI: &str = "safari";

/// Tables whose columns no other service has.
pub(super) static SURE: &[Sheet] = &[
    Sheet {
        format: ACCOUNT,
        family: Family::Account,
        kind: "account",
        needs: &[&["Last Update Date"], &["Last Password Change Date"]],
        columns: &[
            (&["Last Update Date"], Is::Time(Modified)),
            (&["Last Password Change Date"], Is::Time(Modified)),
            (&["Apple ID", "Apple Account"], Is::Id(Owner, AccountId)),
            (&["Apple ID Number", "Apple Account Number"], Is::Id(Owner, AccountId)),
            (&["Full Name", "Name"], Is::Name(Owner)),
            (&["Email", "Email Address", "Primary Email Address"], Is::Id(Owner, IdentifierKind::Email)),
            (&["Advanced Data Protection - Device IP Address", "Advanced Data Protection - Device Name"], Is::Field),
            (&["Advanced Data Protection - Device Serial Number"], Is::Field),
        ],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: ACCOUNT,
        family: Family::Device,
        kind: "device",
        needs: &[&["Device Name"], &["Device Added Date"]],
        columns: &[
            (&["Device Added Date"], Is::Time(Created)),
            (&["Device Last Heartbeat Timestamp"], Is::Time(Observed)),
            (&["Device Name"], Is::Title),
            (&["Device Last Heartbeat IP", "Device Last Heartbeat IP Address", "Device Serial Number"], Is::Field),
            (&["Device Model Name", "Device OS Version", "Device Time Zone", "Device Locale Language"], Is::Field),
            (&["Device IMEI", "Device MEID", "Device ICCID"], Is::Field),
        ],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: ACCOUNT,
        family: Family::Login,
        kind: "sign-on",
        needs: &[&["Logged In Date"], &["Application"]],
        columns: &[
            (&["Logged In Date"], Is::Time(Observed)),
            (&["Application"], Is::Title),
            (&["IP Address", "Device Identifier"], Is::Field),
        ],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: ACCOUNT,
        family: Family::Activity,
        kind: "data request",
        needs: &[&["Request Time"], &["Request Completion Time"]],
        columns: &[
            (&["Request Time"], Is::Time(Created)),
            (&["Request Completion Time"], Is::Time(End)),
            (&["Request ID"], Is::Field),
            (&["Request Type"], Is::Title),
        ],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: ACCOUNT,
        family: Family::Device,
        kind: "messaging device",
        needs: &[&["device-name"], &["hardware-version"], &["os-version"]],
        columns: &[(&["device-name"], Is::Title)],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: STORE,
        family: Family::Purchase,
        kind: "store transaction",
        needs: &[&["Item Purchased Date"], &["Item Description"]],
        columns: &[
            (&["Item Purchased Date"], Is::Time(Created)),
            (&["Item Description"], Is::Title),
            (&["Content Type", "Item Reference Number", "Seller", "Order Number", "Currency"], Is::Field),
            (&["Invoice Item Total", "Device Identifier", "Device IP Address"], Is::Field),
        ],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: STORE,
        family: Family::Play,
        kind: "play",
        needs: &[&["Event Start Timestamp"], &["Event End Timestamp"], &["Song Name", "Content Name", "Title"]],
        columns: &[
            (&["Event Start Timestamp"], Is::Time(Start)),
            (&["Event End Timestamp"], Is::Time(End)),
            (&["Event Received Timestamp"], Is::Field),
            (&["Song Name", "Content Name", "Title"], Is::Title),
            (&["Event Type", "Artist Name", "Album Name", "Container Name"], Is::Field),
            (&["Media Duration In Milliseconds", "Play Duration Milliseconds", "End Reason Type"], Is::Field),
            (&["Client IP Address", "Device Identifier", "Device Type", "UTC Offset In Seconds"], Is::Field),
        ],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: STORE,
        family: Family::Setting,
        kind: "family sharing",
        needs: &[&["Family Sharing Enabled"], &["App Name"]],
        columns: &[(&["Last Modified Date"], Is::Time(Modified)), (&["App Name"], Is::Title)],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: APPS,
        family: Family::App,
        kind: "push notification",
        needs: &[&["Event Time"], &["App Name"], &["IP Network", "IP City", "IP Country Code"]],
        columns: &[
            (&["Event Time"], Is::Time(Observed)),
            (&["App Name"], Is::Title),
            (&["IP Region Code", "User Agent"], Is::Field),
        ],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: APPS,
        family: Family::App,
        kind: "installation",
        needs: &[&["App Name"], &["Event Date"], &["Installation Type"]],
        columns: &[
            (&["Event Date"], Is::Time(Observed)),
            (&["App Name"], Is::Title),
            (&["Application ID", "Application Type", "Apple ID Number", "Client Event ID"], Is::Field),
            (&["Device Identifier", "Device OS Version", "Event Type", "External Referral URL", "Origin"], Is::Field),
            (&["OS Build Version", "Platform Name", "Store Front Name"], Is::Field),
        ],
        clock: Some(Clock { month_first: true, ..Clock::UNKNOWN }),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Activity,
        kind: "repair",
        needs: &[&["Repair Created Date"], &["Serial Number"]],
        columns: &[(&["Repair Created Date"], Is::Time(Created))],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Device,
        kind: "warranty",
        needs: &[&["Warranty Start Date"], &["Serial Number"]],
        columns: &[(&["Warranty Start Date"], Is::Time(Start)), (&["Warranty End Date"], Is::Time(End))],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Device,
        kind: "registration",
        needs: &[&["Registration_Timestamp"], &["Serial_Nr"]],
        columns: &[(&["Registration_Timestamp"], Is::Time(Created))],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
];

/// Tables whose columns others have too: these only within an Apple folder.
pub(super) static WITHIN: &[Sheet] = &[
    Sheet {
        format: SAFARI,
        family: Family::WebVisit,
        needs: &[&["URL"], &["Time"], &["Title"]],
        columns: &[(&["Time"], Is::Time(Observed)), (&["Title"], Is::Title)],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: STORE,
        family: Family::Reaction,
        kind: "preference",
        needs: &[&["Preference"], &["Created"], &["Item Description"]],
        columns: &[
            (&["Created"], Is::Time(Created)),
            (&["Last Modified"], Is::Time(Modified)),
            (&["Item Description"], Is::Title),
            (&["Preference"], Is::Text),
            (&["Item Reference"], Is::Field),
        ],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: STORE,
        family: Family::Activity,
        kind: "click",
        needs: &[&["Event Date Time"], &["Event Type"]],
        columns: &[
            (&["Event Date Time"], Is::Time(Observed)),
            (&["App", "App Name", "Media Bundle App Name"], Is::Title),
        ],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: STORE,
        family: Family::Device,
        kind: "computer authorization",
        needs: &[&["Associated Date"], &["Device Name"]],
        columns: &[(&["Associated Date"], Is::Time(Created)), (&["Device Name"], Is::Title)],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: STORE,
        family: Family::App,
        kind: "download",
        needs: &[&["Activity Date"], &["Item Description"]],
        columns: &[(&["Activity Date"], Is::Time(Observed)), (&["Item Description"], Is::Title)],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Purchase,
        kind: "online order",
        needs: &[&["Order Date"], &["Description"]],
        columns: &[(&["Order Date"], Is::Time(Created)), (&["Description"], Is::Title)],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Purchase,
        kind: "device purchase",
        needs: &[&["Purchase Date"], &["Product Description"]],
        columns: &[
            (&["Purchase Date"], Is::Time(Created)),
            (&["Product Description"], Is::Title),
            (&["Serial Number"], Is::Field),
        ],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Activity,
        kind: "case",
        needs: &[&["Creation Date"], &["Case Title"]],
        columns: &[(&["Creation Date"], Is::Time(Created)), (&["Case Title"], Is::Title)],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Activity,
        kind: "repair",
        needs: &[&["TimeStamp"], &["Serial Number"]],
        columns: &[(&["TimeStamp"], Is::Time(Created))],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
    Sheet {
        format: SUPPORT,
        family: Family::Ad,
        kind: "marketing",
        needs: &[&["Delivery Time", "Response Time"], &["Communication Name"]],
        columns: &[
            (&["Delivery Time"], Is::Time(Observed)),
            (&["Response Time"], Is::Time(Observed)),
            (&["Communication Name"], Is::Title),
            (&["Response Type"], Is::Field),
        ],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    },
];
