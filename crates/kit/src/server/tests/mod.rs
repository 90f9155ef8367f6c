//! The whole stack over real connections, with a service behind it that misbehaves on demand.
mod calls;
mod late_bodies;
mod life;
mod peers;
mod streams;
mod system;
