//! The second factor at the page: a code that an app shows (RFC 6238), and codes for when it is lost.

use super::{Home, Person, damaged, sealing_key};
use crate::EngineError;
use glasshouse_layout::sha256;
use glasshouse_store::sign;
use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::fs::File;

/// Seconds that a code is good for; one before and one after count as well, for clocks differ.
const STEP: u64 = 30;
/// Bytes of the secret that person and installation share: as many as the hash has.
const SECRET: usize = 20;
/// After so many wrong codes in a row none is looked at for so many seconds: a million are soon guessed.
const MOST_WRONG: u32 = 5;
const WAIT: u64 = 300;
/// Codes for when the app is lost, and bytes of each.
const SPARE: usize = 10;
const SPARE_BYTES: usize = 10;
/// What the secret is sealed as.
const SEALED_AS: &[u8] = b"second factor";

/// What an account keeps of it.
#[derive(Serialize, Deserialize)]
pub(super) struct Second {
    /// Nonce and sealed secret, hexadecimal, under the key that the password gives.
    sealed: String,
    /// The step of the newest code that was taken: none up to it is taken again.
    used: u64,
    /// SHA-256 of each code for a lost app that was not used yet.
    spare: Vec<String>,
    /// Wrong codes since the last right one, and until when none is looked at.
    #[serde(default)]
    wrong: u32,
    #[serde(default)]
    wait_until: u64,
}

/// A second factor that its person has not proven to hold yet.
pub struct Fresh {
    secret: [u8; SECRET],
    /// What an app reads: `otpauth://totp/…`.
    pub uri: String,
    /// Codes that each let somebody in once.
    pub spare: Vec<String>,
}

/// What came of an attempt to come in.
pub enum Attempt {
    /// Somebody is in, by these means.
    In(Person, &'static str),
    /// There is no such account, or that is not its password.
    WrongPassword,
    /// The password is right, and a code is asked for.
    CodeWanted,
    /// The code is not right, or was used.
    WrongCode,
    /// The organisation asks for a second factor, and this account has none.
    NoSecondFactor,
}

impl Home {
    /// Lets somebody in at the page: by password, and by a code where the account or the organisation asks for one.
    pub fn attempt(&self, name: &str, password: &[u8], code: &str, now: u64) -> Result<Attempt, EngineError> {
        let Ok(person) = self.authenticate(name, password) else { return Ok(Attempt::WrongPassword) };
        if self.kept(name)?.second.is_none() {
            let asked = self.organisation()?.is_some_and(|o| o.second_factor);
            return Ok(if asked { Attempt::NoSecondFactor } else { Attempt::In(person, "password") });
        }
        let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_uppercase();
        if code.is_empty() {
            return Ok(Attempt::CodeWanted);
        }
        // Two who come with one code at once: the second reads what the first wrote.
        let _alone = self.alone()?;
        let mut kept = self.kept(name)?;
        let damaged = || damaged(&self.path(name));
        let sealing = sealing_key(password, &hex::decode(&kept.salt).map_err(|_| damaged())?)?;
        let Some(second) = &mut kept.second else { return Ok(Attempt::CodeWanted) };
        let secret = second.open(&sealing).ok_or_else(damaged)?;
        let digest = glasshouse_layout::hex(sha256(code.as_bytes()));
        if now < second.wait_until {
            return Ok(Attempt::WrongCode);
        }
        let means = if let Some(step) = step_of(&secret, &code, now, second.used) {
            second.used = step;
            Some("password and code")
        } else if let Some(at) = second.spare.iter().position(|kept| *kept == digest) {
            second.spare.remove(at);
            Some("password and spare code")
        } else {
            None
        };
        second.wrong = if means.is_some() { 0 } else { second.wrong.saturating_add(1) };
        if second.wrong > 0 && second.wrong.is_multiple_of(MOST_WRONG) {
            second.wait_until = now.saturating_add(WAIT);
        }
        self.write(&kept)?;
        Ok(means.map_or(Attempt::WrongCode, |means| Attempt::In(person, means)))
    }

