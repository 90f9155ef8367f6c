//! Tests of the whole server over real connections, with a test service that can be made to fail.
mod calls;
mod certificates;
mod fixture;
mod lifecycle;
mod peers;
mod streams;
mod unread_bodies;
