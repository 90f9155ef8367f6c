//! Recognises password-protected Office documents. They are stored in a compound file (MS-CFB),
//! which contains the encrypted document as the stream `EncryptedPackage` (MS-OFFCRYPTO, 2.3.4.4).
use super::super::DocumentError;
use rawzip::ReaderAt;

/// The signature of compound files.
pub(super) const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The number of bytes of the header. Its field at 30 is the exponent of the sector size, at 48 the
/// first sector of the directory, at 68 the first sector with further sectors of the allocation
/// table, and at 76 begins the list of the table's first sectors.
const HEADER_BYTES: usize = 512;
/// The number of sectors of the allocation table that the header lists.
const LISTED_SECTORS: u64 = 109;
/// The number of bytes of a directory entry. Its name is at 0, the length of the name at 64, and
/// its type at 66.
const ENTRY_BYTES: usize = 128;
/// The type of a directory entry that is a stream.
const STREAM: u8 = 2;
/// The maximum number of sectors of the directory that are read. The directory of an encrypted
/// document has about ten entries.
const MAX_DIRECTORY_SECTORS: usize = 64;

/// Returns why a compound file is refused. `head` contains the first bytes of the document.
pub(super) fn reason_for_refusal(document: &impl ReaderAt, head: &[u8]) -> DocumentError {
    match CompoundFile::open(document, head).and_then(|file| file.contains_encrypted_package()) {
        Some(true) => DocumentError::PasswordProtected,
        Some(false) | None => DocumentError::KindUnknown,
    }
}

/// A compound file. Like the file system FAT, it consists of sectors, and a table contains for each
/// sector the next one.
struct CompoundFile<'d, R> {
    document: &'d R,
    header: &'d [u8],
    sector_bytes: u64,
}

impl<'d, R: ReaderAt> CompoundFile<'d, R> {
    fn open(document: &'d R, head: &'d [u8]) -> Option<Self> {
        let header = head.get(..HEADER_BYTES)?;
        let sector_bytes = match header[30] {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        Some(Self { document, header, sector_bytes })
    }

    /// Returns whether the directory contains the stream with an encrypted document. `None` if the
    /// file is not intact.
    fn contains_encrypted_package(&self) -> Option<bool> {
        let mut sector = u32_at(self.header, 48)?;
        let mut entries = vec![0; usize::try_from(self.sector_bytes).ok()?];
        for _ in 0..MAX_DIRECTORY_SECTORS {
            self.document.read_exact_at(&mut entries, self.position(sector)).ok()?;
            if entries.chunks_exact(ENTRY_BYTES).any(is_encrypted_package) {
                return Some(true);
            }
            sector = self.next_sector(sector)?;
        }
        Some(false)
    }

    /// Returns the sector that follows in the chain. `None` if a sector of the table is missing.
    /// The number that marks the end of a chain is greater than the number of every sector, so
    /// reading it as a sector fails.
    fn next_sector(&self, sector: u32) -> Option<u32> {
        let numbers_per_sector = self.sector_bytes / 4;
        let (table_sector, index) = (u64::from(sector) / numbers_per_sector, u64::from(sector) % numbers_per_sector);
        self.u32_in_sector(self.table_sector(table_sector)?, index)
    }

    /// Returns the sector that contains this part of the allocation table.
    fn table_sector(&self, index: u64) -> Option<u32> {
        if index < LISTED_SECTORS {
            return u32_at(self.header, 76 + 4 * usize::try_from(index).ok()?);
        }
        // Each further list of the table's sectors ends with the number of the next list's sector.
        let listed = self.sector_bytes / 4 - 1;
        let (lists, index) = ((index - LISTED_SECTORS) / listed, (index - LISTED_SECTORS) % listed);
        let mut list = u32_at(self.header, 68)?;
        for _ in 0..lists.min(u64::from(u8::MAX)) {
            list = self.u32_in_sector(list, listed)?;
        }
        self.u32_in_sector(list, index)
    }

    fn u32_in_sector(&self, sector: u32, index: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        self.document.read_exact_at(&mut bytes, self.position(sector) + 4 * index).ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    /// Returns the position of the first byte of the sector. Sector 0 follows the header, which
    /// takes the place of one sector.
    fn position(&self, sector: u32) -> u64 {
        (u64::from(sector) + 1) * self.sector_bytes
    }
}

/// Returns whether the directory entry is the stream with an encrypted document.
fn is_encrypted_package(entry: &[u8]) -> bool {
    let name = "EncryptedPackage\0".encode_utf16().flat_map(u16::to_le_bytes);
    let length = name.clone().count();
    entry[..length].iter().copied().eq(name) && usize::from(entry[64]) == length && entry[66] == STREAM
}

fn u32_at(bytes: &[u8], position: usize) -> Option<u32> {
    bytes.get(position..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
