//! Tables of Alexa and Echo devices.

use crate::formats::sheet::{Is, Names, Sheet};
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
        files: true,
        family: Family::Voice,
        needs: &[&["Utterance text"], &["Utterance Creation Date"]],
        columns: &[
            (&["Utterance Creation Date"], Is::Time(MomentRole::Created)),
            (&["Utterance text"], Is::Text),
            (&["Contact Name"], Is::Name(PartyRole::Subject)),
            (&["Currently Playing Song", "Screen Contents"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: SKILLS,
        family: Family::App,
        needs: &[&["SkillName", "Skill Name"], &["EnablementStatus", "Enablement Status", "Enablement Date"]],
        columns: &[
            (&["Enablement Date"], Is::Time(MomentRole::Start)),
            (&["SkillName", "Skill Name"], Is::Title),
            (&["SkillStage", "Skill Stage"], Is::Renamed),
            (&["EnablementStatus", "Enablement Status"], Is::Renamed),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: GEOLOCATION,
        family: Family::Location,
        needs: &[&["latitudeInDegrees"], &["longitudeInDegrees"], &["eventDate"]],
        columns: &[
            (&["eventDate"], Is::Time(MomentRole::Observed)),
            (&["latitudeInDegrees"], Is::Lat),
            (&["longitudeInDegrees"], Is::Lon),
            (&["coordinatesAccuracyInMeters"], Is::Accuracy),
            (&["sourceOfLocation", "deviceSerialNumber"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: ROUTINES,
        family: Family::Setting,
        path: &[&["routine", "automation"], ALEXA],
        needs: &[&["friendlyName", "name", "routineName", "automationId", "routineId"]],
        columns: &[
            (&["creationTimeEpochMillis"], Is::Time(MomentRole::Created)),
            (&["lastUpdatedTimeEpochMillis"], Is::Time(MomentRole::Modified)),
            (&["friendlyName", "name", "routineName"], Is::Title),
            (&["status", "triggers", "automationId", "routineId", "sequence", "type"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: SESSIONS,
        family: Family::Activity,
        needs: &[&["Device Type"], &["Device Application"], &["Event Creation Date"], &["Event Recording Date"]],
        columns: &[
            (&["Event Creation Date"], Is::Time(MomentRole::Created)),
            (&["Event Recording Date"], Is::Time(MomentRole::Observed)),
            (&["Device Application"], Is::Title),
            (&["Device Type", "Device Locale", "Marketplace"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: ACTIVITY,
        family: Family::Activity,
        needs: &[&["interaction_date"], &["event_name"], &["device_platform_name", "device_make"]],
        columns: &[
            (&["interaction_date"], Is::Time(MomentRole::Observed)),
            (&["event_name"], Is::Title),
            (&["device_platform_name", "device_make", "device_model"], Is::Field),
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: DEVICE_EVENTS,
        family: Family::Activity,
        needs: &[&["Event Creation Date"], &["Voice Engagement Count", "Touch Engagement Count", "Impression Count"]],
        columns: &[
            (&["Event Creation Date"], Is::Time(MomentRole::Created)),
            (&["Voice Engagement Count", "Touch Engagement Count", "Impression Count"], Is::Field),
        ],
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
        files: true,
        family: Family::Voice,
        path: &[&["QuestionUnderstanding"]],
        columns: &[
            (&["Utterance text", "Question", "Question Text", "Customer Question", "Utterance"], Is::Text),
            (&["Answer", "Answer Text", "Response", "Response Text"], Is::Text),
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
        columns: &[
            (&["Full Name", "Name", "Contact Name", "Display Name", "Nickname"], Is::Title),
            ANY_TEXT,
            (&["First Name", "Given Name"], Is::Name(PartyRole::Subject)),
            (&["Last Name", "Family Name", "Surname"], Is::Name(PartyRole::Subject)),
            (&["Phone Number", "Phone", "Mobile Number"], Is::Id(PartyRole::Subject, Phone)),
            (&["Email", "Email Address"], Is::Id(PartyRole::Subject, Email)),
        ],
        ..ALEXA_TABLE
    },
    Sheet {
        family: Family::Message,
        path: &[ALEXA, &["messages", "messaging", "message", "announcement"]],
        columns: &[
            ANY_TITLE,
            (&["Message", "Message Text", "Text", "Body", "Content", "Transcript", "Transcription"], Is::Text),
            (&["Sender Name", "Sender", "From"], Is::Name(PartyRole::Sender)),
            (&["Recipient Name", "Recipient", "To"], Is::Name(PartyRole::To)),
            (&["Conversation Id", "Thread Id"], Is::Thread),
        ],
        ..ALEXA_TABLE
    },
    Sheet { family: Family::Event, path: &[ALEXA, &["calendar"]], ..ALEXA_TABLE },
    Sheet {
        family: Family::Call,
        path: &[ALEXA, &["calls", "calling", "calldetail", "calllog", "callhistory", "callrecord", "dropin"]],
        columns: &[
            ANY_TITLE,
            ANY_TEXT,
            (&["Caller Name", "Caller", "From"], Is::Name(PartyRole::Sender)),
            (&["Callee Name", "Callee", "Recipient", "To"], Is::Name(PartyRole::To)),
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
        columns: &[
            ANY_TITLE,
            ANY_TEXT,
            (&["Customer Name", "Account Name", "Profile Name", "Full Name"], Is::Name(PartyRole::Owner)),
            (&["Email", "Email Address"], Is::Id(PartyRole::Owner, Email)),
            (&["Phone Number"], Is::Id(PartyRole::Owner, Phone)),
            (&["Customer Id", "Account Id", "Person Id"], Is::Id(PartyRole::Owner, Account)),
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
        columns: &[ANY_TITLE, (&["Utterance text", "Utterance", "Transcript", "Transcription", "Text"], Is::Text)],
        ..ALEXA_TABLE
    },
    Sheet { path: &[ALEXA], ..ALEXA_TABLE },
];

const ALEXA_TABLE: Sheet =
    Sheet { format: TABLES, files: true, columns: &[ANY_TITLE, ANY_TEXT], open: true, ..Sheet::NONE };

const ANY_TITLE: (Names, Is) = (
    &[
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
    Is::Title,
);
const ANY_TEXT: (Names, Is) = (&["Text", "Message", "Body", "Content", "Description", "Value"], Is::Text);
