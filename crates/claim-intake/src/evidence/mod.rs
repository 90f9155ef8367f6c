//! The documents that prove a claim (R14): storing their bytes encrypted, receiving uploads,
//! detecting the kind of a document, scanning it for malware, and removing abandoned uploads.
pub(crate) mod attachment;
mod cipher;
mod key_check;
mod keys;
mod kind;
mod objects;
mod pending;
mod rewrap;
mod scanner;
mod sweeper;
mod upload;

pub(crate) use key_check::{UnusableKeys, find_unusable_keys};
pub(crate) use keys::{EvidenceKeys, WrappedKey};
#[cfg(test)]
pub(crate) use objects::Damage;
pub(crate) use objects::{EvidenceStore, EvidenceStoreError};
pub(crate) use pending::PendingUpload;
pub(crate) use rewrap::KeyRewrapper;
pub(crate) use scanner::{Scanner, ScannerError};
pub(crate) use sweeper::run_sweeper;
pub(crate) use upload::{DocumentError, ReceivedDocument, Upload, UploadError};
