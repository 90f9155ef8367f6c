//! The lines of a claim: one for each claimed workload or subscription (R15).
//!
//! A *key* is one workload or subscription of a tenant; at most one company can hold it, that is,
//! have it reserved or be on record for it. A line is contested while another company claims or
//! holds its key. A review lead then awards the line to one of the companies (R37). An
//! *association* puts the partner on record for the key: it is pending from the approval of the
//! claim, and official when the customer has consented.
use std::fmt;

use cpor_types::{
    Activity, AssociationId, AssociationKey, LegacyHolderId, LineId, Month, ProductFamily, ProductId, SubscriptionId,
    Timestamp,
};
pub use cpor_types::{AssociationEndReason as EndReason, Verdict};
use serde::{Deserialize, Serialize};

/// One claimed workload or subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The id of the line. An update keeps the id when product and subscription stay the same.
    pub id: LineId,
    /// The claimed product.
    pub product: ProductId,
    /// The subscription id as the partner entered it. Empty for workloads, and when the registry is
    /// to find the subscription (R10 g).
    pub subscription_id: String,
    /// The registry's data about the line; `None` until the registry has checked the claim.
    pub registry_data: Option<LineRegistryData>,
    /// For each activity, the last assessment of whether the line is eligible for incentives (R52).
    pub assessments: Vec<Assessment>,
    /// Whether another company claims or holds the key of the line (R37).
    pub contested: bool,
    /// The time since which the line is contested; `None` when it is not contested.
    #[serde(default)]
    pub contested_since: Option<Timestamp>,
    /// The time at which the key was awarded to a competing claim that has not replaced this one on
    /// record yet (R37). `None` if there is no such award. If the competing claim never becomes
    /// official, this claim keeps the key.
    #[serde(default)]
    pub awarded_to_rival: Option<Timestamp>,
    /// The associations of the line in the registry, one for each activity. Empty until they have
    /// become official (R27).
    #[serde(default)]
    pub associations: Vec<AssociationId>,
    /// The end of the line's association, if it ended while the claim stays approved (R37, R39).
    pub association_end: Option<AssociationEnd>,
}

/// A line that was awarded to another company's claim (R37). It is no longer part of this claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LostLine {
    /// The line as it was when it was lost.
    pub line: Line,
    /// When the line was lost.
    pub time: Timestamp,
}

/// The end of a line's association.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociationEnd {
    /// Why the association ended.
    pub reason: EndReason,
    /// The time from which the association was official; `None` when it never was.
    pub since: Option<Timestamp>,
    /// When the association ended.
    pub until: Timestamp,
}

/// The registry service's data about a line, from its records of products, tenants and
/// subscriptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineRegistryData {
    /// The product's name in the catalog.
    pub product_display_name: String,
    /// The product's family; `None` when the catalog does not list the product.
    pub family: Option<ProductFamily>,
    /// The subscription id: the one that was entered or, if none was, the only claimable
    /// subscription that the tenant has of the product (R10 g).
    pub subscription: Option<SubscriptionId>,
    /// The workload or subscription that the line claims; `None` if the registry could not
    /// determine it.
    pub key: Option<AssociationKey>,
    /// The other company that held the key through a legacy association when the registry checked
    /// the claim. A legacy association was imported from the time before claims existed, so it has
    /// no claim (R58). Only reviewers see that there is one.
    pub legacy_holder: Option<LegacyHolderId>,
}

/// The last assessment of a line for one activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The assessed activity.
    pub activity: Activity,
    /// The result of the assessment.
    pub verdict: Verdict,
    /// The assessed month.
    pub month: Month,
    /// The names of the program guide's conditions that did not hold.
    pub failed_conditions: Vec<String>,
}

impl Line {
    /// Creates a line as the partner entered it. If the claim already has the same line, an update
    /// keeps the id of that line and drops `id`.
    #[must_use]
    pub const fn new(id: LineId, product: ProductId, subscription_id: String) -> Self {
        Self {
            id,
            product,
            subscription_id,
            registry_data: None,
            assessments: Vec::new(),
            contested: false,
            contested_since: None,
            awarded_to_rival: None,
            associations: Vec::new(),
            association_end: None,
        }
    }

    /// Returns the workload or subscription that the line claims; `None` while it cannot be
    /// determined.
    #[must_use]
    pub fn key(&self) -> Option<&AssociationKey> {
        self.registry_data.as_ref()?.key.as_ref()
    }

    /// Returns the subscription id that the registry found, or else the entered text.
    #[must_use]
    pub fn subscription(&self) -> String {
        let resolved = self.registry_data.as_ref().and_then(|data| data.subscription);
        resolved.map_or_else(|| self.subscription_id.clone(), |id| id.to_string())
    }

    /// Returns the `entered` lines. Lines that are also in `previous` keep their ids and other
    /// data.
    pub(super) fn merge_keeping_ids(previous: &[Self], entered: Vec<Self>) -> Vec<Self> {
        let mut unmatched: Vec<&Self> = previous.iter().collect();
        entered
            .into_iter()
            .map(|line| match unmatched.iter().position(|candidate| candidate.is_same_as_entered(&line)) {
                Some(index) => {
                    let Self { product, subscription_id, .. } = line;
                    Self { product, subscription_id, registry_data: None, ..unmatched.remove(index).clone() }
                }
                None => line,
            })
            .collect()
    }

    /// Returns whether `entered` has the same product, and the same subscription as entered or as
    /// found by the registry.
    fn is_same_as_entered(&self, entered: &Self) -> bool {
        self.product == entered.product
            && (self.subscription_id == entered.subscription_id || self.subscription() == entered.subscription_id)
    }
}

impl fmt::Display for Line {
    /// Writes the product and its subscription: `teams`, or `power-bi on 0a1b…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subscription().as_str() {
            "" => self.product.fmt(f),
            subscription => write!(f, "{} on {subscription}", self.product),
        }
    }
}
