//! Converts the rows of a sheet to claims. Each row of the sheet is one line of a claim, which is
//! about one product.

use std::{collections::HashMap, sync::Arc};

use anyhow::ensure;
use cpor_proto::{
    claims::v1::{Claim, ClaimLine},
    r#type::v1::{Activity, Contact, SolutionArea},
};
use cpor_types::{ClaimName, Malformed};

use super::batch::{FieldError, Row};
use crate::sheet::{Sheet, SheetRow};

/// The part of `cpor import --help` about the columns.
pub(super) const HELP: &str = "\
A sheet has a header and any of these columns, in any order. A column that the sheet does not have changes nothing:
  claim                             successive rows with the same value are lines of one claim
  display_name mpn_id customer_domain tenant_id program
  solution_area                     microsoft_365 or business_applications
  activities                        usage, pre_sales, revenue_association; separated by blanks
  product subscription_id           the claimed product, for example power-bi
  customer_contact_name, _title, _email; customer_technical_contact_name, _title, _email; partner_contact_name, _email
  solution_seller_name customer_name isv_solution_name
  terms_acknowledged                true or false
Other columns of an exported CSV are ignored. The second and further rows of a claim need only the columns of the line.

If the column `claim` has the name of a claim, as in an export, the row updates that claim: every column that the sheet
has replaces the value of the draft. A claim that is not a draft stays as it is, and the result says so. JSON Lines name
a claim in the field `name`; the fields that are set replace those of the draft.

A row without the name of a claim creates a draft. Which one is kept in a file next to the results, with `.claims.jsonl`
appended to the name of the input file. When the corrected file is imported again, a row is recognized by the value in
its column `claim` or by its display_name, if its tenant_id or customer_domain is the same, or, if only the display_name
was corrected, by everything else. Then its columns replace the values of its draft; a row that did not change changes
nothing. A row whose draft was deleted creates a new one.
Without the file with the claims, only a row that was imported unchanged within a day is recognized. This day is a day of
real time, also if the system has a virtual clock.";

/// The last part of `cpor import --help`.
pub(crate) const EXIT_STATUS: &str = "Exit status: 0 if no row was refused, 1 otherwise.";

/// A column that is imported.
struct Column {
    name: &'static str,
    field: Field,
}

/// The field of a claim or of its line that a column contains.
#[derive(Clone, Copy)]
enum Field {
    /// A text of the claim.
    Text(fn(&mut Claim) -> &mut String),
    SolutionArea,
    Activities,
    TermsAcknowledged,
    Product,
    SubscriptionId,
}

/// The names of the columns that describe a line of a claim.
const PRODUCT_COLUMN: &str = "product";
const SUBSCRIPTION_COLUMN: &str = "subscription_id";

/// The columns that are imported.
const COLUMNS: &[Column] = &[
    text_column("display_name", |claim| &mut claim.display_name),
    text_column("mpn_id", |claim| &mut claim.mpn_id),
    text_column("customer_domain", |claim| &mut claim.customer_domain),
    text_column("tenant_id", |claim| &mut claim.tenant_id),
    text_column("program", |claim| &mut claim.program),
    Column { name: "solution_area", field: Field::SolutionArea },
    Column { name: "activities", field: Field::Activities },
    Column { name: PRODUCT_COLUMN, field: Field::Product },
    Column { name: SUBSCRIPTION_COLUMN, field: Field::SubscriptionId },
    text_column("customer_contact_name", |claim| &mut contact_mut(&mut claim.customer_contact).name),
    text_column("customer_contact_title", |claim| &mut contact_mut(&mut claim.customer_contact).title),
    text_column("customer_contact_email", |claim| &mut contact_mut(&mut claim.customer_contact).email),
    text_column("customer_technical_contact_name", |claim| {
        &mut contact_mut(&mut claim.customer_technical_contact).name
    }),
    text_column("customer_technical_contact_title", |claim| {
        &mut contact_mut(&mut claim.customer_technical_contact).title
    }),
    text_column("customer_technical_contact_email", |claim| {
        &mut contact_mut(&mut claim.customer_technical_contact).email
    }),
    text_column("partner_contact_name", |claim| &mut contact_mut(&mut claim.partner_contact).name),
    text_column("partner_contact_email", |claim| &mut contact_mut(&mut claim.partner_contact).email),
    text_column("solution_seller_name", |claim| &mut claim.solution_seller_name),
    text_column("customer_name", |claim| &mut claim.customer_name),
    text_column("isv_solution_name", |claim| &mut claim.isv_solution_name),
    Column { name: "terms_acknowledged", field: Field::TermsAcknowledged },
];

