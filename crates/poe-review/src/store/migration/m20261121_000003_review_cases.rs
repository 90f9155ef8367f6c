//! Creates the tables of review cases, their competition with each other, notes, arbitrations
//! (decisions between competing cases) and pending decisions.
use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, boolean, json_binary, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
        uuid,
    },
    sea_orm::DeriveIden,
};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum ReviewCase {
    Table,
    Owner,
    Id,
    Version,
    State,
    Reviewer,
    Claim,
    DueTime,
    Overdue,
    Snapshot,
    Body,
    CreateTime,
    UpdateTime,
    CloseTime,
}

#[derive(DeriveIden)]
enum CaseKey {
    Table,
    Owner,
    Key,
    Id,
}

#[derive(DeriveIden)]
enum CaseLog {
    Table,
    Owner,
    CaseId,
    Version,
    Mark,
    Sequence,
}

#[derive(DeriveIden)]
enum CaseLogEnd {
    Table,
    Owner,
    Last,
}

#[derive(DeriveIden)]
enum TenantCompetitionLock {
    Table,
    Owner,
}

#[derive(DeriveIden)]
enum CompetitionCheck {
    Table,
    Owner,
    Id,
    RequestedCount,
    CompletedCount,
}

#[derive(DeriveIden)]
enum ReviewNote {
    Table,
    Owner,
    CaseId,
    Position,
    Id,
    Author,
    Text,
    CreateTime,
}

#[derive(DeriveIden)]
enum Arbitration {
    Table,
    Owner,
    Id,
    Version,
    Body,
    CreateTime,
}

#[derive(DeriveIden)]
enum ArbitratedKey {
    Table,
    Owner,
    Key,
    Id,
}

#[derive(DeriveIden)]
enum PendingDecision {
    Table,
    Owner,
    Id,
    Kind,
    DecisionId,
    ResumeTime,
    Attempts,
}

/// The values of the column `state` of cases.
const STATES: [&str; 7] =
    ["waiting", "under_review", "partner_action_required", "approving", "approved", "rejected", "closed"];

