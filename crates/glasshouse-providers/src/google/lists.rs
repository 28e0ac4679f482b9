//! The JSON documents of Takeout's products, as declarations for `items.rs`.

use super::items::{Doc, Is, List};
use super::locale::Product;
use glasshouse_model::Family;
use glasshouse_model::Framing::{JsonArrays, Whole};
use glasshouse_model::IdentifierKind::{Account, Email};
use glasshouse_model::MomentRole::{Created, End, Modified, Observed, Start};
use glasshouse_model::PartyRole::{Owner, Participant, Subject};

pub(super) const CHROME: &str = "chrome";
pub(super) const KEEP: &str = "keep";
pub(super) const PLAY: &str = "play-store";
pub(super) const FIT: &str = "fit";
pub(super) const PROFILE: &str = "profile";
pub(super) const YOUTUBE: &str = "youtube";
pub(super) const CONTRIBUTIONS: &str = "search-contributions";

/// Every document, the more telling first.
pub(super) static DOCS: &[Doc] = &[
    Doc {
        format: CHROME,
        product: Product::Chrome,
        needs: &["Browser History"],
        framing: JsonArrays(&["Browser History", "Typed Url", "Session"]),
        about: &[],
        lists: &[
            List {
                array: "Browser History",
                family: Family::WebVisit,
                kind: "visit",
                wrapper: "",
                members: &[
                    ("time_usec", Is::Micros(Observed)),
                    ("title", Is::Title),
                    ("url", Is::Field),
                    ("page_transition", Is::Field),
                    ("page_transition_qualifier", Is::Field),
                    ("client_id", Is::Field),
                    ("favicon_url", Is::Field),
                    ("ptoken", Is::Field),
                ],
            },
            List {
                array: "Typed Url",
                family: Family::WebVisit,
                kind: "typed address",
                wrapper: "",
                members: &[
                    ("visits/*", Is::Chrome(Observed)),
                    ("title", Is::Title),
                    ("url", Is::Field),
                    ("hidden", Is::Field),
                    ("visit_transitions", Is::Field),
                ],
            },
            List {
                array: "Session",
                family: Family::WebVisit,
                kind: "tab",
                wrapper: "",
                members: &[
                    ("tab/navigation/*/timestamp_msec", Is::Millis(Observed)),
                    ("tab/navigation/*/title", Is::Title),
                    ("session_tag", Is::Field),
                    ("header", Is::Field),
                    ("tab_node_id", Is::Field),
                ],
            },
        ],
    },
    Doc {
        format: CHROME,
        product: Product::Chrome,
        needs: &["Autofill", "Autofill Profile"],
        framing: JsonArrays(&["Autofill", "Autofill Profile"]),
        about: &[],
        lists: &[
            List {
                array: "Autofill",
                family: Family::Activity,
                kind: "form entry",
                wrapper: "",
                members: &[("usage_timestamp/*", Is::Chrome(Observed)), ("name", Is::Title), ("value", Is::Text)],
            },
            List {
                array: "Autofill Profile",
                family: Family::Contact,
                kind: "address",
                wrapper: "",
                members: &[
                    ("use_date", Is::Seconds(Observed)),
                    ("name_full/*", Is::Name(Owner)),
                    ("email_address/*", Is::Id(Owner, Email)),
                    ("address_home_street_address", Is::Address),
                    ("guid", Is::Field),
                    ("origin", Is::Field),
                    ("use_count", Is::Field),
                    ("name_first", Is::Field),
                    ("name_middle", Is::Field),
                    ("name_last", Is::Field),
                    ("company_name", Is::Field),
                    ("address_home_line1", Is::Field),
                    ("address_home_line2", Is::Field),
                    ("address_home_city", Is::Field),
                    ("address_home_state", Is::Field),
                    ("address_home_zip", Is::Field),
                    ("address_home_country", Is::Field),
                    ("address_home_language_code", Is::Field),
                    ("phone_home_whole_number", Is::Field),
                ],
            },
        ],
    },
    Doc {
        format: CHROME,
        product: Product::Chrome,
        needs: &["Device Info"],
        framing: JsonArrays(&["Device Info"]),
        about: &[],
        lists: &[List {
            array: "Device Info",
            family: Family::Device,
            kind: "device",
            wrapper: "",
            members: &[
                ("last_updated_timestamp", Is::Millis(Modified)),
                ("client_name", Is::Title),
                ("cache_guid", Is::Field),
                ("device_type", Is::Field),
                ("sync_user_agent", Is::Field),
                ("chrome_version", Is::Field),
                ("signin_scoped_device_id", Is::Field),
                ("manufacturer", Is::Field),
                ("model", Is::Field),
                ("hardware_class", Is::Field),
                ("os_type", Is::Field),
                ("device_form_factor", Is::Field),
                ("feature_fields", Is::Field),
                ("invalidation_fields", Is::Field),
                ("sharing_fields", Is::Field),
                ("chrome_version_info", Is::Field),
                ("google_play_services_version_info", Is::Field),
                ("pulse_interval_in_minutes", Is::Field),
                ("full_hardware_class", Is::Field),
                ("paask_info", Is::Field),
                ("phone_as_a_security_key_info", Is::Field),
            ],
        }],
    },
    Doc {
        format: CHROME,
        product: Product::Chrome,
        needs: &["Extensions"],
        framing: JsonArrays(&["Extensions"]),
        about: &[],
        lists: &[List {
            array: "Extensions",
            family: Family::App,
            kind: "extension",
            wrapper: "",
            members: &[
                ("name", Is::Title),
                ("id", Is::Field),
                ("version", Is::Field),
                ("enabled", Is::Field),
                ("installed_by_custodian", Is::Field),
                ("incognito_enabled", Is::Field),
                ("remote_install", Is::Field),
                ("disable_reasons", Is::Field),
            ],
        }],
    },
    Doc {
        format: CHROME,
        product: Product::Chrome,
        needs: &["Search Engines"],
        framing: JsonArrays(&["Search Engines"]),
        about: &[],
        lists: &[List {
            array: "Search Engines",
            family: Family::Setting,
            kind: "search engine",
            wrapper: "",
            members: &[
                // Counted since 1601 in some versions and since 1970 in others: kept, and no instant stated.
                ("short_name", Is::Title),
                ("date_created", Is::Field),
                ("last_modified", Is::Field),
                ("url", Is::Field),
                ("keyword", Is::Field),
                ("favicon_url", Is::Field),
                ("suggestions_url", Is::Field),
                ("safe_for_autoreplace", Is::Field),
                ("originating_url", Is::Field),
                ("input_encodings", Is::Field),
                ("prepopulate_id", Is::Field),
                ("sync_guid", Is::Field),
                ("alternate_urls", Is::Field),
                ("is_active", Is::Field),
                ("starter_pack_id", Is::Field),
                ("new_tab_url", Is::Field),
                ("image_url", Is::Field),
                ("image_url_post_params", Is::Field),
                ("search_url_post_params", Is::Field),
                ("suggestions_url_post_params", Is::Field),
            ],
        }],
    },
    Doc {
        format: CHROME,
        product: Product::Chrome,
        needs: &["Omnibox"],
        framing: JsonArrays(&["Omnibox"]),
        about: &[],
        lists: &[List {
            array: "Omnibox",
            family: Family::WebVisit,
            kind: "omnibox",
            wrapper: "",
            members: &[
                ("visits/*", Is::Chrome(Observed)),
                ("title", Is::Title),
                ("url", Is::Field),
                ("hidden", Is::Field),
                ("visit_transitions", Is::Field),
            ],
        }],
    },
    Doc {
        format: CHROME,
        product: Product::Chrome,
        needs: &[
            "Preferences",
            "Priority Preferences",
            "OS Preferences",
            "OS Preference",
            "OS Priority Preference",
            "Arc Package",
            "Apps",
            "App Settings",
            "Theme",
            "Themes",
        ],
        framing: JsonArrays(&[
            "Preferences",
            "Priority Preferences",
            "OS Preferences",
            "OS Priority Preferences",
            "OS Preference",
            "OS Priority Preference",
            "Arc Package",
            "Apps",
            "App Settings",
            "Extension Settings",
        ]),
        about: &[],
        lists: &[
            SETTINGS,
            List { array: "Priority Preferences", ..SETTINGS },
            List { array: "OS Preferences", ..SETTINGS },
            List { array: "OS Priority Preferences", ..SETTINGS },
            List { array: "OS Preference", ..SETTINGS },
            List { array: "OS Priority Preference", wrapper: "preference", ..SETTINGS },
            List {
                array: "Arc Package",
                family: Family::App,
                kind: "android app",
                wrapper: "",
                // Nobody says in which unit the time of the backup is counted: it is kept, and no instant stated.
                members: &[
                    ("package_name", Is::Title),
                    ("package_version", Is::Field),
                    ("last_backup_android_id", Is::Field),
                    ("last_backup_time", Is::Field),
                ],
            },
            List { array: "Apps", kind: "app", ..SETTINGS },
            List { array: "App Settings", kind: "app setting", ..SETTINGS },
            List { array: "Extension Settings", kind: "extension setting", ..SETTINGS },
        ],
    },
    Doc {
        format: KEEP,
        product: Product::Keep,
        needs: &["userEditedTimestampUsec", "textContent", "listContent", "isTrashed"],
        framing: Whole,
        about: &[],
        lists: &[List {
            array: "",
            family: Family::Note,
            kind: "",
            wrapper: "",
            members: &[
                ("createdTimestampUsec", Is::Micros(Created)),
                ("userEditedTimestampUsec", Is::Micros(Modified)),
                ("title", Is::Title),
                ("textContent", Is::Text),
                ("listContent/*/text", Is::Text),
                ("sharees/*/email", Is::Id(Participant, Email)),
                ("attachments/*/filePath", Is::File),
                ("textContentHtml", Is::Field),
                ("annotations", Is::Field),
                ("labels", Is::Field),
                ("color", Is::Field),
                ("isTrashed", Is::Field),
                ("isPinned", Is::Field),
                ("isArchived", Is::Field),
            ],
        }],
    },
    Doc {
        format: YOUTUBE,
        product: Product::YouTube,
        needs: &["snippet"],
        framing: JsonArrays(&[""]),
        about: &[],
        lists: &[List {
            array: "",
            family: Family::Reaction,
            kind: "list entry",
            wrapper: "",
            members: &[
                ("snippet/publishedAt", Is::Time(Created)),
                ("snippet/title", Is::Title),
                ("snippet/description", Is::Text),
                ("snippet/resourceId/channelId", Is::Id(Subject, Account)),
                ("snippet/playlistId", Is::Thread),
                ("contentDetails", Is::Field),
                ("etag", Is::Field),
                ("id", Is::Field),
                ("kind", Is::Field),
                ("status", Is::Field),
                ("subscriberSnippet", Is::Field),
            ],
        }],
    },
    play("install", INSTALL),
    play("libraryDoc", LIBRARY),
    play("device", DEVICE),
    play("purchaseHistory", PURCHASE),
    play("orderHistory", ORDER),
    play("review", REVIEW),
    play("subscription", SUBSCRIPTION),
    play("redemptionHistory", REDEMPTION),
    Doc {
        format: PROFILE,
        product: Product::Profile,
        needs: &["displayName", "formattedName", "givenName"],
        framing: Whole,
        about: &[],
        lists: &[List {
            array: "",
            family: Family::Account,
            kind: "profile",
            wrapper: "",
            members: &[
                ("displayName", Is::Title),
                ("name/formattedName", Is::Name(Owner)),
                ("emails/*/value", Is::Id(Owner, Email)),
                ("name", Is::Field),
                ("birthday", Is::Field),
                ("gender", Is::Field),
            ],
        }],
    },
    contributions(&["Review Star Rating", "Review Comment"], REVIEWED),
    contributions(&["Thumbs Rating"], THUMBED),
    contributions(&["Provider Name"], STREAMED),
    // What is left is what was watched; what act made an entry is not said.
    contributions(&["Search Query"], WATCHED),
    Doc {
        format: FIT,
        product: Product::Fit,
        needs: &["fitnessActivity"],
        framing: Whole,
        about: &[],
        lists: &[List {
            array: "",
            family: Family::Health,
            kind: "session",
            wrapper: "",
            members: &[
                ("startTime", Is::Time(Start)),
                ("endTime", Is::Time(End)),
                ("fitnessActivity", Is::Title),
                ("duration", Is::Field),
                ("segment", Is::Field),
                ("aggregate", Is::Field),
            ],
        }],
    },
    Doc {
        format: FIT,
        product: Product::Fit,
        needs: &["Data Points"],
        framing: JsonArrays(&["Data Points"]),
        about: &["Data Source"],
        lists: &[List {
            array: "Data Points",
            family: Family::Health,
            kind: "data point",
            wrapper: "",
            members: &[
                ("startTimeNanos", Is::Nanos(Start)),
                ("endTimeNanos", Is::Nanos(End)),
                ("modifiedTimeMillis", Is::Millis(Modified)),
                ("dataTypeName", Is::Title),
                ("fitValue", Is::Field),
                ("originDataSourceId", Is::Field),
                ("rawTimestampNanos", Is::Field),
            ],
        }],
    },
];

