//! Creates the tables of claims, documents, comments and histories.

/// The statements that create the tables and indexes, where `owner` is the id of the partner.
pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE claim (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        state TEXT NOT NULL, create_time BIGINT NOT NULL, update_time BIGINT NOT NULL, history BIGINT NOT NULL, head {bytes} NOT NULL, erased {json} NOT NULL,
        content {json} NOT NULL, directory {json} NOT NULL, evidence {json} NOT NULL, lost_lines {json} NOT NULL, status {json} NOT NULL,
        waits_for TEXT NOT NULL, wait_time BIGINT NOT NULL, customer_wait_time BIGINT NOT NULL,
        association_state TEXT NOT NULL, solution_area TEXT NOT NULL, activities TEXT NOT NULL, products TEXT NOT NULL,
        display_name {text} NOT NULL, mpn_id TEXT NOT NULL, tenant_id TEXT NOT NULL, policy TEXT NOT NULL, submit_time BIGINT NOT NULL,
        PRIMARY KEY (owner, id))",
    // The indexes of lists. For one partner: all claims by creation or by last change; the claims
    // in one state, of one tenant, or that wait for one thing (R60), by creation. For all partners:
    // all claims, or those that wait for one thing, by creation.
    "CREATE INDEX claim_owner_age ON claim (owner, create_time, id)",
    "CREATE INDEX claim_owner_change ON claim (owner, update_time, id)",
    "CREATE INDEX claim_owner_state ON claim (owner, state, create_time, id)",
    "CREATE INDEX claim_owner_tenant ON claim (owner, tenant_id, create_time, id)",
    "CREATE INDEX claim_owner_wait ON claim (owner, waits_for, create_time, id)",
    "CREATE INDEX claim_age ON claim (create_time, id)",
    "CREATE INDEX claim_wait ON claim (waits_for, create_time, id)",
    "CREATE TABLE claim_line (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, line_id {uuid} NOT NULL, activity TEXT NOT NULL,
        tenant {uuid} NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (owner, claim_id, line_id, activity))",
    // R38: a company may have a key for one activity in only one open or approved claim. The unique
    // index enforces this also for concurrent transactions.
    "CREATE UNIQUE INDEX claim_line_key ON claim_line (owner, tenant, key, activity)",
    // One row for each document whose upload was begun. `document` is set when the document is
    // stored and remains when it is removed from the claim.
    "CREATE TABLE evidence (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, id {uuid} NOT NULL,
        state TEXT NOT NULL, start_time BIGINT NOT NULL, position BIGINT, document {json},
        PRIMARY KEY (owner, claim_id, id))",
    // The index for the sweeper. It contains pending uploads only, so the number of stored
    // documents does not affect the cost of a sweep.
    "CREATE INDEX evidence_pending ON evidence (start_time) WHERE state IN ('PENDING', 'ABANDONED')",
    // `position` is the position of the history entry that recorded the comment.
    "CREATE TABLE comment (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, position BIGINT NOT NULL, id {uuid} NOT NULL,
        side TEXT NOT NULL, create_time BIGINT NOT NULL, text TEXT NOT NULL, evidence_id {uuid}, line_id {uuid},
        PRIMARY KEY (owner, claim_id, position))",
    // R56: `position` counts from 1 without gaps, and each entry is linked to the one before. Rows
    // are never deleted. An erasure removes texts and salts, never commitments.
    "CREATE TABLE history (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, position BIGINT NOT NULL,
        action TEXT NOT NULL, side TEXT NOT NULL, subject TEXT NOT NULL,
        effective_time BIGINT NOT NULL, record_time BIGINT NOT NULL,
        from_state TEXT, to_state TEXT NOT NULL, changes {json} NOT NULL, reason TEXT NOT NULL, overtaken BOOLEAN NOT NULL,
        audience TEXT NOT NULL, salt {bytes} NOT NULL, commitments {bytes} NOT NULL, link {bytes} NOT NULL,
        owner_sequence BIGINT NOT NULL,
        PRIMARY KEY (owner, claim_id, position))",
    // R59: the log of an owner contains the entries of all its claims in the order of commits.
    // `owner_log` contains the sequence number of the last entry.
    "CREATE UNIQUE INDEX history_owner_sequence ON history (owner, owner_sequence)",
    "CREATE TABLE owner_log (owner TEXT NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (owner))",
];
