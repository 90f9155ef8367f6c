//! Reads sheets (tables with a header) as spreadsheet programs write them (R59a): CSV in its
//! variants, and workbooks (XLSX).
//!
//! A file is read as a whole before its first row is used, so that an error in the file is found
//! before anything is done. An error in one row is reported with that row.
mod text;
mod workbook;

use std::{fs, path::Path};

use anyhow::{Context as _, bail, ensure};
use cpor_listing::csv::cell_text;
use encoding_rs::Encoding;

pub(crate) use self::text::decode;

/// The part of the help of a command about the formats of its file.
pub(crate) const FORMATS_HELP: &str = "\
A CSV file is separated by commas, semicolons or tabs, which is detected, or as a first line such as `sep=;` says. It is
encoded in UTF-8, in UTF-16, or as --encoding says. In a workbook (.xlsx), the first visible sheet with such a header is
read. Names of columns are read without case. Blanks around a cell, blank rows, and columns without name and content are
ignored.";

/// The arguments of commands that read a sheet.
#[derive(clap::Args)]
pub(crate) struct SheetArgs {
    /// Encoding of a CSV file that is neither UTF-8 nor UTF-16, for example `windows-1250` or
    /// `windows-1252`.
    #[arg(long, value_name = "NAME", value_parser = parse_encoding)]
    pub(crate) encoding: Option<&'static Encoding>,
}

/// Parses the name of an encoding. The number of a Windows code page is enough.
fn parse_encoding(name: &str) -> Result<&'static Encoding, String> {
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let label = if is_number { format!("windows-{name}") } else { name.to_owned() };
    Encoding::for_label(label.as_bytes())
        .ok_or_else(|| "must be the name of an encoding, for example utf-8, utf-16le, windows-1250 or 1252".to_owned())
}

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Text with separators.
    Csv,
    /// A workbook in the format XLSX.
    Xlsx,
    /// One JSON object in each line.
    JsonLines,
}

impl FileKind {
    /// Determines the kind of a file by its content and by the extension of its name.
    fn of(path: &Path, content: &[u8]) -> anyhow::Result<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_lowercase().as_str() {
            "ods" => bail!("is an OpenDocument spreadsheet; save it as .xlsx or .csv"),
            _ if content.starts_with(b"PK\x03\x04") => Ok(Self::Xlsx),
            _ if content.starts_with(b"\xd0\xcf\x11\xe0") => bail!(
                "is a workbook that is protected by a password or has an old format; save it as .xlsx without a password"
            ),
            "csv" | "txt" | "tsv" | "tab" => Ok(Self::Csv),
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            "xlsx" | "xlsm" => bail!("is not a workbook, although its name ends with .{extension}"),
            _ => bail!("the file name must end with .csv, .xlsx or .jsonl"),
        }
    }
}

/// Reads a file. Returns its kind and its content.
///
/// # Errors
/// Returns an error if the file cannot be read or has another format.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<(FileKind, Vec<u8>)> {
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let kind = FileKind::of(path, &content).with_context(|| path.display().to_string())?;
    Ok((kind, content))
}

/// A sheet: a header and rows.
pub(crate) struct Sheet {
    /// The names of the columns in lower case; `None` for a column without a name.
    header: Vec<Option<String>>,
    /// The records after the header.
    records: Records,
    /// The number of lines of the file, or of rows of the workbook.
    pub(crate) lines: u64,
}

/// The records of a file in their order.
type Records = Box<dyn Iterator<Item = anyhow::Result<Record>>>;

/// A record of a file as it was read.
struct Record {
    /// The line or row of the file in which the record begins. The first one is 1.
    line: u64,
    cells: Vec<String>,
}

/// A row of a sheet that has at least one cell with content.
#[derive(Debug)]
pub(crate) struct SheetRow {
    /// The line or row of the file in which the row begins. The first one is 1.
    pub(crate) line: u64,
    /// The cells of all columns that have a name, with the name, in the order of the file.
    pub(crate) cells: Vec<(String, String)>,
    /// The description of an error that belongs to no named column: a cell has content, but its
    /// column has no name.
    pub(crate) fault: Option<String>,
}

impl SheetRow {
    /// Returns the content of a column, or an empty text if the sheet does not have it.
    pub(crate) fn cell(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| name == column).map_or("", |(_, cell)| cell)
    }
}

