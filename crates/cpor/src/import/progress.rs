//! Shows the progress of an import on standard error: a bar if it is a terminal, otherwise a line
//! every 10 seconds.

use std::{
    fs::File,
    io::{self, IsTerminal as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::results::Counts;

/// The interval between two lines if standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The number of characters in a bar.
const BAR_WIDTH: u64 = 24;

/// The number of bytes of a file that were read. Bytes are counted, because the number of rows is
/// not known before the end of the file.
pub(super) struct BytesRead {
    read: AtomicU64,
    total: u64,
}

impl BytesRead {
    /// Creates a counter for a file with this number of bytes in total. A total of 0 means that it
    /// is unknown.
    pub(super) fn new(total: u64) -> Self {
        Self { read: AtomicU64::new(0), total }
    }

    /// Returns the share that was read, in thousandths, or `None` if the total is unknown.
    fn permille(&self) -> Option<u64> {
        (self.read.load(Ordering::Relaxed).min(self.total) * 1000).checked_div(self.total)
    }
}

/// Reads a file, and counts the bytes.
pub(super) struct CountingReader {
    pub(super) file: File,
    pub(super) bytes_read: Arc<BytesRead>,
}

impl io::Read for CountingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes_read.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Prints the progress to standard error.
pub(super) struct Progress {
    bytes_read: Arc<BytesRead>,
    start: Instant,
    last_line: Instant,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(bytes_read: Arc<BytesRead>) -> Self {
        let now = Instant::now();
        Self { bytes_read, start: now, last_line: now, is_terminal: io::stderr().is_terminal() }
    }

    /// Updates the bar, or prints a line if the last line is old enough. Call this after each
    /// batch.
    #[expect(clippy::print_stderr, reason = "shows the progress to the user")]
    pub(super) fn update(&mut self, counts: Counts) {
        let permille = self.bytes_read.permille();
        let figures = figures(counts, permille, self.start.elapsed());
        if self.is_terminal {
            eprint!("\r{}{figures}\x1b[K", permille.map(bar).unwrap_or_default());
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
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

/// Returns a bar for a share in thousandths.
fn bar(permille: u64) -> String {
    let filled = permille * BAR_WIDTH / 1000;
    let cells = (0..BAR_WIDTH).map(|cell| if cell < filled { '#' } else { '-' });
    format!("[{}] ", cells.collect::<String>())
}

/// Returns the progress as text, for example `42%, 12000 claims, 3 refused, 2400 per second, 0:07
/// left`.
fn figures(counts: Counts, permille: Option<u64>, elapsed: Duration) -> String {
    let Counts { rows, repeated: _, refused } = counts;
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let permille = permille.filter(|permille| *permille > 0);
    let percent = permille.map(|permille| format!("{}%, ", permille / 10)).unwrap_or_default();
    let seconds_left = permille.map(|permille| millis.saturating_mul(1000 - permille) / permille / 1000);
    let left = seconds_left.map(|seconds| format!(", {}:{:02} left", seconds / 60, seconds % 60)).unwrap_or_default();
    format!("{percent}{rows} claims, {refused} refused, {} per second{left}", rows.saturating_mul(1000) / millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_share_rate_and_time_left() {
        let bytes_read = BytesRead::new(2_000);
        assert_eq!((bytes_read.permille(), BytesRead::new(0).permille()), (Some(0), None));
        bytes_read.read.store(500, Ordering::Relaxed);
        let counts = Counts { rows: 3_000, repeated: 1, refused: 2 };
        let shown = |permille| figures(counts, permille, Duration::from_secs(30));
        assert_eq!(shown(bytes_read.permille()), "25%, 3000 claims, 2 refused, 100 per second, 1:30 left");
        assert_eq!(shown(Some(1000)), "100%, 3000 claims, 2 refused, 100 per second, 0:00 left");
        assert_eq!(shown(None), "3000 claims, 2 refused, 100 per second");
        assert_eq!(bar(250), "[######------------------] ");
        assert_eq!(figures(Counts::default(), Some(0), Duration::ZERO), "0 claims, 0 refused, 0 per second");
    }
}
