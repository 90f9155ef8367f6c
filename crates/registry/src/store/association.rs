//! The conversion between associations (a partner on record for a workload or subscription of a
//! tenant) and rows of the table `association`. `hold_time` is the time at which the association
//! was created, and from which its partner holds the workload or subscription: the approval of the
//! claim, or the import of a legacy association. A legacy association was recorded before claims
//! existed (R58). Its *holder* is its partner; the erasure is the record of who erased the contact
//! of the holder, when and why (R56).
use cpor_durable::StoreError;
use cpor_types::{AssociationId, ClaimName, TenantId};
use sea_orm::ActiveValue::Set;

use super::entity::association::{ActiveModel, HolderContactColumn, HolderErasureColumn, Model};
use super::row::RowContext;
use crate::domain::association::{Association, AssociationState, ClaimedLine, Source};

impl TryFrom<Model> for Association {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let context = RowContext { table: "association", owner: &TenantId::from(row.tenant), id: row.id.into() };
        let state = match (row.official_time, row.end_time, row.end_reason) {
            (None, None, None) => AssociationState::Pending,
            (Some(official_time), None, None) => AssociationState::Official { official_time },
            (official_time, Some(end_time), Some(reason)) => {
                AssociationState::Ended { official_time, end_time, reason: reason.into() }
            }
            (_, None, Some(_)) | (_, Some(_), None) => {
                return Err(context.inconsistent("end_time and end_reason must be set together"));
            }
        };
        let partner = context.parse_text(row.partner.as_str())?;
        let source = match (row.claim, row.line, row.submit_time) {
            (None, None, None) => Source::Legacy {
                partner,
                contact: row.holder_contact.map(|HolderContactColumn(contact)| contact),
                erasure: row.holder_erasure.map(|HolderErasureColumn(erasure)| erasure),
            },
            (Some(claim), Some(line), Some(submit_time)) => Source::Claim(ClaimedLine {
                claim: ClaimName { partner, claim: claim.into() },
                line_id: line.into(),
                review_case: row.review_case.map(Into::into),
                submit_time,
            }),
            (_, _, _) => return Err(context.inconsistent("claim, line and submit_time must be set together")),
        };
        Ok(Self {
            source,
            mpn_id: context.parse_text(&row.mpn_id)?,
            product: context.parse_text(&row.product)?,
            key: context.parse_text(&row.key)?,
            activity: row.activity.into(),
            is_exclusive: row.exclusive,
            hold_time: row.hold_time,
            state,
        })
    }
}

/// Converts an association to its row.
pub(super) fn to_row(tenant: TenantId, id: AssociationId, association: &Association) -> ActiveModel {
    let (official_time, end_time, end_reason) = match association.state {
        AssociationState::Pending => (None, None, None),
        AssociationState::Official { official_time } => (Some(official_time), None, None),
        AssociationState::Ended { official_time, end_time, reason } => {
            (official_time, Some(end_time), Some(reason.into()))
        }
    };
    let line = association.claimed_line();
    ActiveModel {
        tenant: Set(tenant.into()),
        id: Set(id.into()),
        partner: Set(association.partner().into()),
        claim: Set(line.map(|line| line.claim.claim.into())),
        line: Set(line.map(|line| line.line_id.into())),
        review_case: Set(line.and_then(|line| line.review_case).map(Into::into)),
        mpn_id: Set(association.mpn_id.to_string()),
        product: Set(association.product.to_string()),
        key: Set(association.key.to_string()),
        activity: Set(association.activity.into()),
        exclusive: Set(association.is_exclusive),
        submit_time: Set(line.map(|line| line.submit_time)),
        holder_contact: Set(association.holder_contact().cloned().map(HolderContactColumn)),
        holder_erasure: Set(association.holder_erasure().cloned().map(HolderErasureColumn)),
        hold_time: Set(association.hold_time),
        official_time: Set(official_time),
        end_time: Set(end_time),
        end_reason: Set(end_reason),
    }
}
