//! Claims as comma-separated values: a row for each line of a claim.

use std::io::Read;

use anyhow::{Context as _, ensure};
use cpor_kit::csv::plain;
use cpor_proto::{
    claims::v1::{Claim, ClaimLine},
    r#type::v1::{Activity, Contact, SolutionArea},
};
use csv::StringRecord;

use super::row::{Fault, Row};

/// What `--help` says of the columns.
pub(super) const HELP: &str = "\
A CSV has a header and, in any order, any of these columns:
  claim                             rows in succession that have the same text here are lines of one claim
  display_name mpn_id customer_domain tenant_id program
  solution_area                     microsoft_365 or business_applications
  activities                        usage, pre_sales, revenue_association; blanks between them
  product subscription_id           the line, for example power-bi
  customer_contact_name, _title, _email; customer_technical_contact_name, _title, _email; partner_contact_name, _email
  solution_seller_name customer_name isv_solution_name
  terms_acknowledged                true or false
The further columns of an exported CSV are passed over. Rows of one claim after its first need no more than its lines.
Exit status: 0 when every row was taken, 1 otherwise.";

/// How a cell gets into a claim, or into the row's line of it.
type Set = fn(&mut Claim, &mut ClaimLine, &str) -> Result<(), String>;

/// The columns that are read.
const COLUMNS: &[(&str, Set)] = &[
    ("display_name", |claim, _, text| put(&mut claim.display_name, text)),
    ("mpn_id", |claim, _, text| put(&mut claim.mpn_id, text)),
    ("customer_domain", |claim, _, text| put(&mut claim.customer_domain, text)),
    ("tenant_id", |claim, _, text| put(&mut claim.tenant_id, text)),
    ("program", |claim, _, text| put(&mut claim.program, text)),
    ("solution_area", |claim, _, text| solution_area(claim, text)),
    ("activities", |claim, _, text| activities(claim, text)),
    ("product", |_, line, text| put(&mut line.product, &format!("products/{}", text.trim_start_matches("products/")))),
    ("subscription_id", |_, line, text| put(&mut line.subscription_id, text)),
    ("customer_contact_name", |claim, _, text| put(&mut of(&mut claim.customer_contact).name, text)),
    ("customer_contact_title", |claim, _, text| put(&mut of(&mut claim.customer_contact).title, text)),
    ("customer_contact_email", |claim, _, text| put(&mut of(&mut claim.customer_contact).email, text)),
    ("customer_technical_contact_name", |claim, _, text| {
        put(&mut of(&mut claim.customer_technical_contact).name, text)
    }),
    ("customer_technical_contact_title", |claim, _, text| {
        put(&mut of(&mut claim.customer_technical_contact).title, text)
    }),
    ("customer_technical_contact_email", |claim, _, text| {
        put(&mut of(&mut claim.customer_technical_contact).email, text)
    }),
    ("partner_contact_name", |claim, _, text| put(&mut of(&mut claim.partner_contact).name, text)),
    ("partner_contact_email", |claim, _, text| put(&mut of(&mut claim.partner_contact).email, text)),
    ("solution_seller_name", |claim, _, text| put(&mut claim.solution_seller_name, text)),
    ("customer_name", |claim, _, text| put(&mut claim.customer_name, text)),
    ("isv_solution_name", |claim, _, text| put(&mut claim.isv_solution_name, text)),
    ("terms_acknowledged", |claim, _, text| flag(&mut claim.terms_acknowledged, text)),
];

/// The column that keeps the rows of a claim together.
const CLAIM: &str = "claim";

/// What an export says beside: not for a partner to enter.
const PASSED_OVER: [&str; 10] = [
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

/// The claims of a sheet.
///
/// # Errors
/// When the header names a column that there is not, or one twice: all of them are told. Later, when the file cannot be read.
pub(super) fn rows<R: Read>(file: R) -> anyhow::Result<Sheet<R>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let header: Vec<String> =
        reader.headers().context("the header")?.iter().map(|name| name.trim().to_owned()).collect();
    let known =
        |name: &str| name == CLAIM || PASSED_OVER.contains(&name) || COLUMNS.iter().any(|(known, _)| *known == name);
    let odd =
        |(place, name): (usize, &String)| (!known(name) || header[..place].contains(name)).then(|| format!("`{name}`"));
    let odd: Vec<String> = header.iter().enumerate().filter_map(odd).collect();
    ensure!(odd.is_empty(), "the header has columns that there are not, or twice: {}; see --help", odd.join(", "));
    Ok(Sheet { records: reader.into_records(), header, begun: None })
}

