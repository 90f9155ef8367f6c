//! Adds an index on the claims of `tenant_claim`.

/// With the index, the records of given claims are found at a cost that does not depend on the
/// number of records of the tenant.
pub(super) const STATEMENTS: &[&str] = &["CREATE INDEX tenant_claim_claim ON tenant_claim (claim)"];
