//! Signing in by an organisation's own directory: OpenID Connect, by authorisation code with PKCE.
//!
//! The issuer says who somebody is, and nothing else: the account, its roles and its key are made here beforehand.

mod asking;
mod token;

use super::House;
use super::answer::Problem;
use super::guard::{cookie, same};
use super::sign_in::{self, Begun};
use super::visits::random;
use crate::intake;
use asking::{Asking, Failed, escaped};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use glasshouse_engine::EngineError;
use glasshouse_engine::issuer::Issuer;
use glasshouse_engine::session;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use token::{Expected, named};

/// Whoever takes longer at the issuer begins anew.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// What the issuer says of itself is asked for again after so long.
const KNOWN: Duration = Duration::from_secs(5 * 60);
/// People on their way at once; the one who left first makes room.
const MOST_WAYS: usize = 1000;
/// Longest place of the page that is gone back to.
const LONGEST_PLACE: usize = 4096;

/// The way over the issuer.
pub struct Elsewhere {
    issuer: Issuer,
    secret: Option<String>,
    asking: Asking,
    /// Where the issuer sends people back to, as it is registered there.
    back: String,
    /// Our own address, by which the page has to be open for the way back to lead there.
    base: String,
    about: Mutex<Option<(Instant, About)>>,
    ways: Mutex<HashMap<String, Way>>,
}

/// What the issuer says of itself.
#[derive(Clone, Deserialize)]
struct About {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// Somebody who was sent to the issuer.
struct Way {
    begun: Instant,
    /// What their browser, and no other, shows when it comes back.
    browser: String,
    nonce: String,
    verifier: String,
    /// The place of the page that they wanted.
    place: String,
}

/// Why nobody came in. The word stands in the log and in the address that the page reads.
#[derive(Clone, Copy)]
enum Why {
    /// The issuer cannot be reached.
    Unreachable,
    /// What the issuer said cannot be trusted, or it refused.
    Issuer,
    /// The way was not begun by this browser, was begun too long ago, or was gone already.
    Way,
    /// Nobody here has an account by that name.
    Account,
    /// The policies do not let this person look; the log has that already.
    Policy,
}

impl Why {
    const fn word(self) -> &'static str {
        match self {
            Why::Unreachable => "unreachable",
            Why::Issuer => "issuer",
            Why::Way => "way",
            Why::Account => "account",
            Why::Policy => "policy",
        }
    }
}

impl From<Failed> for Why {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Down => Why::Unreachable,
            Failed::Refused => Why::Issuer,
        }
    }
}

