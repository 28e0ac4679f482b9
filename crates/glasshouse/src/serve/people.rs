//! People: who is in the records, who has to do with whom, and who is one person, as somebody said by hand.

use super::answer::{Asked, Given, Named, Problem, answer};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use super::lists::{MOST_ROWS, bounded};
use super::{Live, Shared};
use axum::Extension;
use axum::response::Response;
use glasshouse_engine::view::Part;
use glasshouse_engine::work::{self, Said, Who};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Which people.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Those in the records of this query; everybody if left out.
    #[serde(default)]
    q: String,
    /// Only those who have all of these words in a name or an identifier.
    #[serde(default)]
    name: String,
    /// Rank of the first row, from 0.
    #[serde(default)]
    rank: u32,
    /// Begin at this person instead, by id.
    id: Option<String>,
    /// Rows to give, at most 200.
    #[serde(default = "fifty")]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// People of the records that a query finds, who is in most of them first.
#[utoipa::path(get, path = "/api/people", tag = "people", params(Wanted),
    responses((status = 200, body = shape::People), (status = 404, body = shape::Error)))]
pub async fn people(Extension(serving): Shared, Asked(asked): Asked<Wanted>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        bounded(&asked.name)?;
        let set = live.view.select(&asked.q)?;
        let words = format!("{} {}", asked.q, asked.name);
        consulted(serving, Look::Search { view: "people", query: words.trim() })?;
        let rank = match &asked.id {
            None => asked.rank as usize,
            Some(id) => {
                let rank = live.view.person_rank(&set, &asked.name, id)?;
                rank.ok_or_else(|| Problem::missing("No such person is in these records."))?
            }
        };
        let (count, rows) = live.view.people_list(&set, &asked.name, rank, asked.limit.min(MOST_ROWS) as usize)?;
        Ok(json!({ "count": count, "rank": rank, "rows": rows }))
    })
    .await
}

/// Two people who are one.
#[derive(Deserialize, ToSchema)]
pub struct Joining {
    /// Id of one of them.
    person: String,
    /// Id of the other.
    with: String,
    /// Why, for others to judge.
    reason: String,
}

/// Says that two people are one. The change is an event of the log, and the evidence stays as it is.
#[utoipa::path(post, path = "/api/people/join", tag = "people", request_body = Joining,
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Changed)))]
pub async fn join(Extension(serving): Shared, Given(asked): Given<Joining>) -> Response {
    answer(serving, move |serving, live| {
        if asked.person == asked.with {
            return Err(Problem::asked("These are one person already."));
        }
        let (one, other) = (parts(live, &asked.person)?, parts(live, &asked.with)?);
        let case = serving.session().open("work.write")?;
        let (one, other) = (named(one), named(other));
        changed(live, work::join(&case, serving.session().person().0, &one, &other, &asked.reason)?)
    })
    .await
}

/// Identifiers that are somebody else's.
#[derive(Deserialize, ToSchema)]
pub struct Splitting {
    /// Id of the person.
    person: String,
    /// Ids of some of the person's identifiers.
    identifiers: Vec<String>,
    /// Why, for others to judge.
    reason: String,
}

/// Says that some identifiers are not this person's. The change is an event of the log.
#[utoipa::path(post, path = "/api/people/split", tag = "people", request_body = Splitting,
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Changed)))]
pub async fn split(Extension(serving): Shared, Given(asked): Given<Splitting>) -> Response {
    answer(serving, move |serving, live| {
        let all = parts(live, &asked.person)?;
        let (off, stay): (Vec<Part>, Vec<Part>) = all.into_iter().partition(|(id, _)| asked.identifiers.contains(id));
        if off.is_empty() || stay.is_empty() {
            return Err(Problem::asked("Choose some of the person's identifiers, and leave at least one."));
        }
        let case = serving.session().open("work.write")?;
        let (off, stay) = (named(off), named(stay));
        changed(live, work::split(&case, serving.session().person().0, &off, &stay, &asked.reason)?)
    })
    .await
}

/// What people said of who is one person, and stands.
#[utoipa::path(get, path = "/api/people/changes", tag = "people", responses((status = 200, body = shape::Changes)))]
pub async fn changes(Extension(serving): Shared) -> Response {
    answer(serving, |serving, live| {
        consulted(serving, Look::List("people"))?;
        let rows = live.view.said_of_people()?.into_iter().map(|(said, known)| {
            let mut row = json!(said);
            if let Some(members) = row.as_object_mut() {
                members.insert("known".into(), json!(known));
            }
            row
        });
        Ok(json!({ "rows": rows.collect::<Vec<Value>>() }))
    })
    .await
}

/// Undoes what somebody said of who is one person: it stays in the file, and no longer counts.
#[utoipa::path(post, path = "/api/people/changes/{n}/undo", tag = "people",
    params(("n" = i64, Path, description = "Number of the change"), ("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Undone), (status = 404, body = shape::Error)))]
pub async fn undo(Extension(serving): Shared, Named(n): Named<i64>) -> Response {
    answer(serving, move |serving, live| {
        let case = serving.session().open("work.write")?;
        let done = work::undo_said(&case, serving.session().person().0, n)?;
        live.view.look_again();
        super::work::undone(n, done)
    })
    .await
}

fn parts(live: &Live, id: &str) -> Result<Vec<Part>, Problem> {
    live.view.parts_of(id)?.ok_or_else(|| Problem::missing("No such person is in this case."))
}

fn named(parts: Vec<Part>) -> Vec<Who> {
    parts.into_iter().map(|(_, who)| who).collect()
}

/// Returns what was changed, and the person that came of it.
fn changed(live: &Live, said: Said) -> Result<Value, Problem> {
    live.view.look_again();
    let person = said.parties.first().map(|who| live.view.person_of(who)).transpose()?.flatten();
    Ok(json!({ "n": said.n, "person": person }))
}

/// A graph to draw.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Drawn {
    #[serde(default)]
    q: String,
    /// People to show, at most 500.
    #[serde(default = "two_hundred")]
    limit: usize,
}

fn two_hundred() -> usize {
    200
}

/// Who has to do with whom: the people in most records, and the records that went between them.
#[utoipa::path(get, path = "/api/graph", tag = "people", params(Drawn), responses((status = 200, body = shape::Graph)))]
pub async fn graph(Extension(serving): Shared, Asked(asked): Asked<Drawn>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "graph", query: &asked.q })?;
        Ok(live.view.graph(&set, asked.limit.min(500))?)
    })
    .await
}
