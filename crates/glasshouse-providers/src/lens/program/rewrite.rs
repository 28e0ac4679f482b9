//! Refuses what a program may not hold, and makes every part of the rest ask for its steps first.

use super::super::LensError;
use super::filters;
use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

/// Parts of a program in each other.
const DEEPEST: usize = 100;
/// Values that one text may be put together from.
const MOST_PARTS: usize = 16;

/// Where a program stands in its lens.
pub(super) struct Place<'s> {
    pub code: &'s str,
    /// The line that it begins on.
    pub line: usize,
}

/// What a part of a program stands in.
#[derive(Clone, Copy)]
struct Within<'p, 's> {
    place: &'p Place<'s>,
    /// Names that stand for filters here: the arguments of one of our own definitions.
    arguments: &'p [&'s str],
    /// Filters that are not for programs may be called.
    ours: bool,
}

impl<'p, 's> std::ops::Deref for Within<'p, 's> {
    type Target = Place<'s>;

    fn deref(&self) -> &Place<'s> {
        self.place
    }
}

impl Place<'_> {
    /// Returns the line on which a piece of the program stands.
    pub fn line_of(&self, piece: &str) -> usize {
        let at = (piece.as_ptr() as usize).checked_sub(self.code.as_ptr() as usize);
        let before = at.and_then(|at| self.code.get(..at)).unwrap_or_default();
        self.line + before.matches('\n').count()
    }

    fn refuse<T>(&self, piece: &str, what: impl Into<String>, next: impl Into<String>) -> Result<T, LensError> {
        Err(LensError::new(self.line_of(piece), what, next))
    }
}

/// Counts words and signs, those inside brackets and texts included, and how many of them open a part.
pub(super) fn count(list: &[Token<&str>]) -> (usize, usize) {
    let mut sum = (0, 0);
    let mut add = |(all, openers): (usize, usize)| sum = (sum.0 + all, sum.1 + openers);
    for Token(text, kind) in list {
        add((1, usize::from(matches!(*text, "if" | "try" | "reduce" | "foreach" | "label" | "def" | "-"))));
        match kind {
            Tok::Block(block) => add(count(block)),
            Tok::Str(parts) => parts.iter().for_each(|part| match part {
                StrPart::Term(term) => add(count(std::slice::from_ref(term))),
                _ => add((1, 0)),
            }),
            _ => {}
        }
    }
    sum
}

type T<'s> = Term<&'s str>;

fn call<'s>(name: &'static str) -> T<'s> {
    Term::Call(name, Vec::new())
}

/// `left | right`
fn pipe<'s>(left: T<'s>, right: T<'s>) -> T<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

/// Returns a program with a step before each of its parts, and a price on what it makes.
pub(super) fn program<'s>(from: T<'s>, place: &Place<'s>) -> Result<T<'s>, LensError> {
    term(from, Within { place, arguments: &[], ours: false }, 0)
}

/// Returns the body of one of our own definitions, rewritten likewise.
pub(super) fn definition<'s>(from: T<'s>, place: &Place<'s>, arguments: &[&'s str]) -> Result<T<'s>, LensError> {
    term(from, Within { place, arguments, ours: true }, 0)
}

fn term<'s>(from: T<'s>, at: Within<'_, 's>, depth: usize) -> Result<T<'s>, LensError> {
    Ok(pipe(call("__step"), bare(from, at, depth)?))
}

fn boxed<'s>(from: T<'s>, at: Within<'_, 's>, depth: usize) -> Result<Box<T<'s>>, LensError> {
    term(from, at, depth).map(Box::new)
}

