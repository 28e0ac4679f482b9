use super::*;

fn written(content: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BlockWriter::new(file.reopen().unwrap()).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap();
    file
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 23) as u8).collect()
}

#[test]
fn any_place_reads_back() {
    let content = noise(3 * BLOCK + 17);
    let file = written(&content);
    let blocks = BlockFile::open(file.path(), None).unwrap();
    assert_eq!(blocks.len(), content.len() as u64);
    let mut reader = blocks.reader();
    for at in [0, BLOCK - 3, 2 * BLOCK, 5, content.len() - 9] {
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        let mut got = vec![0; 9];
        reader.read_exact(&mut got).unwrap();
        assert_eq!(got, content[at..at + 9]);
    }
    let mut all = Vec::new();
    blocks.reader().read_to_end(&mut all).unwrap();
    assert!(all == content);
}

#[test]
fn empty_stream_reads_back() {
    let file = written(b"");
    assert!(BlockFile::open(file.path(), None).unwrap().is_empty());
}

#[test]
fn unfinished_cut_or_altered_files_do_not_open() {
    let unfinished = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BlockWriter::new(unfinished.reopen().unwrap()).unwrap();
    writer.write_all(&noise(2 * BLOCK)).unwrap();
    drop(writer);
    assert!(BlockFile::open(unfinished.path(), None).is_err());

    let file = written(&noise(2 * BLOCK));
    let whole = std::fs::read(file.path()).unwrap();
    std::fs::write(file.path(), &whole[..whole.len() - 1]).unwrap();
    assert!(BlockFile::open(file.path(), None).is_err());
    let mut altered = whole.clone();
    let at = whole.len() - TRAILER - 2;
    altered[at] ^= 1;
    std::fs::write(file.path(), &altered).unwrap();
    assert!(BlockFile::open(file.path(), None).is_err());
}

#[test]
fn an_altered_block_is_an_error() {
    let file = written(&noise(BLOCK));
    let mut bytes = std::fs::read(file.path()).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(file.path(), &bytes).unwrap();
    let mut reader = BlockFile::open(file.path(), None).unwrap().reader();
    assert!(reader.read_to_end(&mut Vec::new()).is_err());
}
