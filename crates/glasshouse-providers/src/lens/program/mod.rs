//! A lens's program: jq, run by jaq within bounds that need no clock (docs/decisions/0013-lenses.md).
//!
//! Three things bound it. What can run for ever or outside (definitions, `range`, `repeat`, updates, `input`,
//! `env`, `now` …) is refused when the lens is read. Every step that is left is counted, since the program is
//! rewritten so that each of its parts first asks for one. And every value that it makes is measured.

mod budget;
mod filters;
mod rewrite;
mod value;

pub(super) use value::{from_json, to_json};

use super::LensError;
use budget::{Data, Run};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser, parse};
use jaq_core::{Compiler, Ctx, Filter, Vars};
use jaq_json::Val;
use std::cell::Cell;

/// The longest program, in bytes.
const LONGEST: usize = 8 << 10;
/// The most words and signs in a program.
const MOST_TOKENS: usize = 1000;
/// Words and signs that begin a part inside a part: jaq's parser goes deeper with each of them.
const MOST_OPENERS: usize = 60;
/// Brackets in brackets.
const DEEPEST_BRACKETS: usize = 40;

/// A program that was checked and can be run.
pub(super) struct Program {
    filter: Filter<Data>,
}

/// Why a program ended before its time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It took more steps, or made larger values, than it may.
    Budget,
    /// It met what it did not expect; the message may quote the input.
    Error(String),
}

impl Program {
    /// Checks and compiles a program that begins on `line` of its lens.
    pub fn new(code: &str, line: usize) -> Result<Self, LensError> {
        check_size(code, line)?;
        let term = parsed(code, line)?;
        let term = rewrite::program(term, &rewrite::Place { code, line })?;
        let main = parse::Def { name: "lens_main", args: Vec::new(), body: term };
        let arena = Arena::default();
        let defs = filters::prelude().into_iter().chain([main]);
        let modules = Loader::new(defs).load(&arena, File { code: "lens_main", path: () });
        let Ok(modules) = modules else {
            return Err(LensError::new(line, "the program cannot be loaded", "look at the quotes and brackets"));
        };
        let filter = Compiler::default().with_global_vars(["$file", "$key"]).with_funs(filters::natives());
        let filter = filter.compile(modules).map_err(|errors| {
            let name = errors.iter().flat_map(|(_, undefined)| undefined).map(|(name, _)| *name).next();
            let name = name.unwrap_or_default();
            LensError::new(
                rewrite::Place { code, line }.line_of(name),
                format!("`{name}` is not known in the program"),
                "bind it before (`… as $name | …`); $file and $key are there always",
            )
        })?;
        Ok(Program { filter })
    }

    /// Runs it on one item and hands each output to `each`; what it gave before it was stopped stays given.
    ///
    /// `steps` bounds the work: one for each part of the program that is run, and for each small value that is made.
    pub fn run(
        &self,
        input: Val,
        file: &str,
        key: &str,
        steps: u64,
        mut each: impl FnMut(&Val),
    ) -> Result<(), Stopped> {
        let left = Cell::new(steps);
        let vars = Vars::new([file, key].map(|text| Val::from(text.to_owned())));
        let context = Ctx::<Data>::new(Run { lut: &self.filter.lut, left: &left }, vars);
        for output in self.filter.id.run((context, input)) {
            match output {
                // Outputs are paid for by size, so that their sum is bounded too.
                Ok(value) if budget::pay_for(&left, &value) => each(&value),
                Ok(_) => return Err(Stopped::Budget),
                Err(exception) => {
                    return Err(match exception.get_err() {
                        Ok(error) => Stopped::Error(message(error)),
                        Err(_) => Stopped::Budget,
                    });
                }
            }
        }
        Ok(())
    }
}

fn message(error: jaq_core::Error<Val>) -> String {
    let text = match error.into_val() {
        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => other.to_string(),
    };
    text.chars().take(200).collect()
}

/// Refuses what could make the parser itself go too deep.
fn check_size(code: &str, line: usize) -> Result<(), LensError> {
    let next = "let the program do less; rules of the lens may do the rest";
    if code.len() > LONGEST {
        return Err(LensError::new(line, format!("the program is longer than {LONGEST} bytes"), next));
    }
    let mut depth = 0usize;
    for byte in code.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_BRACKETS {
            return Err(LensError::new(line, "the program's brackets lie too deep in each other", next));
        }
    }
    Ok(())
}

fn parsed(code: &str, line: usize) -> Result<parse::Term<&str>, LensError> {
    let place = rewrite::Place { code, line };
    let tokens = Lexer::new(code).lex().map_err(|errors| {
        let (expected, found) = errors.first().map_or(("a word", code), |(e, f)| (e.as_str(), *f));
        LensError::new(place.line_of(found), format!("the program lacks a {expected}"), "correct the program there")
    })?;
    let (count, openers) = rewrite::count(&tokens);
    if count > MOST_TOKENS || openers > MOST_OPENERS {
        let what =
            format!("the program has {count} words and signs, {openers} of them `if`, `try`, `-` and their like");
        let next = format!("at most {MOST_TOKENS} and {MOST_OPENERS} are read; let the rules of the lens do the rest");
        return Err(LensError::new(line, what, next));
    }
    Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
        let (expected, found) = match errors.first() {
            Some((expected, found)) => (expected.as_str(), found.map_or("", |token| token.0)),
            None => ("a term", ""),
        };
        let (at, found) = match found {
            "" => (line + code.matches('\n').count(), "its end"),
            found => (place.line_of(found), found),
        };
        let found: String = found.chars().take(20).collect();
        LensError::new(
            at,
            format!("the program has {found} where {expected} was expected"),
            "correct the program there",
        )
    })
}

#[cfg(test)]
mod tests;
