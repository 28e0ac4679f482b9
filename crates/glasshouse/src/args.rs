//! What can be typed, and what each command does.

use crate::acting::As;
use crate::govern::{self, AuthorityCommand, OrganisationCommand, PersonCommand};
use crate::intake::Own;
use crate::{EXIT_NO, custody, intake, log, output, query, review};
use clap::{Args as ClapArgs, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use glasshouse_engine::EngineError;
use std::path::PathBuf;

/// Reads exports of your online accounts into proven, searchable records.
///
/// Everything stays on this machine: nothing is sent and nothing is fetched. Start with
/// `glasshouse open takeout-*.zip`; then `glasshouse search CASE "words"`.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done, 1 the answer is no (nothing found, proof failed), 2 not carried out, 130 stopped."
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub acting: As,
}

#[derive(Subcommand)]
pub enum Command {
    /// Takes exports into a case under the authority `self`, reads them, and says what it found.
    ///
    /// Give zips, tars, tar.gz, folders or single files, alone or together; parts of one export may come in any
    /// order and later. Interrupt it whenever you like: the same command goes on where it was.
    Open(Open),
    /// Makes an empty case, or lists what a case is.
    #[command(subcommand)]
    Case(CaseCommand),
    /// Takes more parts into a case and reads what is new.
    Add(Add),
    /// Reads what is preserved but not yet read, or goes on after an interruption.
    Process(Process),
    /// Finds records by words and by what they are.
    ///
    /// Words must all occur; "exact phrase", -without, one OR other, begin*. Fields: from: with: family: service:
    /// format: account: tier: source: in:CONVERSATION after:2024-01-31 before: on: has:attachment has:image has:place
    /// near:51.5,-0.12,2km. A query that begins with - comes after --. Without words it lists what the fields select, newest first.
    Search(Search),
    /// Shows one record: every time, party and field, and where its bytes are.
    Show(Show),
    /// Runs one SQL SELECT over the tables of a case.
    ///
    /// Tables: records, parties, attachments, entries, warnings, outcomes, drift, sources, runs, authorities, and
    /// events for whoever may read the log.
    /// JSON in `fields` is reached as fields->>'name'. text_search('words') gives the ids that a search finds.
    Sql(Sql),
    /// Prints one line over all records: the same for the same bytes, whatever the case, keys or threads.
    Digest(OneCase),
    /// Lists the parts that the case holds, with their hashes.
    Sources(Listing),
    /// Lists every entry of every part, and what became of it.
    Entries(Listing),
    /// Lists everything that could not be read, or only in part.
    Warnings(Listing),
    /// Says what became of records and entries: shown, held back, quarantined, not read, and why.
    Outcomes(Listing),
    /// What is put aside for the privilege reviewer: batches, samples, and decisions on them.
    ///
    /// Without an option it lists the batches, by sender, thread and term. With one of them it shows a sample, and with
    /// --release or --withhold it decides on the whole of it, with one reason. A later decision takes back an earlier.
    Review(review::Review),
    /// Gives records away: a folder with all of each, its bytes, pages that open anywhere, and what proves it.
    ///
    /// The query is that of `search`; it may be empty. The log has the recipient, the purpose and the hash of what was
    /// given before the folder is there; `glasshouse-verify FOLDER` proves it.
    Export(custody::Export),
    /// Lists the log: what was done, when, by whom, as what and for what.
    Events(log::Events),
    /// Gives a part of the log away, with the proof that it is a part of it.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// The legal basis of a case: write, check, approve, add, amend, end and list authorities.
    #[command(subcommand)]
    Authority(AuthorityCommand),
    /// Accounts of people who act in cases that are not their own.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Who is who in an organisation, and whose signature counts.
    #[command(subcommand)]
    Organisation(OrganisationCommand),
    /// Lists the formats that can be read, and how well each is proven.
    Providers(Json),
    /// Proves the case whole, or says what fails. (The small program glasshouse-verify does the same.)
    Verify(Verify),
    /// Serves the case to browsers: your own behind a link, any other to people who sign in.
    Serve(Serve),
    /// Writes a small synthetic account to try things on.
    Sample(Sample),
    /// Prints completions for a shell.
    Completions { shell: Shell },
    /// Takes pictures and films apart for another process of this program.
    #[command(name = READ_MEDIA, hide = true)]
    ReadMedia,
}

/// The command that the program gives itself.
pub const READ_MEDIA: &str = "read-media";

