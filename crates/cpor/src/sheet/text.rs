//! Text with separators: its encoding, its separator and its records.

use std::{fmt, io::Cursor};

use anyhow::{Context as _, bail};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Record, column_name};

/// The text of a file, with the encoding in which the file was read.
pub(crate) struct DecodedText {
    pub(crate) text: String,
    pub(crate) encoding: &'static Encoding,
}

/// Decodes a file. Its encoding is the one of its byte order mark, else `given_encoding` (which the
/// user gave), else UTF-16 if the first character is a letter in UTF-16, else UTF-8.
///
/// # Errors
/// Returns an error that names the encoding and, for UTF-8, the line if the content is not valid.
pub(crate) fn decode(content: &[u8], given_encoding: Option<&'static Encoding>) -> anyhow::Result<DecodedText> {
    let (encoding, mark) = match Encoding::for_bom(content) {
        Some(found) => found,
        None => (given_encoding.or_else(|| utf16_without_mark(content)).unwrap_or(UTF_8), 0),
    };
    let content = &content[mark..];
    match encoding.decode_without_bom_handling_and_without_replacement(content) {
        Some(text) => Ok(DecodedText { text: text.into_owned(), encoding }),
        None if encoding == UTF_8 => {
            let valid = std::str::from_utf8(content).map_or_else(|error| error.valid_up_to(), str::len);
            let line = 1 + count_line_ends(&content[..valid]);
            bail!("line {line} is not in UTF-8; name the encoding, for example --encoding windows-1252")
        }
        None => bail!("the file is not in {}", encoding.name()),
    }
}

/// Recognizes UTF-16 without a byte order mark, by the first character.
fn utf16_without_mark(content: &[u8]) -> Option<&'static Encoding> {
    match content {
        [first, 0, ..] if *first != 0 => Some(UTF_16LE),
        [0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// The separator of the cells, and where the header begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Separator {
    /// The character between two cells.
    byte: u8,
    /// The length of a first line such as `sep=;`, with its line end.
    first_line: usize,
}

impl Separator {
    /// Returns the separator that a first line such as `sep=;` names. Otherwise it is the one of
    /// comma, semicolon and tab by which the header has the most known columns.
    pub(super) fn detect(text: &str, is_known: fn(&str) -> bool) -> Self {
        let line_end = text.find(['\r', '\n']).unwrap_or(text.len());
        let first_line = text[..line_end].trim_matches('"').to_lowercase();
        if let Some(&[byte]) = first_line.strip_prefix("sep=").map(str::as_bytes).filter(|rest| rest.is_ascii()) {
            let line_end = line_end + if text[line_end..].starts_with("\r\n") { 2 } else { 1 };
            return Self { byte, first_line: line_end.min(text.len()) };
        }
        let known_columns = |byte: &u8| {
            let separator = Self { byte: *byte, first_line: 0 };
            let header = reader(text, separator)
                .into_records()
                .flatten()
                .find(|record| record.iter().any(|cell| column_name(cell).is_some()));
            header.map_or(0, |header| header.iter().filter_map(column_name).filter(|name| is_known(name)).count())
        };
        // Of several maxima, `max_by_key` returns the last one, so the comma is preferred.
        let byte = [b'\t', b';', b','].into_iter().max_by_key(known_columns).unwrap_or(b',');
        Self { byte, first_line: 0 }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.byte {
            b',' => f.write_str("the separator comma"),
            b';' => f.write_str("the separator semicolon"),
            b'\t' => f.write_str("the separator tab"),
            other => write!(f, "the separator `{}`", char::from(other)),
        }
    }
}

/// Checks that every quoted cell ends, and that nothing follows a quoted cell of several lines.
/// Otherwise a quotation mark is missing, and rows would become part of a cell.
///
/// # Errors
/// Returns an error that names the line in which the cell begins.
pub(super) fn check_quotes(text: &str, separator: Separator) -> anyhow::Result<()> {
    let separator_char = char::from(separator.byte);
    let mut line = if separator.first_line == 0 { 1 } else { 2 };
    let mut quoted_since: Option<u64> = None;
    let mut is_cell_start = true;
    let mut characters = text[separator.first_line..].chars().peekable();
    while let Some(character) = characters.next() {
        let is_separator = quoted_since.is_none() && [separator_char, '\r', '\n'].contains(&character);
        match (quoted_since, character) {
            (None, '"') if is_cell_start => quoted_since = Some(line),
            (Some(_), '"') if characters.next_if_eq(&'"').is_some() => {}
            (Some(first), '"') => {
                let is_followed = characters.peek().is_some_and(|next| ![separator_char, '\r', '\n'].contains(next));
                if first != line && is_followed {
                    bail!(
                        "line {first}: a quotation mark begins a cell whose end is missing; the next quotation mark is in line {line}"
                    );
                }
                quoted_since = None;
            }
            _ => {}
        }
        is_cell_start = is_separator;
        line += u64::from(character == '\n' || character == '\r' && characters.peek() != Some(&'\n'));
    }
    match quoted_since {
        Some(first) => bail!("line {first}: a quotation mark begins a cell whose end is missing"),
        None => Ok(()),
    }
}

/// Returns the records of a text that [`check_quotes`] has accepted.
pub(super) fn records(text: String, separator: Separator) -> impl Iterator<Item = anyhow::Result<Record>> {
    let text = bytes::Bytes::from(text);
    let records = reader_of(Cursor::new(text.slice(separator.first_line..)), separator).into_records();
    let (mut counted, mut line) = (0, 1);
    records.map(move |record| {
        let record = record.context("the file is not a CSV")?;
        // The reader reports a position before the blank lines that precede the record.
        let position = record.position().map_or(0, csv::Position::byte);
        let start = separator.first_line + usize::try_from(position).unwrap_or(usize::MAX);
        let line_ends = text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += count_line_ends(&text[counted..start + line_ends]);
        counted = start + line_ends;
        Ok(Record { line, cells: record.iter().map(str::to_owned).collect() })
    })
}

fn reader(text: &str, separator: Separator) -> csv::Reader<&[u8]> {
    reader_of(text.as_bytes(), separator)
}

fn reader_of<R: std::io::Read>(text: R, separator: Separator) -> csv::Reader<R> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator.byte).from_reader(text)
}

/// Returns the number of lines of a text.
pub(super) fn count_lines(text: &[u8]) -> u64 {
    count_line_ends(text) + u64::from(text.last().is_some_and(|byte| !matches!(byte, b'\r' | b'\n')))
}

/// Returns the number of line ends in a text: LF, CR LF and CR.
fn count_line_ends(text: &[u8]) -> u64 {
    let is_line_end =
        |index: usize| text[index] == b'\n' || text[index] == b'\r' && text.get(index + 1) != Some(&b'\n');
    (0..text.len()).filter(|index| is_line_end(*index)).count() as u64
}
