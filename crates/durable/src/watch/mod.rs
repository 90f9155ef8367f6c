//! Watches: streams of the changes in a log, which a caller can resume by a cursor (R59).
//!
//! A log is a table of entries with sequence numbers in the order of commits. A watch reads it page
//! by page. The next page is read when the caller has received the current one, so a slow caller
//! uses little memory. It misses nothing, because entries stay in the log. A commit of the same
//! process wakes the watch; a read each second finds the commits of other replicas
//! (processes that host the same service).
mod limiter;
mod log;
mod stream;

pub use log::{LogPage, LogPosition, LogQuery, WatchedLog};
pub use stream::{WatchRequest, WatchStream, Watches, time_left};
