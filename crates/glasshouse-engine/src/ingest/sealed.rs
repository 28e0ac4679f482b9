//! What of a part could tell about its content, where evidence is sealed: its name, its hash, its list of entries.

use super::journal::{Journal, PartRow};
use crate::EngineError;
use glasshouse_layout::{Opening, paths};
use glasshouse_store::seal::Plain;

fn fact(source: &str, number: u32) -> String {
    format!("sealed {source} {number}")
}

/// What is said in clear of a part: of a sealed one, what its file is, and nothing that tells of its content.
pub struct Vouched {
    pub path: String,
    pub name: String,
    pub series: String,
    pub size: u64,
    pub sha256: String,
    /// The commitment to the hash of the content, where that is not the file itself.
    pub content: Option<String>,
}

impl Vouched {
    pub fn clear(row: &PartRow, sha256: String) -> Self {
        let (name, series) = (row.name.clone(), row.series.clone());
        Vouched { path: paths::part(&row.source, row.number), name, series, size: row.size, sha256, content: None }
    }

    pub fn sealed(file: (u64, String), source: &str, number: u32, opening: &Opening) -> Self {
        let path = paths::part_sealed(source, number);
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let content = Some(opening.commitment());
        Vouched { path, name, series: source.to_owned(), size: file.0, sha256: file.1, content }
    }
}

/// Takes a part that was just sealed into its row, and notes what the sealed file is.
pub fn note(journal: &Journal, row: &mut PartRow, plain: Plain) -> Result<(), EngineError> {
    note_file(journal, &row.source, row.number, (plain.sealed_len, &plain.sealed_sha256))?;
    (row.size, row.sha256) = (plain.len, Some(plain.sha256));
    Ok(())
}

/// Notes size and hash of the sealed file of a part.
pub fn note_file(journal: &Journal, source: &str, number: u32, file: (u64, &str)) -> Result<(), EngineError> {
    journal.put_fact(&fact(source, number), &format!("{} {}", file.0, file.1))
}

/// Returns size and hash of the sealed file of a part.
pub fn file(journal: &Journal, row: &PartRow) -> Result<(u64, String), EngineError> {
    let noted = journal.fact(&fact(&row.source, row.number))?;
    let file = noted.as_deref().and_then(|noted| noted.split_once(' ')).and_then(|(size, sha256)| {
        let size = size.parse().ok()?;
        Some((size, sha256.to_owned()))
    });
    file.ok_or_else(|| {
        EngineError::other("The journal of the run is damaged. Delete the folder runs/ and process again.")
    })
}

/// Returns what the first line of a part's sealed manifest says.
pub fn opening(row: &PartRow) -> Result<Opening, EngineError> {
    Ok(Opening {
        name: row.name.clone(),
        series: row.series.clone(),
        size: row.size,
        sha256: row.sha256.clone().unwrap_or_default(),
        salt: glasshouse_layout::hex(glasshouse_store::sign::random::<32>()?),
    })
}
