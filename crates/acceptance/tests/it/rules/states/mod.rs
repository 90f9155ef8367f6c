//! R15: in every state every command, given by somebody of every role, either does what its rule says, or is refused: for the role, or naming
//! the state and what is allowed in it.

mod customer;
mod operator;
mod partner;
mod reviewer;
