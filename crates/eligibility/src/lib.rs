//! Eligibility: usage, program guides, and whether an official association earns incentives (R50–R53).

mod domain;
