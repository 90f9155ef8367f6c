//! Claim-intake through its API: the real server on a port of its own, both databases, a registry in memory.
mod evidence;
mod facts;
mod lists;
mod requests;
mod stage;
mod submission;
