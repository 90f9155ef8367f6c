//! Creates the tables of claims, documents, comments and histories. The entities in `store/entity/`
//! explain their columns. In all tables `owner` is the id of the partner. A *line* is the part of a
//! claim that is about one *key*: one workload or subscription of a tenant. A *change log* numbers
//! the history entries of many claims in the order of commits.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, blob, boolean, boolean_null, json_binary, json_binary_null, text, text_null,
        timestamp_with_time_zone, uuid, uuid_null,
    },
    sea_orm::{DbBackend, DeriveIden},
};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Claim {
    Table,
    Owner,
    Id,
    Version,
    State,
    CreateTime,
    UpdateTime,
    History,
    Head,
    Erased,
    Content,
    RegistryData,
    Evidence,
    LostLines,
    Status,
    WaitsFor,
    WaitStartTime,
    CustomerWaitStartTime,
    AssociationState,
    SolutionArea,
    Activities,
    Products,
    DisplayName,
    MpnId,
    TenantId,
    Policy,
    SubmitTime,
    CustomerDomain,
    Contested,
    DueTime,
    ActingParty,
}

#[derive(DeriveIden)]
enum ClaimLine {
    Table,
    Owner,
    ClaimId,
    LineId,
    Activity,
    Tenant,
    Key,
    Current,
}

#[derive(DeriveIden)]
enum Evidence {
    Table,
    Owner,
    ClaimId,
    Id,
    State,
    StartTime,
    ReservedBytes,
    KeyId,
    DataKey,
    Position,
    Document,
}

#[derive(DeriveIden)]
enum Comment {
    Table,
    Owner,
    ClaimId,
    Position,
    Id,
    Side,
    CreateTime,
    Text,
    EvidenceId,
    LineId,
}

#[derive(DeriveIden)]
enum History {
    Table,
    Owner,
    ClaimId,
    Position,
    Action,
    Side,
    Subject,
    EffectiveTime,
    RecordTime,
    FromState,
    ToState,
    Changes,
    Reason,
    Overtaken,
    Audience,
    Salt,
    Commitments,
    Link,
    OwnerSequence,
    Tenant,
    Sequence,
}

#[derive(DeriveIden)]
enum OwnerLog {
    Table,
    Owner,
    Last,
}

/// The values of the columns with the state of a claim.
const STATES: [&str; 8] =
    ["EDITING", "DELETED", "SUBMITTED", "UNDER_REVIEW", "PARTNER_ACTION_REQUIRED", "APPROVED", "REJECTED", "DISPUTED"];

/// The values of the column `waits_for`.
const WAITS: [&str; 15] = [
    "SUBMISSION",
    "REVIEW_START",
    "REVIEW_DECISION",
    "ARBITRATION",
    "PARTNER_RESPONSE",
    "STATEMENT",
    "SUPERSESSION",
    "NOTICE_DELIVERY",
    "CONSENT_WINDOW",
    "CONTACT_CONFIRMATION",
    "EXPLICIT_APPROVAL",
    "REGISTRY",
    "LATE_DECISION",
    "DISPUTE_WINDOW",
    "NOTHING",
];

/// The values of the column `acting_party`.
const PARTIES: [&str; 8] =
    ["UNSPECIFIED", "PARTNER", "REVIEWER", "REVIEW_LEAD", "CUSTOMER", "OPERATOR", "SYSTEM", "TIME"];

/// The values of the column `association_state`.
const ASSOCIATION_STATES: [&str; 4] = ["UNSPECIFIED", "PENDING", "OFFICIAL", "ENDED"];

/// The values of the column `solution_area`.
const SOLUTION_AREAS: [&str; 3] = ["UNSPECIFIED", "MICROSOFT_365", "BUSINESS_APPLICATIONS"];

/// The values of the column `activity`.
const ACTIVITIES: [&str; 3] = ["usage", "pre_sales", "revenue_association"];

/// The values of the column `state` of a document.
const DOCUMENT_STATES: [&str; 5] = ["PENDING", "STORED", "REMOVED", "ABANDONED", "SWEPT"];

