//! Program guides: versioned documents with named conditions and rates, each in force for a time (R52).
mod check;
mod document;
mod expression;
mod facts;
mod shelf;
mod typing;

pub(crate) use check::GuideFault;
pub(crate) use document::{ConditionText, GuideDocument, Rate, Unit};
use shelf::Term;
pub(crate) use shelf::{Shelf, ShelfRefusal, Shelved, Standing};

use cpor_types::{Month, ProductId, Program, ProgramGuideId};
use expression::Expression;

/// A guide that assessments can be made by.
#[derive(Debug)]
pub(crate) struct Guide {
    pub(crate) id: ProgramGuideId,
    conditions: Vec<Condition>,
    rates: Vec<Rate>,
}

/// A named condition.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) name: String,
    programs: Vec<Program>,
    pub(crate) expression: Expression,
    /// Dotted paths of the facts that are shown with the answer.
    pub(crate) facts: Vec<String>,
    pub(crate) explanation: String,
}

impl Guide {
    /// The conditions that apply to a program, in the guide's order.
    pub(crate) fn applies(&self, program: Program) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(move |condition| condition.programs.contains(&program))
    }

    /// What a unit earns: the product's own rate, or else the program's (R54).
    pub(crate) fn rate(&self, program: Program, product: &ProductId) -> Option<&Rate> {
        let of = |wanted: Option<&ProductId>| {
            self.rates.iter().find(|rate| rate.program == program && rate.product.as_ref() == wanted)
        };
        of(Some(product)).or_else(|| of(None))
    }
}

/// No guide says what is paid for this month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no program guide is in force in {0}")]
pub(crate) struct NoneInForce(pub(crate) Month);

/// The guides in force, each for its time.
#[derive(Debug)]
pub(crate) struct Guides {
    /// How often the shelf that they are from was changed by an activation.
    pub(crate) edition: u64,
    in_force: Vec<(Term, Guide)>,
}

impl Guides {
    /// The active guides of a shelf.
    ///
    /// # Errors
    /// A document on the shelf that no code of ours would have put there.
    pub(crate) fn of(shelf: &Shelf) -> Result<Self, Vec<GuideFault>> {
        let active = shelf.guides.iter().filter_map(|guide| Some((guide.term()?, &guide.document)));
        let in_force = active.map(|(term, document)| Guide::of(document).map(|guide| (term, guide)));
        Ok(Self { edition: shelf.edition, in_force: in_force.collect::<Result<_, _>>()? })
    }

    /// The guide of a month: of several, the one that was activated last, which revises the others.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn of_month(&self, month: Month) -> Result<&Guide, NoneInForce> {
        let covering = self.in_force.iter().filter(|(term, _)| term.covers(month));
        covering.max_by_key(|(term, _)| term.edition).map(|(_, guide)| guide).ok_or(NoneInForce(month))
    }
}