const SETTINGS: List = List {
    array: "Preferences",
    family: Family::Setting,
    kind: "preference",
    wrapper: "",
    members: &[("name", Is::Title), ("value", Is::Text), ("extension", Is::Field), ("app", Is::Field)],
};

/// One of the Play Store's documents: an array of objects of one member each.
const fn play(wrapper: &'static str, list: &'static [List]) -> Doc {
    Doc {
        format: PLAY,
        product: Product::PlayStore,
        needs: match wrapper.as_bytes() {
            b"install" => &["install"],
            b"libraryDoc" => &["libraryDoc"],
            b"device" => &["device"],
            b"purchaseHistory" => &["purchaseHistory"],
            b"orderHistory" => &["orderHistory"],
            b"review" => &["review"],
            b"subscription" => &["subscription"],
            _ => &["redemptionHistory"],
        },
        framing: JsonArrays(&[""]),
        about: &[],
        lists: list,
    }
}

const DOC: (&str, Is) = ("doc/title", Is::Title);

const INSTALL: &[List] = &[List {
    array: "",
    family: Family::App,
    kind: "installation",
    wrapper: "install",
    members: &[
        ("firstInstallationTime", Is::Time(Observed)),
        ("lastUpdateTime", Is::Time(Modified)),
        DOC,
        ("deviceAttribute", Is::Field),
    ],
}];

