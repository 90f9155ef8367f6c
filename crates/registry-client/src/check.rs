//! The argument and result types of [`Registry::check_claim`](crate::Registry::check_claim), which
//! checks a claim against the registry's data about partners, tenants and products (R12).
use cpor_types::{
    AssociationKey, DomainName, LegacyHolderId, LineId, MailLanguage, MpnId, PartnerId, ProductFamily, ProductId,
    ProductKind, SolutionArea, SubscriptionId, TenantId, Timestamp,
};

use crate::RegistryReason;

/// The fields of a claim that are to be checked. A field that is `None` is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimToCheck {
    /// The partner that makes the claim.
    pub partner: PartnerId,
    /// The MPN (Microsoft Partner Network) id of the partner's location.
    pub mpn_id: Option<MpnId>,
    /// The tenant id as the user entered it.
    pub tenant_id: Option<String>,
    /// The domain of the customer as the user entered it.
    pub customer_domain: Option<String>,
    /// The solution area to which each product must belong.
    pub solution_area: Option<SolutionArea>,
    /// The lines of the claim, each about one workload or subscription.
    pub lines: Vec<LineToCheck>,
    /// The location and the domain of a submitted claim, which stay valid even if the directory has
    /// changed since (R2a). `None` for a draft.
    pub submitted: Option<SubmittedFields>,
    /// Whether the result contains the lines that the partner could claim.
    pub suggest_lines: bool,
}

/// The location and the domain that a claim was submitted with. It keeps them, even if the
/// directory changes later (R2a).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmittedFields {
    /// The MPN (Microsoft Partner Network) id of the partner's location.
    pub mpn_id: MpnId,
    /// The domain of the customer as the user entered it.
    pub customer_domain: String,
}

/// A line of a claim that is to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineToCheck {
    /// The id of the line within the claim.
    pub line_id: LineId,
    /// The id of the claimed product.
    pub product: ProductId,
    /// The subscription id as the user entered it.
    pub subscription_id: Option<String>,
}

/// The result of checking a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedClaim {
    /// Every violation (R12). The claim is valid if there are none.
    pub violations: Vec<Violation>,
    /// The display name of the partner, or `None` when the registry does not know the partner.
    pub partner_display_name: Option<String>,
    /// The partner's location with the claim's MPN id, or `None` when the MPN id is not set or does
    /// not belong to the partner.
    pub location: Option<Location>,
    /// The tenant, or `None` when its id is not set or unknown, or the domain is not one of its own
    /// (R12a).
    pub tenant: Option<Tenant>,
    /// One result for each line, in the order of the lines.
    pub lines: Vec<CheckedLine>,
    /// The changes of the directory since the claim was submitted that would be violations in a new
    /// claim. They are none in this claim, because it keeps its location, domain and tenant (R2a).
    pub changes: Vec<Violation>,
    /// The lines that could be claimed, if the request asked for them.
    pub suggestions: Vec<SuggestedLine>,
}

/// One thing that is wrong with one field of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field: `mpn_id`, `tenant_id`, `customer_domain`, `lines[0].product`,
    /// `lines[0].subscription_id`.
    pub field: String,
    /// The rule that is violated.
    pub reason: RegistryReason,
    /// The violation as a sentence for users.
    pub description: String,
}

/// A place of business of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The Microsoft Partner Network (MPN) id, which identifies the location.
    pub mpn_id: MpnId,
    /// The region, for example `emea`.
    pub region: String,
    /// The id of the calendar by which the partner's deadlines are counted.
    pub calendar: String,
    /// The language of the mails about claims of the location.
    pub language: MailLanguage,
}

/// A tenant: the directory of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The directory id.
    pub id: TenantId,
    /// The display name of the customer.
    pub display_name: String,
    /// The region, for example `emea`.
    pub region: String,
    /// The domains that belong to the tenant.
    pub domains: Vec<DomainName>,
    /// The id of the calendar by which the customer's time to decline a claim is counted.
    pub calendar: String,
}

/// The result of checking one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedLine {
    /// The id of the line within the claim.
    pub line_id: LineId,
    /// The product, or `None` when it is not in the catalog.
    pub product: Option<Product>,
    /// The subscription that was entered, or the tenant's only claimable subscription of the
    /// product when none was entered (R10 g).
    pub subscription_id: Option<SubscriptionId>,
    /// The workload or subscription that the partner would hold by this line, or `None` when it
    /// cannot be determined.
    pub key: Option<AssociationKey>,
    /// The other company that holds the key by a legacy association, which was imported from
    /// before CPOR and has no claim (R58).
    pub legacy_holder: Option<LegacyHolderId>,
}

/// A workload or subscription of a tenant that can be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedLine {
    /// The product that can be claimed.
    pub product: Product,
    /// The subscription, or `None` for a workload.
    pub subscription_id: Option<SubscriptionId>,
    /// The end of the subscription or of the use of the workload, if it is known.
    pub end_time: Option<Timestamp>,
}

/// A product of the catalog (R9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The id in the catalog.
    pub id: ProductId,
    /// The name that users see.
    pub display_name: String,
    /// The solution area in which the product is claimed.
    pub solution_area: SolutionArea,
    /// The family of the product. A claim of a `Dynamics365` product needs a technical contact (R10
    /// i).
    pub family: ProductFamily,
    /// Whether the product is claimed as a workload or by subscription.
    pub kind: ProductKind,
    /// Whether partners are paid for the product. For other products, a partner is only recognised.
    pub incentivized: bool,
}
