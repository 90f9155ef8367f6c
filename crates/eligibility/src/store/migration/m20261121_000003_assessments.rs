//! Creates the tables of assessments, usage, earnings, payouts and program guides.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, boolean, json_binary, text, text_null, timestamp_with_time_zone,
        timestamp_with_time_zone_null, uuid, uuid_null,
    },
    sea_orm::DeriveIden,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Assessment {
    Table,
    Owner,
    Id,
    Version,
    Partner,
    Stale,
    Edition,
    OfficialTime,
    EndTime,
    Month,
    Guide,
    Verdicts,
    State,
}

#[derive(DeriveIden)]
enum AssessmentMonth {
    Table,
    Owner,
    Id,
    Month,
    Body,
}

#[derive(DeriveIden)]
enum AssessmentKey {
    Table,
    Owner,
    Id,
    Key,
}

#[derive(DeriveIden)]
enum UsageMonth {
    Table,
    Owner,
    Key,
    Month,
    Revision,
    ActiveUsers,
    PaidAvailableUnits,
    SeatsSold,
    Consumption,
    ImportTime,
    Pending,
}

#[derive(DeriveIden)]
enum UsageReplaced {
    Table,
    Owner,
    Key,
    Month,
    Revision,
    ActiveUsers,
    PaidAvailableUnits,
    SeatsSold,
    Consumption,
    ImportTime,
    ReplaceTime,
}

#[derive(DeriveIden)]
enum PartnerRecord {
    Table,
    Partner,
    Sequence,
    Record,
}

#[derive(DeriveIden)]
enum Payout {
    Table,
    Owner,
    Id,
    Version,
    MpnId,
    Currency,
    Period,
    State,
    Reference,
    EstimatedDate,
    ActualDate,
    CreateTime,
    AmountMicros,
    LineCount,
    Body,
}

#[derive(DeriveIden)]
enum PayoutLine {
    Table,
    Owner,
    Payout,
    Tenant,
    Earning,
}

#[derive(DeriveIden)]
enum LedgerEnd {
    Table,
    Owner,
    Last,
}

#[derive(DeriveIden)]
enum Earning {
    Table,
    Owner,
    Id,
    Partner,
    MpnId,
    Claim,
    Key,
    Month,
    PayoutPeriod,
    AccrueTime,
    Number,
    Sequence,
    Currency,
    AmountMicros,
    Body,
    Status,
    Payout,
    Reference,
    PayTime,
}

#[derive(DeriveIden)]
enum CatalogFact {
    Table,
    StartTime,
    Sequence,
    Products,
}

#[derive(DeriveIden)]
enum DeclinedPayment {
    Table,
    Owner,
    Id,
}

#[derive(DeriveIden)]
enum GuideCatalog {
    Table,
    Owner,
    Id,
    Version,
    State,
}

/// The values of the column `earning.status`.
const STATUSES: [&str; 3] = ["nothing_due", "accrued", "paid"];