impl Elsewhere {
    /// Prepares the way; the issuer itself is asked once somebody goes.
    pub fn new(issuer: Issuer, base: &str) -> Result<Self, EngineError> {
        let read = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path)
                .map(|text| text.trim().to_owned())
                .map_err(|e| EngineError::io(path, "read the secret for the issuer from", e))
        };
        Ok(Elsewhere {
            secret: issuer.client_secret_file.as_ref().map(read).transpose()?,
            asking: Asking::new(&issuer)?,
            back: format!("{base}/sign-in/return"),
            base: base.to_owned(),
            issuer,
            about: Mutex::default(),
            ways: Mutex::default(),
        })
    }

    /// Returns the address at which the issuer has to know this installation.
    pub fn back(&self) -> &str {
        &self.back
    }

    /// Says whether a password lets people in, too.
    pub fn passwords(&self) -> bool {
        self.issuer.passwords
    }

    /// Returns the issuer as it calls itself.
    pub fn url(&self) -> &str {
        &self.issuer.url
    }

    fn about(&self) -> Result<About, Why> {
        let mut known = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, about)) = known.as_ref()
            && at.elapsed() < KNOWN
        {
            return Ok(about.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.url.trim_end_matches('/'));
        let about: About = serde_json::from_value(self.asking.get(&url)?).map_err(|_| Why::Issuer)?;
        let asked = [&about.authorization_endpoint, &about.token_endpoint, &about.jwks_uri];
        if about.issuer != self.issuer.url || !asked.into_iter().all(|url| self.asking.may(url)) {
            return Err(Why::Issuer);
        }
        *known = Some((Instant::now(), about.clone()));
        Ok(about)
    }

    /// Returns the address at the issuer to go to, and what the browser has to show when it is back.
    fn begin(&self, place: String) -> Result<(String, String), Why> {
        let about = self.about()?;
        let fresh = || random().map_err(|_| Why::Unreachable);
        let (state, browser) = (fresh()?, fresh()?);
        let way = Way { begun: Instant::now(), browser: browser.clone(), nonce: fresh()?, verifier: fresh()?, place };
        let challenge = URL_SAFE_NO_PAD.encode(glasshouse_layout::sha256(way.verifier.as_bytes()));
        let scope = match self.issuer.claim.as_str() {
            "sub" => "openid",
            "email" => "openid email",
            _ => "openid profile",
        };
        let asked = [
            ("response_type", "code"),
            ("client_id", &self.issuer.client_id),
            ("redirect_uri", &self.back),
            ("scope", scope),
            ("state", &state),
            ("nonce", &way.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let asked: Vec<String> = asked.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let joined = if about.authorization_endpoint.contains('?') { '&' } else { '?' };
        let url = format!("{}{joined}{}", about.authorization_endpoint, asked.join("&"));
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        ways.retain(|_, way| way.begun.elapsed() < LONGEST);
        if ways.len() >= MOST_WAYS
            && let Some(first) = ways.iter().min_by_key(|(_, way)| way.begun).map(|(state, _)| state.clone())
        {
            ways.remove(&first);
        }
        ways.insert(state, way);
        Ok((url, browser))
    }

    /// Returns the way that a browser is on, which ends here whatever comes of it.
    fn ended(&self, state: &str, browser: &str) -> Option<Way> {
        let way = self.ways.lock().unwrap_or_else(PoisonError::into_inner).remove(state)?;
        (way.begun.elapsed() < LONGEST && same(&way.browser, browser)).then_some(way)
    }

    /// Returns what the issuer calls whoever came back.
    fn called(&self, answer: &Answered, way: &Way) -> Result<String, Why> {
        let about = self.about()?;
        if answer.iss.as_ref().is_some_and(|iss| *iss != about.issuer) {
            return Err(Why::Issuer);
        }
        let code = answer.code.as_deref().ok_or(Why::Issuer)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.back),
            ("code_verifier", &way.verifier),
        ];
        let ways = &about.token_endpoint_auth_methods_supported;
        let in_form = !ways.is_empty() && !ways.iter().any(|way| way == "client_secret_basic");
        let mut known = None;
        match &self.secret {
            Some(secret) if !in_form => known = Some((self.issuer.client_id.as_str(), secret.as_str())),
            Some(secret) => form.extend([("client_id", self.issuer.client_id.as_str()), ("client_secret", secret)]),
            None => form.push(("client_id", &self.issuer.client_id)),
        }
        let given = self.asking.post(&about.token_endpoint, &form, known)?;
        let token = given.get("id_token").and_then(Value::as_str).ok_or(Why::Issuer)?;
        let keys = self.asking.get(&about.jwks_uri)?;
        let expected = Expected {
            issuer: &about.issuer,
            client_id: &self.issuer.client_id,
            nonce: &way.nonce,
            claim: &self.issuer.claim,
        };
        named(token, &keys, &expected).ok_or(Why::Issuer)
    }
}

/// Where to be once somebody is in.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    place: String,
}

/// Sends a browser to the issuer.
pub async fn begin(State(house): State<Arc<House>>, headers: HeaderMap, Query(wanted): Query<Wanted>) -> Response {
    let done = tokio::task::spawn_blocking(move || {
        let Some(elsewhere) = &house.elsewhere else { return nowhere() };
        let place = Some(wanted.place).filter(|place| ours(place)).unwrap_or_else(|| "/".to_owned());
        // The way back leads to one name: under another, the browser would not show there what it is given here.
        let asked = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if elsewhere.base.split_once("://").map(|(_, host)| host) != Some(asked) {
            return to(&format!("{}/sign-in/begin?place={}", elsewhere.base, escaped(&place)), &[]);
        }
        match elsewhere.begin(place) {
            Ok((url, browser)) => to(&url, &[on_the_way(&house, &browser, LONGEST.as_secs())]),
            Err(why) => refused(&house, why, ""),
        }
    });
    done.await.unwrap_or_else(|_| Problem::fault("Signing in failed where it should not.").into_response())
}

