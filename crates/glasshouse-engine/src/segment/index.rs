//! The text index of a segment.

use super::invert::{Inverted, Take};
use super::write::Hashing;
use super::{IndexFields, index_schema, tokenizers};
use crate::EngineError;
use datafusion::arrow::array::{Array, StringArray, UInt32Array};
use glasshouse_layout::FileHash;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tantivy::directory::{RamDirectory, TerminatingWrite};
use tantivy::fastfield::FastFieldsWriter;
use tantivy::fieldnorm::FieldNormsSerializer;
use tantivy::index::SegmentComponent;
use tantivy::postings::{FieldSerializer, InvertedIndexSerializer};
use tantivy::store::StoreWriter;
use tantivy::{Directory, Index, IndexMeta, IndexSettings, TantivyDocument};

/// The words of the rows of a segment, which become an index that tantivy reads.
#[derive(Default)]
pub(super) struct TextIndex {
    /// Of titles and texts, of the other parties, of senders.
    fields: [Inverted; 3],
    rows: u32,
}

impl TextIndex {
    /// Begins behind rows that have no words.
    pub(super) fn behind(rows: u64) -> Self {
        TextIndex { rows: rows as u32, ..TextIndex::default() }
    }

    /// Adds the titles, texts, other parties and senders of a run of rows, which `order` puts in the order of the table.
    pub(super) fn add(&mut self, [title, text, who, from]: [&StringArray; 4], order: &UInt32Array) {
        let columns = [(0, title), (0, text), (1, who), (2, from)];
        for given in order.values() {
            let given = *given as usize;
            for (field, column) in columns {
                if column.is_valid(given) {
                    self.fields[field].add(self.rows, column.value(given));
                }
            }
            self.rows += 1;
        }
    }

    /// Writes the files of the index into a folder of the case.
    pub(super) fn write(
        self,
        case: &Path,
        path: &str,
        keep: &mut dyn FnMut((FileHash, File)),
    ) -> Result<(), EngineError> {
        let folder = case.join(path);
        fs::create_dir_all(&folder).map_err(|e| EngineError::io(&folder, "create the folder", e))?;
        let memory = RamDirectory::create();
        let meta = self.build(&memory)?;
        let mut names: Vec<PathBuf> = meta.list_segment_files().into_iter().collect();
        names.sort();
        for name in names {
            // The list names what a segment may have, deletions among it, which a new one has not.
            if !memory.exists(&name).map_err(|e| EngineError::other(e.to_string()))? {
                continue;
            }
            let slice = memory.open_read(&name).map_err(|e| EngineError::other(e.to_string()))?;
            let bytes = slice.read_bytes().map_err(|e| EngineError::io(&folder, "write", e))?;
            keep(file(&folder.join(&name), &bytes, &format!("{path}/{}", name.display()))?);
        }
        let list = serde_json::to_vec(&meta).map_err(|e| EngineError::other(e.to_string()))?;
        keep(file(&folder.join("meta.json"), &list, &format!("{path}/meta.json"))?);
        Ok(())
    }

    /// Builds the files of the index in memory, so that nothing waits for the disk on the way.
    fn build(self, memory: &RamDirectory) -> tantivy::Result<IndexMeta> {
        let (schema, IndexFields { text, who, from }) = index_schema();
        let index = Index::create(memory.clone(), schema.clone(), IndexSettings::default())?;
        let segment = index.new_segment().with_max_doc(self.rows);
        FieldNormsSerializer::from_write(segment.open_write(SegmentComponent::FieldNorms)?)?.close()?;
        let mut lists = InvertedIndexSerializer::open(&segment)?;
        for (field, words) in [text, who, from].into_iter().zip(self.fields) {
            if words.is_empty() {
                continue;
            }
            let mut list = List(lists.new_field(field, words.count(), None)?);
            words.each(&mut list)?;
            list.0.close()?;
        }
        lists.close()?;
        // The index keeps no column, and of each row nothing but that it is there: the tables hold them.
        let mut columns = segment.open_write(SegmentComponent::FastFields)?;
        FastFieldsWriter::from_schema_and_tokenizer_manager(&schema, tokenizers())?.serialize(&mut columns, None)?;
        columns.terminate()?;
        let (settings, rows) = (index.settings(), segment.open_write(SegmentComponent::Store)?);
        let mut rows = StoreWriter::new(rows, settings.docstore_compression, settings.docstore_blocksize, false)?;
        let nothing = TantivyDocument::new();
        for _ in 0..self.rows {
            rows.store(&nothing, &schema)?;
        }
        rows.close()?;
        Ok(IndexMeta { segments: vec![segment.meta().clone()], ..index.load_metas()? })
    }
}

/// Writes a file of the index.
fn file(full: &Path, bytes: &[u8], path: &str) -> Result<(FileHash, File), EngineError> {
    let mut file = Hashing::create(full)?;
    file.write_all(bytes).map_err(|e| EngineError::io(full, "write", e))?;
    Ok(file.finish(path))
}

/// The list of a field's words.
struct List<'a>(FieldSerializer<'a>);

impl Take<io::Error> for List<'_> {
    fn word(&mut self, word: &[u8], rows: u32) -> io::Result<()> {
        self.0.close_term()?;
        self.0.new_term(word, rows, true)
    }

    fn row(&mut self, row: u32, steps: &[u32]) {
        self.0.write_doc(row, steps.len() as u32, steps);
    }
}
