//! Program guides: versioned documents with named conditions (R52).

use std::{cmp::Reverse, collections::BTreeSet};

use cel::{Context, Value};
use cpor_types::{Program, ProgramGuideId, Timestamp};
use serde::Deserialize;

/// A document that says what is paid.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Guide {
    pub(crate) id: ProgramGuideId,
    pub(crate) version: String,
    pub(crate) display_name: String,
    pub(crate) effective_start_time: Timestamp,
    #[serde(default)]
    pub(crate) effective_end_time: Option<Timestamp>,
    pub(crate) conditions: Vec<Condition>,
}

/// A named condition.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) name: String,
    pub(crate) programs: Vec<Program>,
    pub(crate) expression: Expression,
    /// Dotted paths of the facts that are shown with the answer.
    pub(crate) facts: Vec<String>,
    pub(crate) explanation: String,
}

/// A CEL expression, compiled when the guide is read.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Expression {
    pub(crate) text: String,
    program: cel::Program,
}

impl TryFrom<String> for Expression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let program =
            cel::Program::compile(&text).map_err(|errors| format!("{text:?} is no CEL expression: {errors}"))?;
        Ok(Self { text, program })
    }
}

impl Expression {
    /// Whether it holds. One that cannot be computed, because a fact is missing or of another type, does not.
    pub(crate) fn holds(&self, facts: &Context<'_, '_>) -> bool {
        matches!(self.program.execute(facts), Ok(Value::Bool(true)))
    }
}

/// Why a guide cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuideError {
    #[error("the guide cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    #[error("guide {guide}: condition {condition} is named twice")]
    NamedTwice { guide: ProgramGuideId, condition: String },
    #[error("two guides are called {0}")]
    SameId(ProgramGuideId),
}

impl Guide {
    fn read(document: &str) -> Result<Self, GuideError> {
        let guide: Self = toml::from_str(document)?;
        let mut names: Vec<_> = guide.conditions.iter().map(|condition| &condition.name).collect();
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(GuideError::NamedTwice { guide: guide.id.clone(), condition: pair[0].clone() }),
            None => Ok(guide),
        }
    }

    fn is_in_force(&self, time: Timestamp) -> bool {
        self.effective_start_time <= time && self.effective_end_time.is_none_or(|end| time < end)
    }

    /// The conditions that apply to a program, in the guide's order.
    pub(crate) fn applies(&self, program: Program) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(move |condition| condition.programs.contains(&program))
    }
}

/// At this time no guide says what is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no program guide is in force at {0}")]
pub(crate) struct NoneInForce(pub(crate) Timestamp);

/// All guides, newest first.
#[derive(Debug)]
pub(crate) struct Guides(Vec<Guide>);

impl Guides {
    /// The guides that ship with the service, and those that its operator adds.
    pub(crate) fn read<'d>(added: impl IntoIterator<Item = &'d str>) -> Result<Self, GuideError> {
        let documents = std::iter::once(include_str!("../../guides/2026.toml")).chain(added);
        let mut guides = documents.map(Guide::read).collect::<Result<Vec<_>, _>>()?;
        guides.sort_by_key(|guide| Reverse((guide.effective_start_time, guide.id.clone())));
        let mut ids = BTreeSet::new();
        match guides.iter().find(|guide| !ids.insert(&guide.id)) {
            Some(twice) => Err(GuideError::SameId(twice.id.clone())),
            None => Ok(Self(guides)),
        }
    }

    /// The guide in force at a time: of several, the one that began last.
    pub(crate) fn in_force(&self, time: Timestamp) -> Result<&Guide, NoneInForce> {
        self.0.iter().find(|guide| guide.is_in_force(time)).ok_or(NoneInForce(time))
    }

    pub(crate) fn get(&self, id: &ProgramGuideId) -> Option<&Guide> {
        self.0.iter().find(|guide| guide.id == *id)
    }

    pub(crate) fn all(&self) -> &[Guide] {
        &self.0
    }
}
