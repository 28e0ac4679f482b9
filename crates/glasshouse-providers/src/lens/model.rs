//! A lens as its file describes it, checked.

use super::LensError;
use super::paths::{JsonPath, PathPattern};
use super::program::Program;
use super::toml::{self, Item, Table, Value};
use super::when::{TimeFormat, Zone};
use glasshouse_model::{Family, MomentRole, PartyRole, Tier};
use std::str::FromStr;

/// How a file's items are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Csv,
    Html,
    Json,
    Ndjson,
    Text,
}

/// A lens file.
pub(super) struct LensFile {
    pub provider: String,
    pub service: String,
    pub format: String,
    pub title: String,
    pub tier: Tier,
    pub not_covered: Vec<String>,
    pub references: Vec<String>,
    /// It comes by legal process alone.
    pub is_return: bool,
    pub layout: Layout,
    pub paths: Vec<PathPattern>,
    /// Columns or keys that must be there; each by any of its names.
    pub guards: Vec<Vec<String>>,
    pub ignore: Vec<JsonPath>,
    /// What the lines of a text are.
    pub lines: Lines,
    pub kinds: Vec<Kind>,
}

/// The lines of a text that mean more than themselves.
#[derive(Default)]
pub(super) struct Lines {
    /// How the first line of an item may begin, `#` being a digit; empty when items are blocks of names and values.
    pub items: Vec<String>,
    /// How a line begins that says what the items below it belong to; empty when there is none.
    pub heading: String,
    /// How a line begins that ends an item; empty when blank lines do.
    pub end: String,
    /// Lines that say nothing.
    pub ignore: Vec<String>,
}

/// One kind of item in a file, and what becomes of it.
pub(super) struct Kind {
    pub family: Family,
    pub items: Vec<JsonPath>,
    /// Of a text: the files whose items these are; empty for all.
    pub files: Vec<PathPattern>,
    pub program: Option<Program>,
    pub known: Vec<String>,
    pub account: Names,
    pub title: Names,
    pub text: Names,
    pub conversation: Names,
    pub times: Vec<TimeRule>,
    pub parties: Vec<PartyRule>,
    pub place: Option<PlaceRule>,
    pub attachments: Vec<AttachmentRule>,
}

/// Names of one member, the first that has a value counts; empty when there is no such rule.
pub(super) type Names = Vec<String>;

pub(super) struct TimeRule {
    pub field: Names,
    pub role: MomentRole,
    pub formats: Vec<TimeFormat>,
    pub zone: Zone,
}

pub(super) struct PartyRule {
    pub role: PartyRole,
    pub name: Names,
    pub email: Names,
    pub phone: Names,
    pub account: Names,
    pub url: Names,
}

pub(super) struct PlaceRule {
    pub lat: Names,
    pub lon: Names,
    pub accuracy: Names,
    pub altitude: Names,
    pub address: Names,
}

pub(super) struct AttachmentRule {
    pub name: Names,
    pub mime: Names,
    pub size: Names,
}

impl Kind {
    /// Returns every name that a rule looks for.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let own = [&self.account, &self.title, &self.text, &self.conversation].into_iter();
        let times = self.times.iter().flat_map(|t| {
            let zone = match &t.zone {
                Zone::Field(names) => Some(names),
                _ => None,
            };
            [Some(&t.field), zone].into_iter().flatten()
        });
        let parties = self.parties.iter().flat_map(|p| [&p.name, &p.email, &p.phone, &p.account, &p.url]);
        let place = self.place.iter().flat_map(|p| [&p.lat, &p.lon, &p.accuracy, &p.altitude, &p.address]);
        let attachments = self.attachments.iter().flat_map(|a| [&a.name, &a.mime, &a.size]);
        own.chain(times).chain(parties).chain(place).chain(attachments).flatten()
    }
}

