//! Reads the small XML documents that describe a package, with bounded memory and time.
use quick_xml::{
    Reader,
    encoding::DecodingReader,
    events::{BytesStart, Event},
};
use std::io::{BufRead, BufReader, Error, Read};

/// The maximum size of a document. The content types of a package with 65,535 parts are smaller.
const MAX_DOCUMENT_BYTES: u64 = 16 << 20;
/// The maximum size of one tag, text or comment.
const MAX_TOKEN_BYTES: usize = 64 << 10;
/// The maximum nesting. Only the elements below the root have a meaning.
const MAX_DEPTH: usize = 16;

/// Calls `visit` for each element directly below the root element, which must be called `root`.
/// Namespace prefixes are ignored. `None` if the document is not well-formed or exceeds a limit.
pub(super) fn for_each_child(document: impl Read, root: &str, mut visit: impl FnMut(&BytesStart<'_>)) -> Option<()> {
    let document = DecodingReader::new(BufReader::new(document.take(MAX_DOCUMENT_BYTES)));
    let mut reader = Reader::from_reader(TokenLimit { document, remaining: MAX_TOKEN_BYTES });
    reader.config_mut().expand_empty_elements = true;
    let (mut token, mut depth, mut has_root) = (Vec::new(), 0, false);
    loop {
        token.clear();
        reader.get_mut().remaining = MAX_TOKEN_BYTES;
        match reader.read_event_into(&mut token).ok()? {
            Event::Start(element) => {
                match depth {
                    0 if has_root || element.local_name().as_ref() != root => return None,
                    0 => has_root = true,
                    1 => visit(&element),
                    MAX_DEPTH => return None,
                    _ => {}
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Eof => return (has_root && depth == 0).then_some(()),
            // Packages contain no document type definitions (ECMA-376, part 2).
            Event::DocType(_) => return None,
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

/// A reader that fails if a token has more than [`MAX_TOKEN_BYTES`]. The XML reader itself collects
/// a token completely.
struct TokenLimit<R> {
    document: R,
    /// The number of bytes that the current token may still have.
    remaining: usize,
}

impl<R: BufRead> BufRead for TokenLimit<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.remaining == 0 {
            return Err(Error::other("a token is too long"));
        }
        let bytes = self.document.fill_buf()?;
        Ok(&bytes[..bytes.len().min(self.remaining)])
    }

    fn consume(&mut self, amount: usize) {
        self.remaining -= amount.min(self.remaining);
        self.document.consume(amount);
    }
}

impl<R: BufRead> Read for TokenLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