/// The column whose value is the same in all rows of a claim. It can be the name of a claim.
pub(crate) const CLAIM_COLUMN: &str = "claim";

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

/// The texts that spreadsheet programs write for true, in the languages in which mails are sent.
const TRUE_TEXTS: [&str; 9] = ["true", "wahr", "vrai", "verdadero", "prawda", "pravda", "igaz", "истина", "1"];
const FALSE_TEXTS: [&str; 9] = ["false", "falsch", "faux", "falso", "fałsz", "nepravda", "hamis", "ложь", "0"];

const fn text_column(name: &'static str, field: fn(&mut Claim) -> &mut String) -> Column {
    Column { name, field: Field::Text(field) }
}

/// Returns whether a sheet of claims can have a column with this name.
pub(crate) fn is_known(name: &str) -> bool {
    name == CLAIM_COLUMN || IGNORED_COLUMNS.contains(&name) || find_column(name).is_some()
}

fn find_column(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

/// Replaces the line breaks in a cell by blanks. Spreadsheet programs allow them in a cell, and the
/// texts of a claim are one line.
fn in_one_line(text: &str) -> String {
    let parts = text.split(['\r', '\n', '\u{b}', '\u{2028}', '\u{2029}']);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Column {
    /// Stores the text of a cell in the claim or in its line. If the text is invalid, returns a
    /// description of the error.
    fn set(&self, claim: &mut Claim, line: &mut ClaimLine, text: &str) -> Result<(), String> {
        match self.field {
            Field::Text(field) => *field(claim) = in_one_line(text),
            Field::SolutionArea => claim.set_solution_area(parse_solution_area(text)?),
            Field::Activities => claim.activities = parse_activities(text)?,
            Field::TermsAcknowledged => claim.terms_acknowledged = parse_flag(text)?,
            Field::Product => line.product = format!("products/{}", text.trim_start_matches("products/")),
            Field::SubscriptionId => text.clone_into(&mut line.subscription_id),
        }
        Ok(())
    }

    /// Copies the field from one claim to another. Creates contacts that `from` does not have.
    fn copy(&self, from: &mut Claim, to: &mut Claim) {
        match self.field {
            Field::Text(field) => field(from).clone_into(field(to)),
            Field::SolutionArea => to.solution_area = from.solution_area,
            Field::Activities => to.activities.clone_from(&from.activities),
            Field::TermsAcknowledged => to.terms_acknowledged = from.terms_acknowledged,
            Field::Product | Field::SubscriptionId => to.lines.clone_from(&from.lines),
        }
    }
}

/// The fields of a claim that a row replaces in an existing draft.
#[derive(Clone, Default)]
pub(super) struct Fields(Arc<[&'static Column]>);

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|column| column.name)).finish()
    }
}

impl Fields {
    /// Returns the fields that are set in a claim.
    pub(super) fn present_in(claim: &Claim) -> Self {
        let is_set = |column: &&Column| {
            let mut copy = Claim::default();
            column.copy(&mut claim.clone(), &mut copy);
            entered_fields(copy) != Claim::default()
        };
        Self(COLUMNS.iter().filter(is_set).collect())
    }