/// The values of the column `kind` of pending decisions.
const KINDS: [&str; 2] = ["approval", "arbitration"];

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            review_case(),
            case_key(),
            case_log(),
            case_log_end(),
            tenant_competition_lock(),
            competition_check(),
            review_note(),
            arbitration(),
            arbitrated_key(),
            pending_decision(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        let indexes = [
            review_case_queue(),
            review_case_reviewer(),
            review_case_state(),
            review_case_claim(),
            review_case_due(),
            review_case_age(),
            case_key_case(),
            case_log_sequence(),
            case_log_owner_sequence(),
            competition_check_open(),
            pending_decision_resume(),
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

fn review_case() -> TableCreateStatement {
    Table::create()
        .table(ReviewCase::Table)
        .col(text(ReviewCase::Owner))
        .col(uuid(ReviewCase::Id))
        .col(big_integer(ReviewCase::Version))
        .col(text(ReviewCase::State).check(Expr::col(ReviewCase::State).is_in(STATES)))
        .col(text_null(ReviewCase::Reviewer))
        .col(text(ReviewCase::Claim))
        .col(timestamp_with_time_zone(ReviewCase::DueTime))
        .col(boolean(ReviewCase::Overdue))
        .col(json_binary(ReviewCase::Snapshot))
        .col(json_binary(ReviewCase::Body))
        .col(timestamp_with_time_zone(ReviewCase::CreateTime))
        .col(timestamp_with_time_zone(ReviewCase::UpdateTime))
        .col(timestamp_with_time_zone_null(ReviewCase::CloseTime))
        .primary_key(Index::create().col(ReviewCase::Owner).col(ReviewCase::Id))
        .take()
}

/// Builds the index for the queue of cases that wait for reviewers. It contains only open cases, so
/// that closed cases do not slow the queue down.
fn review_case_queue() -> IndexCreateStatement {
    Index::create()
        .name("review_case_queue")
        .table(ReviewCase::Table)
        .col(ReviewCase::DueTime)
        .col(ReviewCase::Owner)
        .col(ReviewCase::Id)
        .and_where(Expr::col(ReviewCase::CloseTime).is_null())
        .take()
}

/// Builds the index for the queue of one reviewer. It contains only open cases.
fn review_case_reviewer() -> IndexCreateStatement {
    Index::create()
        .name("review_case_reviewer")
        .table(ReviewCase::Table)
        .col(ReviewCase::Reviewer)
        .col(ReviewCase::DueTime)
        .col(ReviewCase::Owner)
        .col(ReviewCase::Id)
        .and_where(Expr::col(ReviewCase::CloseTime).is_null())
        .take()
}

/// Builds the index for lists of the cases in one state.
fn review_case_state() -> IndexCreateStatement {
    Index::create()
        .name("review_case_state")
        .table(ReviewCase::Table)
        .col(ReviewCase::State)
        .col(ReviewCase::DueTime)
        .col(ReviewCase::Owner)
        .col(ReviewCase::Id)
        .take()
}

/// Builds the index by which the cases of a claim are found.
fn review_case_claim() -> IndexCreateStatement {
    Index::create().name("review_case_claim").table(ReviewCase::Table).col(ReviewCase::Claim).take()
}

/// Builds the index for lists of open and closed cases that are sorted by due time.
fn review_case_due() -> IndexCreateStatement {
    Index::create()
        .name("review_case_due")
        .table(ReviewCase::Table)
        .col(ReviewCase::DueTime)
        .col(ReviewCase::Owner)
        .col(ReviewCase::Id)
        .take()
}

/// Builds the index for lists of cases that are sorted by creation time.
fn review_case_age() -> IndexCreateStatement {
    Index::create()
        .name("review_case_age")
        .table(ReviewCase::Table)
        .col(ReviewCase::CreateTime)
        .col(ReviewCase::Owner)
        .col(ReviewCase::Id)
        .take()
}

fn case_key() -> TableCreateStatement {
    Table::create()
        .table(CaseKey::Table)
        .col(text(CaseKey::Owner))
        .col(text(CaseKey::Key))
        .col(uuid(CaseKey::Id))
        .primary_key(Index::create().col(CaseKey::Owner).col(CaseKey::Key).col(CaseKey::Id))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("case_key_review_case")
                .from(CaseKey::Table, (CaseKey::Owner, CaseKey::Id))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Builds the index by which the keys of a case are found.
fn case_key_case() -> IndexCreateStatement {
    Index::create().name("case_key_case").table(CaseKey::Table).col(CaseKey::Owner).col(CaseKey::Id).take()
}

fn tenant_competition_lock() -> TableCreateStatement {
    Table::create().table(TenantCompetitionLock::Table).col(text(TenantCompetitionLock::Owner).primary_key()).take()
}

fn competition_check() -> TableCreateStatement {
    Table::create()
        .table(CompetitionCheck::Table)
        .col(text(CompetitionCheck::Owner))
        .col(uuid(CompetitionCheck::Id))
        .col(big_integer(CompetitionCheck::RequestedCount))
        .col(big_integer(CompetitionCheck::CompletedCount))
        .primary_key(Index::create().col(CompetitionCheck::Owner).col(CompetitionCheck::Id))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("competition_check_review_case")
                .from(CompetitionCheck::Table, (CompetitionCheck::Owner, CompetitionCheck::Id))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Builds the index by which checks that have not run yet are found.
fn competition_check_open() -> IndexCreateStatement {
    Index::create()
        .name("competition_check_open")
        .table(CompetitionCheck::Table)
        .col(CompetitionCheck::Owner)
        .col(CompetitionCheck::Id)
        .and_where(Expr::col(CompetitionCheck::CompletedCount).lt(Expr::col(CompetitionCheck::RequestedCount)))
        .take()
}

fn review_note() -> TableCreateStatement {
    Table::create()
        .table(ReviewNote::Table)
        .col(text(ReviewNote::Owner))
        .col(uuid(ReviewNote::CaseId))
        .col(big_integer(ReviewNote::Position))
        .col(uuid(ReviewNote::Id))
        .col(text(ReviewNote::Author))
        .col(text(ReviewNote::Text))
        .col(timestamp_with_time_zone(ReviewNote::CreateTime))
        .primary_key(Index::create().col(ReviewNote::Owner).col(ReviewNote::CaseId).col(ReviewNote::Position))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("review_note_review_case")
                .from(ReviewNote::Table, (ReviewNote::Owner, ReviewNote::CaseId))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn arbitration() -> TableCreateStatement {
    Table::create()
        .table(Arbitration::Table)
        .col(text(Arbitration::Owner))
        .col(uuid(Arbitration::Id))
        .col(big_integer(Arbitration::Version))
        .col(json_binary(Arbitration::Body))
        .col(timestamp_with_time_zone(Arbitration::CreateTime))
        .primary_key(Index::create().col(Arbitration::Owner).col(Arbitration::Id))
        .take()
}

fn arbitrated_key() -> TableCreateStatement {
    Table::create()
        .table(ArbitratedKey::Table)
        .col(text(ArbitratedKey::Owner))
        .col(text(ArbitratedKey::Key))
        .col(uuid(ArbitratedKey::Id))
        .primary_key(Index::create().col(ArbitratedKey::Owner).col(ArbitratedKey::Key))
        // Arbitrations are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("arbitrated_key_arbitration")
                .from(ArbitratedKey::Table, (ArbitratedKey::Owner, ArbitratedKey::Id))
                .to(Arbitration::Table, (Arbitration::Owner, Arbitration::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn case_log() -> TableCreateStatement {
    Table::create()
        .table(CaseLog::Table)
        .col(text(CaseLog::Owner))
        .col(uuid(CaseLog::CaseId))
        .col(big_integer(CaseLog::Version))
        .col(big_integer(CaseLog::Mark))
        .col(big_integer(CaseLog::Sequence))
        .primary_key(Index::create().col(CaseLog::Owner).col(CaseLog::CaseId).col(CaseLog::Version))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("case_log_case")
                .from(CaseLog::Table, (CaseLog::Owner, CaseLog::CaseId))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Builds the index for reading the log of the changes of all cases, in the order of commits (R59).
fn case_log_sequence() -> IndexCreateStatement {
    Index::create().name("case_log_sequence").table(CaseLog::Table).unique().col(CaseLog::Sequence).take()
}

/// Builds the index for reading the part of the log that is about one tenant (R59).
fn case_log_owner_sequence() -> IndexCreateStatement {
    Index::create()
        .name("case_log_owner_sequence")
        .table(CaseLog::Table)
        .unique()
        .col(CaseLog::Owner)
        .col(CaseLog::Sequence)
        .take()
}

/// Builds the table of the last sequence number in the log.
fn case_log_end() -> TableCreateStatement {
    Table::create()
        .table(CaseLogEnd::Table)
        .col(text(CaseLogEnd::Owner).primary_key())
        .col(big_integer(CaseLogEnd::Last))
        .take()
}

fn pending_decision() -> TableCreateStatement {
    Table::create()
        .table(PendingDecision::Table)
        .col(text(PendingDecision::Owner))
        .col(uuid(PendingDecision::Id))
        .col(text(PendingDecision::Kind).check(Expr::col(PendingDecision::Kind).is_in(KINDS)))
        .col(uuid(PendingDecision::DecisionId))
        .col(timestamp_with_time_zone(PendingDecision::ResumeTime))
        .col(big_integer(PendingDecision::Attempts))
        .primary_key(Index::create().col(PendingDecision::Owner).col(PendingDecision::Id))
        .take()
}

/// Builds the index by which decisions are found whose lease or delay has expired.
fn pending_decision_resume() -> IndexCreateStatement {
    Index::create()
        .name("pending_decision_resume")
        .table(PendingDecision::Table)
        .col(PendingDecision::ResumeTime)
        .take()
}
