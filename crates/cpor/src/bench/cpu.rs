//! The processor time that the whole machine has used: that of this process, of the database, and
//! of everything else that runs.

use std::{fs, time::Duration};

/// The unit of `/proc/stat`: 100 ticks are a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Returns the processor time that the machine has used since it started. Returns `None` on systems
/// without `/proc/stat`, which are all but Linux.
pub(super) fn processor_time() -> Option<Duration> {
    parse(&fs::read_to_string("/proc/stat").ok()?)
}

/// Adds up the columns user, nice, system, irq and softirq of the first line.
fn parse(stat: &str) -> Option<Duration> {
    let columns: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).map_while(|text| text.parse().ok()).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = columns.as_slice() else { return None };
    Some(TICK * u32::try_from(user + nice + system + irq + softirq).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_counted() {
        let stat = "cpu  100 1 20 9000 800 3 4 0 0 0\ncpu0 50 0 10 4500 400 1 2 0 0 0\n";
        assert_eq!(parse(stat), Some(Duration::from_millis(1280)));
        assert_eq!(parse("intr 5\n"), None);
    }
}
