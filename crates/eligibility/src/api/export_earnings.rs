//! `ExportEarnings` (R54): streams the ledger (the amounts that partners earn) as CSV or JSON
//! lines. A page is read from the database after the caller has received the previous one.
use std::pin::Pin;

use cpor_database::Db;
use cpor_listing::Cursor;
use cpor_listing::csv;
use cpor_proto::{
    eligibility::v1::{Earning, EarningOutcome, ExportEarningsRequest, ExportEarningsResponse, MonthlyEarning},
    r#type::v1::{ExportFormat, Money, Program},
};
use cpor_rpc::request;
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Map, Value};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, list_earnings::earning_query};
use crate::store::earnings::{self, EarningQuery};

pub(super) type ExportStream = Pin<Box<dyn Stream<Item = Result<ExportEarningsResponse, Status>> + Send>>;

/// The number of earnings in one message. Such a message has a few hundred kilobytes.
const PAGE_SIZE: u64 = 500;

pub(super) async fn export_earnings(
    api: &Api,
    request: Request<ExportEarningsRequest>,
) -> Result<Response<ExportStream>, Status> {
    let (caller, request) = request::validate(request)?;
    let format = request.format();
    let query = earning_query(&caller, &request.parent, &request.filter, &request.order_by)?;
    let header = match format {
        ExportFormat::Csv => Some(csv::encode_row(COLUMNS.iter().map(|(name, _)| (*name).to_owned()))),
        ExportFormat::JsonLines | ExportFormat::Unspecified => None,
    };
    let header = header.map(|data| Ok(ExportEarningsResponse { data: data.into_bytes() }));
    let pages = stream::try_unfold(Some((api.db.clone(), query, None)), move |position| async move {
        let Some((db, query, after)) = position else { return Ok(None) };
        let (data, after) = read_page(&db, &query, after, format).await?;
        Ok((!data.is_empty()).then(|| (ExportEarningsResponse { data }, after.map(|after| (db, query, Some(after))))))
    });
    Ok(Response::new(stream::iter(header).chain(pages).boxed()))
}

/// Reads the next page. Returns its lines, and the cursor after them if there may be more.
async fn read_page(
    db: &Db,
    query: &EarningQuery,
    after: Option<Cursor>,
    format: ExportFormat,
) -> Result<(Vec<u8>, Option<Cursor>), Status> {
    let entries = earnings::list(db.reader(), query, after.as_ref(), PAGE_SIZE).await.map_err(Refusal::Store)?;
    let is_full = entries.len() as u64 == PAGE_SIZE;
    let after = entries.last().filter(|_| is_full).map(|(cursor, _)| cursor.clone());
    let lines = entries.into_iter().map(|(_, entry)| match format {
        ExportFormat::Csv => csv::encode_row(cells(&convert::to_earning(entry)).map(|(_, value)| csv_text(value))),
        ExportFormat::JsonLines | ExportFormat::Unspecified => json_line(&convert::to_earning(entry)),
    });
    Ok((lines.collect::<String>().into_bytes(), after))
}

/// Computes the value of a column for an earning.
type CellValue = fn(&Earning, &MonthlyEarning) -> Value;

/// The columns of the export in their order: the name, and the function that computes a cell.
const COLUMNS: &[(&str, CellValue)] = &[
    ("name", |earning, _| earning.name.as_str().into()),
    ("number", |earning, _| earning.number.into()),
    ("claim", |earning, _| earning.claim.as_str().into()),
    ("line_id", |earning, _| earning.line_id.as_str().into()),
    ("key", |earning, _| earning.key.as_str().into()),
    ("product", |earning, _| earning.product.as_str().into()),
    ("activity", |earning, _| enum_name(earning.activity().as_str_name(), "ACTIVITY_")),
    ("program", |earning, _| program_name(earning.program())),
    ("month", |earning, _| earning.month.as_str().into()),
    ("guide", |earning, _| earning.guide.as_str().into()),
    ("outcome", |_, earned| enum_name(earned.outcome().as_str_name(), "EARNING_OUTCOME_")),
    ("failed_conditions", |_, earned| earned.failed_conditions.join(" ").into()),
    ("unit", |_, earned| if_paid(earned, |earned| enum_name(earned.unit().as_str_name(), "USAGE_UNIT_"))),
    ("units", |_, earned| if_paid(earned, |earned| earned.units.into())),
    ("rate_micros", |_, earned| micros(earned.rate.as_ref())),
    ("month_amount_micros", |_, earned| micros(earned.amount.as_ref())),
    ("amount_micros", |earning, _| micros(earning.amount.as_ref())),
    ("currency", |earning, _| earning.amount.as_ref().map_or(Value::Null, |amount| amount.currency.as_str().into())),
    ("corrects", |earning, _| earning.corrects.as_str().into()),
    ("payout_period", |earning, _| earning.payout_period.as_str().into()),
    ("accrue_time", |earning, _| time(earning.accrue_time.as_ref())),
    ("status", |earning, _| enum_name(earning.status().as_str_name(), "EARNING_STATUS_")),
    ("reference", |earning, _| earning.reference.as_str().into()),
    ("pay_time", |earning, _| time(earning.pay_time.as_ref())),
    ("mpn_id", |earning, _| earning.mpn_id.as_str().into()),
    ("payout", |earning, _| earning.payout.as_str().into()),
];

/// Returns the cells of an earning, each with the name of its column.
fn cells(earning: &Earning) -> impl Iterator<Item = (&'static str, Value)> + '_ {
    let earned = earning.monthly_earning.clone().unwrap_or_default();
    COLUMNS.iter().map(move |(name, value)| (*name, value(earning, &earned)))
}

/// Writes the name of an enum value in lower case and without the prefix of the enum.
fn enum_name(name: &str, prefix: &str) -> Value {
    name.trim_start_matches(prefix).to_ascii_lowercase().into()
}

/// Writes the name of a program. It is empty for lines of claims that no program pays for.
fn program_name(program: Program) -> Value {
    if program == Program::Unspecified { "".into() } else { enum_name(program.as_str_name(), "PROGRAM_") }
}

/// Returns the value of a column that only paid earnings have.
fn if_paid(earned: &MonthlyEarning, value: fn(&MonthlyEarning) -> Value) -> Value {
    if earned.outcome() == EarningOutcome::Earned { value(earned) } else { Value::Null }
}

/// Returns an amount in millionths of the currency unit.
fn micros(amount: Option<&Money>) -> Value {
    amount.map_or(Value::Null, |amount| amount.micros.into())
}

fn time(time: Option<&prost_types::Timestamp>) -> Value {
    time.map_or(Value::Null, |time| time.to_string().into())
}

fn json_line(earning: &Earning) -> String {
    let object: Map<String, Value> = cells(earning).map(|(name, value)| (name.to_owned(), value)).collect();
    format!("{}\n", Value::Object(object))
}

/// Formats a value for CSV: without the quotes of JSON, and empty for null.
fn csv_text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => csv::escape_formula(&text),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}
