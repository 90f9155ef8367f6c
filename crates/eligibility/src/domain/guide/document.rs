//! The source of a program guide, in the form that a program manager uploads and the service
//! stores. A guide contains conditions on *facts* about the association, the claimed line (a
//! workload or subscription), the partner and the usage, and the rates that each *program* (an
//! incentive program that accepts claims) pays.
use cpor_types::{Money, ProductId, ProductKind, Program, ProgramGuideId};
use serde::{Deserialize, Serialize};

/// A document with the conditions and rates of payment. It never changes: a revision is a new
/// document with its own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuideDocument {
    pub(crate) id: ProgramGuideId,
    /// The version as the author names it, for information only.
    pub(crate) version: String,
    pub(crate) display_name: String,
    pub(crate) conditions: Vec<ConditionSource>,
    pub(crate) rates: Vec<Rate>,
}

/// A named condition as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionSource {
    pub(crate) name: String,
    /// The programs that the condition applies to.
    pub(crate) programs: Vec<Program>,
    /// An expression in the Common Expression Language (CEL) over the known facts. It evaluates to
    /// a bool.
    pub(crate) expression: String,
    /// The dotted paths of the facts whose values are shown with the condition's result. If empty,
    /// the facts that the expression uses are shown.
    pub(crate) facts: Vec<String>,
    /// The text that partners read if the condition does not hold.
    pub(crate) explanation: String,
}

/// The amount that one unit of a month's usage earns (R54).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    pub(crate) program: Program,
    /// The product that the rate is for, or `None` for all products of the program that have no
    /// rate of their own.
    #[serde(default)]
    pub(crate) product: Option<ProductId>,
    pub(crate) unit: UsageUnit,
    pub(crate) amount: Money,
}

/// The units in which monthly usage is counted (R51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsageUnit {
    /// Active users of a workload.
    ActiveUsers,
    /// Units of a workload that are paid for and available.
    PaidAvailableUnits,
    /// Seats of a subscription that were sold.
    SeatsSold,
    /// Consumption of a subscription, in units of the product.
    Consumption,
}

impl UsageUnit {
    /// Returns the stable name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ActiveUsers => "active_users",
            Self::PaidAvailableUnits => "paid_available_units",
            Self::SeatsSold => "seats_sold",
            Self::Consumption => "consumption",
        }
    }

    /// Returns the kind of product whose usage is counted in this unit.
    pub(crate) const fn product_kind(self) -> ProductKind {
        match self {
            Self::ActiveUsers | Self::PaidAvailableUnits => ProductKind::Workload,
            Self::SeatsSold | Self::Consumption => ProductKind::Subscription,
        }
    }
}

impl GuideDocument {
    /// Returns the guide that is shipped with the service (R53).
    ///
    /// # Errors
    /// Returns an error if the shipped file is not a valid document. The tests of this crate check
    /// that it is valid.
    pub(crate) fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../../../guides/2026.toml"))
    }
}
