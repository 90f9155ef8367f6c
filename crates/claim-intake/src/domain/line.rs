//! The lines of a claim: one per workload or subscription (R15).
use std::fmt;

use super::{Verdict, string_enum};
use cpor_types::{Activity, AssociationKey, LineId, Month, ProductFamily, ProductId, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

/// One workload or subscription claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Stays with the product and subscription across updates.
    pub id: LineId,
    /// The product.
    pub product: ProductId,
    /// The subscription as entered; empty for workloads, and where the directory is to fill it in (R10 g).
    pub subscription_id: String,
    /// What the directory knows of it; `None` until it was asked.
    pub known: Option<KnownLine>,
    /// The last answer of each assessment, one per activity (R52).
    pub assessments: Vec<Assessment>,
    /// Another company's claim or hold competes for it (R37).
    pub contested: bool,
    /// Its association is over, while the claim stays approved (R37, R39).
    pub ended: Option<Ended>,
}

/// A line that was awarded to another company's claim (R37); it is no part of the claim any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LostLine {
    /// The line as it was.
    pub line: Line,
    /// Since when.
    pub time: Timestamp,
}

/// The end of a line's association.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Why.
    pub reason: EndReason,
    /// Since when it was official, if it ever was.
    pub since: Option<Timestamp>,
    /// When it ended.
    pub until: Timestamp,
}

string_enum! {
    /// Why an association ended (R35).
    EndReason {
        /// The customer declined.
        Declined = "declined",
        /// The partner withdrew.
        Withdrawn = "withdrawn",
        /// The subscription ended (R39).
        Expired = "expired",
        /// Another company's association took its place (R37).
        Superseded = "superseded",
        /// The claim was rejected.
        Rejected = "rejected",
    }
}

/// What the directory knows of a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownLine {
    /// The product's name in the catalog.
    pub product_display_name: String,
    /// The product's family; `None` when the catalog does not list the product.
    pub family: Option<ProductFamily>,
    /// The subscription: as entered or, where the tenant has exactly one claimable one of the product, that (R10 g).
    pub subscription: Option<SubscriptionId>,
    /// What is claimed in the tenant; `None` while it cannot be told.
    pub key: Option<AssociationKey>,
    /// Another company has it on record from before claims were made (R58), as of when the directory was asked; for reviewers.
    pub held_by_legacy: bool,
}

/// The last assessment of a line for one activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The activity.
    pub activity: Activity,
    /// The answer.
    pub verdict: Verdict,
    /// The month assessed.
    pub month: Month,
    /// Names of the guide's conditions that did not hold.
    pub failed_conditions: Vec<String>,
}

impl Line {
    /// A line as entered, with the id that it gets unless it is already on the claim.
    #[must_use]
    pub const fn entered(id: LineId, product: ProductId, subscription_id: String) -> Self {
        Self { id, product, subscription_id, known: None, assessments: Vec::new(), contested: false, ended: None }
    }

    /// What is claimed in the tenant; `None` while it cannot be told.
    #[must_use]
    pub fn key(&self) -> Option<&AssociationKey> {
        self.known.as_ref()?.key.as_ref()
    }

    /// The subscription: filled in by the directory or, while it has not spoken, as entered.
    #[must_use]
    pub fn subscription(&self) -> String {
        let resolved = self.known.as_ref().and_then(|known| known.subscription);
        resolved.map_or_else(|| self.subscription_id.clone(), |id| id.to_string())
    }

    /// `entered`, where lines that were there before keep their ids.
    pub(super) fn merge_keeping_ids(before: &[Self], entered: Vec<Self>) -> Vec<Self> {
        let mut unmatched: Vec<&Self> = before.iter().collect();
        entered
            .into_iter()
            .map(|line| match unmatched.iter().position(|known| known.is_same_as_entered(&line)) {
                Some(index) => {
                    let Self { product, subscription_id, .. } = line;
                    Self { product, subscription_id, known: None, ..unmatched.remove(index).clone() }
                }
                None => line,
            })
            .collect()
    }

    fn is_same_as_entered(&self, entered: &Self) -> bool {
        self.product == entered.product
            && (self.subscription_id == entered.subscription_id || self.subscription() == entered.subscription_id)
    }
}

impl fmt::Display for Line {
    /// `teams`, or `power-bi on 0a1b…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subscription().as_str() {
            "" => self.product.fmt(f),
            subscription => write!(f, "{} on {subscription}", self.product),
        }
    }
}
