//! Declarations that several lists use: functions for fields, and the formats of resource names.
use crate::filter::{Field, FieldType, Format};
use cpor_types::{ClaimName, PartnerName, TenantKey};

use crate::Source;

/// The format of fields with the resource name of a claim.
pub const CLAIM_NAME: Format = Format::of::<ClaimName>("a claim in the format partners/{partner}/claims/{claim}");

/// The format of fields with the resource name of a partner.
pub const PARTNER_NAME: Format = Format::of::<PartnerName>("a partner in the format partners/{partner}");

/// The format of fields with the resource name of a key: a workload or subscription of a tenant.
pub const KEY_NAME: Format = Format::of::<TenantKey>(
    "a key in the format tenants/{tenant}/workloads/{product} or \
                  tenants/{tenant}/subscriptions/{subscription}",
);

/// Declares a filter field that the table stores as `source` says.
#[must_use]
pub const fn field<C: Copy>(name: &'static str, field_type: FieldType, source: Source<C>) -> Field<Source<C>> {
    Field { name, field_type, column: source }
}

/// Declares a filter field that is stored in one column in the form of [`Source::Column`].
#[must_use]
pub const fn column<C: Copy>(name: &'static str, field_type: FieldType, column: C) -> Field<Source<C>> {
    field(name, field_type, Source::Column(column))
}
