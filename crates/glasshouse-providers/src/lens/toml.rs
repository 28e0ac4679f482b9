//! The part of TOML that lens files are written in, with the line of every value.
//!
//! Tables, arrays of tables, inline tables, strings of all four kinds, whole numbers and lists; no truth values,
//! dates, fractions or dotted keys. What this reads means the same to any other reader of TOML.

use super::LensError;

/// A value and the line that it, or the text in its quotes, begins on, counted from 1.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub line: usize,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    List(Vec<Item>),
    Table(Table),
    /// `[[name]]`, once for each time it is written.
    Tables(Vec<Table>),
}

impl Value {
    /// Returns what such a value is called in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a number",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Tables(_) => "tables",
        }
    }
}

/// Keys and values in the order written.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub line: usize,
    pub entries: Vec<(String, Item)>,
}

impl Table {
    fn at(line: usize) -> Self {
        Table { line, entries: Vec::new() }
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Item> {
        self.entries.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    fn insert(&mut self, key: String, item: Item) -> Result<(), LensError> {
        if let Some((_, first)) = self.entries.iter().find(|(k, _)| *k == key) {
            return Err(LensError::new(
                item.line,
                format!("`{key}` stands here and on line {}", first.line),
                "keep one of the two",
            ));
        }
        self.entries.push((key, item));
        Ok(())
    }
}

/// Reads a file.
pub(super) fn read(text: &str) -> Result<Table, LensError> {
    let mut reader = Reader { text, at: 0, line: 1 };
    let mut root = Table::at(1);
    let mut path: Vec<String> = Vec::new();
    loop {
        reader.skip_blank_lines();
        let Some(byte) = reader.peek() else { return Ok(root) };
        let line = reader.line;
        if byte == b'[' {
            let many = reader.text[reader.at..].starts_with("[[");
            reader.at += if many { 2 } else { 1 };
            path = reader.header()?;
            reader.demand(if many { "]]" } else { "]" })?;
            open(&mut root, &path, many, line)?;
        } else {
            let (key, item) = reader.pair(0)?;
            inside(&mut root, &path, line)?.insert(key, item)?;
        }
        reader.end_of_line()?;
    }
}

/// Makes the table that a header names.
fn open(root: &mut Table, path: &[String], many: bool, line: usize) -> Result<(), LensError> {
    let Some((last, above)) = path.split_last() else { return Ok(()) };
    let table = inside(root, above, line)?;
    match table.get_mut(last) {
        None => {
            let new = Table::at(line);
            let value = if many { Value::Tables(vec![new]) } else { Value::Table(new) };
            table.insert(last.clone(), Item { line, value })
        }
        Some(Item { value: Value::Tables(tables), .. }) if many => {
            tables.push(Table::at(line));
            Ok(())
        }
        Some(first) => Err(LensError::new(
            line,
            format!("`{last}` stands here and on line {}", first.line),
            "write [[…]] for what may stand several times, and [...] once only",
        )),
    }
}

/// Returns the table at a path, the newest of those written `[[…]]`.
fn inside<'t>(root: &'t mut Table, path: &[String], line: usize) -> Result<&'t mut Table, LensError> {
    let mut table = root;
    for name in path {
        table = match table.get_mut(name).map(|item| &mut item.value) {
            Some(Value::Table(inner)) => inner,
            Some(Value::Tables(inner)) if !inner.is_empty() => {
                let newest = inner.len() - 1;
                &mut inner[newest]
            }
            _ => {
                return Err(LensError::new(
                    line,
                    format!("there is no table `{name}` above"),
                    format!("write [[{name}]] or [{name}] before it"),
                ));
            }
        };
    }
    Ok(table)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Reader<'t> {
    /// Lists and inline tables may hold each other this deep.
    const DEEPEST: usize = 8;

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fail<T>(&self, what: impl Into<String>, next: impl Into<String>) -> Result<T, LensError> {
        Err(LensError::new(self.line, what, next))
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Skips blanks, line ends and comments.
    fn skip_blank_lines(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\n') => {
                    self.line += 1;
                    self.at += 1;
                }
                Some(b'#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    fn end_of_line(&mut self) -> Result<(), LensError> {
        self.skip_blanks();
        match self.peek() {
            None | Some(b'\n' | b'#' | b'\r') => Ok(()),
            _ => self.fail("there is more on this line after the value", "begin a new line, or remove it"),
        }
    }

    fn demand(&mut self, what: &str) -> Result<(), LensError> {
        self.skip_blanks();
        if !self.rest().starts_with(what) {
            return self.fail(format!("`{what}` was expected"), format!("write `{what}` here"));
        }
        self.at += what.len();
        Ok(())
    }

    fn header(&mut self) -> Result<Vec<String>, LensError> {
        let mut path = vec![self.key()?];
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'.') {
                return Ok(path);
            }
            self.at += 1;
            path.push(self.key()?);
        }
    }

    fn key(&mut self) -> Result<String, LensError> {
        self.skip_blanks();
        match self.peek() {
            Some(b'"') => self.basic(),
            Some(b'\'') => self.literal(),
            _ => {
                let length =
                    self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
                if length == 0 {
                    return self.fail("a key was expected", "write `key = value`, or begin a comment with #");
                }
                let key = self.rest().get(..length).unwrap_or_default().to_owned();
                self.at += length;
                Ok(key)
            }
        }
    }

    fn pair(&mut self, depth: usize) -> Result<(String, Item), LensError> {
        let key = self.key()?;
        self.skip_blanks();
        if self.peek() == Some(b'.') {
            return self.fail("keys with dots are not read", "write a table with that name: [name]");
        }
        self.demand("=")?;
        self.skip_blanks();
        Ok((key, self.item(depth)?))
    }

    fn item(&mut self, depth: usize) -> Result<Item, LensError> {
        // A text of several lines begins on the line after its quotes, if nothing stands behind them.
        let quotes = self.rest().get(..3).is_some_and(|q| q == "'''" || q == "\"\"\"");
        let below = quotes && self.rest().get(3..).is_some_and(|t| t.starts_with('\n') || t.starts_with("\r\n"));
        let line = self.line + usize::from(below);
        if depth > Self::DEEPEST {
            return self.fail("lists and tables lie too deep in each other", "lay them out flat");
        }
        let value = match self.peek() {
            Some(b'"') => Value::Text(self.basic()?),
            Some(b'\'') => Value::Text(self.literal()?),
            Some(b'[') => {
                self.at += 1;
                let mut list = Vec::new();
                loop {
                    self.skip_blank_lines();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        break Value::List(list);
                    }
                    list.push(self.item(depth + 1)?);
                    self.skip_blank_lines();
                    match self.peek() {
                        Some(b',') => self.at += 1,
                        Some(b']') => {}
                        _ => return self.fail("`,` or `]` was expected in the list", "close the list with ]"),
                    }
                }
            }
            Some(b'{') => {
                self.at += 1;
                let mut table = Table::at(line);
                loop {
                    self.skip_blanks();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        break Value::Table(table);
                    }
                    let (key, item) = self.pair(depth + 1)?;
                    table.insert(key, item)?;
                    self.skip_blanks();
                    match self.peek() {
                        Some(b',') => self.at += 1,
                        Some(b'}') => {}
                        _ => return self.fail("`,` or `}` was expected", "close the table with } on the same line"),
                    }
                }
            }
            _ => {
                let length =
                    self.rest().bytes().take_while(|b| !matches!(b, b',' | b']' | b'}' | b'#' | b'\n')).count();
                let word = self.rest().get(..length).unwrap_or_default().trim_end();
                let Ok(number) = word.parse() else {
                    return self.fail(
                        "this is no value of a lens file",
                        "write a text in quotes, a whole number, [a list] or {a table}",
                    );
                };
                self.at += word.len();
                Value::Whole(number)
            }
        };
        Ok(Item { line, value })
    }

    /// Reads `'…'` and `'''…'''`: nothing in them is an escape.
    fn literal(&mut self) -> Result<String, LensError> {
        let (quote, many) = if self.rest().starts_with("'''") { ("'''", true) } else { ("'", false) };
        let begun = self.line;
        self.at += quote.len();
        let body = self.rest();
        let Some(end) = body.find(quote).filter(|end| many || !body[..*end].contains('\n')) else {
            return Err(LensError::new(begun, "the text has no end", format!("close it with {quote}")));
        };
        self.at += end + quote.len();
        let text = &body[..end];
        self.line += text.matches('\n').count();
        Ok(if many { without_first_break(text) } else { text }.to_owned())
    }

    /// Reads `"…"` and `"""…"""`.
    fn basic(&mut self) -> Result<String, LensError> {
        let (quote, many) = if self.rest().starts_with("\"\"\"") { ("\"\"\"", true) } else { ("\"", false) };
        let begun = self.line;
        self.at += quote.len();
        let mut out = String::new();
        if many && self.rest().starts_with(['\n', '\r']) {
            self.at += self.rest().find('\n').map_or(0, |at| at + 1);
            self.line += 1;
        }
        loop {
            if self.rest().starts_with(quote) {
                self.at += quote.len();
                return Ok(out);
            }
            let Some(char) = self.rest().chars().next().filter(|c| many || *c != '\n') else {
                return Err(LensError::new(begun, "the text has no end", format!("close it with {quote}")));
            };
            self.at += char.len_utf8();
            match char {
                '\\' => out.push(self.escape()?),
                '\n' => {
                    self.line += 1;
                    out.push('\n');
                }
                other => out.push(other),
            }
        }
    }

    fn escape(&mut self) -> Result<char, LensError> {
        let hint = "write \\\\ for a backslash, or use '…', where nothing is an escape";
        let Some(char) = self.rest().chars().next() else { return self.fail("the text has no end", hint) };
        self.at += char.len_utf8();
        let digits = match char {
            '"' | '\\' => return Ok(char),
            'n' => return Ok('\n'),
            't' => return Ok('\t'),
            'r' => return Ok('\r'),
            'u' => 4,
            'U' => 8,
            _ => return self.fail(format!("`\\{char}` is no escape"), hint),
        };
        let code = self.rest().get(..digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        let Some(char) = code.and_then(char::from_u32) else { return self.fail("this is no character", hint) };
        self.at += digits;
        Ok(char)
    }
}

