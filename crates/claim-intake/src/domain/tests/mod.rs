//! The domain as the rules tell it: the whole table, the rules one by one, and random lives.
mod competition;
mod completeness;
mod disputes;
mod edits;
mod lives;
mod model;
mod notices;
mod reminders;
pub(crate) mod story;
mod table;
mod transitions;
mod waiting;
