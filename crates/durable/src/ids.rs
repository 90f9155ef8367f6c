//! The types of id columns, for the entities of all services.
//!
//! The ids of `cpor_types` know no database. These do, and convert from and to those. Each type
//! exists once, so that a foreign key has the same type as the key that it refers to.
cpor_bulk_rows::text_ids! {
    /// The column of a partner's id.
    PartnerId;
    /// The column of a tenant's id, as text. It is the `owner` of what belongs to a tenant.
    TenantId;
}

cpor_bulk_rows::uuid_ids! {
    /// The column of a claim's id, and of the consent of that claim.
    ClaimId;
    /// The column of the id of a claim's line.
    LineId;
    /// The column of a review case's id.
    CaseId;
    /// The column of the id of a document.
    EvidenceId;
    /// The column of a comment's id.
    CommentId;
    /// The column of the id of a decision about keys.
    DecisionId;
    /// The column of an association's id.
    AssociationId;
    /// The column of a subscription's id.
    SubscriptionId;
    /// The column of the id of a notice to a customer.
    NoticeId;
    /// The column of a mail's id.
    MailId;
    /// The column of the id of a reviewer's note.
    NoteId;
}

/// Implements the conversions from and to ids of `cpor_types` that contain a UUID.
macro_rules! convert_uuid_ids {
    ($($name:ident),+ $(,)?) => { $(
        impl From<cpor_types::$name> for $name {
            fn from(id: cpor_types::$name) -> Self {
                Self(id.uuid())
            }
        }

        impl From<$name> for cpor_types::$name {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    )+ };
}

convert_uuid_ids!(ClaimId, LineId, CaseId, EvidenceId, CommentId, DecisionId, AssociationId, SubscriptionId);

impl From<cpor_types::TenantId> for TenantId {
    fn from(id: cpor_types::TenantId) -> Self {
        Self(id.to_string())
    }
}

impl From<&cpor_types::PartnerId> for PartnerId {
    fn from(id: &cpor_types::PartnerId) -> Self {
        Self(id.as_str().to_owned())
    }
}

cpor_bulk_rows::text_ids! {
    /// The column of a payout period, such as `2026-Q1`. It is the `owner` of the period's payouts.
    PayoutPeriodId;
}

cpor_bulk_rows::uuid_ids! {
    /// The column of the id of an earning.
    EarningId;
    /// The column of a payout's id.
    PayoutId;
}

cpor_bulk_rows::uuid_ids! {
    /// The column of a tenant's id as a UUID, in the registry, which owns the tenants.
    TenantUuid;
}

impl From<cpor_types::TenantId> for TenantUuid {
    fn from(id: cpor_types::TenantId) -> Self {
        Self(id.uuid())
    }
}

impl From<TenantUuid> for cpor_types::TenantId {
    fn from(id: TenantUuid) -> Self {
        Self(id.0)
    }
}