fn bare<'s>(from: T<'s>, at: Within<'_, 's>, depth: usize) -> Result<T<'s>, LensError> {
    if depth > DEEPEST {
        return at.refuse(at.code, "the program's parts lie too deep in each other", "let it do less");
    }
    let under = depth + 1;
    Ok(match from {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(None) => from,
        Term::Recurse => pipe(call("__size"), from),
        Term::Str(None, parts) => text(parts, at, under)?,
        Term::Str(Some(format), _) => {
            return at.refuse(format, format!("`{format}` is not in lenses"), "give the value as it is");
        }
        Term::Arr(Some(inner)) => pipe(Term::Arr(Some(boxed(*inner, at, under)?)), call("__size")),
        Term::Obj(pairs) => {
            let pairs = pairs.into_iter().map(|(key, value)| {
                let key = match key {
                    // `{a}` and `{$a}` are short for a pair, and their key is no term by itself.
                    Term::Var(_) if value.is_none() => key,
                    Term::Str(None, parts) => bare(Term::Str(None, parts), at, under)?,
                    other => pipe(term(other, at, under)?, call("__key")),
                };
                Ok((key, value.map(|v| term(v, at, under)).transpose()?))
            });
            pipe(Term::Obj(pairs.collect::<Result<_, LensError>>()?), call("__size"))
        }
        Term::Neg(inner) => Term::Neg(Box::new(pipe(term(*inner, at, under)?, call("__number")))),
        Term::BinOp(left, operator, right) => binary(*left, operator, *right, at, under)?,
        Term::Label(name, _) | Term::Break(name) => {
            return at.refuse(name, "`label` and `break` are not in lenses", "use first(…) or limit(…; …)");
        }
        Term::Fold(kind, over, pattern, parts) => {
            let over = boxed(*over, at, under)?;
            let parts = parts.into_iter().map(|part| term(part, at, under)).collect::<Result<_, _>>()?;
            Term::Fold(kind, over, check_pattern(pattern, at, under)?, parts)
        }
        Term::TryCatch(inner, catch) => {
            let catch = catch.map(|c| boxed(*c, at, under)).transpose()?;
            Term::TryCatch(boxed(*inner, at, under)?, catch)
        }
        Term::IfThenElse(branches, other) => {
            let branches =
                branches.into_iter().map(|(condition, then)| Ok((term(condition, at, under)?, term(then, at, under)?)));
            let branches = branches.collect::<Result<_, LensError>>()?;
            Term::IfThenElse(branches, other.map(|o| boxed(*o, at, under)).transpose()?)
        }
        Term::Def(definitions, _) => {
            let name = definitions.first().map_or(at.code, |d| d.name);
            return at.refuse(name, "definitions (`def`) are not in lenses", "write it out where it is used");
        }
        Term::Call(name, arguments) => {
            if arguments.is_empty() && at.arguments.contains(&name) {
                return Ok(Term::Call(name, arguments));
            }
            if !filters::allowed(name, arguments.len(), at.ours) {
                let what = format!("`{name}` with {} arguments is not in lenses", arguments.len());
                return at.refuse(name, what, format!("use one of: {}", filters::names()));
            }
            call_of(name, arguments, at, under)?
        }
        Term::Path(head, Path(parts)) => path(*head, parts, at, under)?,
    })
}

/// A filter goes through its input, and may make something of it: both are paid for.
fn call_of<'s>(name: &'s str, arguments: Vec<T<'s>>, at: Within<'_, 's>, under: usize) -> Result<T<'s>, LensError> {
    let arguments = arguments.into_iter().map(|a| term(a, at, under)).collect::<Result<Vec<_>, _>>()?;
    let native = filters::is_native(name, arguments.len());
    let call_term = Term::Call(name, arguments);
    Ok(if native { pipe(pipe(call("__size"), call_term), call("__size")) } else { call_term })
}

fn text<'s>(parts: Vec<StrPart<&'s str, T<'s>>>, at: Within<'_, 's>, under: usize) -> Result<T<'s>, LensError> {
    let count = parts.iter().filter(|part| matches!(part, StrPart::Term(_))).count();
    if count == 0 {
        return Ok(Term::Str(None, parts));
    }
    if count > MOST_PARTS {
        return at.refuse(at.code, format!("a text is put together from more than {MOST_PARTS} values"), "use join");
    }
    let parts = parts.into_iter().map(|part| {
        Ok(match part {
            StrPart::Term(inner) => StrPart::Term(pipe(term(inner, at, under)?, call("__part"))),
            other => other,
        })
    });
    Ok(pipe(Term::Str(None, parts.collect::<Result<_, LensError>>()?), call("__size")))
}

