//! Packs the parts of a Word document into a zip archive (ECMA-376, part 2). A part is a file in
//! the archive. Some parts are the same in every document.
use super::RenderError;
use std::io::{Cursor, Write as _};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The name and the content of each part that is the same in every document.
const FIXED_PARTS: [(&str, &str); 4] = [
    ("[Content_Types].xml", include_str!("../../templates/poe/content_types.xml")),
    ("_rels/.rels", include_str!("../../templates/poe/rels.xml")),
    ("word/_rels/document.xml.rels", include_str!("../../templates/poe/document_rels.xml")),
    ("word/styles.xml", include_str!("../../templates/poe/styles.xml")),
];

/// Packs [`FIXED_PARTS`] and `parts`, given as name and content, into an archive and returns its
/// bytes. The parts are not compressed, because they are small.
pub(super) fn pack(parts: &[(&str, String)]) -> Result<Vec<u8>, RenderError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let fixed_parts = FIXED_PARTS.iter().map(|(name, part)| (*name, *part));
    for (name, part) in fixed_parts.chain(parts.iter().map(|(name, part)| (*name, part.as_str()))) {
        zip.start_file(name, options)?;
        zip.write_all(replace_forbidden_characters(part).as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Replaces the characters that XML forbids even in escaped form (XML 1.0, section 2.2).
fn replace_forbidden_characters(part: &str) -> String {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    part.chars().map(|c| if is_allowed(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