const LIBRARY: &[List] = &[List {
    array: "",
    family: Family::App,
    kind: "in the library",
    wrapper: "libraryDoc",
    members: &[("acquisitionTime", Is::Time(Created)), DOC],
}];

const DEVICE: &[List] = &[List {
    array: "",
    family: Family::Device,
    kind: "device",
    wrapper: "device",
    members: &[
        ("deviceRegistrationTime", Is::Time(Created)),
        ("userAddedOnDeviceTime", Is::Time(Created)),
        ("lastTimeDeviceActive", Is::Time(Observed)),
        ("mostRecentData/modelName", Is::Title),
        ("deviceIpCountry", Is::Field),
        ("mostRecentData", Is::Field),
    ],
}];

const PURCHASE: &[List] = &[List {
    array: "",
    family: Family::Purchase,
    kind: "purchase",
    wrapper: "purchaseHistory",
    members: &[
        ("purchaseTime", Is::Time(Created)),
        DOC,
        ("invoicePrice", Is::Field),
        ("paymentMethodTitle", Is::Field),
        ("userLanguageCode", Is::Field),
        ("userCountry", Is::Field),
    ],
}];

const ORDER: &[List] = &[List {
    array: "",
    family: Family::Purchase,
    kind: "order",
    wrapper: "orderHistory",
    members: &[
        ("creationTime", Is::Time(Created)),
        ("lineItem/*/doc/title", Is::Title),
        ("billingContact/name", Is::Name(Owner)),
        ("billingContact/email", Is::Id(Owner, Email)),
        ("orderId", Is::Field),
        ("billingInstrument", Is::Field),
        ("associatedContact", Is::Field),
        ("ipAddress", Is::Field),
        ("ipCountry", Is::Field),
        ("totalPrice", Is::Field),
        ("tax", Is::Field),
        ("refundAmount", Is::Field),
        ("preorder", Is::Field),
    ],
}];

