//! The table `assessment`: one row for each claim.

use cpor_durable::ids::{ClaimId, PartnerId, TenantId};
use sea_orm::entity::prelude::*;

use super::bodies::AssessmentBody;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ClaimId,
    /// The number of changes of the assessment so far.
    pub(crate) version: i64,
    /// The partner of the claim. Partners see only their own assessments. It is not a foreign key,
    /// because the record of the partner may arrive later or never.
    pub(crate) partner: PartnerId,
    /// Whether the claim must be assessed again. It is a copy from `state`, for the index.
    pub(crate) stale: bool,
    /// The edition of the guide catalog (the number of activations of program guides) at the last
    /// assessment. It is a copy from `state`, for the index.
    pub(crate) edition: i64,
    /// When the association became official. This column and the next ones up to `verdicts` are
    /// copies from `state`, for filters and orders of lists.
    pub(crate) official_time: DateTimeUtc,
    /// When the association ended, if it did.
    pub(crate) end_time: Option<DateTimeUtc>,
    /// The last assessed month, as `YYYY-MM`; empty if no month has been assessed.
    pub(crate) month: String,
    /// The guide of that month, as `programGuides/{guide}`; empty if no month has been assessed.
    pub(crate) guide: String,
    /// The verdicts of that month, each once, as `,eligible,not_eligible,`.
    pub(crate) verdicts: String,
    /// The complete assessment.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) state: AssessmentBody,
    /// The keys (workloads and subscriptions) whose usage the assessment depends on.
    #[sea_orm(has_many)]
    pub(crate) keys: HasMany<super::assessment_key::Entity>,
    /// The latest result of each month.
    #[sea_orm(has_many)]
    pub(crate) months: HasMany<super::assessment_month::Entity>,
    /// The earnings of the claim.
    #[sea_orm(has_many)]
    pub(crate) earnings: HasMany<super::earning::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
