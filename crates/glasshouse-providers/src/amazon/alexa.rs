//! Tables of Alexa and Echo devices.

use crate::formats::sheet::{Names, Place, Sheet};
use glasshouse_model::IdentifierKind::{Account, Email, Phone};
use glasshouse_model::{Family, MomentRole, PartyRole};

pub(super) const UTTERANCES: &str = "alexa-utterances";
pub(super) const VOICE: &str = "alexa-voice";
pub(super) const SKILLS: &str = "alexa-skills";
pub(super) const GEOLOCATION: &str = "alexa-geolocation";
pub(super) const ROUTINES: &str = "alexa-routines";
pub(super) const SESSIONS: &str = "alexa-sessions";
pub(super) const QUESTIONS: &str = "alexa-questions";
pub(super) const ACTIVITY: &str = "alexa-activity";
pub(super) const DEVICE_EVENTS: &str = "alexa-device-events";
pub(super) const ADS: &str = "alexa-ads";
pub(super) const TABLES: &str = "alexa-tables";

const ALEXA: Names = &["alexa", "echo"];

/// Tables whose columns public readers agree on.
pub(super) static SHEETS: &[Sheet] = &[
    Sheet {
        format: UTTERANCES,
        family: Family::Voice,
        needs: &[&["Utterance text"], &["Utterance Creation Date"]],
        moments: &[(MomentRole::Created, &["Utterance Creation Date"])],
        text: &[&["Utterance text"]],
        parties: &[(PartyRole::Subject, None, &["Contact Name"])],
        known: &[&["Currently Playing Song"], &["Screen Contents"]],
        ..Sheet::NONE
    },
    Sheet {
        format: SKILLS,
        family: Family::App,
        needs: &[&["SkillName", "Skill Name"], &["EnablementStatus", "Enablement Status", "Enablement Date"]],
        moments: &[(MomentRole::Start, &["Enablement Date"])],
        title: &["SkillName", "Skill Name"],
        known: &[&["SkillStage", "Skill Stage"], &["EnablementStatus", "Enablement Status"]],
        ..Sheet::NONE
    },
    Sheet {
        format: GEOLOCATION,
        family: Family::Location,
        needs: &[&["latitudeInDegrees"], &["longitudeInDegrees"], &["eventDate"]],
        moments: &[(MomentRole::Observed, &["eventDate"])],
        place: Place {
            lat: &["latitudeInDegrees"],
            lon: &["longitudeInDegrees"],
            accuracy: &["coordinatesAccuracyInMeters"],
            address: &[],
        },
        known: &[&["sourceOfLocation"], &["deviceSerialNumber"]],
        ..Sheet::NONE
    },
    Sheet {
        format: ROUTINES,
        family: Family::Setting,
        path: &[&["routine", "automation"], ALEXA],
        needs: &[&["friendlyName", "name", "routineName", "automationId", "routineId"]],
        moments: &[
            (MomentRole::Created, &["creationTimeEpochMillis"]),
            (MomentRole::Modified, &["lastUpdatedTimeEpochMillis"]),
        ],
        title: &["friendlyName", "name", "routineName"],
        known: &[&["status"], &["triggers"], &["automationId"], &["routineId"], &["sequence"], &["type"]],
        ..Sheet::NONE
    },
    Sheet {
        format: SESSIONS,
        family: Family::Activity,
        needs: &[&["Device Type"], &["Device Application"], &["Event Creation Date"], &["Event Recording Date"]],
        moments: &[(MomentRole::Created, &["Event Creation Date"]), (MomentRole::Observed, &["Event Recording Date"])],
        title: &["Device Application"],
        known: &[&["Device Type"], &["Device Locale"], &["Marketplace"]],
        ..Sheet::NONE
    },
    Sheet {
        format: ACTIVITY,
        family: Family::Activity,
        needs: &[&["interaction_date"], &["event_name"], &["device_platform_name", "device_make"]],
        moments: &[(MomentRole::Observed, &["interaction_date"])],
        title: &["event_name"],
        known: &[&["device_platform_name"], &["device_make"], &["device_model"]],
        ..Sheet::NONE
    },
    Sheet {
        format: DEVICE_EVENTS,
        family: Family::Activity,
        needs: &[&["Event Creation Date"], &["Voice Engagement Count", "Touch Engagement Count", "Impression Count"]],
        moments: &[(MomentRole::Created, &["Event Creation Date"])],
        known: &[&["Voice Engagement Count"], &["Touch Engagement Count"], &["Impression Count"]],
        ..Sheet::NONE
    },
];

