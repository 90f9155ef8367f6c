//! Creates the table of mails.

/// The statements that create the table and its index.
pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE mail (
        owner TEXT NOT NULL, id {uuid} NOT NULL, kind TEXT NOT NULL, recipient TEXT NOT NULL,
        decide_time BIGINT NOT NULL, data {json} NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL,
        next_attempt_time BIGINT NOT NULL, first_attempt_time BIGINT, settle_time BIGINT,
        lease_token {uuid}, lease_until BIGINT, last_error TEXT NOT NULL,
        PRIMARY KEY (owner, id))",
    // The index is partial: mails that are done do not make a poll of the queue slower.
    "CREATE INDEX mail_waiting ON mail (next_attempt_time) WHERE state = 'queued'",
];
