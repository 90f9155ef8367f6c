//! The documents that prove a claim (R14): storing their bytes, receiving uploads, detecting the
//! kind of a document, and removing abandoned uploads.
mod kind;
mod objects;
mod sweeper;
mod upload;

pub(crate) use objects::{EvidenceStore, EvidenceStoreError};
pub(crate) use sweeper::run_sweeper;
pub(crate) use upload::{DocumentError, ReceivedDocument, Upload, UploadError};
