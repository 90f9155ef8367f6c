//! Workbooks: the cells of a sheet of an XLSX file.

use std::io::Cursor;

use anyhow::Context as _;
use calamine::{Data, DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx};

use super::{Record, column_name};

/// A sheet of a workbook.
pub(super) struct WorkbookSheet {
    pub(super) name: String,
    /// The rows that have cells.
    pub(super) records: Vec<Record>,
}

/// The error of a file that is not a workbook.
const NOT_A_WORKBOOK: &str = "the file is not a workbook in the format XLSX, or is damaged";

/// The number of rows in which a header is searched. A title of the table can be above the header.
const TITLE_ROWS: usize = 10;

/// Reads the first visible sheet of a workbook that has a header with known columns. If there is
/// none, reads the first visible sheet. Some programs write a summary as the first sheet, and the
/// title of a table above its header.
///
/// # Errors
/// Returns an error if the content is not a workbook, or has no visible sheet.
pub(super) fn read(content: &[u8], is_known: fn(&str) -> bool) -> anyhow::Result<WorkbookSheet> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(content)).context(NOT_A_WORKBOOK)?;
    let is_visible =
        |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
    let sheets: Vec<String> =
        workbook.sheets_metadata().iter().filter(is_visible).map(|sheet| sheet.name.clone()).collect();
    let mut first = None;
    for sheet in sheets {
        let mut records = read_sheet(&mut workbook, &sheet)?;
        let is_header =
            |record: &Record| record.cells.iter().filter_map(|cell| column_name(cell)).any(|name| is_known(&name));
        if let Some(header) = records.iter().take(TITLE_ROWS).position(is_header) {
            return Ok(WorkbookSheet { name: sheet, records: records.split_off(header) });
        }
        first = first.or(Some(WorkbookSheet { name: sheet, records }));
    }
    first.context("the workbook has no visible sheet")
}

/// Returns the rows of a sheet that have cells with content.
fn read_sheet(workbook: &mut Xlsx<Cursor<&[u8]>>, sheet: &str) -> anyhow::Result<Vec<Record>> {
    let mut cells = workbook.worksheet_cells_reader(sheet).context(NOT_A_WORKBOOK)?;
    let mut records: Vec<Record> = Vec::new();
    while let Some(cell) = cells.next_cell().context(NOT_A_WORKBOOK)? {
        let (row, column) = cell.get_position();
        let text = cell_text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let line = u64::from(row) + 1;
        if records.last().is_none_or(|record| record.line != line) {
            records.push(Record { line, cells: Vec::new() });
        }
        if let Some(record) = records.last_mut() {
            record.cells.resize(record.cells.len().max(column as usize + 1), String::new());
            record.cells[column as usize] = text;
        }
    }
    Ok(records)
}

/// Returns the value of a cell as text. A date is written as in ISO 8601.
fn cell_text(value: &DataRef<'_>) -> String {
    if let DataRef::DateTime(time) = value
        && time.is_datetime()
    {
        return date_text(*time);
    }
    Data::from(value.clone()).to_string()
}

fn date_text(time: ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}") }
}