fn binary<'s>(
    left: T<'s>,
    operator: BinaryOp<&'s str>,
    right: T<'s>,
    at: Within<'_, 's>,
    under: usize,
) -> Result<T<'s>, LensError> {
    let (left, right) = (term(left, at, under)?, term(right, at, under)?);
    let join = |left, operator, right| Term::BinOp(Box::new(left), operator, Box::new(right));
    let both = |name, left, right| (pipe(left, call(name)), pipe(right, call(name)));
    Ok(match operator {
        BinaryOp::Pipe(Some(pattern)) => join(left, BinaryOp::Pipe(Some(check_pattern(pattern, at, under)?)), right),
        BinaryOp::Cmp(cmp) => {
            let (left, right) = both("__size", left, right);
            join(left, BinaryOp::Cmp(cmp), right)
        }
        // The sum of two values is at most as large as both, and measured at once.
        BinaryOp::Math(Math::Add) => pipe(join(left, BinaryOp::Math(Math::Add), right), call("__size")),
        // These would repeat, divide, merge and subtract texts, lists and objects.
        BinaryOp::Math(math) => {
            let (left, right) = both("__number", left, right);
            pipe(join(left, BinaryOp::Math(math), right), call("__size"))
        }
        BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
            let next = "make a new object: `. + {name: value}`";
            return at.refuse(at.code, "assignments (`=`, `|=`, `+=` …) are not in lenses", next);
        }
        other => join(left, other, right),
    })
}

fn check_pattern<'s>(
    pattern: Pattern<&'s str>,
    at: Within<'_, 's>,
    depth: usize,
) -> Result<Pattern<&'s str>, LensError> {
    if depth > DEEPEST {
        return at.refuse(at.code, "the program's parts lie too deep in each other", "let it do less");
    }
    Ok(match pattern {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(inner) => {
            Pattern::Arr(inner.into_iter().map(|p| check_pattern(p, at, depth + 1)).collect::<Result<_, _>>()?)
        }
        Pattern::Obj(inner) => {
            let inner = inner.into_iter().map(|(key, p)| {
                let key = match key {
                    Term::Var(_) => key,
                    Term::Str(None, parts) => bare(Term::Str(None, parts), at, depth + 1)?,
                    other => pipe(term(other, at, depth + 1)?, call("__key")),
                };
                Ok((key, check_pattern(p, at, depth + 1)?))
            });
            Pattern::Obj(inner.collect::<Result<_, LensError>>()?)
        }
    })
}

/// Splits a path, so that each `[]` in it is paid for when it is opened.
fn path<'s>(
    head: T<'s>,
    parts: Vec<(Part<T<'s>>, jaq_core::path::Opt)>,
    at: Within<'_, 's>,
    under: usize,
) -> Result<T<'s>, LensError> {
    let mut so_far = if matches!(head, Term::Id | Term::Var(_)) { head } else { term(head, at, under)? };
    // Keys follow each other without a price between them: each gives one value at most.
    let mut keys = Vec::new();
    let close = |so_far: T<'s>, keys: &mut Vec<_>| match keys.is_empty() {
        true => so_far,
        false => Term::Path(Box::new(so_far), Path(std::mem::take(keys))),
    };
    for (part, opt) in parts {
        match part {
            Part::Index(index) => {
                let literal = match &index {
                    Term::Str(None, parts) => !parts.iter().any(|p| matches!(p, StrPart::Term(_))),
                    Term::Num(_) => true,
                    _ => false,
                };
                let index = if literal { index } else { pipe(term(index, at, under)?, call("__key")) };
                keys.push((Part::Index(index), opt));
            }
            Part::Range(from, upto) => {
                let bound =
                    |bound: Option<T<'s>>| bound.map(|b| Ok(pipe(term(b, at, under)?, call("__key")))).transpose();
                let range = Part::Range(bound(from)?, bound(upto)?);
                so_far = pipe(close(so_far, &mut keys), call("__open"));
                so_far = Term::Path(Box::new(so_far), Path(vec![(range, opt)]));
            }
        }
    }
    Ok(close(so_far, &mut keys))
}
