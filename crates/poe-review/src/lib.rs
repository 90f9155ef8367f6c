//! Review of proofs of execution: who works on which submitted claim, and what they decide (R19-R24, R30-R32, R45).
pub mod domain;
