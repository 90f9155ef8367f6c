//! Determines the kind of a document by its structure, never by its name (R14a). The verdict
//! depends on the bytes only. For every input, the detection takes bounded time and less than 1 MiB
//! of memory.
mod office;
mod ole;
mod package;
#[cfg(test)]
mod tests;
mod xml;

use super::DocumentError;
use crate::domain::EvidenceKind;
use rawzip::ReaderAt;

/// The number of bytes at the start of a document that are searched for signatures: the header of
/// a PDF is within the first 1,024 bytes (ISO 32000-2, 7.5.2 and Annex I).
const HEAD_BYTES: usize = 1024;

/// The signature of PNG files (PNG specification, 5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The signature of a local file header, with which most zip archives begin.
const ZIP_ENTRY: &[u8] = b"PK\x03\x04";
/// The start of the header of a PDF. The digit of a version follows.
const PDF_HEADER: &[u8] = b"%PDF-";

/// Returns the kind of the document with `size` bytes. If a read fails, the kind is unknown, too;
/// the caller must find out whether a read has failed.
///
/// # Errors
/// Returns [`DocumentError::KindUnknown`], or a more precise error if the content says how the
/// document can be made acceptable.
pub(super) fn detect(document: &impl ReaderAt, size: u64) -> Result<EvidenceKind, DocumentError> {
    let mut head = [0; HEAD_BYTES];
    let head = &mut head[..usize::try_from(size).unwrap_or(HEAD_BYTES).min(HEAD_BYTES)];
    document.read_exact_at(head, 0).map_err(|_| DocumentError::KindUnknown)?;
    if head.starts_with(PNG) {
        return Ok(EvidenceKind::Png);
    }
    if is_jpeg(head) {
        return Ok(EvidenceKind::Jpeg);
    }
    if head.starts_with(ole::SIGNATURE) {
        return Err(ole::reason_for_refusal(document, head));
    }
    if is_other_archive(head) {
        return Err(DocumentError::KindUnknown);
    }
    // A PDF can contain an archive, and an archive can contain a PDF: the first bytes decide. If
    // they are of neither, an archive at the end decides, because its end is the document's end.
    let pdf_header = pdf_header_position(head);
    match pdf_header {
        Some(0) => Ok(EvidenceKind::Pdf),
        _ if head.starts_with(ZIP_ENTRY) => office::detect(document, size).unwrap_or(Err(DocumentError::KindUnknown)),
        Some(_) => office::detect(document, size).unwrap_or(Ok(EvidenceKind::Pdf)),
        None => office::detect(document, size).unwrap_or(Err(DocumentError::KindUnknown)),
    }
}

/// Returns whether the bytes begin with the marker SOI and a further marker that can follow it in a
/// JPEG file (ISO 10918-1, B.1.1.2 and B.2.1). Fill bytes can precede the second marker.
fn is_jpeg(head: &[u8]) -> bool {
    let Some(after_soi) = head.strip_prefix(b"\xff\xd8\xff") else { return false };
    let code = after_soi.iter().find(|byte| **byte != 0xff);
    // The markers SOFn, DHT and DAC; DQT, DRI and DHP; APPn; COM.
    code.is_some_and(|code| matches!(code, 0xc0..=0xc7 | 0xc9..=0xcf | 0xdb | 0xdd | 0xde | 0xe0..=0xef | 0xfe))
}

/// Returns whether the bytes begin a TAR, RAR, 7z, ar or cpio archive. Such an archive can contain
/// an uncompressed PDF in its first bytes.
fn is_other_archive(head: &[u8]) -> bool {
    head.starts_with(b"Rar!\x1a\x07")
        || head.starts_with(b"7z\xbc\xaf\x27\x1c")
        || head.starts_with(b"!<arch>\n")
        || [b"070701", b"070702", b"070707"].iter().any(|magic| head.starts_with(*magic))
        || head.get(257..262).is_some_and(|magic| magic == b"ustar")
}

/// Returns the position of the header of a PDF in the first bytes of a document.
fn pdf_header_position(head: &[u8]) -> Option<usize> {
    let is_header = |bytes: &[u8]| bytes.starts_with(PDF_HEADER) && bytes[PDF_HEADER.len()].is_ascii_digit();
    head.windows(PDF_HEADER.len() + 1).position(is_header)
}
