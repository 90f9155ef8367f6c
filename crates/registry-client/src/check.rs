//! A claim held against the directory.
use cpor_types::{
    AssociationKey, DomainName, LineId, MpnId, PartnerId, ProductFamily, ProductId, ProductKind, SolutionArea,
    SubscriptionId, TenantId,
};

use crate::Reason;

/// What a claim says that the directory can judge. What it does not say yet is `None` or absent, and not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimToCheck {
    /// Whose claim it is.
    pub partner: PartnerId,
    /// MPN id of the location.
    pub mpn_id: Option<MpnId>,
    /// Directory id of the customer's tenant, as entered.
    pub tenant_id: Option<String>,
    /// The customer's domain, as entered.
    pub customer_domain: Option<String>,
    /// The solution area.
    pub solution_area: Option<SolutionArea>,
    /// What is claimed.
    pub lines: Vec<LineToCheck>,
}

/// A line to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineToCheck {
    /// Its id within the claim.
    pub line_id: LineId,
    /// Its product.
    pub product: ProductId,
    /// As entered.
    pub subscription_id: Option<String>,
}

/// What the directory says to a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedClaim {
    /// Every fault at once (R12); empty when there is none.
    pub violations: Vec<Violation>,
    /// `None` when the directory does not know the partner.
    pub partner_display_name: Option<String>,
    /// `None` when it is not the partner's, or not named yet.
    pub location: Option<Location>,
    /// `None` when the directory does not know it, or it is not named yet.
    pub tenant: Option<Tenant>,
    /// One for each line asked about, in their order.
    pub lines: Vec<CheckedLine>,
}

/// One thing that the directory does not admit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Field of the claim: `mpn_id`, `tenant_id`, `customer_domain`, `lines[0].product`, `lines[0].subscription_id`.
    pub field: String,
    /// What is wrong.
    pub reason: Reason,
    /// The same in words.
    pub description: String,
}

/// A location of the partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Its MPN id.
    pub mpn_id: MpnId,
    /// Region, for example `emea`.
    pub region: String,
    /// Calendar that the partner's deadlines run by.
    pub calendar: String,
}

/// The customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Directory id.
    pub id: TenantId,
    /// The customer's name.
    pub display_name: String,
    /// Region, for example `emea`.
    pub region: String,
    /// Its domains.
    pub domains: Vec<DomainName>,
    /// Calendar that the consent window runs by.
    pub calendar: String,
}

/// What the directory knows of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedLine {
    /// Its id within the claim.
    pub line_id: LineId,
    /// `None` when the catalog does not list it.
    pub product: Option<Product>,
    /// As entered or, where the tenant has exactly one claimable subscription of the product, that one (R10 g).
    pub subscription_id: Option<SubscriptionId>,
    /// What would be held; `None` when it cannot be told.
    pub key: Option<AssociationKey>,
    /// Another company is on record for it by an association that no claim stands behind (R58).
    pub held_by_legacy: bool,
}

/// A product of the catalog (R9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its id in the catalog.
    pub id: ProductId,
    /// What people call it.
    pub display_name: String,
    /// Its solution area.
    pub solution_area: SolutionArea,
    /// Its family; claims of `Dynamics365` need a technical contact (R10 i).
    pub family: ProductFamily,
    /// What it is claimed per.
    pub kind: ProductKind,
    /// Otherwise it is recognition-only.
    pub incentivised: bool,
}
