mod fuzz_document_kind;

use super::*;
use flate2::{Compression, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter, path::EntryPath};
use std::io::Write as _;

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const EXCEL: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
const POWERPOINT: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml";
const OFFICE_DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument";

type Verdict = Result<EvidenceKind, DocumentError>;
const UNKNOWN: Verdict = Err(DocumentError::KindUnknown);

fn verdict(bytes: &[u8]) -> Verdict {
    detect(&bytes, bytes.len() as u64)
}

/// Writes an archive as programs do that stream: compressed, with the sizes behind the data.
fn compressed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    archive(parts, CompressionMethod::DEFLATE)
}

fn stored(parts: &[(&str, &[u8])]) -> Vec<u8> {
    archive(parts, CompressionMethod::STORE)
}

fn archive(parts: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, content) in parts {
        let file = archive.new_file(EntryPath::verbatim(name.as_bytes())).compression_method(method);
        let (mut entry, config) = file.start().unwrap();
        let sizes = if method == CompressionMethod::DEFLATE {
            let mut data = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
            data.write_all(content).unwrap();
            let (encoder, sizes) = data.finish().unwrap();
            encoder.finish().unwrap();
            sizes
        } else {
            let mut data = config.wrap(&mut entry);
            data.write_all(content).unwrap();
            data.finish().unwrap().1
        };
        entry.finish(sizes).unwrap();
    }
    archive.finish().unwrap()
}

fn relationships(kind: &str, target: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/><Relationship Id="rId1" Type="{kind}" Target="{target}"/></Relationships>"#
    )
}

fn content_types(part: &str, media_type: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="{part}" ContentType="{media_type}"/></Types>"#
    )
}

/// A package with a main part of this name and type.
fn package(main_part: &str, media_type: &str) -> Vec<u8> {
    package_with(main_part, media_type, &[])
}

fn package_with(main_part: &str, media_type: &str, further: &[(&str, &[u8])]) -> Vec<u8> {
    let (types, relationships) =
        (content_types(&format!("/{main_part}"), media_type), relationships(OFFICE_DOCUMENT, main_part));
    let parts: [(&str, &[u8]); 3] =
        [("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", relationships.as_bytes()), (main_part, b"<w/>")];
    compressed(&[&parts, further].concat())
}

#[test]
fn r14a_signatures_of_pictures_are_complete() {
    assert_eq!(verdict(b"\x89PNG\r\n\x1a\n...."), Ok(EvidenceKind::Png));
    for torn in [&b"\x89PNG\n\x1a\n...."[..], b"\x89PNG\r\n\x1a", b"\x89PNG"] {
        assert_eq!(verdict(torn), UNKNOWN);
    }
    for next in [0xe0, 0xe1, 0xed, 0xee, 0xdb, 0xc0, 0xc2, 0xc4, 0xdd, 0xfe] {
        assert_eq!(verdict(&[0xff, 0xd8, 0xff, next, 0, 16]), Ok(EvidenceKind::Jpeg), "{next:x}");
        assert_eq!(verdict(&[0xff, 0xd8, 0xff, 0xff, 0xff, next]), Ok(EvidenceKind::Jpeg), "fill bytes");
    }
    for next in [0x00, 0x02, 0xbf, 0xc8, 0xd0, 0xd8, 0xd9] {
        assert_eq!(verdict(&[0xff, 0xd8, 0xff, next, 0, 16]), UNKNOWN, "{next:x}");
    }
    assert_eq!(verdict(&[0xff, 0xd8, 0xff]), UNKNOWN);
}

#[test]
fn r14a_the_header_of_a_pdf_is_in_the_first_1024_bytes() {
    let pdf = |before: usize| [&vec![b' '; before][..], b"%PDF-1.7\n%%EOF\n"].concat();
    for accepted in [0, 61, 1018] {
        assert_eq!(verdict(&pdf(accepted)), Ok(EvidenceKind::Pdf), "{accepted} bytes before");
    }
    for refused in [1019, 1024, 5000] {
        assert_eq!(verdict(&pdf(refused)), UNKNOWN, "{refused} bytes before");
    }
    for text in ["the signed %PDF will follow", "%PDF-x.y", "%PDF-"] {
        assert_eq!(verdict(text.as_bytes()), UNKNOWN, "{text}");
    }
}