/// Tables whose names are known, or follow from what they hold, and whose columns nobody describes.
///
/// They are asked after every sheet with known columns and only inside an Amazon export; the first whose words
/// are in the path decides the family, times show themselves by name and value, and the rest are fields.
pub(super) static OPEN: &[Sheet] = &[
    Sheet {
        format: QUESTIONS,
        family: Family::Voice,
        path: &[&["QuestionUnderstanding"]],
        text: &[
            &["Utterance text", "Question", "Question Text", "Customer Question", "Utterance"],
            &["Answer", "Answer Text", "Response", "Response Text"],
        ],
        open: true,
        ..Sheet::NONE
    },
    Sheet { format: ADS, family: Family::Ad, path: &[ALEXA, &["AdsData"]], open: true, ..Sheet::NONE },
    Sheet {
        format: DEVICE_EVENTS,
        family: Family::Activity,
        path: &[ALEXA, &["Echo_Show", "Daily_Toggle", "DeviceState", "Device_State", "Generic_Events"]],
        open: true,
        ..Sheet::NONE
    },
    Sheet {
        family: Family::Contact,
        path: &[ALEXA, &["contacts", "addressbook"]],
        title: &["Full Name", "Name", "Contact Name", "Display Name", "Nickname"],
        parties: &[
            (PartyRole::Subject, None, &["First Name", "Given Name"]),
            (PartyRole::Subject, None, &["Last Name", "Family Name", "Surname"]),
            (PartyRole::Subject, Some(Phone), &["Phone Number", "Phone", "Mobile Number"]),
            (PartyRole::Subject, Some(Email), &["Email", "Email Address"]),
        ],
        ..ALEXA_TABLE
    },
    Sheet {
        family: Family::Message,
        path: &[ALEXA, &["messages", "messaging", "message", "announcement"]],
        text: &[&["Message", "Message Text", "Text", "Body", "Content", "Transcript", "Transcription"]],
        parties: &[
            (PartyRole::Sender, None, &["Sender Name", "Sender", "From"]),
            (PartyRole::To, None, &["Recipient Name", "Recipient", "To"]),
        ],
        conversation: &["Conversation Id", "Thread Id"],
        ..ALEXA_TABLE
    },
    Sheet { family: Family::Event, path: &[ALEXA, &["calendar"]], ..ALEXA_TABLE },
    Sheet {
        family: Family::Call,
        path: &[ALEXA, &["calls", "calling", "calldetail", "calllog", "callhistory", "callrecord", "dropin"]],
        parties: &[
            (PartyRole::Sender, None, &["Caller Name", "Caller", "From"]),
            (PartyRole::To, None, &["Callee Name", "Callee", "Recipient", "To"]),
        ],
        ..ALEXA_TABLE
    },
    Sheet { family: Family::Task, path: &[ALEXA, &["reminder", "alarm", "timer"]], ..ALEXA_TABLE },
    Sheet { family: Family::Activity, path: &[ALEXA, &["notification"]], ..ALEXA_TABLE },
    Sheet {
        family: Family::Task,
        path: &[ALEXA, &["shoppinglist", "todolist", "tasklist", "lists", "listitem", "namedlist"]],
        ..ALEXA_TABLE
    },
    Sheet { family: Family::App, path: &[ALEXA, &["skill", "blueprint"]], ..ALEXA_TABLE },
    Sheet {
        family: Family::Device,
        path: &[ALEXA, &["smarthome", "appliance", "endpoint", "connecteddevice", "connectedhome"]],
        ..ALEXA_TABLE
    },
    Sheet {
        family: Family::Setting,
        path: &[ALEXA, &["preference", "setting", "permission", "consent"]],
        ..ALEXA_TABLE
    },
    Sheet {
        family: Family::Account,
        path: &[ALEXA, &["account", "profile", "household", "customerdetail"]],
        parties: &[
            (PartyRole::Owner, None, &["Customer Name", "Account Name", "Profile Name", "Full Name"]),
            (PartyRole::Owner, Some(Email), &["Email", "Email Address"]),
            (PartyRole::Owner, Some(Phone), &["Phone Number"]),
            (PartyRole::Owner, Some(Account), &["Customer Id", "Account Id", "Person Id"]),
        ],
        ..ALEXA_TABLE
    },
    Sheet {
        family: Family::Device,
        path: &[ALEXA, &["devices", "devicelist", "deviceinfo", "registration"]],
        ..ALEXA_TABLE
    },
    Sheet {
        family: Family::Voice,
        path: &[ALEXA, &["voice", "speech", "transcript", "utterance", "nlu", "intent"]],
        text: &[&["Utterance text", "Utterance", "Transcript", "Transcription", "Text"]],
        ..ALEXA_TABLE
    },
    Sheet { path: &[ALEXA], ..ALEXA_TABLE },
];

const ALEXA_TABLE: Sheet = Sheet {
    format: TABLES,
    title: &[
        "Title",
        "Name",
        "Label",
        "Friendly Name",
        "Device Name",
        "Item Name",
        "Reminder Label",
        "Event Name",
        "Skill Name",
        "Preference",
        "Setting",
        "Setting Name",
    ],
    text: &[&["Text", "Message", "Body", "Content", "Description", "Value"]],
    open: true,
    ..Sheet::NONE
};
