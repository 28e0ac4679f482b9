/// What a time says about its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MomentRole {
    Sent,
    Received,
    Created,
    Modified,
    Taken,
    Start,
    End,
    Observed,
}

impl MomentRole {
    /// Returns the name used in columns and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            MomentRole::Sent => "sent",
            MomentRole::Received => "received",
            MomentRole::Created => "created",
            MomentRole::Modified => "modified",
            MomentRole::Taken => "taken",
            MomentRole::Start => "start",
            MomentRole::End => "end",
            MomentRole::Observed => "observed",
        }
    }
}

/// Why the instant of a time is believed: where its zone comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ZoneBasis {
    /// The text carries an offset (`+02:00`, `Z`).
    Offset,
    /// The text or a field beside it names a zone.
    Named(String),
    /// The provider documents the value as UTC (epoch counts among them).
    Utc,
    /// A wall clock in the zone of the account; no instant follows from it alone.
    AccountLocal,
    /// A wall clock in the zone of a device; no instant follows from it alone.
    DeviceLocal,
    /// The text fits more than one reading.
    Ambiguous,
}

impl ZoneBasis {
    /// Returns the name used in columns and files; a named zone as `named:Europe/Berlin`.
    pub fn to_text(&self) -> String {
        let (basis, zone) = self.words();
        [basis, zone].concat()
    }

    /// Returns the name in two pieces, the second being the zone if it is named, else empty.
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            ZoneBasis::Offset => ("offset", ""),
            ZoneBasis::Named(zone) => ("named:", zone),
            ZoneBasis::Utc => ("utc", ""),
            ZoneBasis::AccountLocal => ("account-local", ""),
            ZoneBasis::DeviceLocal => ("device-local", ""),
            ZoneBasis::Ambiguous => ("ambiguous", ""),
        }
    }
}

/// The smallest unit that the original text states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl Precision {
    /// Returns the name used in columns and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Precision::Microsecond => "microsecond",
            Precision::Millisecond => "millisecond",
            Precision::Second => "second",
            Precision::Minute => "minute",
            Precision::Hour => "hour",
            Precision::Day => "day",
            Precision::Month => "month",
            Precision::Year => "year",
        }
    }
}

/// A time as the provider wrote it, with the instant that follows from it, if one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub role: MomentRole,
    /// Microseconds since 1970-01-01T00:00:00Z; none when no instant can be known.
    pub instant: Option<i64>,
    /// The original text, untouched.
    pub text: String,
    pub basis: ZoneBasis,
    pub precision: Precision,
}
