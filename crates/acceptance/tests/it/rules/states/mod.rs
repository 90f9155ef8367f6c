//! R15: every command in every state, from an actor of every role. A command has the effect of its
//! rule, or it is refused because of the role, or the refusal names the state and what is allowed.

mod customer;
mod operator;
mod partner;
mod reviewer;
