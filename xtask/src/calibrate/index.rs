//! Indexing of texts.

use super::Done;
use crate::Fault;
use std::path::Path;
use tantivy::directory::MmapDirectory;
use tantivy::schema::{IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{IndexBuilder, IndexSettings, TantivyDocument};

/// Enough for tables that need not grow; the writer makes one segment whatever it is given.
const MEMORY: usize = 256 << 20;

/// Indexes the texts with positions into one segment, on this thread.
pub fn index(texts: &[String], folder: &Path) -> Result<Done, Fault> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let field = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    let settings = IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
    let builder = IndexBuilder::new().schema(schema.build()).settings(settings);
    let directory: Box<dyn tantivy::Directory> = Box::new(MmapDirectory::open(folder)?);
    let mut writer = builder.single_segment_index_writer::<TantivyDocument>(directory, MEMORY)?;
    let mut done = Done::default();
    for text in texts {
        let mut document = TantivyDocument::default();
        document.add_text(field, text);
        writer.add_document(document)?;
        done.bytes += text.len() as u64;
        done.items += 1;
    }
    writer.finalize()?;
    Ok(done)
}
