use std::fmt;
use std::str::FromStr;

macro_rules! families {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// What kind of thing a record is, across all providers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Family { $($variant),* }

        impl Family {
            /// Every family, in the order they are shown.
            pub const ALL: &'static [Family] = &[$(Family::$variant),*];

            /// Returns the name used in queries, columns and files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Family::$variant => $name),* }
            }
        }

        impl FromStr for Family {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($name => Ok(Family::$variant),)* _ => Err(()) }
            }
        }
    };
}

families! {
    Mail "mail", Message "message", Call "call", Post "post", Reaction "reaction", Contact "contact",
    Account "account", Login "login", Device "device", Location "location", Visit "visit", Trip "trip",
    WebVisit "web_visit", Search "search", Media "media", File "file", Note "note", Task "task",
    Event "event", Purchase "purchase", Payment "payment", Play "play", Health "health", Voice "voice",
    Setting "setting", App "app", Ad "ad", Activity "activity",
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for family in Family::ALL {
            assert_eq!(family.as_str().parse(), Ok(*family));
        }
        assert!("Mail".parse::<Family>().is_err());
    }
}
