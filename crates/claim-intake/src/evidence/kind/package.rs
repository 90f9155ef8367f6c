//! Reads the parts of a package, which is a zip archive, by the names in its central directory.
use flate2::read::DeflateDecoder;
use rawzip::{
    CompressionMethod, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder, ZipLocator,
};
use std::io::Read;

/// The size of the end record of an archive without its comment (APPNOTE 4.3.16).
const END_RECORD_BYTES: u64 = 22;
/// The position of the offset of the central directory in the end record.
const DIRECTORY_OFFSET_POSITION: u64 = 16;

/// A zip archive that ends where the document ends. Its entries are read one by one, so the memory
/// does not depend on their number.
pub(super) struct Package<'d, R> {
    archive: ZipArchive<&'d R>,
    /// Contains one entry of the central directory at a time.
    buffer: Vec<u8>,
}

/// A part of a package.
pub(super) struct Part {
    entry: ZipArchiveEntryWayfinder,
    is_compressed: bool,
}

impl<'d, R: ReaderAt> Package<'d, R> {
    /// Opens the archive in a document of `size` bytes; `None` if there is none, or if the document
    /// is torn: bytes before the central directory or after the end record are missing.
    pub(super) fn open(document: &'d R, size: u64) -> Option<Self> {
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let locator = ZipLocator::new().max_search_space(END_RECORD_BYTES + u64::from(u16::MAX));
        let archive = locator.locate_in_reader(document, &mut buffer, size).ok()?;
        let mut declared_offset = [0; 4];
        document.read_exact_at(&mut declared_offset, archive.eocd_offset() + DIRECTORY_OFFSET_POSITION).ok()?;
        let declared_offset = u32::from_le_bytes(declared_offset);
        // In an archive with more than 4 GiB, the field has its maximum, and another record
        // decides.
        let is_complete = declared_offset == u32::MAX || archive.directory_offset() >= u64::from(declared_offset);
        (is_complete && archive.end_offset() == size).then_some(Self { archive, buffer })
    }

    /// Returns the parts with these names, which are in canonical form. `None` if a part is missing
    /// or occurs twice, if a part cannot be read, or if the central directory is not intact.
    pub(super) fn find<const N: usize>(&mut self, names: [&str; N]) -> Option<[Part; N]> {
        let mut found = [const { None }; N];
        let mut entries = self.archive.entries(&mut self.buffer);
        let mut count: u64 = 0;
        while let Some(entry) = entries.next_entry().ok()? {
            count += 1;
            let name = entry.file_path();
            let Some(index) = names.iter().position(|wanted| is_canonical_name(name.as_bytes(), wanted)) else {
                continue;
            };
            let is_compressed = match entry.compression_method() {
                CompressionMethod::STORE => false,
                CompressionMethod::DEFLATE => true,
                _ => return None,
            };
            if entry.flags().is_encrypted() || found[index].is_some() {
                return None;
            }
            found[index] = Some(Part { entry: entry.wayfinder(), is_compressed });
        }
        // The number in the end record has 16 bits, and some programs write more entries.
        let is_complete = count % (1 << 16) == self.archive.entries_hint() % (1 << 16);
        let found: Vec<Part> = found.into_iter().flatten().filter(|_| is_complete).collect();
        found.try_into().ok()
    }

    /// Checks that the data of the part is where the central directory says.
    pub(super) fn check_data(&self, part: &Part) -> Option<()> {
        let (_, end) = self.archive.get_entry(part.entry).ok()?.compressed_data_range();
        (end <= self.archive.directory_offset()).then_some(())
    }

    /// Returns a reader of the part's content, which fails if the content is not intact.
    pub(super) fn read(&self, part: &Part) -> Option<Box<dyn Read + '_>> {
        self.check_data(part)?;
        let entry = self.archive.get_entry(part.entry).ok()?;
        Some(match part.is_compressed {
            true => Box::new(entry.verifying_reader(DeflateDecoder::new(entry.reader()))),
            false => Box::new(entry.verifying_reader(entry.reader())),
        })
    }
}

/// Returns whether the name in the central directory is `canonical`, without regard to case, the
/// direction of slashes and a slash at the start.
fn is_canonical_name(name: &[u8], canonical: &str) -> bool {
    let to_canonical = |byte: &u8| if *byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
    let name = if matches!(name.first(), Some(b'/' | b'\\')) { &name[1..] } else { name };
    name.len() == canonical.len() && name.iter().map(to_canonical).eq(canonical.bytes())
}

/// Returns the canonical name of the part that a reference in the package's root names: in lower
/// case, without a slash at the start. `None` if the reference leaves the package.
pub(super) fn resolve_target(target: &str) -> Option<String> {
    let target = target.trim().replace('\\', "/").to_ascii_lowercase();
    let mut segments = Vec::new();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}
