//! Creates the tables of tenants, partners, claims and associations.

/// The statements that create the tables and indexes.
pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE tenant (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        display_name TEXT NOT NULL, region TEXT NOT NULL, calendar TEXT NOT NULL, domains {json} NOT NULL,
        PRIMARY KEY (owner, id))",
    "CREATE TABLE tenant_domain (
        tenant {uuid} NOT NULL, domain TEXT NOT NULL UNIQUE,
        PRIMARY KEY (tenant, domain))",
    "CREATE TABLE subscription (
        tenant {uuid} NOT NULL, id {uuid} NOT NULL, product TEXT NOT NULL, status TEXT NOT NULL, channel TEXT NOT NULL,
        purchase_time BIGINT NOT NULL, end_time BIGINT, expire_time BIGINT,
        PRIMARY KEY (tenant, id))",
    "CREATE TABLE workload (
        tenant {uuid} NOT NULL, product TEXT NOT NULL,
        PRIMARY KEY (tenant, product))",
    "CREATE TABLE tenant_claim (
        tenant {uuid} NOT NULL, partner TEXT NOT NULL, claim {uuid} NOT NULL, decisions {json} NOT NULL, closed {json} NOT NULL,
        PRIMARY KEY (tenant, partner, claim))",
    // The primary key guarantees that a key has one company (R34) and at most one successor (R37),
    // also when several transactions write at the same time.
    "CREATE TABLE key_holder (
        tenant {uuid} NOT NULL, key TEXT NOT NULL, partner TEXT NOT NULL,
        successor_partner TEXT, successor_claim {uuid}, successor_case {uuid},
        CHECK ((successor_partner IS NULL) = (successor_claim IS NULL)),
        PRIMARY KEY (tenant, key))",
    // Finds the successors that are loaded with a tenant.
    "CREATE INDEX key_holder_successor ON key_holder (tenant) WHERE successor_claim IS NOT NULL",
    "CREATE TABLE association (
        tenant {uuid} NOT NULL, id {uuid} NOT NULL, partner TEXT NOT NULL, claim {uuid}, line {uuid}, review_case {uuid},
        mpn_id TEXT NOT NULL, product TEXT NOT NULL, key TEXT NOT NULL, activity TEXT NOT NULL,
        submit_time BIGINT, hold_time BIGINT NOT NULL,
        official_time BIGINT, end_time BIGINT, end_reason TEXT,
        CHECK ((end_time IS NULL) = (end_reason IS NULL)),
        CHECK ((claim IS NULL) = (line IS NULL) AND (claim IS NULL) = (submit_time IS NULL)),
        PRIMARY KEY (tenant, id))",
    // Finds who is on record for a key now or at a time, and whether a partner may see usage.
    "CREATE INDEX association_key ON association (tenant, key, official_time, end_time)",
    // Finds the associations that are loaded with a tenant. The cost depends on the number of live
    // associations only.
    "CREATE INDEX association_live ON association (tenant) WHERE end_time IS NULL",
    // Lists associations, the newest first: of a tenant, of a partner, and of all tenants.
    "CREATE INDEX association_tenant ON association (tenant, hold_time, id)",
    "CREATE INDEX association_partner ON association (partner, hold_time, id)",
    "CREATE INDEX association_all ON association (hold_time, id)",
    "CREATE TABLE partner (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        display_name TEXT NOT NULL, locations {json} NOT NULL, enrollments {json} NOT NULL,
        PRIMARY KEY (owner, id))",
    "CREATE TABLE partner_location (
        partner TEXT NOT NULL, mpn_id TEXT NOT NULL UNIQUE,
        PRIMARY KEY (partner, mpn_id))",
];
