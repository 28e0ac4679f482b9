//! A TOML file with the line of everything in it, so that each fault can say where it is.

use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a file, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line of the file, from 1.
    pub line: usize,
    /// The field it is about, with dots between the names of tables; empty for the file as a whole.
    pub path: String,
    /// A sentence or two: what is wrong, the rule, the next step.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Returns faults as lines of text.
pub fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A parsed file.
pub struct Sheet<'a> {
    text: &'a str,
    root: Spanned<DeTable<'a>>,
    pub faults: Vec<Fault>,
}

impl<'a> Sheet<'a> {
    /// Reads a file's TOML.
    pub fn parse(text: &'a str) -> Result<Self, Fault> {
        let root = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |s| line_at(text, s.start));
            let message = format!("This is not TOML: {}. Write `key = \"text\"`, one a line.", error.message());
            Fault { line, path: String::new(), message }
        })?;
        Ok(Sheet { text, root, faults: Vec::new() })
    }

    /// Returns the value at a path.
    pub fn find(&self, path: &str) -> Option<&Spanned<DeValue<'a>>> {
        let mut names = path.split('.');
        let first = names.next()?;
        let mut value = get(self.root.get_ref(), first)?;
        for name in names {
            value = get(value.get_ref().as_table()?, name)?;
        }
        Some(value)
    }

    /// Returns the line of a path, or that of the nearest table above it.
    pub fn line(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(value) = self.find(path) {
                return line_at(self.text, value.span().start);
            }
            match path.rsplit_once('.') {
                Some((above, _)) => path = above,
                None => return 1,
            }
        }
    }

    /// Notes a fault.
    pub fn fault(&mut self, path: &str, message: impl Into<String>) {
        let line = self.line(path);
        self.faults.push(Fault { line, path: path.to_owned(), message: message.into() });
    }

    /// Returns a value as text: that of a text, truth value or number as it is, `+` for a list that holds something
    /// and for any other value, nothing for what is empty.
    pub fn plain(&self, path: &str) -> Option<String> {
        match self.find(path)?.get_ref() {
            DeValue::String(text) => (!text.trim().is_empty()).then(|| text.trim().to_owned()),
            DeValue::Boolean(value) => Some(value.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Array(items) => (!items.is_empty()).then(|| "+".to_owned()),
            DeValue::Table(table) => (!table.is_empty()).then(|| "+".to_owned()),
            DeValue::Datetime(time) => Some(time.to_string()),
            DeValue::Float(number) => Some(number.to_string()),
        }
    }

    /// Returns the texts of a list, or of a single text.
    pub fn texts(&self, path: &str) -> Vec<String> {
        match self.find(path).map(Spanned::get_ref) {
            Some(DeValue::Array(items)) => {
                items.iter().filter_map(|i| i.get_ref().as_str()).map(|s| s.trim().to_owned()).collect()
            }
            Some(DeValue::String(text)) => vec![text.trim().to_owned()],
            _ => Vec::new(),
        }
    }

    /// Returns every path that holds a value other than a table, and every list of tables.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut open = vec![(String::new(), self.root.get_ref())];
        while let Some((above, table)) = open.pop() {
            for (key, value) in table.iter() {
                let key: &str = key.get_ref();
                let path = if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") };
                match value.get_ref() {
                    DeValue::Table(inner) => open.push((path, inner)),
                    _ => paths.push(path),
                }
            }
        }
        paths.sort();
        paths
    }

    /// Returns the tables of a list of tables, each as texts and lists of texts by key.
    pub fn tables(&self, path: &str) -> Vec<Vec<(String, Vec<String>)>> {
        let Some(DeValue::Array(items)) = self.find(path).map(Spanned::get_ref) else { return Vec::new() };
        let texts = |value: &DeValue<'_>| match value {
            DeValue::Array(items) => items.iter().filter_map(|i| i.get_ref().as_str()).map(str::to_owned).collect(),
            other => other.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
        };
        items
            .iter()
            .filter_map(|i| i.get_ref().as_table())
            .map(|t| t.iter().map(|(k, v)| (k.get_ref().to_string(), texts(v.get_ref()))).collect())
            .collect()
    }
}

fn get<'t, 'a>(table: &'t DeTable<'a>, name: &str) -> Option<&'t Spanned<DeValue<'a>>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}