/// Reads and checks a lens file.
pub(super) fn read(text: &str) -> Result<LensFile, LensError> {
    const LONGEST: usize = 64 << 10;
    if text.len() > LONGEST {
        return Err(LensError::new(0, format!("the lens is longer than {LONGEST} bytes"), "divide it into several"));
    }
    let mut root = Keys::new(toml::read(text)?, "the lens");
    if root.whole("lens")? != 1 {
        return Err(LensError::new(1, "this is not a lens of form 1", "write `lens = 1` on the first line"));
    }
    let provider = root.word("provider")?;
    let service = root.text("service")?;
    let format = root.word("format")?;
    let title = root.text("title")?;
    let tier = root.one_of("tier", &[("documented", Tier::Documented), ("unverified", Tier::Unverified)])?;
    let not_covered = root.texts("not_covered")?;
    let references = root.texts("references")?;
    if references.is_empty() {
        return Err(LensError::new(root.line, "`references` is missing", "name where the layout is described"));
    }
    let is_return = match root.has("from") {
        true => root.one_of("from", &[("holder", false), ("legal-process", true)])?,
        false => false,
    };
    let mut matching = root.table("match")?;
    let layouts = [
        ("csv", Layout::Csv),
        ("html", Layout::Html),
        ("json", Layout::Json),
        ("ndjson", Layout::Ndjson),
        ("text", Layout::Text),
    ];
    let layout = matching.one_of("layout", &layouts)?;
    let paths = matching.each("paths", PathPattern::from_str)?;
    if paths.is_empty() {
        return Err(LensError::new(matching.line, "`paths` is missing", "write paths = [\"name.csv\"]"));
    }
    let table = matches!(layout, Layout::Csv | Layout::Html);
    let guard = if table { "columns" } else { "keys" };
    let guards: Vec<Vec<String>> =
        matching.texts(guard)?.iter().map(|g| g.split('|').map(|n| n.trim().to_owned()).collect()).collect();
    if guards.is_empty() {
        return Err(LensError::new(
            matching.line,
            format!("`{guard}` is missing: a path alone does not say what a file holds"),
            format!("name what every such file has: {guard} = [\"one\", \"other|its old name\"]"),
        ));
    }
    let ignore = if layout == Layout::Json { matching.each("ignore", |path| path.parse())? } else { Vec::new() };
    let lines = if layout == Layout::Text { lines(&mut matching)? } else { Lines::default() };
    matching.done()?;
    let mut kinds = Vec::new();
    for table in root.tables("record")? {
        kinds.push(kind(table, layout)?);
    }
    if kinds.is_empty() {
        return Err(LensError::new(root.line, "no [[record]] says what becomes of an item", "add one at the end"));
    }
    if kinds.len() > 1 && !matches!(layout, Layout::Json | Layout::Text) {
        return Err(LensError::new(root.line, "only JSON and text hold several kinds of items", "keep one [[record]]"));
    }
    root.done()?;
    Ok(LensFile {
        provider,
        service,
        format,
        title,
        tier,
        not_covered,
        references,
        is_return,
        layout,
        paths,
        guards,
        ignore,
        lines,
        kinds,
    })
}

fn lines(matching: &mut Keys) -> Result<Lines, LensError> {
    let begins = |texts: Vec<String>| texts.into_iter().next().unwrap_or_default();
    let not_blank = |text: &str| {
        if text.trim().is_empty() { Err("how such a line begins") } else { Ok(text.to_owned()) }
    };
    let items = matching.each("item", not_blank)?;
    let heading = begins(matching.each("heading", not_blank)?);
    let end = begins(matching.each("end", not_blank)?);
    Ok(Lines { items, heading, end, ignore: matching.texts("ignore")? })
}

fn kind(table: Table, layout: Layout) -> Result<Kind, LensError> {
    let mut keys = Keys::new(table, "[[record]]");
    let family = keys.parsed("family", "one of the families in docs/claims.md, such as message", |word| {
        word.parse::<Family>().ok()
    })?;
    let items: Vec<JsonPath> =
        if layout == Layout::Json { keys.each("items", |path| path.parse())? } else { Vec::new() };
    if layout == Layout::Json && items.is_empty() {
        let next =
            "write items = [\"\"] for a file that is one list, [\".\"] for one object, or the keys that lead to it";
        return Err(LensError::new(keys.line, "`items` is missing", next));
    }
    let files: Vec<PathPattern> =
        if layout == Layout::Text { keys.each("items", PathPattern::from_str)? } else { Vec::new() };
    let program = match keys.take("program") {
        None => None,
        Some(Item { line, value: Value::Text(code) }) => Some(Program::new(&code, line)?),
        Some(item) => return Err(wrong(&item, "program", "a text in '''…'''")),
    };
    let known = keys.texts("known")?;
    let [account, title] = [keys.names("account")?, keys.names("title")?];
    let [text, conversation] = [keys.names("text")?, keys.names("conversation")?];
    let times = keys.tables("time")?.into_iter().map(time).collect::<Result<_, _>>()?;
    let parties = keys.tables("party")?.into_iter().map(party).collect::<Result<_, _>>()?;
    let attachments = keys.tables("attachment")?.into_iter().map(attachment).collect::<Result<_, _>>()?;
    let place = match keys.take("place") {
        None => None,
        Some(Item { value: Value::Table(table), .. }) => Some(place(table)?),
        Some(item) => return Err(wrong(&item, "place", "a table: [record.place]")),
    };
    keys.done()?;
    Ok(Kind {
        family,
        items,
        files,
        program,
        known,
        account,
        title,
        text,
        conversation,
        times,
        parties,
        place,
        attachments,
    })
}

