//! A column of few values, in memory: for each row of the case the number of its value.

use super::select::Test;
use crate::EngineError;
use crate::search::Searcher;
use crate::segment::typed;
use datafusion::arrow::array::StringArray;
use std::collections::HashMap;
use std::sync::Arc;

/// A column as numbers of values; a byte a row while there are few values.
pub(super) struct Coded {
    pub values: Vec<Option<String>>,
    codes: Codes,
}

enum Codes {
    Narrow(Vec<u8>),
    Wide(Vec<u32>),
}

impl Coded {
    pub fn load(searcher: &Searcher, column: &str, all: u32) -> Result<Self, EngineError> {
        let mut numbers: HashMap<Option<String>, u32> = HashMap::new();
        let mut values: Vec<Option<String>> = Vec::new();
        let mut codes = Codes::Narrow(Vec::with_capacity(all as usize));
        for open in searcher.segments() {
            for batch in open.columns.read(&[column], None)? {
                let texts: &StringArray = typed(&batch, column)?;
                // Values come in runs; a look-up is only needed where one ends.
                let mut last: Option<(Option<&str>, u32)> = None;
                for value in texts {
                    let code = match last {
                        Some((known, code)) if known == value => code,
                        _ => {
                            let next = values.len() as u32;
                            let owned = value.map(str::to_owned);
                            let code = *numbers.entry(owned).or_insert_with_key(|key| {
                                values.push(key.clone());
                                next
                            });
                            last = Some((value, code));
                            code
                        }
                    };
                    codes.push(code);
                }
            }
        }
        Ok(Coded { values, codes })
    }

    /// Returns the number of a row's value.
    pub fn code(&self, row: u32) -> u32 {
        match &self.codes {
            Codes::Narrow(codes) => codes.get(row as usize).copied().map_or(u32::MAX, u32::from),
            Codes::Wide(codes) => codes.get(row as usize).copied().unwrap_or(u32::MAX),
        }
    }

    /// Returns the test of whether a row has one of the values whose numbers are marked.
    pub fn one_of(self: Arc<Self>, marked: Vec<bool>) -> Box<dyn Test> {
        let is = move |code: u32| marked.get(code as usize).is_some_and(|is| *is);
        if matches!(self.codes, Codes::Wide(_)) {
            return Box::new(move |row| is(self.code(row)));
        }
        // Most columns are narrow, and are asked for most: a table of all codes there can be, without a bound to check.
        let table: [bool; 256] = std::array::from_fn(|code| is(code as u32));
        Box::new(move |row: u32| match &self.codes {
            Codes::Narrow(codes) => {
                codes.get(row as usize).and_then(|code| table.get(usize::from(*code))).is_some_and(|is| *is)
            }
            Codes::Wide(_) => false,
        })
    }

    /// Returns a row's value.
    pub fn value(&self, row: u32) -> Option<&str> {
        self.named(self.code(row))
    }

    /// Returns the value of a number.
    pub fn named(&self, code: u32) -> Option<&str> {
        self.values.get(code as usize).and_then(|v| v.as_deref())
    }

    /// Returns the number that stands for no value, if a row has none.
    pub fn none(&self) -> Option<u32> {
        self.values.iter().position(Option::is_none).map(|n| n as u32)
    }

    /// Returns the number of a value.
    pub fn find(&self, value: &str) -> Option<u32> {
        self.values.iter().position(|v| v.as_deref() == Some(value)).map(|n| n as u32)
    }
}

impl Codes {
    fn push(&mut self, code: u32) {
        match self {
            Codes::Narrow(codes) => match u8::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => {
                    let mut wide: Vec<u32> = Vec::with_capacity(codes.capacity());
                    wide.extend(codes.iter().map(|c| u32::from(*c)));
                    wide.push(code);
                    *self = Codes::Wide(wide);
                }
            },
            Codes::Wide(codes) => codes.push(code),
        }
    }
}
