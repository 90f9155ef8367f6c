//! The registry as its callers see it: real gRPC, tokens and all, on both databases, one or two replicas.
mod directory;
mod events;
mod holds;
mod races;
mod rows;
mod stage;
