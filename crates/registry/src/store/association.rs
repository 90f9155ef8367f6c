//! The conversion between associations and rows of the table `association`.
use cpor_durable::StoreError;
use cpor_durable::rows::Micros;
use cpor_types::{AssociationId, CaseId, ClaimId, ClaimName, LineId, TenantId, Timestamp};
use sea_orm::ActiveValue::Set;

use super::entity::association::{ActiveModel, Model};
use super::row::RowContext;
use crate::domain::association::{Association, AssociationState, ClaimedLine, Source};

impl TryFrom<Model> for Association {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let context = RowContext { table: "association", owner: &row.tenant, id: row.id };
        let end_reason = row.end_reason.as_deref().map(|name| context.parse_text(name)).transpose()?;
        let state = match (row.official_time.map(Timestamp::from), row.end_time.map(Timestamp::from), end_reason) {
            (None, None, None) => AssociationState::Pending,
            (Some(official_time), None, None) => AssociationState::Official { official_time },
            (official_time, Some(end_time), Some(reason)) => {
                AssociationState::Ended { official_time, end_time, reason }
            }
            (_, None, Some(_)) | (_, Some(_), None) => {
                return Err(context.inconsistent("end_time and end_reason must be set together"));
            }
        };
        let partner = context.parse_text(&row.partner)?;
        let source = match (row.claim, row.line, row.submit_time) {
            (None, None, None) => Source::Legacy { partner },
            (Some(claim), Some(line), Some(submit_time)) => Source::Claim(ClaimedLine {
                claim: ClaimName { partner, claim: ClaimId(claim) },
                line_id: LineId(line),
                review_case: row.review_case.map(CaseId),
                submit_time: submit_time.into(),
            }),
            (_, _, _) => return Err(context.inconsistent("claim, line and submit_time must be set together")),
        };
        Ok(Self {
            source,
            mpn_id: context.parse_text(&row.mpn_id)?,
            product: context.parse_text(&row.product)?,
            key: context.parse_text(&row.key)?,
            activity: context.parse_text(&row.activity)?,
            hold_time: row.hold_time.into(),
            state,
        })
    }
}

/// The row of an association.
pub(super) fn to_row(tenant: TenantId, id: AssociationId, association: &Association) -> ActiveModel {
    let (official_time, end_time, end_reason) = match association.state {
        AssociationState::Pending => (None, None, None),
        AssociationState::Official { official_time } => (Some(official_time), None, None),
        AssociationState::Ended { official_time, end_time, reason } => {
            (official_time, Some(end_time), Some(reason.as_str().to_owned()))
        }
    };
    let line = association.claimed_line();
    ActiveModel {
        tenant: Set(tenant.0),
        id: Set(id.0),
        partner: Set(association.partner().to_string()),
        claim: Set(line.map(|line| line.claim.claim.0)),
        line: Set(line.map(|line| line.line_id.0)),
        review_case: Set(line.and_then(|line| line.review_case).map(Into::into)),
        mpn_id: Set(association.mpn_id.to_string()),
        product: Set(association.product.to_string()),
        key: Set(association.key.to_string()),
        activity: Set(association.activity.to_string()),
        submit_time: Set(line.map(|line| line.submit_time.into())),
        hold_time: Set(association.hold_time.into()),
        official_time: Set(official_time.map(Micros::from)),
        end_time: Set(end_time.map(Micros::from)),
        end_reason: Set(end_reason),
    }
}
