//! Signing in to a case that is not one's own, the line of enquiry, and leaving.

use super::answer::{Given, Problem, answer};
use super::document::{self as shape};
use super::guard::{cookie, forgotten};
use super::{House, Shared};
use crate::intake;
use axum::Extension;
use axum::extract::State;
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

/// Says how people come in here.
#[utoipa::path(get, path = "/api/sign-in", tag = "session", responses((status = 200, body = shape::Ways)))]
pub async fn ways(State(house): State<Arc<House>>) -> Response {
    let issuer = house.elsewhere.as_ref().map(|elsewhere| elsewhere.url());
    let passwords = house.home.is_some() && house.elsewhere.as_ref().is_none_or(|elsewhere| elsewhere.passwords());
    axum::Json(json!({ "passwords": passwords, "issuer": issuer })).into_response()
}

/// Who wants to come in.
#[derive(Deserialize, ToSchema)]
pub struct Entering {
    /// Name of the account, such as d.hart.
    name: String,
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
/// Where the account has a second factor and no code was given, nobody is in yet, and `code_wanted` says so.
#[utoipa::path(post, path = "/api/sign-in", tag = "session", request_body = Entering,
    responses((status = 200, body = shape::Entered), (status = 401, body = shape::Error)))]
pub async fn sign_in(State(house): State<Arc<House>>, Given(entering): Given<Entering>) -> Response {
    let of = house.clone();
    let done = tokio::task::spawn_blocking(move || enter(&of, &entering)).await;
    let said = |entered: bool| axum::Json(json!({ "entered": entered, "code_wanted": !entered }));
    match done.unwrap_or_else(|_| Err(Problem::fault("Signing in failed where it should not."))) {
        Ok(Some(token)) => ([(SET_COOKIE, cookie(&house, &token))], said(true)).into_response(),
        Ok(None) => said(false).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Returns what the browser has to show from now on; nothing where a code is asked for first.
fn enter(house: &House, entering: &Entering) -> Result<Option<String>, Problem> {
    let Some(home) = &house.home else {
        return Err(Problem::missing("Nobody signs in to a personal case: it opens with its link."));
    };
    if house.elsewhere.as_ref().is_some_and(|elsewhere| !elsewhere.passwords()) {
        return Err(Problem::denied("No password is taken here: the organisation's own server says who you are."));
    }
    // Checking a password takes much memory and time, which nobody shall spend for others at will.
    let _turn = house.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let now = u64::try_from(session::now() / 1_000_000).unwrap_or(0);
    let attempt = home.attempt(&entering.name, entering.password.as_bytes(), &entering.code, now)?;
    let (why, sentence) = match attempt {
        Attempt::In(person, by) => return begin(house, person, entering.authority.clone(), by).map(Some),
        Attempt::CodeWanted => return Ok(None),
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

/// Begins the visit of a person, who was recognised `by` something, and returns what their browser shows from now on.
pub fn begin(house: &House, person: Person, authority: Option<String>, by: &str) -> Result<String, Problem> {
    let Some(home) = &house.home else { return Err(Problem::missing("Nobody signs in here.")) };
    let name = person.name.clone();
    let who = Who { actor: intake::actor(), person: Some(person) };
    let session = Session::begin(&house.case, who, home, &Asking { authority, enquiry: None }).inspect_err(|_| {
        let _ = session::deny_entry(&house.case, &intake::actor(), home, &name, "authority");
    })?;
    session.begun(by)?;
    if session.enquiries().1.is_some() {
        session.consult("case.serve", About::default())?;
    }
    Ok(house.visits.begin(session)?.0)
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
