//! Properties of all methods of the API.

mod availability;
pub(crate) mod delivery;
mod etags;
mod filters;
mod gets;
mod history;
mod input;
mod names;
mod paging;
mod private_files;
mod replays;
mod request_ids;
mod request_options;
mod validate_only;
