//! The errors and the context of a gRPC call. Clients and servers use the same errors.
//!
//! | module | what it does |
//! |---|---|
//! | [`context`] | Holds the request id and the deadline of the call that a task handles. |
//! | [`directory_budget`] | Limits how often partners ask about the domains of customers. |
//! | [`status`] | Builds and reads gRPC errors with machine-readable details. |

pub mod context;
pub mod directory_budget;
pub mod status;