#[test]
fn r14a_the_relationship_names_the_main_part() {
    let expected = [(WORD, EvidenceKind::Docx), (EXCEL, EvidenceKind::Xlsx), (POWERPOINT, EvidenceKind::Pptx)];
    for (media_type, kind) in expected {
        for main_part in ["word/document.xml", "word/document2.xml", "workbook.xml", "a/b/c/main.part"] {
            assert_eq!(verdict(&package(main_part, media_type)), Ok(kind), "{main_part}");
        }
    }
    let main = |types: &str, relationships: &str, parts: [&str; 3]| {
        let [types_name, relationships_name, main_part] = parts;
        verdict(&stored(&[
            (main_part, b"<w/>"),
            ("docProps/app.xml", b"<a/>"),
            (relationships_name, relationships.as_bytes()),
            (types_name, types.as_bytes()),
        ]))
    };
    let names = |main_part| ["[Content_Types].xml", "_rels/.rels", main_part];
    // How the target is written: by Word Online, the Open XML SDK, and programs that join paths.
    for target in [
        "/word/document.xml",
        "word/document.xml",
        "./word/document.xml",
        r"\word\document.xml",
        "/WORD/a/../Document.XML",
    ] {
        let relationships = relationships(OFFICE_DOCUMENT, target);
        let types = content_types("/word/document.xml", WORD);
        assert_eq!(main(&types, &relationships, names("word/document.xml")), Ok(EvidenceKind::Docx), "{target}");
    }
    // The strict variant, prefixes as some XML libraries write them, and a type by extension.
    let strict = relationships("http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument", "p.xml");
    assert_eq!(main(&content_types("/p.xml", POWERPOINT), &strict, names("p.xml")), Ok(EvidenceKind::Pptx));
    let prefixed = format!(
        r#"<r:Relationships xmlns:r="http://schemas.openxmlformats.org/package/2006/relationships"><r:Relationship r:Id="x" Target="xl/workbook.xml" Type="{OFFICE_DOCUMENT}"></r:Relationship></r:Relationships>"#
    );
    let by_extension = format!(
        r#"<ns0:Types xmlns:ns0="x"><ns0:Default Extension="XML" ContentType="{EXCEL}; charset=utf-8"/><ns0:Override PartName="/docProps/app.xml" ContentType="a/b"/></ns0:Types>"#
    );
    assert_eq!(main(&by_extension, &prefixed, names("xl/workbook.xml")), Ok(EvidenceKind::Xlsx));
    // Names with other case and other slashes.
    let (types, relationships) =
        (content_types("/xl/workbook.xml", EXCEL), relationships(OFFICE_DOCUMENT, "xl/workbook.xml"));
    let forgiven = ["[content_types].XML", r"_Rels\.RELS", r"XL\Workbook.xml"];
    assert_eq!(main(&types, &relationships, forgiven), Ok(EvidenceKind::Xlsx));
    let utf_16: Vec<u8> = format!("\u{feff}{types}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let parts: [(&str, &[u8]); 3] =
        [("[Content_Types].xml", &utf_16), ("_rels/.rels", relationships.as_bytes()), ("xl/workbook.xml", b"<w/>")];
    assert_eq!(verdict(&compressed(&parts)), Ok(EvidenceKind::Xlsx), "UTF-16");
}

#[test]
fn r14a_what_a_document_contains_does_not_matter() {
    let inner = package("word/document.xml", WORD);
    let workbook =
        package_with("xl/workbook.xml", EXCEL, &[("xl/embeddings/a.docx", &inner), ("word/document.xml", b"")]);
    assert_eq!(verdict(&workbook), Ok(EvidenceKind::Xlsx));
    let deck = package_with("ppt/presentation.xml", POWERPOINT, &[("ppt/embeddings/chart.xlsx", &workbook)]);
    assert_eq!(verdict(&deck), Ok(EvidenceKind::Pptx));
    for archive in
        [compressed(&[("proof.docx", &inner)]), stored(&[("proof.docx", &inner)]), stored(&[("a.pdf", b"%PDF-1.7")])]
    {
        assert_eq!(verdict(&archive), UNKNOWN);
    }
    for archive in [
        &b"!<arch>\nproof.pdf/      0           0     0     644     9         `\n%PDF-1.7"[..],
        b"070701proof.pdf\0%PDF-1.7",
    ] {
        assert_eq!(verdict(archive), UNKNOWN);
    }
    let two_names: [(&str, &[u8]); 2] = [("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")];
    assert_eq!(verdict(&compressed(&two_names)), UNKNOWN);
    let portfolio = [&b"%PDF-1.7\n"[..], &inner].concat();
    assert_eq!(verdict(&portfolio), Ok(EvidenceKind::Pdf), "a PDF that contains a document");
}

#[test]
fn r14a_other_packages_are_refused_with_their_reasons() {
    let office = "application/vnd.openxmlformats-officedocument.";
    for unknown in [
        format!("{office}wordprocessingml.template.main+xml"),
        format!("{office}spreadsheetml.template.main+xml"),
        format!("{office}presentationml.template.main+xml"),
        format!("{office}presentationml.slideshow.main+xml"),
        "application/vnd.ms-excel.sheet.binary.macroEnabled.main".to_owned(),
        "application/vnd.ms-visio.drawing.main+xml".to_owned(),
        "application/xml".to_owned(),
    ] {
        assert_eq!(verdict(&package("main.xml", &unknown)), UNKNOWN, "{unknown}");
    }
    for macros in [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        "application/vnd.ms-excel.template.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    ] {
        assert_eq!(verdict(&package("main.xml", macros)), Err(DocumentError::ContainsMacros), "{macros}");
    }
}

#[test]
fn r14a_torn_and_ambiguous_packages_are_unknown() {
    let intact = package_with("word/document.xml", WORD, &[("word/media/a.png", &[7; 3000])]);
    for cut in (0..intact.len()).step_by(7) {
        assert_eq!(verdict(&intact[..cut]), UNKNOWN, "the first {cut} bytes");
    }
    for cut in 1..intact.len() / 2 {
        assert_eq!(verdict(&intact[cut..]), UNKNOWN, "without the first {cut} bytes");
        let middle = [&intact[..200], &intact[200 + cut..]].concat();
        assert_eq!(verdict(&middle), UNKNOWN, "without {cut} bytes in the middle");
    }
    assert_eq!(verdict(&[&intact[..], b"\0"].concat()), UNKNOWN, "bytes behind the end record");
    // The offsets count from the start of the archive, as in self-extracting archives.
    assert_eq!(verdict(&[b"some bytes before".as_slice(), &intact].concat()), Ok(EvidenceKind::Docx));

    let (types, word) = (content_types("/a.xml", WORD), relationships(OFFICE_DOCUMENT, "a.xml"));
    let macros = content_types("/a.xml", "application/vnd.ms-word.document.macroEnabled.main+xml");
    let refused = |parts: &[(&str, &str)]| {
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, content)| (*name, content.as_bytes())).collect();
        assert_eq!(verdict(&compressed(&parts)), UNKNOWN, "{parts:?}");
    };
    let (main, types_name, relationships_name) = (("a.xml", "<w/>"), "[Content_Types].xml", "_rels/.rels");
    refused(&[(types_name, &types), (relationships_name, &word)]);
    refused(&[(types_name, &types), main]);
    refused(&[(relationships_name, &word), main]);
    refused(&[(types_name, &types), (types_name, &macros), (relationships_name, &word), main]);
    refused(&[(types_name, &types), (relationships_name, &word), main, ("A.xml", "<w/>")]);
    let two = word.replace(
        "</Relationships>",
        &format!("<Relationship Type=\"{OFFICE_DOCUMENT}\" Target=\"b.xml\"/></Relationships>"),
    );
    refused(&[(types_name, &types), (relationships_name, &two), main, ("b.xml", "")]);
    let external = word.replace("Target=", "TargetMode=\"External\" Target=");
    refused(&[(types_name, &types), (relationships_name, &external), main]);
    let outside = relationships(OFFICE_DOCUMENT, "../a.xml");
    refused(&[(types_name, &types), (relationships_name, &outside), main]);
    let both = types.replace("</Types>", "<Override PartName=\"/A.XML\" ContentType=\"a/b\"/></Types>");
    refused(&[(types_name, &both), (relationships_name, &word), main]);
    let torn_xml = types.replace("</Types>", "");
    refused(&[(types_name, &torn_xml), (relationships_name, &word), main]);
    let entities = types.replace("<Types", "<!DOCTYPE Types [<!ENTITY a \"b\">]><Types");
    refused(&[(types_name, &entities), (relationships_name, &word), main]);
}

