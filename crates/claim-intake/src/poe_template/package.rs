//! A Word document is a zip of parts (ECMA-376, part 2). The parts that are the same in every template are files beside this one's
//! templates.
use super::Unmade;
use std::io::{Cursor, Write as _};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const FIXED: [(&str, &str); 4] = [
    ("[Content_Types].xml", include_str!("../../templates/poe/content_types.xml")),
    ("_rels/.rels", include_str!("../../templates/poe/rels.xml")),
    ("word/_rels/document.xml.rels", include_str!("../../templates/poe/document_rels.xml")),
    ("word/styles.xml", include_str!("../../templates/poe/styles.xml")),
];

/// The package of the fixed parts and these. Stored and not compressed: it is small, and so is the code that packs it.
pub(super) fn packed(parts: &[(&str, String)]) -> Result<Vec<u8>, Unmade> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let fixed = FIXED.iter().map(|(name, part)| (*name, *part));
    for (name, part) in fixed.chain(parts.iter().map(|(name, part)| (*name, part.as_str()))) {
        zip.start_file(name, options)?;
        zip.write_all(clean(part).as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Characters that no XML may have (XML 1.0, section 2.2), however they are escaped.
fn clean(part: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    part.chars().map(|c| if allowed(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
