//! Detects the kind of a document by its bytes, never by its name (R14).
use crate::domain::EvidenceKind;

/// The first and the last bytes of a document. They are enough to detect its kind, and their size
/// does not depend on the size of the document.
#[derive(Debug, Default)]
pub(super) struct HeadAndTail {
    /// The first bytes: at most [`HEAD_BYTES`].
    head: Vec<u8>,
    /// The last bytes: all, or at least the last [`TAIL_BYTES`].
    tail: Vec<u8>,
}

/// The number of bytes kept from the start of a document. The file signatures are shorter.
const HEAD_BYTES: usize = 64;
/// The number of bytes kept from the end of a document. The central directory of a zip archive with
/// some thousand entries is shorter.
const TAIL_BYTES: usize = 256 << 10;

/// The signature at the start of each entry of a zip archive's central directory. The central
/// directory is at the end of the archive.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// The offset of the name's length (two bytes, little-endian) in a central directory entry.
const NAME_LENGTH_OFFSET: usize = 28;
/// The offset of the name in a central directory entry.
const NAME_OFFSET: usize = 46;

/// The name of the main part of each kind of Office document (ECMA-376, part 1). An Office document
/// is a zip archive, and its parts are the files in the archive.
const MAIN_PARTS: [(&[u8], EvidenceKind); 3] = [
    (b"word/document.xml", EvidenceKind::Docx),
    (b"xl/workbook.xml", EvidenceKind::Xlsx),
    (b"ppt/presentation.xml", EvidenceKind::Pptx),
];
/// The name of the part that every Office document contains.
const CONTENT_TYPES: &[u8] = b"[Content_Types].xml";

impl HeadAndTail {
    /// Adds the next bytes of the document.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let missing_bytes = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(missing_bytes)]);
        self.tail.extend_from_slice(bytes);
        // Trimming only at twice the size avoids moving the kept bytes after every small chunk.
        if self.tail.len() > 2 * TAIL_BYTES {
            self.tail.drain(..self.tail.len() - TAIL_BYTES);
        }
    }

    /// Returns the kind of the document; `None` if it is not one of the accepted kinds.
    pub(super) fn kind(&self) -> Option<EvidenceKind> {
        match infer::get(&self.head)?.mime_type() {
            "application/pdf" => Some(EvidenceKind::Pdf),
            "image/png" => Some(EvidenceKind::Png),
            "image/jpeg" => Some(EvidenceKind::Jpeg),
            // `infer` recognizes Office documents by the order of their first entries, but programs
            // may write the entries in any order. Their names decide instead.
            _ if infer::archive::is_zip(&self.head) => self.office_kind(),
            _ => None,
        }
    }

    /// Returns the kind of Office document that a zip archive contains, if any.
    fn office_kind(&self) -> Option<EvidenceKind> {
        let names: Vec<&[u8]> = entry_names(&self.tail).collect();
        names.contains(&CONTENT_TYPES).then_some(())?;
        MAIN_PARTS.into_iter().find(|(part, _)| names.contains(part)).map(|(_, kind)| kind)
    }
}

/// Returns the names of the entries of a zip archive's central directory that lie in `bytes`.
fn entry_names(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let entries = bytes.windows(DIRECTORY_ENTRY.len()).enumerate().filter(|(_, window)| *window == DIRECTORY_ENTRY);
    entries.filter_map(|(offset, _)| {
        let entry = bytes.get(offset..)?;
        let length = entry.get(NAME_LENGTH_OFFSET..)?.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes))?;
        entry.get(NAME_OFFSET..)?.get(..usize::from(length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zip archive with empty entries of these names, with the fields that the detection reads.
    fn zip(names: &[&str]) -> Vec<u8> {
        let length = |name: &str| u16::try_from(name.len()).unwrap().to_le_bytes();
        let mut bytes = Vec::new();
        for name in names {
            bytes.extend_from_slice(b"PK\x03\x04");
            bytes.extend_from_slice(&[0; 22]);
            bytes.extend_from_slice(&length(name));
            bytes.extend_from_slice(&[0; 2]);
            bytes.extend_from_slice(name.as_bytes());
        }
        for name in names {
            bytes.extend_from_slice(DIRECTORY_ENTRY);
            bytes.extend_from_slice(&[0; NAME_LENGTH_OFFSET - 4]);
            bytes.extend_from_slice(&length(name));
            bytes.extend_from_slice(&[0; NAME_OFFSET - NAME_LENGTH_OFFSET - 2]);
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(b"PK\x05\x06");
        bytes
    }

    fn kind(bytes: &[u8]) -> Option<EvidenceKind> {
        // A document arrives in chunks.
        let mut document = HeadAndTail::default();
        bytes.chunks(7).for_each(|chunk| document.add(chunk));
        document.kind()
    }

    #[test]
    fn r14_the_content_determines_the_kind() {
        assert_eq!(kind(b"%PDF-1.7\n..."), Some(EvidenceKind::Pdf));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n...."), Some(EvidenceKind::Png));
        assert_eq!(kind(b"\xff\xd8\xff\xe0...."), Some(EvidenceKind::Jpeg));
        let office = |main| zip(&["_rels/.rels", main, "[Content_Types].xml"]);
        assert_eq!(kind(&office("word/document.xml")), Some(EvidenceKind::Docx));
        assert_eq!(kind(&office("xl/workbook.xml")), Some(EvidenceKind::Xlsx));
        assert_eq!(kind(&office("ppt/presentation.xml")), Some(EvidenceKind::Pptx));
    }

    #[test]
    fn r14_other_kinds_are_unknown() {
        let zips = [zip(&["setup.exe"]), zip(&["word/document.xml"]), zip(&["[Content_Types].xml", "a.txt"])];
        for bytes in
            zips.iter().map(Vec::as_slice).chain([&b"MZ\x90\x00"[..], b"PK\x03\x04", b"hello", b"", b"\x7fELF"])
        {
            assert_eq!(kind(bytes), None, "{:?}", &bytes[..bytes.len().min(16)]);
        }
    }

    #[test]
    fn memory_for_a_large_document_is_bounded() {
        let mut document = HeadAndTail::default();
        document.add(b"%PDF-1.7\n");
        for _ in 0..64 {
            document.add(&[0; 1 << 16]);
        }
        assert!(document.tail.len() <= 2 * TAIL_BYTES + (1 << 16));
        assert_eq!(document.kind(), Some(EvidenceKind::Pdf));
    }
}