#[derive(ClapArgs)]
pub struct Open {
    /// Zips, tars, folders or files.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Folder of the case; made if it is not there. Named after the first path if left out.
    #[arg(long)]
    pub case: Option<PathBuf>,
    /// Make the case under this authority, and not as its account's holder. FILE.sig lies beside it.
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,
    /// Seal the evidence of a personal case, as that of every other is: the key of this installation opens it.
    #[arg(long, conflicts_with_all = ["authority", "in_place"])]
    pub seal: bool,
    /// Do not serve the case afterwards.
    #[arg(long)]
    pub no_serve: bool,
    #[command(flatten)]
    pub how: How,
    /// Address to serve at.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: String,
}

#[derive(ClapArgs)]
pub struct How {
    /// Leave the parts where they are and only hash them: if they change or go, the case says so.
    #[arg(long)]
    pub in_place: bool,
    /// Read passwords for encrypted parts from this file descriptor, one a line; each entry is opened with the one
    /// that fits.
    #[arg(long, value_name = "FD")]
    pub password_fd: Option<i32>,
    /// The account that these exports belong to. An authority names accounts, and most exports do not say of each
    /// record whose it is; without this such records stay out.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Read with this lens too: a text file that says what a format means. The case keeps it.
    #[arg(long, value_name = "FILE")]
    pub lens: Vec<PathBuf>,
    /// Number of threads; all cores if left out.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
    /// Confirm that this is your own account's data, without being asked.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Subcommand)]
pub enum CaseCommand {
    /// Makes an empty case: under the authority `self`, or under another that is given.
    New {
        case: PathBuf,
        /// The authority's file. FILE.sig lies beside it.
        #[arg(long, value_name = "FILE")]
        authority: Option<PathBuf>,
        #[arg(long)]
        title: Option<String>,
        /// Seal the evidence of a personal case: the key of this installation opens it.
        #[arg(long, conflicts_with = "authority")]
        seal: bool,
        /// Confirm that this is your own account's data, without being asked.
        #[arg(long)]
        yes: bool,
    },
    /// Makes one new case out of others, where the authority of each names the others.
    ///
    /// The new case has an authority of its own, which goes no further than theirs, and what comes from a case stays
    /// within its own limits, too. All logs involved have it. Killed, the same command goes on.
    /// An authority of theirs that is withdrawn or amended afterwards does not reach the new case by itself: that is
    /// written down there, too. `authority withdraw` names the cases that it concerns.
    Combine(custody::Combine),
    /// Says what a case is.
    Show(OneCase),
    /// Destroys a case, for good: a personal one whole, of any other all but its log and its authorities.
    Destroy(custody::Destroy),
}

#[derive(ClapArgs)]
pub struct Add {
    pub case: PathBuf,
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub how: How,
}

#[derive(ClapArgs)]
pub struct Process {
    pub case: PathBuf,
    /// Only count what would come in under the authority and what would stay out; nothing is kept of it.
    #[arg(long)]
    pub preview: bool,
    /// Destroy what lies outside the limits, for good, and certify it. The authoriser and the administrator do that.
    /// With --preview: only count what would go.
    #[arg(long)]
    pub discard: bool,
    /// With --discard: destroy what the privilege reviewer withholds, too.
    #[arg(long, requires = "discard")]
    pub withheld: bool,
    /// With --discard: what becomes of what authorities that have ended cover and none in force does. It is restricted,
    /// which is neither processed nor erased, so that it has to be said.
    #[arg(long, value_enum, requires = "discard")]
    pub restricted: Option<What>,
    /// With --discard: why; it stands in the certificate.
    #[arg(long, value_name = "TEXT", requires = "discard")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub how: How,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum What {
    /// Its bytes stay in the evidence, sealed; no command reads records from them again.
    Keep,
    /// It is destroyed, too, with its own line in the certificate.
    Destroy,
}

#[derive(ClapArgs)]
pub struct OneCase {
    pub case: PathBuf,
}

#[derive(ClapArgs)]
pub struct Json {
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct Listing {
    pub case: PathBuf,
    #[command(flatten)]
    pub json: Json,
}

#[derive(ClapArgs)]
pub struct Search {
    pub case: PathBuf,
    /// Words and fields; see above.
    pub query: Vec<String>,
    #[command(flatten)]
    pub json: Json,
    /// Print the number of records only.
    #[arg(long, conflicts_with = "json")]
    pub count: bool,
    /// How many records to print.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

#[derive(ClapArgs)]
pub struct Show {
    pub case: PathBuf,
    /// Id of the record.
    pub record: String,
    /// Print the record's bytes, as they are in the evidence, and nothing else.
    #[arg(long)]
    pub bytes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TableFormat {
    Table,
    Json,
    Csv,
}

#[derive(ClapArgs)]
pub struct Sql {
    pub case: PathBuf,
    pub statement: String,
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub format: TableFormat,
    /// Stop after this many seconds.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
}

#[derive(ClapArgs)]
pub struct Verify {
    pub case: PathBuf,
    /// A checkpoint that was kept outside the case.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Also read every entry and compare its hash.
    #[arg(long)]
    pub deep: bool,
    /// A file with the key that opens the evidence, where it is sealed: then what is in it is checked, too.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub struct Serve {
    pub case: PathBuf,
    /// Address to serve at; port 0 takes a free one. Other machines are served over TLS only, and never a personal case.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: String,
    /// Certificate of the server with its chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Name by which browsers reach the server, beside its address; may be given more than once.
    #[arg(long = "name", value_name = "HOST")]
    pub names: Vec<String>,
}

#[derive(ClapArgs)]
pub struct Sample {
    /// Folder to write to.
    pub dir: PathBuf,
    /// Size: 1.0 is a full account.
    #[arg(long, default_value_t = 0.01)]
    pub scale: f64,
    /// The same seed gives the same account.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Carries a command out and returns its exit code.
pub fn run(args: Args) -> Result<u8, EngineError> {
    let acting = &args.acting;
    match args.command {
        Command::Open(open) => intake::open(open, acting),
        Command::Case(CaseCommand::New { case, authority, title, seal, yes }) => {
            intake::new_case(&case, authority.as_deref(), title, Own { seal, yes }, acting)
        }
        Command::Case(CaseCommand::Combine(combine)) => custody::combine(&combine, acting),
        Command::Case(CaseCommand::Destroy(destroy)) => custody::destroy(&destroy, acting),
        Command::Case(CaseCommand::Show(one)) => output::case(&one.case, acting),
        Command::Add(add) => intake::add(&add.case, &add.paths, &add.how, acting),
        Command::Process(process) if process.discard => custody::discard(&process, acting),
        Command::Process(process) if process.preview => intake::preview(&process.case, &process.how, acting),
        Command::Process(process) => intake::add(&process.case, &[], &process.how, acting),
        Command::Search(search) => query::search(&search, acting),
        Command::Show(show) => query::show(&show, acting),
        Command::Sql(sql) => query::sql(&sql, acting),
        Command::Digest(one) => query::digest(&one.case, acting),
        Command::Sources(listing) => query::list(&listing, "SELECT * FROM sources", acting),
        Command::Entries(listing) => query::list(&listing, "SELECT * FROM entries ORDER BY entry", acting),
        Command::Warnings(listing) => query::list(&listing, "SELECT * FROM warnings ORDER BY entry", acting),
        Command::Outcomes(listing) => output::outcomes(&listing, acting),
        Command::Review(asked) => review::review(&asked, acting),
        Command::Export(export) => custody::export(&export, acting),
        Command::Events(events) => log::events(&events, acting),
        Command::Log(log::LogCommand::Extract(extract)) => log::extract(&extract, acting),
        Command::Log(log::LogCommand::Erase(erase)) => log::erase(&erase, acting),
        Command::Authority(command) => govern::authority(&command, acting),
        Command::Person(command) => govern::person(&command, acting),
        Command::Organisation(command) => govern::organisation(&command, acting),
        Command::Providers(json) => output::providers(json.json),
        Command::Verify(verify) => output::verify(&verify),
        Command::Serve(serve) => intake::serve(&serve, acting),
        Command::Sample(sample) => output::sample(&sample),
        Command::ReadMedia => {
            let failed = |e| EngineError::io(std::path::Path::new("the pipe"), "answer through", e);
            glasshouse_engine::decoding::answer(std::io::stdin(), std::io::stdout()).map_err(failed)?;
            Ok(0)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Args::command(), "glasshouse", &mut std::io::stdout());
            Ok(0)
        }
    }
}

/// The exit code of a question whose answer may be no.
pub fn found(any: bool) -> u8 {
    if any { 0 } else { EXIT_NO }
}
