//! The report of `cpor bench`.

use super::{Args, load::Figures};

/// Prints a report to standard output.
#[expect(clippy::print_stdout, reason = "the report is the output of the command")]
pub(super) fn print(report: &str) {
    println!("{report}");
}

/// Formats the medians over the rounds as a table. Each rate is also given as a share of the rate
/// of the health check, which uses no database.
pub(super) fn table(args: &Args, rows: &[(&str, Vec<Figures>)]) -> String {
    let database = if args.postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut lines = vec![
        format!(
            "{database}, {} concurrent calls, median of {} rounds of {} s; client, server and database on one machine",
            args.in_flight, args.rounds, args.seconds
        ),
        format!("{:<14}{:>12}{:>12}{:>12}{:>18}", "call", "per second", "p50 ms", "p99 ms", "of health check"),
    ];
    let health_check_rate = rows.first().map_or(1.0, |(_, figures)| median(figures, |figures| figures.per_second));
    for (call, figures) in rows {
        let rate = median(figures, |figures| figures.per_second);
        let (p50, p99) = (
            millis(figures, |figures| figures.median.as_secs_f64()),
            millis(figures, |figures| figures.p99.as_secs_f64()),
        );
        lines.push(format!("{call:<14}{rate:>12.0}{p50:>12.2}{p99:>12.2}{:>17.0}%", 100.0 * rate / health_check_rate));
    }
    lines.join("\n")
}

/// Returns the median over the rounds, in milliseconds, of a value in seconds.
fn millis(figures: &[Figures], seconds: impl Fn(&Figures) -> f64) -> f64 {
    1000.0 * median(figures, seconds)
}

/// Returns the median of a value over the rounds, or 0 if there are none.
pub(super) fn median<F>(figures: &[F], value: impl Fn(&F) -> f64) -> f64 {
    let mut values: Vec<f64> = figures.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