/// What the issuer sends a browser back with.
#[derive(Deserialize)]
pub struct Answered {
    code: Option<String>,
    #[serde(default)]
    state: String,
    iss: Option<String>,
}

/// Lets in who comes back from the issuer.
pub async fn come_back(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    answered: Result<Query<Answered>, QueryRejection>,
) -> Response {
    let done = tokio::task::spawn_blocking(move || {
        let Some(elsewhere) = &house.elsewhere else { return nowhere() };
        let name = way_cookie(&house);
        let shown = headers.get(COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let browser = shown.split("; ").find_map(|c| c.strip_prefix(&name)?.strip_prefix('=')).unwrap_or_default();
        let Ok(Query(answered)) = answered else { return refused(&house, Why::Way, "") };
        let Some(way) = elsewhere.ended(&answered.state, browser) else { return refused(&house, Why::Way, "") };
        match elsewhere.called(&answered, &way).and_then(|called| enter(&house, elsewhere, &called)) {
            Ok(token) => to(&way.place, &[cookie(&house, &token), on_the_way(&house, "", 0)]),
            Err(why) => refused(&house, why, &way.place),
        }
    });
    done.await.unwrap_or_else(|_| Problem::fault("Signing in failed where it should not.").into_response())
}

fn enter(house: &House, elsewhere: &Elsewhere, called: &str) -> Result<String, Why> {
    let person = house.home.as_ref().and_then(|home| home.recognised(called).ok().flatten()).ok_or(Why::Account)?;
    match sign_in::begin(house, person, None, elsewhere.url()) {
        // Who has to choose an authority is asked by the page.
        Ok(Begun::In(token) | Begun::Choose(token)) => Ok(token),
        Ok(Begun::CodeWanted) | Err(_) => Err(Why::Policy),
    }
}

/// Has it in the log that nobody came in, and takes its time over it, one at a time, as with a wrong password.
fn refused(house: &House, why: Why, place: &str) -> Response {
    if let Some(home) = &house.home
        && !matches!(why, Why::Policy)
    {
        let _turn = house.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be written down lets nobody in all the same.
        let _ = session::deny_entry(&house.case, &intake::actor(), home, "", why.word());
        std::thread::sleep(sign_in::FAILING);
    }
    let joined = if place.contains('?') { '&' } else { '?' };
    let place = if place.is_empty() { "/" } else { place };
    to(&format!("{place}{joined}refused={}", why.word()), &[on_the_way(house, "", 0)])
}

fn nowhere() -> Response {
    Problem::missing("Nobody is recognised by another server here.").into_response()
}

fn to(url: &str, cookies: &[String]) -> Response {
    let cookies = AppendHeaders(cookies.iter().map(|cookie| (SET_COOKIE, cookie.clone())).collect::<Vec<_>>());
    (StatusCode::SEE_OTHER, [(LOCATION, url.to_owned())], cookies).into_response()
}

/// Says whether a place is one of our page, and cannot be read as another server's.
fn ours(place: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && c != '\\';
    place.starts_with('/') && !place.starts_with("//") && place.len() <= LONGEST_PLACE && place.chars().all(plain)
}

fn way_cookie(house: &House) -> String {
    format!("glasshouse-{}-way", house.address.port())
}

/// Returns the header for what a browser shows when it is back. It comes from another site then, so that it cannot be
/// as strict as the cookie of a session; it opens nothing by itself.
fn on_the_way(house: &House, value: &str, seconds: u64) -> String {
    let secure = if house.secure { "; Secure" } else { "" };
    format!("{}={value}; HttpOnly; SameSite=Lax; Path=/sign-in; Max-Age={seconds}{secure}", way_cookie(house))
}
