//! What the CIFT tool wrote after asking Alexa's cloud: one table a kind of thing, `cift_amazon_alexa_*.csv`.

use crate::TreeEntry;
use crate::formats::sheet::Sheet;
use glasshouse_model::IdentifierKind::{Account, Email, Phone};
use glasshouse_model::{Family, MomentRole, PartyRole};

pub(super) const FORMAT: &str = "alexa-cift";

/// Says whether an entry is one of the raw answers beside the tables.
pub(super) fn is_evidence(entry: &TreeEntry) -> bool {
    entry.path.split('/').any(|folder| folder == "Evidence_Library")
}

const BASE: Sheet = Sheet { format: FORMAT, path: &[&["cift_amazon_alexa"]], ..Sheet::NONE };

pub(super) static SHEETS: &[Sheet] = &[
    Sheet {
        family: Family::File,
        needs: &[&["saved_path"], &["sha1"]],
        moments: &[(MomentRole::Observed, &["saved_timestamp"]), (MomentRole::Modified, &["modified_timestamp"])],
        title: &["desc"],
        known: &[&["id"], &["operation_type"], &["src_path"], &["saved_path"], &["sha1"], &["timezone"]],
        ..BASE
    },
    Sheet {
        family: Family::Account,
        needs: &[&["customer_id"], &["customer_name"]],
        parties: &[
            (PartyRole::Owner, None, &["customer_name"]),
            (PartyRole::Owner, Some(Email), &["customer_email"]),
            (PartyRole::Owner, Some(Phone), &["phone_number"]),
            (PartyRole::Owner, Some(Account), &["customer_id"]),
            (PartyRole::Owner, Some(Account), &["comms_id"]),
        ],
        known: &[&["authenticated"], &["source_id", "source"]],
        ..BASE
    },
    Sheet {
        family: Family::Contact,
        needs: &[&["contact_id"], &["is_home_group"]],
        parties: &[
            (PartyRole::Subject, None, &["first_name"]),
            (PartyRole::Subject, None, &["last_name"]),
            (PartyRole::Subject, Some(Phone), &["number"]),
            (PartyRole::Subject, Some(Email), &["email"]),
            (PartyRole::Subject, Some(Account), &["comms_id"]),
        ],
        known: &[&["is_home_group"], &["contact_id"], &["source_id", "source"]],
        ..BASE
    },
    Sheet {
        family: Family::Setting,
        needs: &[&["ssid"], &["security_method"]],
        title: &["ssid"],
        known: &[&["security_method"], &["pre_shared_key"], &["source_id", "source"]],
        ..BASE
    },
    Sheet {
        family: Family::Setting,
        needs: &[&["name"], &["value"], &["device_serial_number"]],
        title: &["name"],
        text: &[&["value"]],
        known: &[&["device_serial_number"], &["source_id", "source"]],
        ..BASE
    },
    Sheet {
        family: Family::Device,
        needs: &[&["device_account_id"], &["device_serial_number"]],
        title: &["device_account_name"],
        place: crate::formats::sheet::Place { address: &["address"], ..Sheet::NONE.place },
        known: &[
            &["device_family"],
            &["device_account_id"],
            &["customer_id"],
            &["device_serial_number"],
            &["device_type"],
            &["sw_version"],
            &["mac_address"],
            &["postal_code"],
            &["locale"],
            &["search_customer_id"],
            &["timezone"],
            &["region"],
            &["source_id", "source"],
        ],
        ..BASE
    },
    Sheet {
        family: Family::Device,
        needs: &[&["appliance_id"], &["manufacture"]],
        moments: &[(MomentRole::Created, &["created"]), (MomentRole::Modified, &["name_modified"])],
        title: &["name"],
        text: &[&["desc"]],
        known: &[
            &["manufacture"],
            &["model"],
            &["type"],
            &["reachable"],
            &["firmware_version"],
            &["appliance_id"],
            &["alexa_device_serial_number"],
            &["alexa_device_type"],
            &["source_id", "source"],
        ],
        ..BASE
    },
    Sheet {
        family: Family::App,
        needs: &[&["skill_id"], &["developer_name"]],
        moments: &[(MomentRole::Created, &["release_date"])],
        title: &["title"],
        text: &[&["short"], &["desc"]],
        known: &[&["developer_name"], &["account_linked"], &["vendor_id"], &["skill_id"], &["source_id", "source"]],
        ..BASE
    },
    // Date, time and zone stand in three columns; what the tool writes into them is not known well enough to
    // make an instant of them, so the row keeps all three as they are.
    Sheet {
        family: Family::Activity,
        needs: &[&["MACB"], &["sourcetype"]],
        title: &["short"],
        text: &[&["desc"]],
        known: &[
            &["date"],
            &["time"],
            &["timezone"],
            &["MACB"],
            &["source"],
            &["sourcetype"],
            &["type"],
            &["user"],
            &["host"],
            &["version"],
            &["filename"],
            &["inode"],
            &["notes"],
            &["format"],
            &["extra"],
        ],
        ..BASE
    },
];
