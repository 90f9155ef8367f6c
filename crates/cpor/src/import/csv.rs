//! Reads claims from comma-separated values. Each row of the file is one line of a claim, which is
//! about one product.

use std::io::Read;

use anyhow::{Context as _, ensure};
use cpor_listing::csv::unescape_formula;
use cpor_proto::{
    claims::v1::{Claim, ClaimLine},
    r#type::v1::{Activity, Contact, SolutionArea},
};
use csv::StringRecord;

use super::batch::{FieldError, Row};

/// The part of `cpor import --help` about the columns.
pub(super) const HELP: &str = "\
A CSV file has a header and any of these columns, in any order:
  claim                             successive rows with the same value are lines of one claim
  display_name mpn_id customer_domain tenant_id program
  solution_area                     microsoft_365 or business_applications
  activities                        usage, pre_sales, revenue_association; separated by blanks
  product subscription_id           the claimed product, for example power-bi
  customer_contact_name, _title, _email; customer_technical_contact_name, _title, _email; partner_contact_name, _email
  solution_seller_name customer_name isv_solution_name
  terms_acknowledged                true or false
Other columns of an exported CSV are ignored. The second and further rows of a claim need only the columns of the line.
Exit status: 0 if every row was accepted, 1 otherwise.";

/// Stores the text of a cell in the claim or in its line. If the text is invalid, returns a
/// description of the error.
type SetField = fn(&mut Claim, &mut ClaimLine, &str) -> Result<(), String>;

/// The columns that are imported.
const COLUMNS: &[(&str, SetField)] = &[
    ("display_name", |claim, _, text| set_text(&mut claim.display_name, text)),
    ("mpn_id", |claim, _, text| set_text(&mut claim.mpn_id, text)),
    ("customer_domain", |claim, _, text| set_text(&mut claim.customer_domain, text)),
    ("tenant_id", |claim, _, text| set_text(&mut claim.tenant_id, text)),
    ("program", |claim, _, text| set_text(&mut claim.program, text)),
    ("solution_area", |claim, _, text| set_solution_area(claim, text)),
    ("activities", |claim, _, text| set_activities(claim, text)),
    ("product", |_, line, text| {
        set_text(&mut line.product, &format!("products/{}", text.trim_start_matches("products/")))
    }),
    ("subscription_id", |_, line, text| set_text(&mut line.subscription_id, text)),
    ("customer_contact_name", |claim, _, text| set_text(&mut contact_mut(&mut claim.customer_contact).name, text)),
    ("customer_contact_title", |claim, _, text| set_text(&mut contact_mut(&mut claim.customer_contact).title, text)),
    ("customer_contact_email", |claim, _, text| set_text(&mut contact_mut(&mut claim.customer_contact).email, text)),
    ("customer_technical_contact_name", |claim, _, text| {
        set_text(&mut contact_mut(&mut claim.customer_technical_contact).name, text)
    }),
    ("customer_technical_contact_title", |claim, _, text| {
        set_text(&mut contact_mut(&mut claim.customer_technical_contact).title, text)
    }),
    ("customer_technical_contact_email", |claim, _, text| {
        set_text(&mut contact_mut(&mut claim.customer_technical_contact).email, text)
    }),
    ("partner_contact_name", |claim, _, text| set_text(&mut contact_mut(&mut claim.partner_contact).name, text)),
    ("partner_contact_email", |claim, _, text| set_text(&mut contact_mut(&mut claim.partner_contact).email, text)),
    ("solution_seller_name", |claim, _, text| set_text(&mut claim.solution_seller_name, text)),
    ("customer_name", |claim, _, text| set_text(&mut claim.customer_name, text)),
    ("isv_solution_name", |claim, _, text| set_text(&mut claim.isv_solution_name, text)),
    ("terms_acknowledged", |claim, _, text| set_flag(&mut claim.terms_acknowledged, text)),
];

/// The column whose value is the same in all rows of a claim.
const CLAIM_COLUMN: &str = "claim";

/// Columns of an export with values that the server sets. They are ignored.
const IGNORED_COLUMNS: [&str; 10] = [
    "state",
    "association_state",
    "key",
    "line_association_state",
    "contested",
    "policy",
    "create_time",
    "update_time",
    "submit_time",
    "official_time",
];

/// Returns the claims of a CSV file.
///
/// # Errors
/// Returns an error that names all unknown and duplicate columns of the header, if there are any.
/// The iterator returns an error if the file cannot be read.
pub(super) fn rows<R: Read>(file: R) -> anyhow::Result<CsvRows<R>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let header: Vec<String> =
        reader.headers().context("reading the header")?.iter().map(|name| name.trim().to_owned()).collect();
    let is_known = |name: &str| {
        name == CLAIM_COLUMN || IGNORED_COLUMNS.contains(&name) || COLUMNS.iter().any(|(column, _)| *column == name)
    };
    let invalid_column = |(index, name): (usize, &String)| {
        (!is_known(name) || header[..index].contains(name)).then(|| format!("`{name}`"))
    };
    let invalid: Vec<String> = header.iter().enumerate().filter_map(invalid_column).collect();
    ensure!(invalid.is_empty(), "the header has unknown or duplicate columns: {}; see --help", invalid.join(", "));
    Ok(CsvRows { records: reader.into_records(), header, current: None })
}

