//! The report of `cpor bench`.

use std::time::Duration;

use super::{Args, Row, load::Figures};

/// Prints a report to standard output.
#[expect(clippy::print_stdout, reason = "the report is the output of the command")]
pub(super) fn print(report: &str) {
    println!("{report}");
}

/// Formats the medians over the rounds as JSON or as a table.
pub(super) fn format(args: &Args, rows: &[Row]) -> String {
    if args.json { json(rows) } else { table(args, rows) }
}

/// Formats the medians as a list of JSON objects, one for each kind of work.
fn json(rows: &[Row]) -> String {
    let rows = rows.iter().map(|row| {
        serde_json::json!({
            "work": row.work,
            "per_second": median(&row.figures, |figures| figures.per_second),
            "p50_ms": millis(&row.figures, |figures| figures.median),
            "p99_ms": millis(&row.figures, |figures| figures.p99),
            "cpu_ms": cpu_millis(&row.figures),
        })
    });
    serde_json::Value::from_iter(rows).to_string()
}

/// Formats the medians as a table. The last column is the processor time of the whole machine,
/// client and database included, for one unit of work.
fn table(args: &Args, rows: &[Row]) -> String {
    let database = if args.postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut lines = vec![
        format!(
            "{database}, {} concurrent calls or {} concurrent claims, median of {} rounds of {} s; client, server and \
             database on one machine",
            args.in_flight, args.claims_in_flight, args.rounds, args.seconds
        ),
        format!("{:<26}{:>12}{:>12}{:>12}{:>12}", "work", "per second", "p50 ms", "p99 ms", "CPU ms"),
    ];
    for Row { work, figures } in rows {
        let rate = median(figures, |figures| figures.per_second);
        let (p50, p99) = (millis(figures, |figures| figures.median), millis(figures, |figures| figures.p99));
        let cpu = cpu_millis(figures).map_or("-".to_owned(), |cpu| format!("{cpu:.3}"));
        lines.push(format!("{work:<26}{rate:>12.1}{p50:>12.2}{p99:>12.2}{cpu:>12}"));
    }
    lines.join("\n")
}

/// Returns the median over the rounds of the processor time for one unit, in milliseconds.
fn cpu_millis(figures: &[Figures]) -> Option<f64> {
    figures
        .iter()
        .all(|figures| figures.cpu.is_some())
        .then(|| millis(figures, |figures| figures.cpu.unwrap_or_default()))
}

/// Returns the median of a duration over the rounds, in milliseconds.
fn millis(figures: &[Figures], duration: impl Fn(&Figures) -> Duration) -> f64 {
    1000.0 * median(figures, |figures| duration(figures).as_secs_f64())
}

/// Returns the median of a value over the rounds, or 0 if there are none.
pub(super) fn median<F>(figures: &[F], value: impl Fn(&F) -> f64) -> f64 {
    let mut values: Vec<f64> = figures.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