fn time(table: Table) -> Result<TimeRule, LensError> {
    let mut keys = Keys::new(table, "[[record.time]]");
    let role = keys.parsed("role", "sent, received, created, modified, taken, start, end or observed", |word| {
        use MomentRole::*;
        let all = [Sent, Received, Created, Modified, Taken, Start, End, Observed];
        all.into_iter().find(|role| role.as_str() == word)
    })?;
    let field = keys.required_names("field")?;
    let formats = keys.each("format", TimeFormat::from_str)?;
    let zone = keys.parsed("zone", "text, utc, account-local, device-local, unknown, or field:NAME", Zone::parse)?;
    if formats.is_empty() {
        let next = "write format = [\"iso\"], or epoch-seconds, or a pattern such as \"%Y-%m-%d %H:%M:%S\"";
        return Err(LensError::new(keys.line, "`format` is missing", next));
    }
    // A column may hold times with a zone and times without one: the zone is that of the latter.
    let wrong = match (&zone, formats.iter().find(|f| !f.has_zone() && !f.is_count())) {
        (Zone::Text, _) => formats.iter().find(|f| !f.has_zone() && !f.says_utc() && !f.is_count()).map(|format| {
            let what = "reads no zone in the text, and `zone` says that one is there";
            (format, what, "name the zone, or where it stands")
        }),
        (_, None) => formats.iter().find(|f| f.has_zone()).map(|format| {
            let what = "reads a zone in the text, and `zone` says that none is there";
            (format, what, "write zone = \"text\"")
        }),
        _ => None,
    };
    if let Some((format, what, next)) = wrong {
        return Err(LensError::new(keys.line, format!("the format `{}` {what}", format.as_str()), next));
    }
    if formats.iter().any(TimeFormat::is_count) && zone != Zone::Utc {
        return Err(LensError::new(keys.line, "a count since 1970 is in UTC", "write zone = \"utc\""));
    }
    keys.done()?;
    Ok(TimeRule { field, role, formats, zone })
}

fn party(table: Table) -> Result<PartyRule, LensError> {
    let mut keys = Keys::new(table, "[[record.party]]");
    let role = keys.parsed("role", "sender, to, cc, author, participant, owner, subject or another role", |word| {
        use PartyRole::*;
        let all = [Sender, To, Cc, Bcc, ReplyTo, Author, Participant, Organizer, Attendee, Subject, Tagged, Owner];
        all.into_iter().find(|role| role.as_str() == word)
    })?;
    let [name, email] = [keys.names("name")?, keys.names("email")?];
    let [phone, account, url] = [keys.names("phone")?, keys.names("account")?, keys.names("url")?];
    if [&name, &email, &phone, &account, &url].into_iter().all(Vec::is_empty) {
        return Err(LensError::new(
            keys.line,
            "the party has nothing that names it",
            "add name, email, phone, account or url",
        ));
    }
    keys.done()?;
    Ok(PartyRule { role, name, email, phone, account, url })
}

fn place(table: Table) -> Result<PlaceRule, LensError> {
    let mut keys = Keys::new(table, "[record.place]");
    let (lat, lon) = (keys.names("lat")?, keys.names("lon")?);
    let (accuracy, altitude, address) = (keys.names("accuracy")?, keys.names("altitude")?, keys.names("address")?);
    if lat.is_empty() != lon.is_empty() {
        return Err(LensError::new(keys.line, "of `lat` and `lon` only one is there", "name both"));
    }
    keys.done()?;
    Ok(PlaceRule { lat, lon, accuracy, altitude, address })
}

fn attachment(table: Table) -> Result<AttachmentRule, LensError> {
    let mut keys = Keys::new(table, "[[record.attachment]]");
    let (name, mime, size) = (keys.required_names("name")?, keys.names("mime")?, keys.names("size")?);
    keys.done()?;
    Ok(AttachmentRule { name, mime, size })
}

/// The keys of a table that are yet to be read; what is left at the end is an error.
struct Keys {
    table: Table,
    line: usize,
    place: &'static str,
    asked: Vec<&'static str>,
}