    /// Makes a second factor for a person. It counts once `prove_second` has seen a code of it.
    pub fn new_second(&self, name: &str) -> Result<Fresh, EngineError> {
        self.kept(name)?;
        let secret: [u8; SECRET] = sign::random()?;
        let spare: Result<Vec<String>, EngineError> =
            (0..SPARE).map(|_| Ok(base32(&sign::random::<SPARE_BYTES>()?))).collect();
        let shown = base32(&secret);
        let uri = format!(
            "otpauth://totp/Glasshouse:{name}?secret={shown}&issuer=Glasshouse&algorithm=SHA1&digits=6&period={STEP}"
        );
        Ok(Fresh { secret, uri, spare: spare? })
    }

    /// Keeps a second factor, once its person has shown a code of it; says whether they did.
    pub fn prove_second(
        &self,
        name: &str,
        password: &[u8],
        fresh: &Fresh,
        code: &str,
        now: u64,
    ) -> Result<bool, EngineError> {
        self.authenticate(name, password)?;
        let Some(used) = step_of(&fresh.secret, code.trim(), now, 0) else { return Ok(false) };
        let _alone = self.alone()?;
        let mut kept = self.kept(name)?;
        let sealing = sealing_key(password, &hex::decode(&kept.salt).map_err(|_| damaged(&self.path(name)))?)?;
        let nonce: [u8; 12] = sign::random()?;
        let mut sealed = fresh.secret.to_vec();
        sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(SEALED_AS), &mut sealed)
            .map_err(|_| EngineError::other("The secret cannot be sealed."))?;
        let sealed = glasshouse_layout::hex([nonce.as_slice(), &sealed].concat());
        let spare = fresh.spare.iter().map(|code| glasshouse_layout::hex(sha256(code.as_bytes()))).collect();
        kept.second = Some(Second { sealed, used, spare, wrong: 0, wait_until: 0 });
        self.write(&kept)?;
        Ok(true)
    }

    /// Takes the second factor from an account; says whether it had one.
    pub fn drop_second(&self, name: &str) -> Result<bool, EngineError> {
        let _alone = self.alone()?;
        let mut kept = self.kept(name)?;
        let had = kept.second.take().is_some();
        self.write(&kept)?;
        Ok(had)
    }

    /// Returns how many codes for a lost app are left; nothing where the account has no second factor.
    pub fn spare_codes(&self, name: &str) -> Result<Option<usize>, EngineError> {
        Ok(self.kept(name)?.second.map(|second| second.spare.len()))
    }

    /// Keeps other processes from changing accounts for as long as the file is open.
    fn alone(&self) -> Result<File, EngineError> {
        let path = self.folder().join("people").join(".lock");
        let failed = |e| EngineError::io(&path, "lock", e);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }
}

impl Second {
    fn open(&self, sealing: &LessSafeKey) -> Option<[u8; SECRET]> {
        let mut sealed = hex::decode(&self.sealed).ok()?;
        let (nonce, text) = sealed.split_first_chunk_mut::<12>()?;
        let opened = sealing.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(SEALED_AS), text).ok()?;
        (&*opened).try_into().ok()
    }
}

/// Returns the step that a code is of, if it is of one about now that is newer than `used`.
fn step_of(secret: &[u8], code: &str, now: u64, used: u64) -> Option<u64> {
    let here = now / STEP;
    (here.saturating_sub(1)..=here.saturating_add(1)).find(|step| *step > used && code_at(secret, *step) == code)
}

/// Returns the code of a step: RFC 6238 with SHA-1 and six digits, which is what apps read.
fn code_at(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes.last().copied().unwrap_or(0) & 15);
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

/// Writes bytes in base 32 (RFC 4648) without padding.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte & (0x80 >> (n % 8)) != 0);
    (0..bytes.len() * 8)
        .step_by(5)
        .map(|from| (from..from + 5).fold(0, |value, n| value * 2 + usize::from(bit(n))))
        .map(|value| LETTERS.get(value).map_or('A', |letter| char::from(*letter)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times and codes of RFC 6238, appendix B, of which apps show the last six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(secret, time / STEP), code, "{time}");
            assert_eq!(step_of(secret, code, time, 0), Some(time / STEP));
            assert_eq!(step_of(secret, code, time + STEP, 0), Some(time / STEP), "a clock that is slow");
            assert_eq!(step_of(secret, code, time + 2 * STEP, 0), None, "too late");
            assert_eq!(step_of(secret, code, time, time / STEP), None, "used");
        }
    }

    #[test]
    fn base_32_is_that_of_rfc_4648() {
        for (text, expected) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(text.as_bytes()), expected);
        }
    }
}
