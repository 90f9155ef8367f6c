//! The table that a bench prints.

use super::{Args, load::Figures};

/// Prints what was measured.
#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
pub(super) fn print(report: &str) {
    println!("{report}");
}

/// Medians over the rounds, and each rate as a share of the health check's, which touches no database.
pub(super) fn table(args: &Args, rows: &[(&str, Vec<Figures>)]) -> String {
    let on = if args.postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut lines = vec![
        format!(
            "{on}, {} in flight, median of {} rounds of {} s; client, server and database on one machine",
            args.in_flight, args.rounds, args.seconds
        ),
        format!("{:<14}{:>12}{:>12}{:>12}{:>18}", "call", "per second", "p50 ms", "p99 ms", "of health check"),
    ];
    let base = rows.first().map_or(1.0, |(_, figures)| median(figures, |figures| figures.per_second));
    for (call, figures) in rows {
        let rate = median(figures, |figures| figures.per_second);
        let (p50, p99) = (
            millis(figures, |figures| figures.median.as_secs_f64()),
            millis(figures, |figures| figures.p99.as_secs_f64()),
        );
        lines.push(format!("{call:<14}{rate:>12.0}{p50:>12.2}{p99:>12.2}{:>17.0}%", 100.0 * rate / base));
    }
    lines.join("\n")
}

fn millis(figures: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    1000.0 * median(figures, of)
}

/// The one in the middle.
pub(super) fn median<F>(figures: &[F], of: impl Fn(&F) -> f64) -> f64 {
    let mut values: Vec<f64> = figures.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