/// An iterator over the claims of a CSV file.
pub(super) struct CsvRows<R> {
    records: csv::StringRecordsIntoIter<R>,
    header: Vec<String>,
    /// The claim to which the next rows of the file can add lines.
    current: Option<PartialClaim>,
}

/// A claim from the rows that were read so far.
struct PartialClaim {
    /// The value of the column `claim`.
    id: String,
    /// The claim, or the errors in its rows.
    row: Row,
    /// The claim as the first row contains it, without lines.
    first_row: Claim,
}

impl<R: Read> Iterator for CsvRows<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(record) = self.records.next() else { return self.current.take().map(|claim| Ok(claim.row)) };
            match record.context("the file is not a CSV in UTF-8").map(|record| self.parse(&record)) {
                Err(error) => return Some(Err(error)),
                Ok(next) => {
                    if let Some(complete) = self.add(next) {
                        return Some(Ok(complete));
                    }
                }
            }
        }
    }
}

impl<R> CsvRows<R> {
    /// Parses one row of the file.
    fn parse(&self, record: &StringRecord) -> PartialClaim {
        let (mut claim, mut line, mut errors, mut id) = (Claim::default(), ClaimLine::default(), Vec::new(), "");
        if record.len() != self.header.len() {
            let description = format!("has {} cells, but the header has {}", record.len(), self.header.len());
            errors.push(FieldError::malformed("", description));
        }
        for (name, cell) in self.header.iter().zip(record).filter(|(_, cell)| !cell.trim().is_empty()) {
            match COLUMNS.iter().find(|(column, _)| column == name) {
                Some((_, set_field)) => {
                    let outcome = set_field(&mut claim, &mut line, unescape_formula(cell.trim()));
                    errors.extend(outcome.err().map(|description| FieldError::malformed(name, description)));
                }
                None if name == CLAIM_COLUMN => id = cell,
                None => {}
            }
        }
        let number = record.position().map_or(0, csv::Position::line);
        let first_row = claim.clone();
        claim.lines.extend((line != ClaimLine::default()).then_some(line));
        let row = Row { line: number, claim: if errors.is_empty() { Ok(claim) } else { Err(errors) } };
        PartialClaim { id: id.to_owned(), row, first_row }
    }

    /// Adds a row to the current claim if it has the same id. Otherwise the row becomes the current
    /// claim, and the previous claim, which is complete, is returned.
    fn add(&mut self, next: PartialClaim) -> Option<Row> {
        match &mut self.current {
            Some(current) if !next.id.is_empty() && current.id == next.id => {
                current.add_line(next);
                None
            }
            Some(_) | None => self.current.replace(next).map(|complete| complete.row),
        }
    }
}

impl PartialClaim {
    /// Adds the line or the errors of a further row. Apart from the line, the row must be empty or
    /// equal to the first one.
    fn add_line(&mut self, next: Self) {
        let number = next.row.line;
        let mut errors = Vec::new();
        if next.first_row != Claim::default() && next.first_row != self.first_row {
            let description = format!("line {number} differs from line {} in the fields of the claim", self.row.line);
            errors.push(FieldError::malformed("", description));
        }
        let with_line_number =
            |error: FieldError| FieldError { description: format!("line {number}: {}", error.description), ..error };
        match next.row.claim {
            Err(row_errors) => errors.extend(row_errors.into_iter().map(with_line_number)),
            Ok(row_claim) => {
                if let Ok(claim) = &mut self.row.claim {
                    claim.lines.extend(row_claim.lines);
                }
            }
        }
        if !errors.is_empty() {
            let earlier = std::mem::replace(&mut self.row.claim, Ok(Claim::default())).err().unwrap_or_default();
            self.row.claim = Err([earlier, errors].concat());
        }
    }
}

fn set_text(field: &mut String, text: &str) -> Result<(), String> {
    text.clone_into(field);
    Ok(())
}

fn contact_mut(contact: &mut Option<Contact>) -> &mut Contact {
    contact.get_or_insert_default()
}

fn set_solution_area(claim: &mut Claim, text: &str) -> Result<(), String> {
    let area = SolutionArea::from_str_name(&format!("SOLUTION_AREA_{}", text.to_uppercase()));
    let area = area.ok_or_else(|| format!("must be microsoft_365 or business_applications, not `{text}`"))?;
    claim.set_solution_area(area);
    Ok(())
}

fn set_activities(claim: &mut Claim, text: &str) -> Result<(), String> {
    for name in text.split_whitespace() {
        let activity = Activity::from_str_name(&format!("ACTIVITY_{}", name.to_uppercase()));
        let activity = activity
            .ok_or_else(|| format!("must be a list of usage, pre_sales and revenue_association, not `{name}`"))?;
        claim.push_activities(activity);
    }
    Ok(())
}

fn set_flag(field: &mut bool, text: &str) -> Result<(), String> {
    *field = match text.to_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(format!("must be true or false, not `{text}`")),
    };
    Ok(())
}

#[cfg(test)]
mod tests;
