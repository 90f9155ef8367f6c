//! `ExportEarnings` (R54): page after page of the ledger, as fast as the caller takes them.
use std::pin::Pin;

use cpor_kit::{Db, csv, request};
use cpor_proto::eligibility::v1::{
    Earned, Earning, EarningOutcome, ExportEarningsRequest, ExportEarningsResponse, ExportFormat, Money,
};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Map, Value};
use tonic::{Request, Response, Status};

use super::{Api, convert, earning_filter::wanted, error::Refusal};
use crate::store::earnings::{self, Cursor, Entry, Wanted};

/// The stream of an answer.
pub(super) type Export = Pin<Box<dyn Stream<Item = Result<ExportEarningsResponse, Status>> + Send>>;

/// Lines in one message: some hundred kilobytes.
const CHUNK: u64 = 500;

pub(super) async fn export_earnings(
    api: &Api,
    request: Request<ExportEarningsRequest>,
) -> Result<Response<Export>, Status> {
    let (caller, request) = request::open(request)?;
    let format = request.format();
    let wanted = wanted(&caller, &request.parent, request.filter)?;
    let header = match format {
        ExportFormat::Csv => Some(csv::line(COLUMNS.iter().map(|(name, _)| (*name).to_owned()))),
        ExportFormat::JsonLines | ExportFormat::Unspecified => None,
    };
    let first = header.map(|data| Ok(ExportEarningsResponse { data: data.into_bytes() }));
    let pages = stream::try_unfold(Some((api.db.clone(), wanted, None)), move |place| async move {
        let Some((db, wanted, after)) = place else { return Ok(None) };
        let (data, after) = page(&db, &wanted, after, format).await?;
        Ok((!data.is_empty()).then(|| (ExportEarningsResponse { data }, after.map(|after| (db, wanted, Some(after))))))
    });
    Ok(Response::new(stream::iter(first).chain(pages).boxed()))
}

/// The next lines, and where to go on, if there may be more.
async fn page(
    db: &Db,
    wanted: &Wanted,
    after: Option<Cursor>,
    format: ExportFormat,
) -> Result<(Vec<u8>, Option<Cursor>), Status> {
    let found = earnings::list(db.reader(), wanted, after, CHUNK).await.map_err(Refusal::Store)?;
    let full = found.len() as u64 == CHUNK;
    let after = found.last().filter(|_| full).map(Entry::cursor);
    let lines = found.into_iter().map(|entry| match format {
        ExportFormat::Csv => csv::line(cells(&convert::entry(entry)).map(|(_, value)| text(value))),
        ExportFormat::JsonLines | ExportFormat::Unspecified => json(&convert::entry(entry)),
    });
    Ok((lines.collect::<String>().into_bytes(), after))
}

/// What a column holds.
type Cell = fn(&Earning, &Earned) -> Value;

/// The columns, by name.
const COLUMNS: &[(&str, Cell)] = &[
    ("name", |line, _| line.name.as_str().into()),
    ("number", |line, _| line.number.into()),
    ("claim", |line, _| line.claim.as_str().into()),
    ("line_id", |line, _| line.line_id.as_str().into()),
    ("key", |line, _| line.key.as_str().into()),
    ("product", |line, _| line.product.as_str().into()),
    ("activity", |line, _| word(line.activity().as_str_name(), "ACTIVITY_")),
    ("program", |line, _| line.program.as_str().into()),
    ("month", |line, _| line.month.as_str().into()),
    ("guide", |line, _| line.guide.as_str().into()),
    ("outcome", |_, earned| word(earned.outcome().as_str_name(), "EARNING_OUTCOME_")),
    ("failed_conditions", |_, earned| earned.failed_conditions.join(" ").into()),
    ("unit", |_, earned| paid(earned, |earned| word(earned.unit().as_str_name(), "USAGE_UNIT_"))),
    ("units", |_, earned| paid(earned, |earned| earned.units.into())),
    ("rate_micros", |_, earned| micros(earned.rate.as_ref())),
    ("month_amount_micros", |_, earned| micros(earned.amount.as_ref())),
    ("amount_micros", |line, _| micros(line.amount.as_ref())),
    ("currency", |line, _| line.amount.as_ref().map_or(Value::Null, |amount| amount.currency.as_str().into())),
    ("corrects", |line, _| line.corrects.as_str().into()),
    ("payout_period", |line, _| line.payout_period.as_str().into()),
    ("accrue_time", |line, _| time(line.accrue_time.as_ref())),
    ("status", |line, _| word(line.status().as_str_name(), "EARNING_STATUS_")),
    ("reference", |line, _| line.reference.as_str().into()),
    ("pay_time", |line, _| time(line.pay_time.as_ref())),
];

fn cells(line: &Earning) -> impl Iterator<Item = (&'static str, Value)> + '_ {
    let earned = line.earned.clone().unwrap_or_default();
    COLUMNS.iter().map(move |(name, cell)| (*name, cell(line, &earned)))
}

fn word(name: &str, prefix: &str) -> Value {
    name.trim_start_matches(prefix).to_ascii_lowercase().into()
}

fn paid(earned: &Earned, value: fn(&Earned) -> Value) -> Value {
    if earned.outcome() == EarningOutcome::Paid { value(earned) } else { Value::Null }
}

fn micros(amount: Option<&Money>) -> Value {
    amount.map_or(Value::Null, |amount| amount.micros.into())
}

fn time(time: Option<&prost_types::Timestamp>) -> Value {
    time.map_or(Value::Null, |time| time.to_string().into())
}

fn json(line: &Earning) -> String {
    let object: Map<String, Value> = cells(line).map(|(name, value)| (name.to_owned(), value)).collect();
    format!("{}\n", Value::Object(object))
}

/// A value as a CSV shows it: without the quotes of JSON, and nothing for null.
fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => csv::text(&text),
        number @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => number.to_string(),
    }
}
