//! A program guide as it is written: what a program manager uploads, and what is kept.
use cpor_types::{Money, ProductId, ProductKind, Program, ProgramGuideId};
use serde::{Deserialize, Serialize};

/// A document that says what is paid, and for what. It never changes; a change is another guide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuideDocument {
    pub(crate) id: ProgramGuideId,
    pub(crate) version: String,
    pub(crate) display_name: String,
    pub(crate) conditions: Vec<ConditionText>,
    pub(crate) rates: Vec<Rate>,
}

/// A named condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionText {
    pub(crate) name: String,
    pub(crate) programs: Vec<Program>,
    /// CEL over the stated facts; gives a bool.
    pub(crate) expression: String,
    /// Dotted paths of the facts that are shown with the answer; none: those that the expression names.
    pub(crate) facts: Vec<String>,
    pub(crate) explanation: String,
}

/// What one unit of a month earns (R54).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    pub(crate) program: Program,
    /// Of this product; none: of every product of the program that has no rate of its own.
    #[serde(default)]
    pub(crate) product: Option<ProductId>,
    pub(crate) unit: Unit,
    pub(crate) amount: Money,
}

/// What is counted of a month of usage (R51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    ActiveUsers,
    PaidAvailableUnits,
    SeatsSold,
    Consumption,
}

impl Unit {
    /// The stable word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ActiveUsers => "active_users",
            Self::PaidAvailableUnits => "paid_available_units",
            Self::SeatsSold => "seats_sold",
            Self::Consumption => "consumption",
        }
    }

    /// What it is counted of.
    pub(crate) const fn kind(self) -> ProductKind {
        match self {
            Self::ActiveUsers | Self::PaidAvailableUnits => ProductKind::Workload,
            Self::SeatsSold | Self::Consumption => ProductKind::Subscription,
        }
    }
}

impl GuideDocument {
    /// The guide that ships with the service (R53).
    ///
    /// # Errors
    /// Only a release whose tests have not run: the document does not read.
    pub(crate) fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../../../guides/2026.toml"))
    }
}
