//! What a document is, told by its bytes and never by its name (R14).
use crate::domain::EvidenceKind;

/// The beginning and the end of a document: enough to tell what it is, whatever its size.
#[derive(Debug, Default)]
pub(super) struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// Longer than the signatures that are looked for.
const HEAD_BYTES: usize = 64;
/// Room for the central directory of a zip of some thousand entries.
const TAIL_BYTES: usize = 256 << 10;

/// Begins each entry of a zip's central directory, which lies at its end.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// Where the length of an entry's name and the name itself lie, from its beginning.
const NAME_LENGTH_AT: usize = 28;
const NAME_AT: usize = 46;

/// The main part of each kind of Office document (ECMA-376, part 1): a zip that has it is one.
const MAIN_PARTS: [(&[u8], EvidenceKind); 3] = [
    (b"word/document.xml", EvidenceKind::Docx),
    (b"xl/workbook.xml", EvidenceKind::Xlsx),
    (b"ppt/presentation.xml", EvidenceKind::Pptx),
];
/// What every Office document has.
const CONTENT_TYPES: &[u8] = b"[Content_Types].xml";

impl Ends {
    /// Takes in the next bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let room = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.tail.extend_from_slice(bytes);
        // Not at every message, so that small ones do not move it each time.
        if self.tail.len() > 2 * TAIL_BYTES {
            self.tail.drain(..self.tail.len() - TAIL_BYTES);
        }
    }

    /// What the document is; `None` when it is none of the kinds that are taken.
    pub(super) fn kind(&self) -> Option<EvidenceKind> {
        match infer::get(&self.head)?.mime_type() {
            "application/pdf" => Some(EvidenceKind::Pdf),
            "image/png" => Some(EvidenceKind::Png),
            "image/jpeg" => Some(EvidenceKind::Jpeg),
            // An Office document is a zip, which `infer` tells apart by the order of its first entries; that is the
            // writer's choice.
            _ if infer::archive::is_zip(&self.head) => self.office_kind(),
            _ => None,
        }
    }

    fn office_kind(&self) -> Option<EvidenceKind> {
        let names: Vec<&[u8]> = entry_names(&self.tail).collect();
        names.contains(&CONTENT_TYPES).then_some(())?;
        MAIN_PARTS.into_iter().find(|(part, _)| names.contains(part)).map(|(_, kind)| kind)
    }
}

/// Names of the entries of a zip's central directory, as far as it lies in `bytes`.
fn entry_names(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let entries = bytes.windows(DIRECTORY_ENTRY.len()).enumerate().filter(|(_, window)| *window == DIRECTORY_ENTRY);
    entries.filter_map(|(at, _)| {
        let entry = bytes.get(at..)?;
        let length = entry.get(NAME_LENGTH_AT..)?.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes))?;
        entry.get(NAME_AT..)?.get(..usize::from(length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zip with empty entries of these names, as far as telling it apart needs.
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
            bytes.extend_from_slice(&[0; NAME_LENGTH_AT - 4]);
            bytes.extend_from_slice(&length(name));
            bytes.extend_from_slice(&[0; NAME_AT - NAME_LENGTH_AT - 2]);
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(b"PK\x05\x06");
        bytes
    }

    fn kind(bytes: &[u8]) -> Option<EvidenceKind> {
        // As it comes: in pieces.
        let mut ends = Ends::default();
        bytes.chunks(7).for_each(|chunk| ends.add(chunk));
        ends.kind()
    }

    #[test]
    fn r14_kinds_are_told_by_content() {
        assert_eq!(kind(b"%PDF-1.7\n..."), Some(EvidenceKind::Pdf));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n...."), Some(EvidenceKind::Png));
        assert_eq!(kind(b"\xff\xd8\xff\xe0...."), Some(EvidenceKind::Jpeg));
        let office = |main| zip(&["_rels/.rels", main, "[Content_Types].xml"]);
        assert_eq!(kind(&office("word/document.xml")), Some(EvidenceKind::Docx));
        assert_eq!(kind(&office("xl/workbook.xml")), Some(EvidenceKind::Xlsx));
        assert_eq!(kind(&office("ppt/presentation.xml")), Some(EvidenceKind::Pptx));
    }

    #[test]
    fn r14_everything_else_is_refused() {
        let zips = [zip(&["setup.exe"]), zip(&["word/document.xml"]), zip(&["[Content_Types].xml", "a.txt"])];
        for bytes in
            zips.iter().map(Vec::as_slice).chain([&b"MZ\x90\x00"[..], b"PK\x03\x04", b"hello", b"", b"\x7fELF"])
        {
            assert_eq!(kind(bytes), None, "{:?}", &bytes[..bytes.len().min(16)]);
        }
    }

    #[test]
    fn only_the_ends_of_a_large_document_are_kept() {
        let mut ends = Ends::default();
        ends.add(b"%PDF-1.7\n");
        for _ in 0..64 {
            ends.add(&[0; 1 << 16]);
        }
        assert!(ends.tail.len() <= 2 * TAIL_BYTES + (1 << 16));
        assert_eq!(ends.kind(), Some(EvidenceKind::Pdf));
    }
}
