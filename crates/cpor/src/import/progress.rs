//! How far an import is, for who watches: a bar on a terminal, elsewhere a line now and then.

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

/// Between two lines where there is no terminal.
const NOW_AND_THEN: Duration = Duration::from_secs(10);

/// Characters of a bar.
const WIDTH: u64 = 24;

/// How much of a file was read. Its rows are not known before its end, its bytes are.
pub(super) struct Read {
    bytes: AtomicU64,
    all: u64,
}

impl Read {
    /// Nothing yet, of so many bytes; 0: it is not known of how many.
    pub(super) fn of(all: u64) -> Self {
        Self { bytes: AtomicU64::new(0), all }
    }

    /// In thousandths; `None`: nobody knows.
    fn share(&self) -> Option<u64> {
        (self.bytes.load(Ordering::Relaxed).min(self.all) * 1000).checked_div(self.all)
    }
}

/// A file whose reading is counted.
pub(super) struct Counted {
    pub(super) file: File,
    pub(super) read: Arc<Read>,
}

impl io::Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Tells on stderr how far it is.
pub(super) struct Progress {
    read: Arc<Read>,
    begun: Instant,
    told: Instant,
    terminal: bool,
}

impl Progress {
    pub(super) fn new(read: Arc<Read>) -> Self {
        let now = Instant::now();
        Self { read, begun: now, told: now, terminal: io::stderr().is_terminal() }
    }

    /// After a call.
    #[expect(clippy::print_stderr, reason = "for who watches")]
    pub(super) fn tell(&mut self, counts: Counts) {
        let share = self.read.share();
        if self.terminal {
            eprint!("\r{}{}\x1b[K", share.map(bar).unwrap_or_default(), figures(counts, share, self.begun.elapsed()));
        } else if self.told.elapsed() >= NOW_AND_THEN {
            self.told = Instant::now();
            eprintln!("{}", figures(counts, share, self.begun.elapsed()));
        }
    }
}

impl Drop for Progress {
    /// What comes next has a clean line.
    #[expect(clippy::print_stderr, reason = "for who watches")]
    fn drop(&mut self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}

fn bar(share: u64) -> String {
    let filled = share * WIDTH / 1000;
    let cells = (0..WIDTH).map(|cell| if cell < filled { '#' } else { '-' });
    format!("[{}] ", cells.collect::<String>())
}

/// `42%, 12000 claims, 3 refused, 2400 a second, 0:07 left`.
fn figures(counts: Counts, share: Option<u64>, elapsed: Duration) -> String {
    let Counts { rows, repeated: _, refused } = counts;
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let share = share.filter(|share| *share > 0);
    let percent = share.map(|share| format!("{}%, ", share / 10)).unwrap_or_default();
    let left = share.map(|share| millis.saturating_mul(1000 - share) / share / 1000);
    let left = left.map(|seconds| format!(", {}:{:02} left", seconds / 60, seconds % 60)).unwrap_or_default();
    format!("{percent}{rows} claims, {refused} refused, {} a second{left}", rows.saturating_mul(1000) / millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_share_pace_and_what_is_left() {
        let read = Read::of(2_000);
        assert_eq!((read.share(), Read::of(0).share()), (Some(0), None));
        read.bytes.store(500, Ordering::Relaxed);
        let counts = Counts { rows: 3_000, repeated: 1, refused: 2 };
        let told = |share| figures(counts, share, Duration::from_secs(30));
        assert_eq!(told(read.share()), "25%, 3000 claims, 2 refused, 100 a second, 1:30 left");
        assert_eq!(told(Some(1000)), "100%, 3000 claims, 2 refused, 100 a second, 0:00 left");
        assert_eq!(told(None), "3000 claims, 2 refused, 100 a second");
        assert_eq!(bar(250), "[######------------------] ");
        assert_eq!(figures(Counts::default(), Some(0), Duration::ZERO), "0 claims, 0 refused, 0 a second");
    }
}