    /// Returns `current` with the fields of `row`. Fields that a partner does not enter are left
    /// out. If the sheet has no column `subscription_id`, a product keeps its subscription in
    /// `current`.
    pub(super) fn merge(&self, current: Claim, row: &Claim) -> Claim {
        let mut lines = current.lines.clone();
        let (mut merged, mut row) = (current, row.clone());
        for column in self.0.iter() {
            column.copy(&mut row, &mut merged);
        }
        let has = |name| self.0.iter().any(|column| column.name == name);
        if has(PRODUCT_COLUMN) && !has(SUBSCRIPTION_COLUMN) {
            for line in &mut merged.lines {
                let earlier = lines.iter().position(|earlier| earlier.product == line.product);
                line.subscription_id = earlier.map(|index| lines.remove(index).subscription_id).unwrap_or_default();
            }
        }
        entered_fields(merged)
    }
}

/// Returns a claim with only the fields that a partner enters. An exported claim also has fields
/// that the server sets, which must not influence the request id derived from the claim.
pub(super) fn entered_fields(mut claim: Claim) -> Claim {
    let mut entered = Claim::default();
    for column in COLUMNS {
        column.copy(&mut claim, &mut entered);
    }
    for line in &mut entered.lines {
        let ClaimLine { product, subscription_id, .. } = std::mem::take(line);
        *line = ClaimLine { product, subscription_id, ..ClaimLine::default() };
    }
    for contact in
        [&mut entered.customer_contact, &mut entered.customer_technical_contact, &mut entered.partner_contact]
    {
        contact.take_if(|contact| *contact == Contact::default());
    }
    entered
}

/// Returns the claims of a sheet.
///
/// # Errors
/// Returns an error if the sheet has subscriptions without their products.
pub(super) fn rows(sheet: Sheet) -> anyhow::Result<ClaimRows> {
    let has = |name| sheet.columns().any(|column| column == name);
    ensure!(
        has(PRODUCT_COLUMN) || !has(SUBSCRIPTION_COLUMN),
        "the header has the column `{SUBSCRIPTION_COLUMN}` without `{PRODUCT_COLUMN}`: a line of a claim is a product, \
         with its subscription"
    );
    let fields = sheet.columns().filter_map(find_column).collect();
    Ok(ClaimRows { sheet, fields: Fields(fields), current: None, lines_of_claims: HashMap::new() })
}

/// An iterator over the claims of a sheet.
pub(super) struct ClaimRows {
    /// The rows of the sheet that were not read yet.
    sheet: Sheet,
    /// The fields that the columns of the sheet contain.
    fields: Fields,
    /// The claim to which the next rows of the sheet can add lines.
    current: Option<PartialClaim>,
    /// For each existing claim that a row read so far names, the line of that row in the sheet, by
    /// the resource name of the claim.
    lines_of_claims: HashMap<String, u64>,
}

/// A claim from the rows that were read so far.
struct PartialClaim {
    /// The value of the column `claim`.
    id: String,
    /// The claim, or the errors in its rows.
    row: Row,
}