/// Measures the largest single read, and counts them: a bound of the work on the document.
struct Counting<'d> {
    bytes: &'d [u8],
    reads: std::cell::Cell<usize>,
}

impl ReaderAt for Counting<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.reads.set(self.reads.get() + 1);
        assert!(buffer.len() <= 256 << 10, "a buffer of {} bytes", buffer.len());
        self.bytes.read_at(buffer, offset)
    }
}

#[test]
fn r14a_bombs_are_refused_in_bounded_time() {
    let bounded = |bytes: &[u8]| {
        let document = Counting { bytes, reads: std::cell::Cell::default() };
        let verdict = detect(&document, bytes.len() as u64);
        let reads = document.reads.get();
        assert!(reads <= 100 + bytes.len() / 2000, "{reads} reads of {} bytes", bytes.len());
        verdict
    };
    let (types, word) = (content_types("/a.xml", WORD), relationships(OFFICE_DOCUMENT, "a.xml"));
    let with = |types: &str, relationships: &str, main: &[u8]| {
        bounded(&compressed(&[
            ("[Content_Types].xml", types.as_bytes()),
            ("_rels/.rels", relationships.as_bytes()),
            ("a.xml", main),
        ]))
    };
    // The main part is not read.
    assert_eq!(with(&types, &word, &vec![b' '; 64 << 20]), Ok(EvidenceKind::Docx));
    let large = |element: &str, count: usize| word.replace("</Rel", &format!("{}</Rel", element.repeat(count)));
    assert_eq!(with(&types, &large("<Relationship/>", 10_000), b""), Ok(EvidenceKind::Docx));
    assert_eq!(with(&types, &large("<Relationship/>", 2 << 20), b""), UNKNOWN, "30 MiB");
    assert_eq!(with(&types, &large("<a>", 1 << 20), b""), UNKNOWN, "deep");
    assert_eq!(with(&types, &large(&format!("<a b=\"{}\"/>", "x".repeat(1 << 20)), 1), b""), UNKNOWN, "a long tag");
    let attributes: String = (0..4000).map(|n| format!(" a{n}=\"\"")).collect();
    assert_eq!(with(&types, &large(&format!("<Relationship {attributes}/>"), 100), b""), Ok(EvidenceKind::Docx));

    // More entries than the end record of an archive without zip64 can count.
    let names: Vec<String> = (0..70_000).map(|number| format!("word/media/{number}.png")).collect();
    let media: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let parts: [(&str, &[u8]); 3] =
        [("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", word.as_bytes()), ("a.xml", b"<w/>")];
    assert_eq!(bounded(&stored(&[&parts, &media[..]].concat())), Ok(EvidenceKind::Docx));
}

