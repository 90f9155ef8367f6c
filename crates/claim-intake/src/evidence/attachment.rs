//! How a document is served to browsers: as an attachment with a safe file name, and with the media
//! type of its kind.
use crate::domain::EvidenceKind;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The maximum number of characters of the name without its extension.
const MAX_STEM_CHARS: usize = 100;
/// The characters that are encoded in an extended value (RFC 5987, `attr-char`).
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
/// File names that mean a device on Windows, whatever extension follows.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Returns the header `Content-Disposition` (RFC 6266): the name in ASCII for old clients, and in
/// UTF-8.
pub(crate) fn content_disposition(file_name: &str, kind: EvidenceKind) -> String {
    let name = safe_name(file_name, kind);
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, NOT_ATTR_CHAR))
}

/// Returns the media type of a document.
pub(crate) fn content_type(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Pdf => "application/pdf",
        EvidenceKind::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        EvidenceKind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        EvidenceKind::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        EvidenceKind::Png => "image/png",
        EvidenceKind::Jpeg => "image/jpeg",
    }
}

/// Returns a file name that every operating system accepts, and that opens as the document's kind.
fn safe_name(file_name: &str, kind: EvidenceKind) -> String {
    let extensions: &[&str] = match kind {
        EvidenceKind::Pdf => &["pdf"],
        EvidenceKind::Docx => &["docx"],
        EvidenceKind::Xlsx => &["xlsx"],
        EvidenceKind::Pptx => &["pptx"],
        EvidenceKind::Png => &["png"],
        EvidenceKind::Jpeg => &["jpg", "jpeg"],
    };
    let (stem, extension) = match file_name.rsplit_once('.') {
        Some((stem, extension)) if extensions.contains(&extension.to_ascii_lowercase().as_str()) => (stem, extension),
        // Another extension remains a part of the name, so that the reader sees it.
        Some(_) | None => (file_name, extensions[0]),
    };
    let stem: String = stem.chars().take(MAX_STEM_CHARS).map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    let stem = stem.trim().trim_matches('.').trim();
    let first = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let is_device = DEVICES.contains(&first.as_str())
        || ["com", "lpt"].iter().any(|port| {
            first
                .strip_prefix(port)
                .is_some_and(|number| number.len() == 1 && number != "0" && number.parse::<u8>().is_ok())
        });
    let prefix = if stem.is_empty() || is_device { "document_" } else { "" };
    format!("{prefix}{stem}.{extension}")
}

/// Returns whether a character has a meaning for an operating system, a shell or the header, or is
/// not visible.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '"' | '\\' | '/' | ':' | '*' | '?' | '<' | '>' | '|' | '%' | ';' | '\'' | '`' | '$')
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_end_with_the_extension_of_the_kind() {
        for (file_name, kind, expected) in [
            ("proof.pdf", EvidenceKind::Pdf, "proof.pdf"),
            ("Proof.JPEG", EvidenceKind::Jpeg, "Proof.JPEG"),
            ("proof.exe", EvidenceKind::Pdf, "proof.exe.pdf"),
            ("proof", EvidenceKind::Docx, "proof.docx"),
            ("..\\..\\evil.pdf", EvidenceKind::Pdf, "_.._evil.pdf"),
            ("/etc/passwd", EvidenceKind::Png, "_etc_passwd.png"),
            ("nul.pdf", EvidenceKind::Pdf, "document_nul.pdf"),
            ("COM1.tar.pdf", EvidenceKind::Pdf, "document_COM1.tar.pdf"),
            ("communication.pdf", EvidenceKind::Pdf, "communication.pdf"),
            ("....", EvidenceKind::Pdf, "document_.pdf"),
            ("", EvidenceKind::Pdf, "document_.pdf"),
            ("a\u{202e}fdp.exe", EvidenceKind::Pdf, "a_fdp.exe.pdf"),
            ("a\r\nSet-Cookie: x", EvidenceKind::Pdf, "a__Set-Cookie_ x.pdf"),
        ] {
            assert_eq!(safe_name(file_name, kind), expected, "{file_name:?}");
        }
        assert!(safe_name(&"x".repeat(255), EvidenceKind::Pdf).len() < 120);
    }

    #[test]
    fn the_header_has_both_names() {
        let header = content_disposition("Prüf \"A\".pdf", EvidenceKind::Pdf);
        let expected = "attachment; filename=\"Pr_f _A_.pdf\"; filename*=UTF-8''Pr%C3%BCf%20_A_.pdf";
        assert_eq!(header, expected);
    }
}
