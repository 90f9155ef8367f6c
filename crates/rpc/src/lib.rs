//! The gRPC server of a process, with the middleware that all services share, and the channels to
//! the other services.
//!
//! | module | what it does |
//! |---|---|
//! | `balance` | Spreads the calls of a channel over all replicas of a service. |
//! | [`config`] | The sections `limits`, `peers` and `tls` of the configuration. |
//! | [`json`] | Reads and writes protobuf messages as JSON. |
//! | [`peer`] | Opens authenticated gRPC channels to the other services. |
//! | [`reflect`] | Reads the fields of a message by name. |
//! | [`request`] | Validates requests against the constraints that the protos declare. |
//! | [`server`] | Runs the gRPC server with its middleware stack. |
//! | `tls` | Reads certificates, keys and authorities, and again when their files have changed. |
//! | `unsent` | Sends calls again that a peer has certainly not processed. |

mod balance;
pub mod config;
pub mod json;
pub mod peer;
pub mod reflect;
pub mod request;
pub mod server;
mod tls;
mod unsent;

pub use peer::Peers;
pub use tls::{PeerTls, TlsError};
pub use unsent::ResendingChannel;