const REVIEW: &[List] = &[List {
    array: "",
    family: Family::Post,
    kind: "review",
    wrapper: "review",
    members: &[
        ("creationTime", Is::Time(Created)),
        ("document/title", Is::Title),
        DOC,
        ("comment", Is::Text),
        ("starRating", Is::Field),
        ("title", Is::Field),
        ("structuredReviewResponse", Is::Field),
    ],
}];

const SUBSCRIPTION: &[List] = &[List {
    array: "",
    family: Family::Purchase,
    kind: "subscription",
    wrapper: "subscription",
    members: &[
        DOC,
        ("renewalDate", Is::Field),
        ("period", Is::Field),
        ("price", Is::Field),
        ("state", Is::Field),
        ("pricing", Is::Field),
        ("userChangeRecord", Is::Field),
    ],
}];

const REDEMPTION: &[List] = &[List {
    array: "",
    family: Family::Payment,
    kind: "redemption",
    wrapper: "redemptionHistory",
    members: &[("redemptionTime", Is::Time(Created)), DOC],
}];

/// One of the lists of Search Contributions: their members have names for people.
const fn contributions(needs: &'static [&'static str], lists: &'static [List]) -> Doc {
    Doc {
        format: CONTRIBUTIONS,
        product: Product::SearchContributions,
        needs,
        framing: JsonArrays(&[""]),
        about: &[],
        lists,
    }
}

const WATCHED: &[List] = &[List {
    array: "",
    family: Family::Activity,
    kind: "watched",
    wrapper: "",
    members: &[
        ("Published", Is::Time(Created)),
        ("Updated", Is::Time(Modified)),
        ("Search Query", Is::Title),
        ("Provider Name", Is::Title),
        ("Review Comment", Is::Text),
        ("Review Star Rating", Is::Field),
        ("Thumbs Rating", Is::Field),
    ],
}];
const REVIEWED: &[List] = &[List { family: Family::Post, kind: "review", ..WATCHED[0] }];
const THUMBED: &[List] = &[List { family: Family::Reaction, kind: "thumbs", ..WATCHED[0] }];
const STREAMED: &[List] = &[List { family: Family::Setting, kind: "streaming provider", ..WATCHED[0] }];
