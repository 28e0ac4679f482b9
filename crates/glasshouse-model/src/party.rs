/// The part that a person or account plays in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartyRole {
    Sender,
    To,
    Cc,
    Bcc,
    ReplyTo,
    Author,
    Participant,
    Organizer,
    Attendee,
    Subject,
    Tagged,
    Owner,
}

impl PartyRole {
    /// Returns the name used in columns and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            PartyRole::Sender => "sender",
            PartyRole::To => "to",
            PartyRole::Cc => "cc",
            PartyRole::Bcc => "bcc",
            PartyRole::ReplyTo => "reply-to",
            PartyRole::Author => "author",
            PartyRole::Participant => "participant",
            PartyRole::Organizer => "organizer",
            PartyRole::Attendee => "attendee",
            PartyRole::Subject => "subject",
            PartyRole::Tagged => "tagged",
            PartyRole::Owner => "owner",
        }
    }
}

/// What an identifier identifies its party by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    Email,
    Phone,
    /// An id or user name at the provider.
    Account,
    Url,
}

impl IdentifierKind {
    /// Returns the name used in columns and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            IdentifierKind::Email => "email",
            IdentifierKind::Phone => "phone",
            IdentifierKind::Account => "account",
            IdentifierKind::Url => "url",
        }
    }
}

/// One identifier of a party, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    pub kind: IdentifierKind,
    pub value: String,
}

/// A person or account in a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub role: PartyRole,
    pub name: Option<String>,
    pub identifiers: Vec<Identifier>,
}

impl Party {
    /// Returns a party known by name only.
    pub fn named(role: PartyRole, name: impl Into<String>) -> Self {
        Party { role, name: Some(name.into()), identifiers: Vec::new() }
    }

    /// Returns a party with one identifier and perhaps a name.
    pub fn with(role: PartyRole, name: Option<String>, kind: IdentifierKind, value: impl Into<String>) -> Self {
        Party { role, name, identifiers: vec![Identifier { kind, value: value.into() }] }
    }
}
