use serde::{Deserialize, Serialize};

/// What `form` says in every [`Origin`].
pub const ORIGIN_FORM: &str = "glasshouse-origin-1";

/// `evidence/origin-<id>.json`: what a case that was made out of others took from one of them. Written once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// [`ORIGIN_FORM`].
    pub form: String,
    /// Id of the case that it was taken from.
    pub case: String,
    /// The verifier key of that case's log.
    pub public_key: String,
    /// The signed tree head of that log, with the event of the combination in it.
    pub checkpoint: String,
    /// The authorities that were in force there, as their files have it: what came from there stays within them.
    pub authorities: Vec<String>,
    /// The parts that were taken.
    pub parts: Vec<OriginPart>,
}

/// A part of the case that it was taken from, and what it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginPart {
    pub source: String,
    pub part: u32,
    /// SHA-256 of its file there, sealed or not, hexadecimal.
    pub sha256: String,
    pub as_source: String,
    pub as_part: u32,
}
