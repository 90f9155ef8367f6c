//! A claim from draft to assessment, without faults and with crashes.

mod complete;
mod crashes;
