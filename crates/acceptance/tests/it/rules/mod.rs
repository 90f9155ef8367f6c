//! The rules of the domain, each test named by its rule.

mod consent;
mod content;
mod customer_page;
mod directory;
mod drafts;
mod evidence;
mod exits;
mod notices;
mod parties;
mod resubmission;
mod review;
mod scope;
mod states;
