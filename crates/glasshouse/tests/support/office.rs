//! An installation with people of every role, who work on cases that are not their own.

use super::{account, glasshouse, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const EVERY_FAMILY: [&str; 28] = [
    "mail",
    "message",
    "call",
    "post",
    "reaction",
    "contact",
    "account",
    "login",
    "device",
    "location",
    "visit",
    "trip",
    "web_visit",
    "search",
    "media",
    "file",
    "note",
    "task",
    "event",
    "purchase",
    "payment",
    "play",
    "health",
    "voice",
    "setting",
    "app",
    "ad",
    "activity",
];

pub const PASSWORD: &str = "correct horse battery staple";

/// An installation with its people, and a warrant that one of them approved.
pub struct Office {
    pub home: PathBuf,
    pub folder: PathBuf,
    _keep: tempfile::TempDir,
}

/// What a command said, and its exit code.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Office {
    pub fn new() -> Self {
        let keep = tempfile::tempdir().expect("a folder");
        let folder = keep.path().to_path_buf();
        let office = Office { home: folder.join("home"), folder, _keep: keep };
        for (name, role) in [
            ("d.hart", "examiner"),
            ("r.okoro", "authoriser"),
            ("a.mensah", "administrator"),
            ("t.vale", "auditor"),
            ("p.quill", "disclosure_officer"),
            ("v.reed", "privilege_reviewer"),
        ] {
            office.good(&[], name, &["person", "new", name, "--role", role]);
        }
        let text = warrant(&office.key("r.okoro"), 1, "2044-08-03");
        std::fs::write(office.warrant(), text).expect("written");
        office
    }

    pub fn warrant(&self) -> PathBuf {
        self.folder.join("warrant.toml")
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    pub fn key(&self, name: &str) -> String {
        let list = self.good(&[], "", &["person", "list"]);
        let line = list.lines().find(|l| l.starts_with(name)).expect("listed").to_owned();
        line.rsplit(' ').next().expect("a key").to_owned()
    }

    /// Begins a command as somebody, who gives their password.
    fn begin(&self, person: &str, password: &str, args: &[&str]) -> Child {
        let mut command: Command = glasshouse(args);
        command.env("GLASSHOUSE_HOME", &self.home).env_remove("GLASSHOUSE_PERSON").env_remove("GLASSHOUSE_ENQUIRY");
        command.args(["--secret-fd", "0"]);
        if !person.is_empty() {
            command.env("GLASSHOUSE_PERSON", person);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        // A command that asks for no password closes its input.
        let _ = child.stdin.take().expect("an input").write_all(format!("{password}\n").as_bytes());
        child
    }

    /// Runs a command as somebody, who gives their password.
    pub fn run(&self, person: &str, password: &str, args: &[&str]) -> Said {
        let child = self.begin(person, password, args);
        let output = child.wait_with_output().expect("ended");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Begins a command and kills it after a while; says whether it had ended before.
    pub fn killed(&self, person: &str, args: &[&str], after: Duration) -> bool {
        let mut child = self.begin(person, PASSWORD, args);
        std::thread::sleep(after);
        let ended = child.try_wait().expect("a child").is_some();
        let _ = child.kill();
        let _ = child.wait();
        ended
    }

    /// Runs a command as somebody, who gives beside their own password that of encrypted entries.
    pub fn unlocking(&self, person: &str, secret: &str, args: &[&str]) -> Said {
        let [own, other] = [("typed", PASSWORD), ("password", secret)].map(|(name, text)| {
            let path = self.folder.join(name);
            std::fs::write(&path, text).expect("written");
            path
        });
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$PROGRAM\" \"$@\" --secret-fd 4 --password-fd 3 3<\"$OTHER\" 4<\"$OWN\"", "sh"])
            .args(args);
        command.env("PROGRAM", env!("CARGO_BIN_EXE_glasshouse")).env("OTHER", other).env("OWN", own);
        command.env("GLASSHOUSE_HOME", &self.home).env("GLASSHOUSE_PERSON", person).env_remove("GLASSHOUSE_ENQUIRY");
        let output = command.output().expect("sh runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    #[track_caller]
    pub fn good(&self, more: &[&str], person: &str, args: &[&str]) -> String {
        let said = self.run(person, PASSWORD, &[args, more].concat());
        assert_eq!(said.code, 0, "{person} {args:?}: {}{}", said.out, said.err);
        said.out
    }

    /// Has both verifiers prove a case, ours with the key of its evidence; gives what ours said.
    #[track_caller]
    pub fn proven(&self, case: &str) -> String {
        let key = self.home.join("processing.key").to_string_lossy().into_owned();
        let said = run(glasshouse(["verify", "--deep", "--identity", &key, case]), 0);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/independent/verify.py");
        let output = Command::new("python3").arg(script).arg(case).output().expect("python3 runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        said
    }

    #[track_caller]
    pub fn refused(&self, person: &str, args: &[&str], words: &str) {
        let said = self.run(person, PASSWORD, args);
        assert_eq!(said.code, 2, "{person} {args:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(words), "{person} {args:?}: {}", said.err);
    }

    /// Makes a case of the loose files under the warrant.
    pub fn case(&self, name: &str) -> String {
        let case = self.path(name);
        let loose = account().folder.join("loose").to_string_lossy().into_owned();
        let warrant = self.warrant().to_string_lossy().into_owned();
        self.good(
            &["--no-serve", "--quiet", "--authority", &warrant, "--account", "j.marsh@example.com", "--case", &case],
            "d.hart",
            &["open", &loose],
        );
        case
    }

    /// Writes the warrant with other limits, has it signed, and returns its path.
    pub fn limited(&self, version: u32, limits: &[(&str, &str)]) -> String {
        let text = warrant(&self.key("r.okoro"), version, "2044-08-03");
        let lines = text.lines().map(|line| {
            let name = line.split(" = ").next().unwrap_or_default();
            let changed =
                limits.iter().find(|(field, _)| *field == name && !line.contains("2024-05-03") && !line.contains("20"));
            let dated =
                limits.iter().find(|(field, _)| *field == name && (line.contains("1970") || line.contains("2040")));
            changed.or(dated).map_or_else(|| line.to_owned(), |(field, value)| format!("{field} = {value}"))
        });
        let text = lines.collect::<Vec<_>>().join("\n") + "\n";
        std::fs::write(self.warrant(), text).expect("written");
        let file = self.warrant().to_string_lossy().into_owned();
        self.good(&[], "r.okoro", &["authority", "sign", &file]);
        file
    }

    /// Writes an authority of its own id with these limits, has it signed, and returns its path.
    pub fn named(&self, id: &str, version: u32, limits: &[(&str, &str)]) -> String {
        let file = self.limited(version, limits);
        let text = std::fs::read_to_string(&file).expect("readable");
        let own = self.path(&format!("{id}-{version}.toml"));
        std::fs::write(&own, text.replace("id = \"op-rowan-1\"", &format!("id = \"{id}\""))).expect("written");
        self.good(&[], "r.okoro", &["authority", "sign", &own]);
        own
    }

    /// Takes paths into a case under an authority's file.
    pub fn taken(&self, name: &str, file: &str, paths: &[PathBuf]) -> String {
        let case = self.path(name);
        let paths: Vec<String> = paths.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        let mut args = vec!["open", "--no-serve", "--quiet", "--authority", file, "--account", "j.marsh@example.com"];
        args.extend(["--case", &case]);
        args.extend(paths.iter().map(String::as_str));
        self.good(&[], "d.hart", &args);
        case
    }

    /// Returns the rows of a statement that the examiner asks.
    pub fn rows(&self, case: &str, statement: &str) -> Vec<BTreeMap<String, Value>> {
        let said = self.good(&[], "d.hart", &["sql", "--format", "json", "--enquiry", "1", case, statement]);
        said.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
    }

    /// Returns the one number that a statement of the examiner gives.
    pub fn one(&self, case: &str, statement: &str) -> u64 {
        self.rows(case, statement)[0].values().next().and_then(Value::as_u64).expect("a number")
    }

    pub fn sign(&self) {
        let warrant = self.warrant().to_string_lossy().into_owned();
        self.good(&[], "r.okoro", &["authority", "sign", &warrant]);
    }
}

/// Returns the example of a warrant with wide limits, approved by `key`; what limits keep out is tested in `scope.rs`.
pub fn warrant(key: &str, version: u32, until: &str) -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/authorities/warrant.toml");
    let text = std::fs::read_to_string(example).expect("the example");
    let lines = text.lines().map(|line| match line.split(" = ").next() {
        Some("authoriser_key") => format!("authoriser_key = \"{key}\""),
        Some("version") => format!("version = {version}"),
        Some("until") if line.contains("2024-08-03") => format!("until = {until}"),
        Some("services") => r#"services = ["google", "mail", "vcard", "icalendar", "media", "gpx"]"#.to_owned(),
        Some("families") => format!("families = [{}]", EVERY_FAMILY.map(|f| format!("\"{f}\"")).join(", ")),
        Some("from") if line.contains("2024-01-01") => "from = 1970-01-01".to_owned(),
        Some("until") if line.contains("2024-03-31") => "until = 2040-01-01".to_owned(),
        Some("other") => r#"other = "in""#.to_owned(),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}
