//! Creates the tables of consents and consent links.

/// The statements that create the tables and indexes.
pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE consent (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        state TEXT NOT NULL, waiting BOOLEAN NOT NULL, body {json} NOT NULL,
        create_time BIGINT NOT NULL, update_time BIGINT NOT NULL,
        PRIMARY KEY (owner, id))",
    // For lists of one tenant, of all tenants, and of waiting consents.
    "CREATE INDEX consent_of_owner ON consent (owner, create_time, id)",
    "CREATE INDEX consent_of_all ON consent (create_time, owner, id)",
    "CREATE INDEX consent_waiting ON consent (create_time, owner, id) WHERE waiting",
    "CREATE TABLE link_token (
        hash {bytes} NOT NULL PRIMARY KEY, tenant TEXT NOT NULL, claim {uuid} NOT NULL, notice {uuid} NOT NULL,
        create_time BIGINT NOT NULL, expire_time BIGINT NOT NULL)",
    // For the deletion of expired links.
    "CREATE INDEX link_token_expire_time ON link_token (expire_time)",
];
