//! Recognises Office documents (ECMA-376). They are *packages*: zip archives whose files are called
//! parts. `_rels/.rels` names the main part, and `[Content_Types].xml` contains its media type.
use super::{
    super::DocumentError,
    package::{Package, resolve_target},
    xml::for_each_child,
};
use crate::domain::EvidenceKind;
use quick_xml::events::BytesStart;
use rawzip::ReaderAt;
use std::io::Read;

/// The part with the relationships of the package.
const RELATIONSHIPS: &str = "_rels/.rels";
/// The part with the media types of all parts.
const CONTENT_TYPES: &str = "[content_types].xml";

/// The types of the relationship that names the main part: transitional and strict.
const MAIN_PART_TYPES: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument",
];

/// Returns the verdict on an archive; `None` if the document does not end with the end of an
/// archive.
pub(super) fn detect(document: &impl ReaderAt, size: u64) -> Option<Result<EvidenceKind, DocumentError>> {
    let mut package = Package::open(document, size)?;
    let media_type = media_type_of_main_part(&mut package).unwrap_or_default();
    Some(kind_of_media_type(&media_type))
}

/// Returns the kind of a document whose main part has this media type. Templates, slide shows and
/// binary workbooks are unknown.
fn kind_of_media_type(media_type: &str) -> Result<EvidenceKind, DocumentError> {
    match media_type {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml" => Ok(EvidenceKind::Docx),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml" => Ok(EvidenceKind::Xlsx),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml" => Ok(EvidenceKind::Pptx),
        // Documents, templates, slide shows and add-ins with macros. The type of binary workbooks
        // also contains `macroEnabled`, but does not end with `+xml`.
        macros if macros.contains(".macroenabled") && macros.ends_with(".main+xml") => {
            Err(DocumentError::ContainsMacros)
        }
        _ => Err(DocumentError::KindUnknown),
    }
}

/// Returns the media type of the main part, in lower case; `None` if the package is not intact.
fn media_type_of_main_part<R: ReaderAt>(package: &mut Package<'_, R>) -> Option<String> {
    let [relationships, content_types] = package.find([RELATIONSHIPS, CONTENT_TYPES])?;
    let main_part = main_part(package.read(&relationships)?)?;
    let [entry] = package.find([main_part.as_str()])?;
    package.check_data(&entry)?;
    media_type(package.read(&content_types)?, &main_part)
}

/// Returns the name of the main part in canonical form. There must be exactly one.
fn main_part(relationships: impl Read) -> Option<String> {
    let mut targets = Vec::new();
    for_each_child(relationships, "Relationships", |child| {
        let is_internal = attribute(child, "TargetMode").is_none_or(|mode| !mode.eq_ignore_ascii_case("External"));
        let names_main_part =
            attribute(child, "Type").is_some_and(|relationship| MAIN_PART_TYPES.contains(&relationship.trim()));
        if child.local_name().as_ref() == "Relationship" && names_main_part && is_internal && targets.len() < 2 {
            targets.push(attribute(child, "Target").unwrap_or_default());
        }
    })?;
    let [target] = targets.as_slice() else { return None };
    resolve_target(target)
}

/// Returns the media type of the part `name`, in lower case and without parameters. An entry for
/// the part takes precedence over one for its file name extension. Contradicting entries make the
/// package invalid.
fn media_type(content_types: impl Read, name: &str) -> Option<String> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    let (mut of_part, mut of_extension): (Option<String>, Option<String>) = (None, None);
    let mut has_contradiction = false;
    for_each_child(content_types, "Types", |child| {
        let found = match child.local_name().as_ref() {
            "Override"
                if attribute(child, "PartName").and_then(|part| resolve_target(&part)).as_deref() == Some(name) =>
            {
                &mut of_part
            }
            "Default" if attribute(child, "Extension").is_some_and(|entry| entry.eq_ignore_ascii_case(extension)) => {
                &mut of_extension
            }
            _ => return,
        };
        let declared = attribute(child, "ContentType").unwrap_or_default();
        let declared = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        has_contradiction |= found.as_ref().is_some_and(|earlier| *earlier != declared);
        *found = Some(declared);
    })?;
    of_part.or(of_extension).filter(|_| !has_contradiction)
}

/// Returns the value of the attribute `name`; `None` if it is missing or malformed.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    // The reader's own check for duplicates compares all pairs, which takes too long for an element
    // with thousands of attributes.
    let mut attributes = element.attributes();
    let found = attributes.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == name)?;
    found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}