impl Keys {
    fn new(table: Table, place: &'static str) -> Self {
        Keys { line: table.line, table, place, asked: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<Item> {
        self.asked.push(key);
        let at = self.table.entries.iter().position(|(k, _)| k == key)?;
        Some(self.table.entries.remove(at).1)
    }

    fn has(&self, key: &str) -> bool {
        self.table.entries.iter().any(|(k, _)| k == key)
    }

    fn required(&mut self, key: &'static str) -> Result<Item, LensError> {
        let missing = LensError::new(self.line, format!("{} lacks `{key}`", self.place), format!("add `{key} = …`"));
        self.take(key).ok_or(missing)
    }

    fn text(&mut self, key: &'static str) -> Result<String, LensError> {
        match self.required(key)? {
            Item { value: Value::Text(text), .. } if !text.trim().is_empty() => Ok(text),
            item => Err(wrong(&item, key, "a text")),
        }
    }

    /// A name that stands in records and in columns.
    fn word(&mut self, key: &'static str) -> Result<String, LensError> {
        self.parsed(key, "a word of small letters, digits and - that begins with a letter", |text| {
            let fits = text.len() <= 40
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            fits.then(|| text.to_owned())
        })
    }

    fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, LensError> {
        let item = self.required(key)?;
        match &item.value {
            Value::Text(text) => parse(text).ok_or_else(|| wrong(&item, key, expected)),
            _ => Err(wrong(&item, key, expected)),
        }
    }

    fn one_of<T: Copy>(&mut self, key: &'static str, values: &[(&str, T)]) -> Result<T, LensError> {
        let expected = values.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" or ");
        self.parsed(key, &expected, |word| values.iter().find(|(name, _)| *name == word).map(|(_, value)| *value))
    }

    fn whole(&mut self, key: &'static str) -> Result<i64, LensError> {
        match self.required(key)? {
            Item { value: Value::Whole(number), .. } => Ok(number),
            item => Err(wrong(&item, key, "a whole number")),
        }
    }

    /// A list of texts, or one text alone; empty when the key is not there.
    fn each<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Result<Vec<T>, LensError> {
        let Some(item) = self.take(key) else { return Ok(Vec::new()) };
        let items = match item.value {
            Value::List(items) => items,
            _ => vec![item],
        };
        let read = |item: Item| match &item.value {
            Value::Text(text) => parse(text).map_err(|expected| wrong(&item, key, expected)),
            _ => Err(wrong(&item, key, "texts in quotes")),
        };
        items.into_iter().map(read).collect()
    }

    fn texts(&mut self, key: &'static str) -> Result<Vec<String>, LensError> {
        self.each(key, |text| Ok(text.to_owned()))
    }

    fn names(&mut self, key: &'static str) -> Result<Names, LensError> {
        self.each(key, |text| if text.is_empty() { Err("names that are not empty") } else { Ok(text.to_owned()) })
    }

    fn required_names(&mut self, key: &'static str) -> Result<Names, LensError> {
        let names = self.names(key)?;
        if names.is_empty() {
            let next = format!("add `{key} = \"name of the column or key\"`");
            return Err(LensError::new(self.line, format!("{} lacks `{key}`", self.place), next));
        }
        Ok(names)
    }

    fn table(&mut self, key: &'static str) -> Result<Keys, LensError> {
        match self.required(key)? {
            Item { value: Value::Table(table), .. } => Ok(Keys::new(table, "[match]")),
            item => Err(wrong(&item, key, "a table: [match]")),
        }
    }

    fn tables(&mut self, key: &'static str) -> Result<Vec<Table>, LensError> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Item { value: Value::Tables(tables), .. }) => Ok(tables),
            Some(item) => Err(wrong(&item, key, "tables, each begun with [[…]]")),
        }
    }

    /// A key that nobody asked for is a mistake, and not to be passed over.
    fn done(self) -> Result<(), LensError> {
        match self.table.entries.first() {
            None => Ok(()),
            Some((key, item)) => Err(LensError::new(
                item.line,
                format!("`{key}` is not known in {}", self.place),
                format!("known are {}", self.asked.join(", ")),
            )),
        }
    }
}

fn wrong(item: &Item, key: &str, expected: &str) -> LensError {
    let found = match &item.value {
        Value::Text(text) => format!("`{}`", text.chars().take(40).collect::<String>()),
        other => other.kind().to_owned(),
    };
    LensError::new(item.line, format!("`{key}` is {found}"), format!("write {expected}"))
}
