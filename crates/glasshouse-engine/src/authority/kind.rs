use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($variant:ident $name:literal $about:literal),* $(,)?) => {
        /// What sort of legal basis an authority is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($variant),* }

        impl Kind {
            /// Every kind, in the order they are shown.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];
            /// Every name, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Returns the name used in files, columns and the log.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name),* }
            }

            /// Says in a few words what it is.
            pub const fn about(self) -> &'static str {
                match self { $(Kind::$variant => $about),* }
            }
        }

        impl FromStr for Kind {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($name => Ok(Kind::$variant),)* _ => Err(()) }
            }
        }
    };
}

kinds! {
    Own "self" "the account holder, on their own data",
    Consent "consent" "the account holder agreed, with the agreement record of PCSC Act 2022 s.39",
    Warrant "warrant" "a search warrant that names the account",
    CourtOrder "court_order" "an order of a court other than a warrant or production order",
    ProductionOrder "production_order" "an order to a provider to produce what it holds",
    OverseasOrder "overseas_order" "an order to a provider abroad, under an international agreement",
    StatutoryNotice "statutory_notice" "a notice under a statutory power to obtain information",
    ProviderDisclosure "provider_disclosure" "a provider gave it of its own motion",
    DeathOrMissing "death_or_missing" "the account of somebody who is dead, missing or at risk",
    EmployerPolicy "employer_policy" "an employer's own accounts, under a policy that staff know",
    CivilDisclosure "civil_disclosure" "disclosure between the parties of civil proceedings",
    DefenceDisclosure "defence_disclosure" "material that the prosecution disclosed to the defence",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
