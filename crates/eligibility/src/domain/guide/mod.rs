//! Program guides: versioned documents with the conditions and rates of payment, each in force for
//! a period of months (R52).
mod catalog;
mod compile;
mod document;
mod expression;
mod fact_types;
mod type_check;

use catalog::EffectivePeriod;
pub(crate) use catalog::{CatalogGuide, GuideCatalog, GuideRefusal, GuideState};
pub(crate) use compile::GuideViolation;
pub(crate) use document::{ConditionSource, GuideDocument, Rate, UsageUnit};

use cpor_types::{Month, ProductId, Program, ProgramGuideId};
use expression::Expression;

/// A compiled guide, with which claims can be assessed.
#[derive(Debug)]
pub(crate) struct Guide {
    pub(crate) id: ProgramGuideId,
    conditions: Vec<Condition>,
    rates: Vec<Rate>,
}

/// A named condition with its compiled expression.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) name: String,
    programs: Vec<Program>,
    pub(crate) expression: Expression,
    /// The dotted paths of the facts whose values are shown with the condition's result.
    pub(crate) shown_facts: Vec<String>,
    /// The text that partners read if the condition does not hold.
    pub(crate) explanation: String,
}

impl Guide {
    /// Returns the conditions that apply to a program, in the guide's order.
    pub(crate) fn conditions_for(&self, program: Program) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(move |condition| condition.programs.contains(&program))
    }

    /// Returns the rate of `product` in `program`, or the rate of the program if the product has no
    /// rate of its own (R54). Returns `None` if the guide has neither.
    pub(crate) fn rate_for(&self, program: Program, product: &ProductId) -> Option<&Rate> {
        let find = |product: Option<&ProductId>| {
            self.rates.iter().find(|rate| rate.program == program && rate.product.as_ref() == product)
        };
        find(Some(product)).or_else(|| find(None))
    }
}

/// The error that no guide is in force in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no program guide is in force in {0}")]
pub(crate) struct NoGuideInForce(pub(crate) Month);

/// The compiled guides that are in force, each for its period.
#[derive(Debug)]
pub(crate) struct ActiveGuides {
    /// The edition (number of activations) of the catalog that the guides were compiled from.
    pub(crate) edition: u64,
    guides: Vec<(EffectivePeriod, Guide)>,
}

impl ActiveGuides {
    /// Compiles the active guides of a catalog.
    ///
    /// # Errors
    /// Returns the violations of the first document that cannot be compiled. Stored documents were
    /// valid when they were stored.
    pub(crate) fn compile(catalog: &GuideCatalog) -> Result<Self, Vec<GuideViolation>> {
        let active = catalog.guides.iter().filter_map(|guide| Some((guide.effective_period()?, &guide.document)));
        let guides = active.map(|(period, document)| Guide::compile(document).map(|guide| (period, guide)));
        Ok(Self { edition: catalog.edition, guides: guides.collect::<Result<_, _>>()? })
    }

    /// Returns the guide of a month. If several guides cover the month, the one that was activated
    /// last applies.
    ///
    /// # Errors
    /// Returns [`NoGuideInForce`] if no guide covers the month.
    pub(crate) fn for_month(&self, month: Month) -> Result<&Guide, NoGuideInForce> {
        let covering = self.guides.iter().filter(|(period, _)| period.covers(month));
        covering.max_by_key(|(period, _)| period.edition).map(|(_, guide)| guide).ok_or(NoGuideInForce(month))
    }
}
