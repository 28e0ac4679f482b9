//! Signing in to a case that is not one's own, the line of enquiry, and leaving.

use super::answer::{Given, Problem, answer};
use super::choosing::{Choices, choices};
use super::document::{self as shape};
use super::guard::{cookie, forgotten, shown};
use super::{House, Shared};
use crate::intake;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use glasshouse_engine::people::{Attempt, Person};
use glasshouse_engine::session::{self, About, Asking, Session, Who};
use serde::Deserialize;
use serde_json::json;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// An attempt that fails takes so long, whatever was wrong, and one at a time is looked at.
pub const FAILING: Duration = Duration::from_millis(1500);

/// Says how people come in here, and to whoever was recognised what they have still to choose from.
#[utoipa::path(get, path = "/api/sign-in", tag = "session", responses((status = 200, body = shape::Ways)))]
pub async fn ways(State(house): State<Arc<House>>, headers: HeaderMap) -> Response {
    let authorities = shown(&house, &headers).map_or_else(Vec::new, |token| house.choosing.choices(token));
    let issuer = house.elsewhere.as_ref().map(|elsewhere| elsewhere.url());
    let passwords = house.home.is_some() && house.elsewhere.as_ref().is_none_or(|elsewhere| elsewhere.passwords());
    axum::Json(json!({ "passwords": passwords, "issuer": issuer, "authorities": authorities })).into_response()
}

/// Who wants to come in.
#[derive(Deserialize, ToSchema)]
pub struct Entering {
    /// Name of the account, such as d.hart; left out by whoever was recognised and says under what they act.
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    /// What the app of the second factor shows, or a spare code.
    #[serde(default)]
    code: String,
    /// Id of the authority, if the case has several in force.
    #[serde(default)]
    authority: Option<String>,
}

/// Begins a session of a person, who gives their password. Only where the case is not its holder's own.
///
/// Where the account has a second factor and no code was given, nobody is in yet, and `code_wanted` says so. Where the
/// person may act under several authorities and named none, `authority_wanted` says so: which ones is what a GET of
/// the same tells this browser, and the same with `authority` alone lets it in.
#[utoipa::path(post, path = "/api/sign-in", tag = "session", request_body = Entering,
    responses((status = 200, body = shape::Entered), (status = 401, body = shape::Error)))]
