//! The walk itself: a claim from draft to assessed, on a system that is well and on one that is not.

mod crashes;
mod whole;