/// A compound file with a directory of these streams. The directory is in the last sectors, and
/// `sector_shift` is the exponent of the sectors' size.
fn compound_file(sector_shift: u8, data_sectors: u32, streams: &[&str]) -> Vec<u8> {
    let sector = 1_usize << sector_shift;
    let numbers = u32::try_from(sector / 4).unwrap();
    let directory_sectors = u32::try_from(streams.len() * 128).unwrap().div_ceil(4 * numbers);
    // The sectors: the allocation table, the list of its further sectors, data, and the directory.
    let tables = (data_sectors + 300) / numbers + 1;
    let directory = tables + 1 + data_sectors;
    let mut bytes = vec![0; sector];
    bytes[..8].copy_from_slice(ole::SIGNATURE);
    bytes[30] = sector_shift;
    bytes[48..52].copy_from_slice(&directory.to_le_bytes());
    bytes[68..72].copy_from_slice(&tables.to_le_bytes());
    let first_tables: Vec<u8> = (0..tables.min(109)).flat_map(u32::to_le_bytes).collect();
    bytes[76..76 + first_tables.len()].copy_from_slice(&first_tables);
    let last = directory + directory_sectors - 1;
    let next = |number: u32| if number >= last { 0xffff_fffe } else { number + 1 };
    bytes.extend((0..tables * numbers).flat_map(|number| next(number).to_le_bytes()));
    bytes.extend((109..tables.max(109)).flat_map(u32::to_le_bytes));
    bytes.resize(sector * (1 + directory as usize), 0x55);
    for name in streams {
        let mut entry = [0_u8; 128];
        let utf_16: Vec<u8> = format!("{name}\0").encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..utf_16.len()].copy_from_slice(&utf_16);
        entry[64] = u8::try_from(utf_16.len()).unwrap();
        entry[66] = 2;
        bytes.extend_from_slice(&entry);
    }
    bytes.resize(bytes.len().next_multiple_of(sector), 0);
    bytes
}

#[test]
fn r14a_a_password_is_recognised_in_a_compound_file() {
    let encrypted = ["Root Entry", "DataSpaceMap", "Version", "EncryptionInfo", "Transform", "EncryptedPackage"];
    for (shift, sectors) in [(9, 4), (9, 20_000), (12, 4)] {
        assert_eq!(
            verdict(&compound_file(shift, sectors, &encrypted)),
            Err(DocumentError::PasswordProtected),
            "{sectors}"
        );
        assert_eq!(verdict(&compound_file(shift, sectors, &["Root Entry", "WordDocument"])), UNKNOWN);
    }
    let whole = compound_file(9, 4, &encrypted);
    for cut in [8, 100, 512, 600, 1024] {
        assert_eq!(verdict(&whole[..cut]), UNKNOWN, "the first {cut} bytes");
    }
    // The directory is a ring.
    let mut ring = compound_file(9, 0, &["Root Entry", "A", "B", "C", "D"]);
    let table = 512 + 4..512 + 8;
    ring[table].copy_from_slice(&1_u32.to_le_bytes());
    assert_eq!(verdict(&ring), UNKNOWN);
}

#[test]
fn r14a_other_files_are_unknown() {
    let empty_archive = [&b"PK\x05\x06"[..], &[0; 18]].concat();
    for bytes in [&b"MZ\x90\x00"[..], b"PK\x03\x04", b"hello", b"", b"\x7fELF", &empty_archive] {
        assert_eq!(verdict(bytes), UNKNOWN, "{:?}", &bytes[..bytes.len().min(16)]);
    }
}