impl Sheet {
    /// Parses a file. `is_known` returns whether a column of this name is accepted.
    ///
    /// # Errors
    /// Returns an error that names the encoding, the separator or the columns if the file cannot
    /// be read. Unknown and duplicate columns are named together.
    pub(crate) fn parse(
        kind: FileKind,
        content: &[u8],
        args: &SheetArgs,
        is_known: fn(&str) -> bool,
    ) -> anyhow::Result<Self> {
        let (mut records, lines, format): (Records, u64, String) = match kind {
            FileKind::JsonLines => bail!("the file name must end with .csv or .xlsx"),
            FileKind::Xlsx => {
                let sheet = workbook::read(content, is_known)?;
                let lines = sheet.records.last().map_or(0, |record| record.line);
                (Box::new(sheet.records.into_iter().map(Ok)), lines, format!("the sheet `{}`", sheet.name))
            }
            FileKind::Csv => {
                let decoded = decode(content, args.encoding)?;
                let separator = text::Separator::detect(&decoded.text, is_known);
                text::check_quotes(&decoded.text, separator)?;
                let format = format!("the file as {} with {separator}", decoded.encoding.name());
                let lines = text::count_lines(decoded.text.as_bytes());
                (Box::new(text::records(decoded.text, separator)), lines, format)
            }
        };
        let header = loop {
            match records.next().transpose()? {
                None => bail!("the file has no header"),
                Some(record) if is_blank(&record.cells) => {}
                Some(record) => break record.cells,
            }
        };
        let header: Vec<Option<String>> = header.iter().map(|name| column_name(name)).collect();
        check_header(&header, &format, is_known)?;
        Ok(Self { header, records, lines })
    }

    /// Checks that the sheet has these columns.
    ///
    /// # Errors
    /// Returns an error that names the missing columns.
    pub(crate) fn require_columns(&self, names: &[&str]) -> anyhow::Result<()> {
        let missing: Vec<String> = names
            .iter()
            .filter(|name| !self.columns().any(|column| column == **name))
            .map(|name| format!("`{name}`"))
            .collect();
        ensure!(missing.is_empty(), "the header lacks the columns {}; see --help", missing.join(", "));
        Ok(())
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.header.iter().flatten().map(String::as_str)
    }

    /// Converts a record to a row.
    fn to_row(&self, record: Record) -> SheetRow {
        let Record { line, mut cells } = record;
        cells.resize(cells.len().max(self.header.len()), String::new());
        let mut row = SheetRow { line, cells: Vec::with_capacity(self.header.len()), fault: None };
        for (index, cell) in cells.iter().enumerate() {
            let text = cell_text(cell);
            match self.header.get(index).and_then(Option::as_ref) {
                Some(name) => row.cells.push((name.clone(), text)),
                None if text.is_empty() => {}
                None => row.fault = Some(format!("cell {} has content, but its column has no name", index + 1)),
            }
        }
        row
    }
}

impl Iterator for Sheet {
    type Item = anyhow::Result<SheetRow>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.records.next()? {
                Ok(record) if is_blank(&record.cells) => {}
                record => return Some(record.map(|record| self.to_row(record))),
            }
        }
    }
}

/// Returns whether no cell has content.
fn is_blank(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell_text(cell).is_empty())
}

/// Returns the name of a column in lower case, or `None` if the column has no name.
fn column_name(cell: &str) -> Option<String> {
    let name = cell_text(cell).to_lowercase();
    (!name.is_empty()).then_some(name)
}

/// Checks that at least one column is known, and that none is unknown or duplicate. `format` tells
/// in error messages how the file was read.
fn check_header(header: &[Option<String>], format: &str, is_known: fn(&str) -> bool) -> anyhow::Result<()> {
    let names: Vec<&String> = header.iter().flatten().collect();
    ensure!(
        names.iter().any(|name| is_known(name)),
        "the header `{}` has no known column. This is {format}. If the separator is another one, begin the file with \
         a line such as `sep=|`; if the encoding is another one, name it with --encoding; see --help",
        names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join("`, `").chars().take(200).collect::<String>()
    );
    let is_invalid = |(index, name): &(usize, &&String)| !is_known(name) || names[..*index].contains(name);
    let invalid: Vec<String> =
        names.iter().enumerate().filter(is_invalid).map(|(_, name)| format!("`{name}`")).collect();
    ensure!(
        invalid.is_empty(),
        "the header has unknown or duplicate columns: {}. This is {format}; see --help",
        invalid.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod fuzz_sheet;
#[cfg(test)]
mod tests;
