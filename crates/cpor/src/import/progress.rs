//! Shows the progress of an import on standard error: a bar if it is a terminal, otherwise a line
//! every 10 seconds.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use tokio::time::Instant;

use super::results::{Counts, number_with_noun};

/// The interval between two lines if standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The number of characters in a bar.
const BAR_WIDTH: u64 = 24;

/// Prints the progress to standard error.
pub(crate) struct Progress {
    /// The number of lines of the input file.
    lines: u64,
    start: Instant,
    /// The time at which the last line was printed, if standard error is not a terminal.
    last_line_time: Instant,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(lines: u64) -> Self {
        let now = Instant::now();
        Self { lines, start: now, last_line_time: now, is_terminal: io::stderr().is_terminal() }
    }

    /// Updates the bar, or prints a line if the last line is old enough. Call this after each
    /// batch, with the line of the input file that was reached.
    #[expect(clippy::print_stderr, reason = "shows the progress to the user")]
    pub(super) fn update(&mut self, counts: Counts, line: u64) {
        let permille = permille(line, self.lines);
        let figures = figures(counts, permille, self.start.elapsed());
        if self.is_terminal {
            eprint!("\r{}{figures}\x1b[K", permille.map(bar).unwrap_or_default());
        } else if self.last_line_time.elapsed() >= LINE_INTERVAL {
            self.last_line_time = Instant::now();
            eprintln!("{figures}");
        }
    }
}

impl Drop for Progress {
    /// Clears the line of the bar for the output that follows.
    #[expect(clippy::print_stderr, reason = "shows the progress to the user")]
    fn drop(&mut self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }
}

/// Returns the share of the lines that was reached, in thousandths, or `None` if the file is empty.
fn permille(line: u64, lines: u64) -> Option<u64> {
    (line.min(lines) * 1000).checked_div(lines)
}

/// Returns a bar for a share in thousandths.
fn bar(permille: u64) -> String {
    let filled = permille * BAR_WIDTH / 1000;
    let cells = (0..BAR_WIDTH).map(|cell| if cell < filled { '#' } else { '-' });
    format!("[{}] ", cells.collect::<String>())
}

/// Returns the progress as text, for example `42%, 12000 rows, 3 refused, 2400 per second, 0:07
/// left`.
fn figures(counts: Counts, permille: Option<u64>, elapsed: Duration) -> String {
    let Counts { rows, refused, .. } = counts;
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let permille = permille.filter(|permille| *permille > 0);
    let percent = permille.map(|permille| format!("{}%, ", permille / 10)).unwrap_or_default();
    let seconds_left = permille.map(|permille| millis.saturating_mul(1000 - permille) / permille / 1000);
    let left = seconds_left.map(|seconds| format!(", {}:{:02} left", seconds / 60, seconds % 60)).unwrap_or_default();
    let rate = rows.saturating_mul(1000) / millis;
    format!("{percent}{}, {refused} refused, {rate} per second{left}", number_with_noun(rows, "row"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_share_rate_and_time_left() {
        assert_eq!((permille(500, 2_000), permille(7, 5), permille(0, 0)), (Some(250), Some(1000), None));
        let counts = Counts { rows: 3_000, refused: 2, ..Counts::default() };
        let shown = |permille| figures(counts, permille, Duration::from_secs(30));
        assert_eq!(shown(Some(250)), "25%, 3000 rows, 2 refused, 100 per second, 1:30 left");
        assert_eq!(shown(Some(1000)), "100%, 3000 rows, 2 refused, 100 per second, 0:00 left");
        assert_eq!(shown(None), "3000 rows, 2 refused, 100 per second");
        assert_eq!(bar(250), "[######------------------] ");
        assert_eq!(figures(Counts::default(), Some(0), Duration::ZERO), "0 rows, 0 refused, 0 per second");
    }
}
