//! Whether what is among the records of a case is within its authorities as they now are.

use super::{Standing, narrower, puts_more_aside};

/// What policies are told where it is.
pub const IN_LINE: &str = "in line";

/// How records that were read under some authorities lie to what became of these since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// One of them lets less through by now, or one that came later puts something aside.
    narrower: bool,
    /// From when on another than the one that is acted under has ended, microseconds since 1970.
    ended: Option<i64>,
}

impl Line {
    /// Looks at the authorities, by `id/version`, that a run was made under, and at how they stand for whoever acts
    /// under the authority `under`.
    pub fn of(run: &[String], standings: &[Standing], under: &str) -> Self {
        let (mut line, now) = (Line::default(), crate::session::now());
        let mut read_under = Vec::new();
        for read in run {
            let (id, version) = read.rsplit_once('/').unwrap_or((read, ""));
            let Some(standing) = standings.iter().find(|s| s.authority.id == id) else { continue };
            let then = standing.versions.iter().find(|a| a.version.to_string() == version);
            line.narrower |= then.is_some_and(|then| narrower(then, &standing.authority));
            read_under.extend(then);
            if id != under {
                let ended = match (&standing.withdrawal, standing.authority.validity) {
                    (Some(_), _) => Some(i64::MIN),
                    // One that is to hold from a later day on does not hold now, which is the same.
                    (None, Some(validity)) if now < validity.start => Some(i64::MIN),
                    (None, validity) => validity.map(|validity| validity.end),
                };
                line.ended = [line.ended, ended].into_iter().flatten().min();
            }
        }
        // One that came later puts aside what none of these did. Runs of earlier programs do not name theirs.
        let known = |id: &str| run.iter().any(|read| read.rsplit_once('/').is_some_and(|(one, _)| one == id));
        let came_later = standings.iter().filter(|s| s.state(now) == "in force" && !known(&s.authority.id));
        for later in came_later {
            line.narrower |= read_under.iter().any(|then| puts_more_aside(&later.authority, then));
        }
        line
    }

    /// Says in a word of the policies how it is at an instant.
    pub fn at(&self, now: i64) -> &'static str {
        match self.ended {
            Some(ended) if now >= ended => "ended",
            _ if self.narrower => "narrower",
            _ => IN_LINE,
        }
    }
}