/// The values of the columns with the side of an actor.
const SIDES: [&str; 6] = ["partner", "reviewer", "vendor", "customer", "time", "system"];

/// The values of the column `audience`.
const AUDIENCES: [&str; 2] = ["all", "vendor"];

/// Makes the index of the primary key the youngest index of the table. PostgreSQL plans the checks
/// of foreign keys once for each connection. On an empty table all indexes that begin with `owner`
/// cost the same. PostgreSQL then takes the youngest of them; with another index than the primary
/// key's, each check would read all claims of the owner.
const RENEW_PRIMARY_KEY_OF_CLAIM: &str =
    "ALTER TABLE claim DROP CONSTRAINT claim_pkey, ADD CONSTRAINT claim_pkey PRIMARY KEY (owner, id)";

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager.create_table(claim(backend)).await?;
        for index in claim_indexes() {
            manager.create_index(index).await?;
        }
        if backend == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(RENEW_PRIMARY_KEY_OF_CLAIM).await?;
        }
        for table in [claim_line(), evidence(), comment(), history(), owner_log()] {
            manager.create_table(table).await?;
        }
        let indexes = [
            claim_line_key(),
            evidence_pending(),
            evidence_usage(),
            history_owner_sequence(),
            history_sequence(),
            history_tenant_sequence(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn claim_indexes() -> [IndexCreateStatement; 9] {
    [
        claim_owner_age(),
        claim_owner_change(),
        claim_owner_state(),
        claim_owner_tenant(),
        claim_owner_wait(),
        claim_owner_due(),
        claim_age(),
        claim_wait(),
        claim_due(),
    ]
}

fn claim(backend: DbBackend) -> TableCreateStatement {
    use Claim as T;
    let mut display_name = text(T::DisplayName);
    if backend == DbBackend::Postgres {
        // Lists are ordered by code point, as they are on SQLite.
        display_name = display_name.extra(r#"COLLATE "C""#).take();
    }
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(text(T::State).check(Expr::col(T::State).is_in(STATES)))
        .col(timestamp_with_time_zone(T::CreateTime))
        .col(timestamp_with_time_zone(T::UpdateTime))
        .col(big_integer(T::History))
        .col(blob(T::Head))
        .col(json_binary(T::Erased))
        .col(json_binary(T::Content))
        .col(json_binary(T::RegistryData))
        .col(json_binary(T::Evidence))
        .col(json_binary(T::LostLines))
        .col(json_binary(T::Status))
        .col(text(T::WaitsFor).check(Expr::col(T::WaitsFor).is_in(WAITS)))
        .col(timestamp_with_time_zone(T::WaitStartTime))
        .col(timestamp_with_time_zone(T::CustomerWaitStartTime))
        .col(text(T::AssociationState).check(Expr::col(T::AssociationState).is_in(ASSOCIATION_STATES)))
        .col(text(T::SolutionArea).check(Expr::col(T::SolutionArea).is_in(SOLUTION_AREAS)))
        .col(text(T::Activities))
        .col(text(T::Products))
        .col(display_name)
        .col(text(T::MpnId))
        .col(text(T::TenantId))
        .col(text(T::Policy))
        .col(timestamp_with_time_zone(T::SubmitTime))
        .col(text(T::CustomerDomain))
        .col(boolean(T::Contested))
        .col(timestamp_with_time_zone(T::DueTime))
        .col(text(T::ActingParty).check(Expr::col(T::ActingParty).is_in(PARTIES)))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// The index for lists of one partner's claims in the order of creation.
fn claim_owner_age() -> IndexCreateStatement {
    use Claim as T;
    Index::create().name("claim_owner_age").table(T::Table).col(T::Owner).col(T::CreateTime).col(T::Id).take()
}

/// The index for lists of one partner's claims in the order of the last change.
fn claim_owner_change() -> IndexCreateStatement {
    use Claim as T;
    Index::create().name("claim_owner_change").table(T::Table).col(T::Owner).col(T::UpdateTime).col(T::Id).take()
}

/// The index for lists of one partner's claims in one state.
fn claim_owner_state() -> IndexCreateStatement {
    use Claim as T;
    Index::create()
        .name("claim_owner_state")
        .table(T::Table)
        .col(T::Owner)
        .col(T::State)
        .col(T::CreateTime)
        .col(T::Id)
        .take()
}

/// The index for lists of one partner's claims for one tenant.
fn claim_owner_tenant() -> IndexCreateStatement {
    use Claim as T;
    Index::create()
        .name("claim_owner_tenant")
        .table(T::Table)
        .col(T::Owner)
        .col(T::TenantId)
        .col(T::CreateTime)
        .col(T::Id)
        .take()
}

/// The index for lists of one partner's claims that wait for the same step (R60).
fn claim_owner_wait() -> IndexCreateStatement {
    use Claim as T;
    Index::create()
        .name("claim_owner_wait")
        .table(T::Table)
        .col(T::Owner)
        .col(T::WaitsFor)
        .col(T::CreateTime)
        .col(T::Id)
        .take()
}

/// The index for lists of one partner's claims in the order of due times.
fn claim_owner_due() -> IndexCreateStatement {
    use Claim as T;
    Index::create().name("claim_owner_due").table(T::Table).col(T::Owner).col(T::DueTime).col(T::Id).take()
}

/// The index for lists of all partners' claims in the order of creation.
fn claim_age() -> IndexCreateStatement {
    use Claim as T;
    Index::create().name("claim_age").table(T::Table).col(T::CreateTime).col(T::Id).take()
}

/// The index for lists of all partners' claims that wait for the same step.
fn claim_wait() -> IndexCreateStatement {
    use Claim as T;
    Index::create().name("claim_wait").table(T::Table).col(T::WaitsFor).col(T::CreateTime).col(T::Id).take()
}

/// The index for lists of all partners' claims in the order of due times.
fn claim_due() -> IndexCreateStatement {
    use Claim as T;
    Index::create().name("claim_due").table(T::Table).col(T::DueTime).col(T::Id).take()
}

fn claim_line() -> TableCreateStatement {
    use ClaimLine as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::ClaimId))
        .col(uuid(T::LineId))
        .col(text(T::Activity).check(Expr::col(T::Activity).is_in(ACTIVITIES)))
        .col(text(T::Tenant))
        .col(text(T::Key))
        .col(boolean_null(T::Current).check(Expr::col(T::Current)))
        .primary_key(Index::create().col(T::Owner).col(T::ClaimId).col(T::LineId).col(T::Activity))
        // Claims are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("claim_line_claim")
                .from(T::Table, (T::Owner, T::ClaimId))
                .to(Claim::Table, (Claim::Owner, Claim::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// R38: a company may have a key for one activity in only one open or approved claim. The unique
/// index enforces this for concurrent transactions, too. It does not compare lines whose `current`
/// is NULL: another line of the company for the same key counts instead of them (R47).
fn claim_line_key() -> IndexCreateStatement {
    use ClaimLine as T;
    Index::create()
        .name("claim_line_key")
        .table(T::Table)
        .unique()
        .col(T::Owner)
        .col(T::Tenant)
        .col(T::Key)
        .col(T::Activity)
        .col(T::Current)
        .take()
}

fn evidence() -> TableCreateStatement {
    use Evidence as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::ClaimId))
        .col(uuid(T::Id))
        .col(text(T::State).check(Expr::col(T::State).is_in(DOCUMENT_STATES)))
        .col(timestamp_with_time_zone(T::StartTime))
        .col(big_integer(T::ReservedBytes))
        .col(text(T::KeyId))
        .col(blob(T::DataKey))
        .col(big_integer_null(T::Position))
        .col(json_binary_null(T::Document))
        .primary_key(Index::create().col(T::Owner).col(T::ClaimId).col(T::Id))
        // Claims are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("evidence_claim")
                .from(T::Table, (T::Owner, T::ClaimId))
                .to(Claim::Table, (Claim::Owner, Claim::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// The index for the sweeper, the background task that removes abandoned uploads. It contains only
/// uploads that are not completed, so that the number of stored documents does not affect the cost
/// of a sweep.
fn evidence_pending() -> IndexCreateStatement {
    use Evidence as T;
    Index::create()
        .name("evidence_pending")
        .table(T::Table)
        .col(T::StartTime)
        .and_where(Expr::col(T::State).is_in(["PENDING", "ABANDONED"]))
        .take()
}

/// The index for the quota of a partner. It contains all that is needed to count the documents and
/// their bytes.
fn evidence_usage() -> IndexCreateStatement {
    use Evidence as T;
    Index::create()
        .name("evidence_usage")
        .table(T::Table)
        .col(T::Owner)
        .col(T::ReservedBytes)
        .and_where(Expr::col(T::State).ne("SWEPT"))
        .take()
}

fn comment() -> TableCreateStatement {
    use Comment as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::ClaimId))
        .col(big_integer(T::Position))
        .col(uuid(T::Id))
        .col(text(T::Side).check(Expr::col(T::Side).is_in(SIDES)))
        .col(timestamp_with_time_zone(T::CreateTime))
        .col(text(T::Text))
        .col(uuid_null(T::EvidenceId))
        .col(uuid_null(T::LineId))
        .primary_key(Index::create().col(T::Owner).col(T::ClaimId).col(T::Position))
        // Claims are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("comment_claim")
                .from(T::Table, (T::Owner, T::ClaimId))
                .to(Claim::Table, (Claim::Owner, Claim::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        // Rows of documents are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("comment_evidence")
                .from(T::Table, (T::Owner, T::ClaimId, T::EvidenceId))
                .to(Evidence::Table, (Evidence::Owner, Evidence::ClaimId, Evidence::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn history() -> TableCreateStatement {
    use History as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::ClaimId))
        .col(big_integer(T::Position))
        .col(text(T::Action))
        .col(text(T::Side).check(Expr::col(T::Side).is_in(SIDES)))
        .col(text(T::Subject))
        .col(timestamp_with_time_zone(T::EffectiveTime))
        .col(timestamp_with_time_zone(T::RecordTime))
        .col(text_null(T::FromState).check(Expr::col(T::FromState).is_in(STATES)))
        .col(text(T::ToState).check(Expr::col(T::ToState).is_in(STATES)))
        .col(json_binary(T::Changes))
        .col(text(T::Reason))
        .col(boolean(T::Overtaken))
        .col(text(T::Audience).check(Expr::col(T::Audience).is_in(AUDIENCES)))
        .col(blob(T::Salt))
        .col(blob(T::Commitments))
        .col(blob(T::Link))
        .col(big_integer(T::OwnerSequence))
        .col(text_null(T::Tenant))
        .col(big_integer_null(T::Sequence))
        .primary_key(Index::create().col(T::Owner).col(T::ClaimId).col(T::Position))
        // Claims are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("history_claim")
                .from(T::Table, (T::Owner, T::ClaimId))
                .to(Claim::Table, (Claim::Owner, Claim::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// R59: the change log of an owner contains the entries of all its claims in the order of commits.
fn history_owner_sequence() -> IndexCreateStatement {
    use History as T;
    Index::create().name("history_owner_sequence").table(T::Table).unique().col(T::Owner).col(T::OwnerSequence).take()
}

/// R59: the change log of all claims contains the entries from submission on, in the order of
/// commits. Entries of drafts have no number and are not in the index.
fn history_sequence() -> IndexCreateStatement {
    use History as T;
    Index::create()
        .name("history_sequence")
        .table(T::Table)
        .unique()
        .col(T::Sequence)
        .and_where(Expr::col(T::Sequence).is_not_null())
        .take()
}

/// R59: the change log of a tenant is the part of that of all claims that is about the tenant.
fn history_tenant_sequence() -> IndexCreateStatement {
    use History as T;
    Index::create()
        .name("history_tenant_sequence")
        .table(T::Table)
        .unique()
        .col(T::Tenant)
        .col(T::Sequence)
        .and_where(Expr::col(T::Sequence).is_not_null())
        .take()
}

/// The last sequence number in the change log of each owner, and in that of all claims.
fn owner_log() -> TableCreateStatement {
    use OwnerLog as T;
    Table::create().table(T::Table).col(text(T::Owner).primary_key()).col(big_integer(T::Last)).take()
}