/// A sheet that is being read.
pub(super) struct Sheet<R> {
    records: csv::StringRecordsIntoIter<R>,
    header: Vec<String>,
    /// The claim whose lines are being read.
    begun: Option<Begun>,
}

/// A claim of which more lines may come.
struct Begun {
    id: String,
    row: Row,
    /// Its first row's claim without lines.
    head: Claim,
}

impl<R: Read> Iterator for Sheet<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(record) = self.records.next() else { return self.begun.take().map(|begun| Ok(begun.row)) };
            match record.context("the file is no CSV in UTF-8").map(|record| self.read(&record)) {
                Err(error) => return Some(Err(error)),
                Ok(next) => {
                    if let Some(complete) = self.take_in(next) {
                        return Some(Ok(complete));
                    }
                }
            }
        }
    }
}

impl<R> Sheet<R> {
    fn read(&self, record: &StringRecord) -> Begun {
        let (mut claim, mut line, mut faults, mut id) = (Claim::default(), ClaimLine::default(), Vec::new(), "");
        if record.len() != self.header.len() {
            let counts = format!("has {} cells, and the header {}", record.len(), self.header.len());
            faults.push(Fault::malformed("", counts));
        }
        for (name, cell) in self.header.iter().zip(record).filter(|(_, cell)| !cell.trim().is_empty()) {
            match COLUMNS.iter().find(|(column, _)| column == name) {
                Some((_, set)) => {
                    let outcome = set(&mut claim, &mut line, plain(cell.trim()));
                    faults.extend(outcome.err().map(|description| Fault::malformed(name, description)));
                }
                None if name == CLAIM => id = cell,
                None => {}
            }
        }
        let number = record.position().map_or(0, csv::Position::line);
        let head = claim.clone();
        claim.lines.extend((line != ClaimLine::default()).then_some(line));
        let row = Row { line: number, claim: if faults.is_empty() { Ok(claim) } else { Err(faults) } };
        Begun { id: id.to_owned(), row, head }
    }

    /// Adds the row to the claim that is being read, or begins the next; answers the one that is complete by that.
    fn take_in(&mut self, next: Begun) -> Option<Row> {
        match &mut self.begun {
            Some(begun) if !next.id.is_empty() && begun.id == next.id => {
                begun.add(next);
                None
            }
            Some(_) | None => self.begun.replace(next).map(|begun| begun.row),
        }
    }
}

impl Begun {
    fn add(&mut self, next: Self) {
        let number = next.row.line;
        let mut faults = Vec::new();
        if next.head != Claim::default() && next.head != self.head {
            let differs = format!("line {number} says something else of the claim than line {}", self.row.line);
            faults.push(Fault::malformed("", differs));
        }
        let told = |fault: Fault| Fault { description: format!("line {number}: {}", fault.description), ..fault };
        match next.row.claim {
            Err(more) => faults.extend(more.into_iter().map(told)),
            Ok(more) => {
                if let Ok(claim) = &mut self.row.claim {
                    claim.lines.extend(more.lines);
                }
            }
        }
        if !faults.is_empty() {
            let earlier = std::mem::replace(&mut self.row.claim, Ok(Claim::default())).err().unwrap_or_default();
            self.row.claim = Err([earlier, faults].concat());
        }
    }
}

fn put(field: &mut String, text: &str) -> Result<(), String> {
    text.clone_into(field);
    Ok(())
}

fn of(contact: &mut Option<Contact>) -> &mut Contact {
    contact.get_or_insert_default()
}

fn solution_area(claim: &mut Claim, text: &str) -> Result<(), String> {
    let area = SolutionArea::from_str_name(&format!("SOLUTION_AREA_{}", text.to_uppercase()));
    let area = area.ok_or_else(|| format!("`{text}` is neither microsoft_365 nor business_applications"))?;
    claim.set_solution_area(area);
    Ok(())
}

fn activities(claim: &mut Claim, text: &str) -> Result<(), String> {
    for word in text.split_whitespace() {
        let activity = Activity::from_str_name(&format!("ACTIVITY_{}", word.to_uppercase()));
        let activity = activity.ok_or_else(|| format!("`{word}` is none of usage, pre_sales, revenue_association"))?;
        claim.push_activities(activity);
    }
    Ok(())
}

fn flag(field: &mut bool, text: &str) -> Result<(), String> {
    *field = match text.to_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(format!("`{text}` is neither true nor false")),
    };
    Ok(())
}

#[cfg(test)]
mod tests;