impl Iterator for ClaimRows {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(row) = self.sheet.next() else { return self.current.take().map(|claim| Ok(claim.row)) };
            match row.map(|row| self.parse(&row)) {
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

impl ClaimRows {
    fn parse(&self, row: &SheetRow) -> PartialClaim {
        let (mut claim, mut line, mut errors) = (Claim::default(), ClaimLine::default(), Vec::new());
        errors.extend(row.fault.as_ref().map(|fault| FieldError::malformed("", fault)));
        for (name, cell) in row.cells.iter().filter(|(_, cell)| !cell.is_empty()) {
            if let Some(column) = find_column(name) {
                let outcome = column.set(&mut claim, &mut line, cell);
                errors.extend(outcome.err().map(|description| FieldError::malformed(name, description)));
            }
        }
        if line.product.is_empty() && !line.subscription_id.is_empty() {
            errors.push(FieldError::malformed(
                SUBSCRIPTION_COLUMN,
                format!("needs a product in the column `{PRODUCT_COLUMN}`"),
            ));
        }
        let id = row.cell(CLAIM_COLUMN).to_owned();
        let existing = match claim_name(&id) {
            Ok(name) => name,
            Err(error) => {
                errors.push(FieldError::malformed(CLAIM_COLUMN, error));
                None
            }
        };
        let parsed = claim.clone();
        claim.lines.extend((line != ClaimLine::default()).then_some(line));
        let own_id = if existing.is_none() { id.clone() } else { String::new() };
        let claim = if errors.is_empty() { Ok(claim) } else { Err(errors) };
        let row = Row { line: row.line, claim, fields: self.fields.clone(), existing, id: own_id, parsed };
        PartialClaim { id, row }
    }

    /// Adds a row to the current claim if it has the same id. Otherwise the row becomes the current
    /// claim, and the previous claim, which is complete, is returned.
    fn add(&mut self, mut next: PartialClaim) -> Option<Row> {
        match &mut self.current {
            Some(current) if !next.id.is_empty() && current.id == next.id => {
                current.add_line(next);
                None
            }
            Some(_) | None => {
                if let Some(name) = &next.row.existing
                    && let Some(line) = self.lines_of_claims.insert(name.to_string(), next.row.line)
                {
                    let description =
                        format!("the rows of a claim must follow each other; line {line} has the same claim");
                    next.row.claim = Err(vec![FieldError::malformed(CLAIM_COLUMN, description)]);
                }
                self.current.replace(next).map(|complete| complete.row)
            }
        }
    }
}

/// Returns the text as the name of a claim, or `None` if it only groups rows into one new claim.
///
/// # Errors
/// Returns a description of the error if the text begins with `partners/` but is not the name of a
/// claim.
pub(crate) fn claim_name(text: &str) -> Result<Option<ClaimName>, String> {
    match text.parse() {
        Ok(name) => Ok(Some(name)),
        Err(error) if text.starts_with("partners/") => Err(error.to_string()),
        Err(_) => Ok(None),
    }
}

/// Returns the name in the column `claim` of a row that is about an existing claim.
pub(crate) fn required_claim_name(row: &SheetRow) -> Result<ClaimName, FieldError> {
    let text = row.cell(CLAIM_COLUMN);
    text.parse().map_err(|error: Malformed| match text {
        "" => FieldError::malformed(CLAIM_COLUMN, "must be the name of a claim"),
        _ => FieldError::malformed(CLAIM_COLUMN, error.to_string()),
    })
}

impl PartialClaim {
    /// Adds the line or the errors of a further row. Apart from the line, the row must be empty or
    /// equal to the first one.
    fn add_line(&mut self, next: Self) {
        let number = next.row.line;
        let mut errors = Vec::new();
        if next.row.parsed != Claim::default() && next.row.parsed != self.row.parsed {
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

fn contact_mut(contact: &mut Option<Contact>) -> &mut Contact {
    contact.get_or_insert_default()
}

fn parse_solution_area(text: &str) -> Result<SolutionArea, String> {
    let area = SolutionArea::from_str_name(&format!("SOLUTION_AREA_{}", text.to_uppercase()));
    area.ok_or_else(|| format!("must be microsoft_365 or business_applications, not `{text}`"))
}

fn parse_activities(text: &str) -> Result<Vec<i32>, String> {
    let parse = |name: &str| {
        let activity = Activity::from_str_name(&format!("ACTIVITY_{}", name.to_uppercase()));
        activity
            .map(i32::from)
            .ok_or_else(|| format!("must be a list of usage, pre_sales and revenue_association, not `{name}`"))
    };
    text.split_whitespace().map(parse).collect()
}

fn parse_flag(text: &str) -> Result<bool, String> {
    let text = text.to_lowercase();
    let is_one_of = |texts: [&str; 9]| texts.contains(&text.as_str());
    match (is_one_of(TRUE_TEXTS), is_one_of(FALSE_TEXTS)) {
        (true, _) => Ok(true),
        (false, true) => Ok(false),
        (false, false) => Err(format!("must be true or false, not `{text}`")),
    }
}

#[cfg(test)]
mod tests;
