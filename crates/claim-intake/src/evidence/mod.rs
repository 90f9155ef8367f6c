//! Documents: where their bytes lie, how they are taken in, and what they are (R14).
mod kind;
mod objects;
mod sweeper;
mod upload;

pub(crate) use objects::{ObjectError, Objects};
pub(crate) use sweeper::sweep;
pub(crate) use upload::{BadDocument, Received, Upload, UploadError};
