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
    QueueTime,
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
enum TenantContest {
    Table,
    Owner,
}

#[derive(DeriveIden)]
enum ContestCheck {
    Table,
    Owner,
    Id,
    Asked,
    Answered,
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
enum PendingApproval {
    Table,
    Owner,
    Id,
    Work,
    DecisionId,
    ResumeTime,
    Attempts,
}

/// The values of the column `state` of cases.
const STATES: [&str; 7] =
    ["waiting", "under_review", "partner_action_required", "approving", "approved", "rejected", "closed"];

/// The values of the column `work` of pending decisions.
const WORK: [&str; 2] = ["approval", "arbitration"];

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
            tenant_contest(),
            contest_check(),
            review_note(),
            arbitration(),
            arbitrated_key(),
            pending_approval(),
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
            contest_check_unanswered(),
            pending_approval_resume(),
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
    use ReviewCase as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(text(T::State).check(Expr::col(T::State).is_in(STATES)))
        .col(text_null(T::Reviewer))
        .col(text(T::Claim))
        .col(timestamp_with_time_zone(T::QueueTime))
        .col(boolean(T::Overdue))
        .col(json_binary(T::Snapshot))
        .col(json_binary(T::Body))
        .col(timestamp_with_time_zone(T::CreateTime))
        .col(timestamp_with_time_zone(T::UpdateTime))
        .col(timestamp_with_time_zone_null(T::CloseTime))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// Serves the queue of cases that wait for reviewers. The index contains only open cases, so that
/// closed cases do not slow the queue down.
fn review_case_queue() -> IndexCreateStatement {
    use ReviewCase as T;
    Index::create()
        .name("review_case_queue")
        .table(T::Table)
        .col(T::QueueTime)
        .col(T::Owner)
        .col(T::Id)
        .and_where(Expr::col(T::CloseTime).is_null())
        .take()
}

/// Serves the queue of one reviewer. It contains only open cases.
fn review_case_reviewer() -> IndexCreateStatement {
    use ReviewCase as T;
    Index::create()
        .name("review_case_reviewer")
        .table(T::Table)
        .col(T::Reviewer)
        .col(T::QueueTime)
        .col(T::Owner)
        .col(T::Id)
        .and_where(Expr::col(T::CloseTime).is_null())
        .take()
}

/// Serves lists of the cases in one state.
fn review_case_state() -> IndexCreateStatement {
    use ReviewCase as T;
    Index::create()
        .name("review_case_state")
        .table(T::Table)
        .col(T::State)
        .col(T::QueueTime)
        .col(T::Owner)
        .col(T::Id)
        .take()
}

/// Serves the search for the cases of a claim.
fn review_case_claim() -> IndexCreateStatement {
    use ReviewCase as T;
    Index::create().name("review_case_claim").table(T::Table).col(T::Claim).take()
}

/// Serves lists of open and closed cases by due time.
fn review_case_due() -> IndexCreateStatement {
    use ReviewCase as T;
    Index::create().name("review_case_due").table(T::Table).col(T::QueueTime).col(T::Owner).col(T::Id).take()
}

/// Serves lists of cases by creation.
fn review_case_age() -> IndexCreateStatement {
    use ReviewCase as T;
    Index::create().name("review_case_age").table(T::Table).col(T::CreateTime).col(T::Owner).col(T::Id).take()
}

fn case_key() -> TableCreateStatement {
    use CaseKey as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(text(T::Key))
        .col(uuid(T::Id))
        .primary_key(Index::create().col(T::Owner).col(T::Key).col(T::Id))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("case_key_review_case")
                .from(T::Table, (T::Owner, T::Id))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Serves the search for the keys of a case.
fn case_key_case() -> IndexCreateStatement {
    use CaseKey as T;
    Index::create().name("case_key_case").table(T::Table).col(T::Owner).col(T::Id).take()
}

fn tenant_contest() -> TableCreateStatement {
    use TenantContest as T;
    Table::create().table(T::Table).col(text(T::Owner).primary_key()).take()
}

fn contest_check() -> TableCreateStatement {
    use ContestCheck as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Asked))
        .col(big_integer(T::Answered))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("contest_check_review_case")
                .from(T::Table, (T::Owner, T::Id))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Serves the search for checks that have not run yet.
fn contest_check_unanswered() -> IndexCreateStatement {
    use ContestCheck as T;
    Index::create()
        .name("contest_check_unanswered")
        .table(T::Table)
        .col(T::Owner)
        .col(T::Id)
        .and_where(Expr::col(T::Answered).lt(Expr::col(T::Asked)))
        .take()
}

fn review_note() -> TableCreateStatement {
    use ReviewNote as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::CaseId))
        .col(big_integer(T::Position))
        .col(uuid(T::Id))
        .col(text(T::Author))
        .col(text(T::Text))
        .col(timestamp_with_time_zone(T::CreateTime))
        .primary_key(Index::create().col(T::Owner).col(T::CaseId).col(T::Position))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("review_note_review_case")
                .from(T::Table, (T::Owner, T::CaseId))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn arbitration() -> TableCreateStatement {
    use Arbitration as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(json_binary(T::Body))
        .col(timestamp_with_time_zone(T::CreateTime))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

fn arbitrated_key() -> TableCreateStatement {
    use ArbitratedKey as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(text(T::Key))
        .col(uuid(T::Id))
        .primary_key(Index::create().col(T::Owner).col(T::Key))
        // Arbitrations are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("arbitrated_key_arbitration")
                .from(T::Table, (T::Owner, T::Id))
                .to(Arbitration::Table, (Arbitration::Owner, Arbitration::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn case_log() -> TableCreateStatement {
    use CaseLog as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::CaseId))
        .col(big_integer(T::Version))
        .col(big_integer(T::Mark))
        .col(big_integer(T::Sequence))
        .primary_key(Index::create().col(T::Owner).col(T::CaseId).col(T::Version))
        // Cases are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("case_log_case")
                .from(T::Table, (T::Owner, T::CaseId))
                .to(ReviewCase::Table, (ReviewCase::Owner, ReviewCase::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// R59: the log contains the changes of all cases, in the order of commits.
fn case_log_sequence() -> IndexCreateStatement {
    use CaseLog as T;
    Index::create().name("case_log_sequence").table(T::Table).unique().col(T::Sequence).take()
}

/// R59: the log of a tenant is the part of the log that is about the tenant.
fn case_log_owner_sequence() -> IndexCreateStatement {
    use CaseLog as T;
    Index::create().name("case_log_owner_sequence").table(T::Table).unique().col(T::Owner).col(T::Sequence).take()
}

/// The last sequence number in the log.
fn case_log_end() -> TableCreateStatement {
    use CaseLogEnd as T;
    Table::create().table(T::Table).col(text(T::Owner).primary_key()).col(big_integer(T::Last)).take()
}

fn pending_approval() -> TableCreateStatement {
    use PendingApproval as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(text(T::Work).check(Expr::col(T::Work).is_in(WORK)))
        .col(uuid(T::DecisionId))
        .col(timestamp_with_time_zone(T::ResumeTime))
        .col(big_integer(T::Attempts))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// Serves the search for decisions whose lease or delay has expired.
fn pending_approval_resume() -> IndexCreateStatement {
    use PendingApproval as T;
    Index::create().name("pending_approval_resume").table(T::Table).col(T::ResumeTime).take()
}
