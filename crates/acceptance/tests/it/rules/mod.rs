//! The rules of the domain, each test named by its rule.

mod clocks;
mod consent;
mod content;
mod customer_page;
mod directory;
mod drafts;
mod eligibility;
mod evidence;
mod exits;
mod holds;
mod lateness;
mod notices;
mod parties;
mod records;
mod resubmission;
mod review;
mod scope;
mod states;
mod usage;
