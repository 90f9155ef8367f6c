//! Creates the tables of the outbox, the inbox, deadlines, request ids and the virtual clock.

/// The statements that create tables and indexes.
pub(super) const STATEMENTS: &[&str] = &[
    // One row for each outgoing stream (one aggregate, one destination), with the next sequence to
    // allocate and the last sequence that was delivered.
    "CREATE TABLE outbox_stream (
        owner TEXT NOT NULL, aggregate TEXT NOT NULL, id {uuid} NOT NULL, destination TEXT NOT NULL,
        next_sequence BIGINT NOT NULL, delivered_sequence BIGINT NOT NULL,
        lease_token {uuid}, ready_time BIGINT NOT NULL, attempts BIGINT NOT NULL,
        parked_reason TEXT, last_error TEXT, oldest_time BIGINT,
        PRIMARY KEY (owner, aggregate, id, destination))",
    // Serves the relay's search for streams that can be delivered.
    "CREATE INDEX outbox_stream_ready ON outbox_stream (destination, ready_time)
        WHERE delivered_sequence < next_sequence - 1 AND parked_reason IS NULL",
    // Serves the operators' list of streams, which begins with the oldest undelivered event.
    "CREATE INDEX outbox_stream_oldest ON outbox_stream (oldest_time) WHERE oldest_time IS NOT NULL",
    // The events that are not yet delivered.
    "CREATE TABLE outbox_event (
        owner TEXT NOT NULL, aggregate TEXT NOT NULL, id {uuid} NOT NULL, destination TEXT NOT NULL,
        sequence BIGINT NOT NULL, payload {bytes} NOT NULL, create_time BIGINT NOT NULL,
        PRIMARY KEY (owner, aggregate, id, destination, sequence))",
    "CREATE TABLE inbox (
        owner TEXT NOT NULL, id {uuid} NOT NULL, source TEXT NOT NULL, aggregate TEXT NOT NULL,
        last_sequence BIGINT NOT NULL,
        PRIMARY KEY (owner, id, source, aggregate))",
    "CREATE TABLE deadline (
        owner TEXT NOT NULL, aggregate TEXT NOT NULL, id {uuid} NOT NULL, kind TEXT NOT NULL,
        due_time BIGINT NOT NULL, rule TEXT NOT NULL, generation BIGINT NOT NULL, state TEXT NOT NULL,
        armed_time BIGINT NOT NULL,
        PRIMARY KEY (owner, aggregate, id, kind))",
    // Serves the search for due deadlines; its cost depends on the number of due, not of pending,
    // deadlines.
    "CREATE INDEX deadline_pending ON deadline (due_time) WHERE state = 'pending'",
    "CREATE TABLE request_id (
        caller TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT NOT NULL,
        body_hash {bytes} NOT NULL, owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        create_time BIGINT NOT NULL,
        PRIMARY KEY (caller, method, request_id))",
    "CREATE INDEX request_id_create_time ON request_id (create_time)",
    "CREATE TABLE virtual_clock (id BIGINT NOT NULL PRIMARY KEY, time BIGINT NOT NULL)",
];