/// The values of the column `payout.state`.
const PAYOUT_STATES: [&str; 4] = ["upcoming", "processing", "sent", "reversed"];

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            assessment(),
            assessment_month(),
            assessment_key(),
            usage_month(),
            usage_replaced(),
            partner_record(),
            payout(),
            earning(),
            payout_line(),
            ledger_end(),
            declined_payment(),
            catalog_fact(),
            guide_catalog(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        let indexes = [
            assessment_stale(),
            assessment_edition(),
            assessment_partner(),
            assessment_official(),
            assessment_key_key(),
            usage_month_pending(),
            earning_time(),
            earning_month(),
            earning_partner(),
            earning_tenant(),
            earning_key(),
            earning_due(),
            earning_payout(),
            earning_sequence(),
            earning_log("earning_partner_sequence", Earning::Partner),
            earning_log("earning_tenant_sequence", Earning::Owner),
            payout_live(),
            payout_reference(),
            payout_time(),
            payout_partner(),
            payout_line_earning(),
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

fn assessment() -> TableCreateStatement {
    use Assessment as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(text(T::Partner))
        .col(boolean(T::Stale))
        .col(big_integer(T::Edition))
        .col(timestamp_with_time_zone(T::OfficialTime))
        .col(timestamp_with_time_zone_null(T::EndTime))
        .col(text(T::Month))
        .col(text(T::Guide))
        .col(text(T::Verdicts))
        .col(json_binary(T::State))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// Serves the assessor (the background task that assesses claims), which polls for claims to assess
/// again. The index contains only these, so that the poll is cheap.
fn assessment_stale() -> IndexCreateStatement {
    use Assessment as T;
    Index::create()
        .name("assessment_stale")
        .table(T::Table)
        .col(T::Owner)
        .col(T::Id)
        .and_where(Expr::col(T::Stale))
        .take()
}

/// Serves the search for assessments that were made with an earlier edition of the guide catalog.
fn assessment_edition() -> IndexCreateStatement {
    use Assessment as T;
    Index::create().name("assessment_edition").table(T::Table).col(T::Edition).col(T::Owner).col(T::Id).take()
}

/// Serves lists for a partner, and the search for the assessments that a change of the partner
/// affects.
fn assessment_partner() -> IndexCreateStatement {
    use Assessment as T;
    Index::create().name("assessment_partner").table(T::Table).col(T::Partner).col(T::Owner).col(T::Id).take()
}

/// Serves lists by the time at which the association became official.
fn assessment_official() -> IndexCreateStatement {
    use Assessment as T;
    Index::create().name("assessment_official").table(T::Table).col(T::OfficialTime).col(T::Owner).col(T::Id).take()
}

fn assessment_month() -> TableCreateStatement {
    use AssessmentMonth as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(text(T::Month))
        .col(json_binary(T::Body))
        .primary_key(Index::create().col(T::Owner).col(T::Id).col(T::Month))
        // Assessments are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("assessment_month_assessment")
                .from(T::Table, (T::Owner, T::Id))
                .to(Assessment::Table, (Assessment::Owner, Assessment::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn assessment_key() -> TableCreateStatement {
    use AssessmentKey as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(text(T::Key))
        .primary_key(Index::create().col(T::Owner).col(T::Id).col(T::Key))
        // Assessments are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("assessment_key_assessment")
                .from(T::Table, (T::Owner, T::Id))
                .to(Assessment::Table, (Assessment::Owner, Assessment::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Serves the search for the assessments that depend on imported usage.
fn assessment_key_key() -> IndexCreateStatement {
    use AssessmentKey as T;
    Index::create().name("assessment_key_key").table(T::Table).col(T::Owner).col(T::Key).take()
}

fn usage_month() -> TableCreateStatement {
    use UsageMonth as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(text(T::Key))
        .col(text(T::Month))
        .col(big_integer(T::Revision))
        .col(big_integer_null(T::ActiveUsers))
        .col(big_integer_null(T::PaidAvailableUnits))
        .col(big_integer_null(T::SeatsSold))
        .col(big_integer_null(T::Consumption))
        .col(timestamp_with_time_zone(T::ImportTime))
        .col(boolean(T::Pending))
        .primary_key(Index::create().col(T::Owner).col(T::Key).col(T::Month))
        .take()
}

/// Serves the assessor, which polls for months that no assessment has used yet.
fn usage_month_pending() -> IndexCreateStatement {
    use UsageMonth as T;
    Index::create()
        .name("usage_month_pending")
        .table(T::Table)
        .col(T::Owner)
        .col(T::Key)
        .col(T::Month)
        .and_where(Expr::col(T::Pending))
        .take()
}

fn usage_replaced() -> TableCreateStatement {
    use UsageReplaced as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(text(T::Key))
        .col(text(T::Month))
        .col(big_integer(T::Revision))
        .col(big_integer_null(T::ActiveUsers))
        .col(big_integer_null(T::PaidAvailableUnits))
        .col(big_integer_null(T::SeatsSold))
        .col(big_integer_null(T::Consumption))
        .col(timestamp_with_time_zone(T::ImportTime))
        .col(timestamp_with_time_zone(T::ReplaceTime))
        .primary_key(Index::create().col(T::Owner).col(T::Key).col(T::Month).col(T::Revision))
        // Months of usage are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("usage_replaced_month")
                .from_tbl(T::Table)
                .from_col(T::Owner)
                .from_col(T::Key)
                .from_col(T::Month)
                .to_tbl(UsageMonth::Table)
                .to_col(UsageMonth::Owner)
                .to_col(UsageMonth::Key)
                .to_col(UsageMonth::Month)
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn partner_record() -> TableCreateStatement {
    use PartnerRecord as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Partner).primary_key())
        .col(big_integer(T::Sequence))
        .col(json_binary(T::Record))
        .take()
}

fn payout() -> TableCreateStatement {
    use Payout as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(text(T::MpnId))
        .col(text(T::Currency))
        .col(text(T::Period))
        .col(text(T::State).check(Expr::col(T::State).is_in(PAYOUT_STATES)))
        .col(text_null(T::Reference))
        .col(text(T::EstimatedDate))
        .col(text_null(T::ActualDate))
        .col(timestamp_with_time_zone(T::CreateTime))
        .col(big_integer(T::AmountMicros))
        .col(big_integer(T::LineCount))
        .col(json_binary(T::Body))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// Makes sure that a location has at most one payout that is not reversed for each currency and
/// period.
fn payout_live() -> IndexCreateStatement {
    use Payout as T;
    Index::create()
        .name("payout_live")
        .table(T::Table)
        .unique()
        .col(T::Owner)
        .col(T::MpnId)
        .col(T::Currency)
        .col(T::Period)
        .and_where(Expr::col(T::State).ne("reversed"))
        .take()
}

/// Serves imports, and makes sure that two payouts of a payee do not have the same reference. Any
/// number of payouts can have none, because the databases treat null values as different.
fn payout_reference() -> IndexCreateStatement {
    use Payout as T;
    Index::create()
        .name("payout_reference")
        .table(T::Table)
        .unique()
        .col(T::Owner)
        .col(T::MpnId)
        .col(T::Currency)
        .col(T::Reference)
        .take()
}

/// Serves lists of all payouts.
fn payout_time() -> IndexCreateStatement {
    use Payout as T;
    Index::create().name("payout_time").table(T::Table).col(T::CreateTime).col(T::Id).take()
}

/// Serves lists of a partner's payouts.
fn payout_partner() -> IndexCreateStatement {
    use Payout as T;
    Index::create().name("payout_partner").table(T::Table).col(T::Owner).col(T::CreateTime).col(T::Id).take()
}

fn payout_line() -> TableCreateStatement {
    use PayoutLine as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Payout))
        .col(text(T::Tenant))
        .col(uuid(T::Earning))
        .primary_key(Index::create().col(T::Owner).col(T::Payout).col(T::Tenant).col(T::Earning))
        // Payouts are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("payout_line_payout")
                .from(T::Table, (T::Owner, T::Payout))
                .to(Payout::Table, (Payout::Owner, Payout::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        // Earnings are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("payout_line_earning")
                .from(T::Table, (T::Tenant, T::Earning))
                .to(Earning::Table, (Earning::Owner, Earning::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Serves the search for the payouts of an earning.
fn payout_line_earning() -> IndexCreateStatement {
    use PayoutLine as T;
    Index::create().name("payout_line_earning_index").table(T::Table).col(T::Tenant).col(T::Earning).take()
}

fn ledger_end() -> TableCreateStatement {
    use LedgerEnd as T;
    Table::create().table(T::Table).col(text(T::Owner).primary_key()).col(big_integer(T::Last)).take()
}

fn catalog_fact() -> TableCreateStatement {
    use CatalogFact as T;
    Table::create()
        .table(T::Table)
        .col(big_integer(T::Sequence).primary_key())
        .col(timestamp_with_time_zone(T::StartTime))
        .col(json_binary(T::Products))
        .take()
}

fn declined_payment() -> TableCreateStatement {
    use DeclinedPayment as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

fn earning() -> TableCreateStatement {
    use Earning as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(text(T::Partner))
        .col(text(T::MpnId))
        .col(uuid(T::Claim))
        .col(text(T::Key))
        .col(text(T::Month))
        .col(text(T::PayoutPeriod))
        .col(timestamp_with_time_zone(T::AccrueTime))
        .col(big_integer(T::Number))
        .col(big_integer(T::Sequence))
        .col(text_null(T::Currency))
        .col(big_integer_null(T::AmountMicros))
        .col(json_binary(T::Body))
        .col(text(T::Status).check(Expr::col(T::Status).is_in(STATUSES)))
        .col(uuid_null(T::Payout))
        .col(text_null(T::Reference))
        .col(timestamp_with_time_zone_null(T::PayTime))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        // Assessments are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("earning_assessment")
                .from(T::Table, (T::Owner, T::Claim))
                .to(Assessment::Table, (Assessment::Owner, Assessment::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        // Payouts are never deleted. The databases do not check the key while `payout` is null.
        .foreign_key(
            ForeignKey::create()
                .name("earning_paid_by")
                .from(T::Table, (T::Partner, T::Payout))
                .to(Payout::Table, (Payout::Owner, Payout::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Serves lists of all earnings, in the order of their recording.
fn earning_time() -> IndexCreateStatement {
    use Earning as T;
    Index::create().name("earning_time").table(T::Table).col(T::AccrueTime).col(T::Number).col(T::Id).take()
}

/// Serves lists of all earnings by month.
fn earning_month() -> IndexCreateStatement {
    use Earning as T;
    Index::create().name("earning_month").table(T::Table).col(T::Month).col(T::Number).col(T::Id).take()
}

/// Serves lists of a partner's earnings, in the order of their recording.
fn earning_partner() -> IndexCreateStatement {
    earning_list("earning_partner", Earning::Partner)
}

/// Serves lists of a tenant's earnings, in the order of their recording.
fn earning_tenant() -> IndexCreateStatement {
    earning_list("earning_tenant", Earning::Owner)
}

/// Serves lists of the earnings of a workload or subscription, in the order of their recording.
fn earning_key() -> IndexCreateStatement {
    earning_list("earning_key", Earning::Key)
}

/// Returns the index for lists of the earnings that have the same value in a column.
fn earning_list(name: &str, column: Earning) -> IndexCreateStatement {
    use Earning as T;
    Index::create().name(name).table(T::Table).col(column).col(T::AccrueTime).col(T::Number).col(T::Id).take()
}

/// Serves the creation of payouts, which contain the unpaid earnings that are on no other payout.
fn earning_due() -> IndexCreateStatement {
    use Earning as T;
    Index::create()
        .name("earning_due")
        .table(T::Table)
        .col(T::Partner)
        .col(T::MpnId)
        .col(T::Currency)
        .col(T::PayoutPeriod)
        .and_where(Expr::col(T::Status).eq("accrued").and(Expr::col(T::Payout).is_null()))
        .take()
}

/// Serves the streams of `WatchEarnings` for all earnings, and makes sure that each earning has its
/// own number.
fn earning_sequence() -> IndexCreateStatement {
    use Earning as T;
    Index::create().name("earning_sequence").table(T::Table).unique().col(T::Sequence).take()
}

/// Returns the index for the streams of `WatchEarnings` that contain the earnings with the same
/// value in a column.
fn earning_log(name: &str, column: Earning) -> IndexCreateStatement {
    use Earning as T;
    Index::create().name(name).table(T::Table).unique().col(column).col(T::Sequence).take()
}

/// Serves the updates of the earnings on a payout when its payment is sent or reversed.
fn earning_payout() -> IndexCreateStatement {
    use Earning as T;
    Index::create()
        .name("earning_payout")
        .table(T::Table)
        .col(T::Payout)
        .and_where(Expr::col(T::Payout).is_not_null())
        .take()
}

fn guide_catalog() -> TableCreateStatement {
    use GuideCatalog as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(json_binary(T::State))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}