pub async fn sign_in(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    Given(entering): Given<Entering>,
) -> Response {
    let of = house.clone();
    let waiting = shown(&house, &headers).map(str::to_owned);
    let done = tokio::task::spawn_blocking(move || enter(&of, &entering, waiting.as_deref())).await;
    let said = |entered: bool, code: bool, authority: bool| {
        axum::Json(json!({ "entered": entered, "code_wanted": code, "authority_wanted": authority }))
    };
    match done.unwrap_or_else(|_| Err(Problem::fault("Signing in failed where it should not."))) {
        Ok(Begun::In(token)) => ([(SET_COOKIE, cookie(&house, &token))], said(true, false, false)).into_response(),
        Ok(Begun::Choose(token)) => ([(SET_COOKIE, cookie(&house, &token))], said(false, false, true)).into_response(),
        Ok(Begun::CodeWanted) => said(false, true, false).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// How far somebody came.
pub enum Begun {
    /// In, and what their browser shows from now on.
    In(String),
    /// They have to say under which authority they act, and their browser shows this meanwhile.
    Choose(String),
    CodeWanted,
}

fn enter(house: &House, entering: &Entering, waiting: Option<&str>) -> Result<Begun, Problem> {
    let Some(home) = &house.home else {
        return Err(Problem::missing("Nobody signs in to a personal case: it opens with its link."));
    };
    if let (Some(token), Some(authority)) = (waiting, &entering.authority)
        && let Some(chosen) = house.choosing.chosen(token, authority)
    {
        return begin(house, chosen.person, Some(authority.clone()), &chosen.by);
    }
    if house.elsewhere.as_ref().is_some_and(|elsewhere| !elsewhere.passwords()) {
        return Err(Problem::denied("No password is taken here: the organisation's own server says who you are."));
    }
    // Checking a password takes much memory and time, which nobody shall spend for others at will.
    let _turn = house.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let now = u64::try_from(session::now() / 1_000_000).unwrap_or(0);
    let attempt = home.attempt(&entering.name, entering.password.as_bytes(), &entering.code, now)?;
    let (why, sentence) = match attempt {
        Attempt::In(person, by) => return begin(house, person, entering.authority.clone(), by),
        Attempt::CodeWanted => return Ok(Begun::CodeWanted),
        Attempt::WrongPassword => ("password", "Name or password is not right."),
        Attempt::WrongCode => (
            "code",
            "The code is not right, or was used already. Wait for the next one; after five wrong ones wait five minutes.",
        ),
        Attempt::NoSecondFactor => (
            "no second factor",
            "Your organisation asks for a second factor, and your account has none: glasshouse person second-factor.",
        ),
    };
    // What cannot be written down lets nobody in all the same.
    let _ = session::deny_entry(&house.case, &intake::actor(), home, &entering.name, why);
    std::thread::sleep(FAILING.saturating_sub(begun.elapsed()));
    Err(Problem::stranger(sentence))
}

/// Begins the visit of a person, who was recognised `by` something; who may act under several authorities is asked which.
pub fn begin(house: &House, person: Person, authority: Option<String>, by: &str) -> Result<Begun, Problem> {
    let Some(home) = &house.home else { return Err(Problem::missing("Nobody signs in here.")) };
    let authority = match authority {
        Some(authority) => Some(authority),
        None => {
            let Choices { mut open, mut shut } = choices(house, &person)?;
            match (open.len(), shut.len()) {
                (2.., _) => return Ok(Begun::Choose(house.choosing.begin(person, by, open)?)),
                (0, 2..) => {
                    let _ = session::deny_entry(&house.case, &intake::actor(), home, &person.name, "authority");
                    let reasons: Vec<String> = shut.iter().map(|(id, why)| format!("Under {id}: {why}")).collect();
                    let why = reasons.join(" ");
                    return Err(Problem::denied(format!("You cannot look into this case now. {why}")));
                }
                // Under the one that is left, or the one that there is: what forbids it is said, and is in the log.
                _ => open.pop().map(|choice| choice.id).or_else(|| shut.pop().map(|(id, _)| id)),
            }
        }
    };
    let name = person.name.clone();
    let who = Who { actor: intake::actor(), person: Some(person) };
    let session = Session::begin(&house.case, who, home, &Asking { authority, enquiry: None }).inspect_err(|_| {
        let _ = session::deny_entry(&house.case, &intake::actor(), home, &name, "authority");
    })?;
    session.begun(by)?;
    if session.enquiries().1.is_some() {
        session.consult("case.serve", About::default())?;
    }
    Ok(Begun::In(house.visits.begin(session)?.0))
}

/// Ends the session of whoever asks. A personal case stays open as long as the program runs.
#[utoipa::path(post, path = "/api/sign-out", tag = "session",
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Left)))]
pub async fn sign_out(Extension(serving): Shared) -> Response {
    if serving.session().is_own() {
        return Problem::denied("This session lasts as long as the program. Stop `glasshouse serve` to end it.")
            .into_response();
    }
    let left = answer(serving.clone(), |serving, _| {
        serving.session().flush()?;
        serving.house.visits.end(&serving.visit);
        Ok(json!({ "left": true }))
    });
    ([(SET_COOKIE, forgotten(&serving.house))], left.await).into_response()
}

/// A line of enquiry.
#[derive(Deserialize, ToSchema)]
pub struct Enquiry {
    /// Its number in the authority, from 1, or its text.
    line: String,
}

/// Says for which line of enquiry everything from now on is looked at. The choice is in the log.
#[utoipa::path(post, path = "/api/enquiry", tag = "session", request_body = Enquiry,
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Chosen)))]
pub async fn enquire(Extension(serving): Shared, Given(wanted): Given<Enquiry>) -> Response {
    answer(serving, move |serving, _| {
        // What was seen until now was for the line before.
        serving.session().flush()?;
        serving.session().enquire(&wanted.line)?;
        serving.visit.anew();
        serving.session().consult("case.serve", About::default())?;
        Ok(json!({ "enquiry": serving.session().enquiries().1 }))
    })
    .await
}
