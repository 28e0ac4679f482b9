//! Reads gzip as it is found: several members after each other, and zeros that pad the end.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// The content of all members of a gzip stream.
pub(crate) struct Members<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self { member: Some(GzDecoder::new(packed)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let n = member.read(buffer)?;
            if n > 0 {
                return Ok(n);
            }
            let Some(member) = self.member.take() else { break };
            let mut packed = member.into_inner();
            if packed.fill_buf()?.first() == Some(&0x1f) {
                self.member = Some(GzDecoder::new(packed));
            } else {
                expect_zeros(&mut packed)?;
            }
        }
        Ok(0)
    }
}

/// Reads padding to its end. Anything else there is an error, so that it is not passed over in silence.
fn expect_zeros(packed: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = packed.fill_buf()?;
        let n = bytes.len();
        if n == 0 {
            return Ok(());
        }
        if bytes.iter().any(|b| *b != 0) {
            let why = "something that is not gzip follows its end";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        packed.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn member(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(packed: &[u8]) -> (Vec<u8>, bool) {
        let mut content = Vec::new();
        let whole = Members::new(packed).read_to_end(&mut content).is_ok();
        (content, whole)
    }

    #[test]
    fn members_and_padding_read_as_one_stream() {
        let mut packed = [member(b"one "), member(b""), member(b"two")].concat();
        assert_eq!(read(&packed), (b"one two".to_vec(), true));
        packed.extend([0; 700]);
        assert_eq!(read(&packed), (b"one two".to_vec(), true));
        packed.push(b'x');
        assert_eq!(read(&packed), (b"one two".to_vec(), false));
        assert!(!read(&packed[..20]).1);
    }
}