/// A line break right after the opening quotes is not part of the text.
fn without_first_break(text: &str) -> &str {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_lists_and_texts() {
        let text = "a = 1 # one\nb = [\"x\\u00e9\", 'y\\n', # two\n  'z',\n]\n[t]\n\"k k\" = {p = 'q', r = -2}\n[[m]]\n\
            s = '''\nline\n'''\n[[m.n]]\nz = \"\"\"\na\n  b\"\"\"\n[[m]]\n";
        let table = read(text).expect("a table");
        let lines: Vec<_> = table.entries.iter().map(|(k, v)| (k.as_str(), v.line, v.value.kind())).collect();
        let expected = [("a", 1, "a number"), ("b", 2, "a list"), ("t", 5, "a table"), ("m", 7, "tables")];
        assert_eq!(lines, expected);
        let shown = format!("{table:?}");
        for part in ["Text(\"xé\")", "Text(\"y\\\\n\")", "Text(\"line\\n\")", "Text(\"a\\n  b\")", "Whole(-2)"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn errors_name_their_line() {
        for (text, line, what) in [
            ("a = 1\na = 2", 2, "`a` stands here and on line 1"),
            ("\n\na", 3, "`=` was expected"),
            ("a = \"x", 1, "the text has no end"),
            ("a = 'x\n'", 1, "the text has no end"),
            ("a = 1.5", 1, "this is no value"),
            ("a = \"\\q\"", 1, "`\\q` is no escape"),
            ("[[a.b]]", 1, "there is no table `a`"),
            ("[a]\n[a]", 2, "stands here"),
            ("a = [1\n2]", 2, "`,` or `]`"),
            ("a.b = 1", 1, "keys with dots"),
            ("a = 1 2", 1, "no value"),
            ("a = '1' 2", 1, "more on this line"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.starts_with(&format!("line {line}: ")) && error.contains(what), "{text}: {error}");
        }
        let deep = format!("a = {}", "[".repeat(10_000));
        assert!(read(&deep).is_err());
    }
}
