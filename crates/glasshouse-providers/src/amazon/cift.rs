//! What the CIFT tool wrote after asking Alexa's cloud: one table a kind of thing, `cift_amazon_alexa_*.csv`.

use crate::TreeEntry;
use crate::formats::sheet::{Is, Sheet};
use glasshouse_model::IdentifierKind::{Account, Email, Phone};
use glasshouse_model::{Family, MomentRole, PartyRole};

pub(super) const FORMAT: &str = "alexa-cift";

/// Says whether an entry is one of the raw answers beside the tables.
pub(super) fn is_evidence(entry: &TreeEntry) -> bool {
    entry.path.split('/').any(|folder| folder == "Evidence_Library")
}

const BASE: Sheet = Sheet { format: FORMAT, files: true, path: &[&["cift_amazon_alexa"]], ..Sheet::NONE };

pub(super) static SHEETS: &[Sheet] = &[
    Sheet {
        family: Family::File,
        needs: &[&["saved_path"], &["sha1"]],
        columns: &[
            (&["saved_timestamp"], Is::Time(MomentRole::Observed)),
            (&["modified_timestamp"], Is::Time(MomentRole::Modified)),
            (&["desc"], Is::Title),
            (&["id", "operation_type", "src_path", "saved_path", "sha1", "timezone"], Is::Field),
        ],
        ..BASE
    },
    Sheet {
        family: Family::Account,
        needs: &[&["customer_id"], &["customer_name"]],
        columns: &[
            (&["customer_name"], Is::Name(PartyRole::Owner)),
            (&["customer_email"], Is::Id(PartyRole::Owner, Email)),
            (&["phone_number"], Is::Id(PartyRole::Owner, Phone)),
            (&["customer_id"], Is::Id(PartyRole::Owner, Account)),
            (&["comms_id"], Is::Id(PartyRole::Owner, Account)),
            (&["authenticated"], Is::Field),
            (&["source_id", "source"], Is::Renamed),
        ],
        ..BASE
    },
    Sheet {
        family: Family::Contact,
        needs: &[&["contact_id"], &["is_home_group"]],
        columns: &[
            (&["first_name"], Is::Name(PartyRole::Subject)),
            (&["last_name"], Is::Name(PartyRole::Subject)),
            (&["number"], Is::Id(PartyRole::Subject, Phone)),
            (&["email"], Is::Id(PartyRole::Subject, Email)),
            (&["comms_id"], Is::Id(PartyRole::Subject, Account)),
            (&["is_home_group", "contact_id"], Is::Field),
            (&["source_id", "source"], Is::Renamed),
        ],
        ..BASE
    },
    Sheet {
        family: Family::Setting,
        needs: &[&["ssid"], &["security_method"]],
        columns: &[
            (&["ssid"], Is::Title),
            (&["security_method", "pre_shared_key"], Is::Field),
            (&["source_id", "source"], Is::Renamed),
        ],
        ..BASE
    },
    Sheet {
        family: Family::Setting,
        needs: &[&["name"], &["value"], &["device_serial_number"]],
        columns: &[
            (&["name"], Is::Title),
            (&["value"], Is::Text),
            (&["device_serial_number"], Is::Field),
            (&["source_id", "source"], Is::Renamed),
        ],
        ..BASE
    },
    Sheet {
        family: Family::Device,
        needs: &[&["device_account_id"], &["device_serial_number"]],
        columns: &[
            (&["device_account_name"], Is::Title),
            (&["address"], Is::Address),
            (
                &[
                    "device_family",
                    "device_account_id",
                    "customer_id",
                    "device_serial_number",
                    "device_type",
                    "sw_version",
                    "mac_address",
                    "postal_code",
                    "locale",
                    "search_customer_id",
                    "timezone",
                    "region",
                ],
                Is::Field,
            ),
            (&["source_id", "source"], Is::Renamed),
        ],
        ..BASE
    },
    Sheet {
        family: Family::Device,
        needs: &[&["appliance_id"], &["manufacture"]],
        columns: &[
            (&["created"], Is::Time(MomentRole::Created)),
            (&["name_modified"], Is::Time(MomentRole::Modified)),
            (&["name"], Is::Title),
            (&["desc"], Is::Text),
            (
                &[
                    "manufacture",
                    "model",
                    "type",
                    "reachable",
                    "firmware_version",
                    "appliance_id",
                    "alexa_device_serial_number",
                    "alexa_device_type",
                ],
                Is::Field,
            ),
            (&["source_id", "source"], Is::Renamed),
        ],
        ..BASE
    },
    Sheet {
        family: Family::App,
        needs: &[&["skill_id"], &["developer_name"]],
        columns: &[
            (&["release_date"], Is::Time(MomentRole::Created)),
            (&["title"], Is::Title),
            (&["short"], Is::Text),
            (&["desc"], Is::Text),
            (&["developer_name", "account_linked", "vendor_id", "skill_id"], Is::Field),
            (&["source_id", "source"], Is::Renamed),
        ],
        ..BASE
    },
    // Date, time and zone stand in three columns; what the tool writes into them is not known well enough to
    // make an instant of them, so the row keeps all three as they are.
    Sheet {
        family: Family::Activity,
        needs: &[&["MACB"], &["sourcetype"]],
        columns: &[
            (&["short"], Is::Title),
            (&["desc"], Is::Text),
            (
                &[
                    "date",
                    "time",
                    "timezone",
                    "MACB",
                    "source",
                    "sourcetype",
                    "type",
                    "user",
                    "host",
                    "version",
                    "filename",
                    "inode",
                    "notes",
                    "format",
                    "extra",
                ],
                Is::Field,
            ),
        ],
        ..BASE
    },
];
