//! Program guides, out and in.
use cpor_kit::status::FieldViolation;
use cpor_proto::eligibility::v1 as wire;
use cpor_types::{Malformed, Money, ProductName, ProgramGuideId, ProgramGuideName};

use super::{earning::unit, guide_name, money, timestamp};
use crate::domain::{ConditionText, GuideDocument, GuideFault, Rate, Shelved, Standing, Unit};

/// A guide as it stands.
pub(in crate::api) fn guide(guide: &Shelved) -> wire::ProgramGuide {
    let Shelved { document, revises, create_time, standing } = guide;
    let state = match standing {
        Standing::Draft => wire::GuideState::Draft,
        Standing::Active(_) => wire::GuideState::Active,
    };
    let term = guide.term();
    wire::ProgramGuide {
        name: guide_name(&document.id),
        display_name: document.display_name.clone(),
        version: document.version.clone(),
        effective_start_time: term.map(|term| timestamp(term.start.start())),
        effective_end_time: term.and_then(|term| term.end).map(|end| timestamp(end.start())),
        conditions: document.conditions.iter().map(condition).collect(),
        rates: document.rates.iter().map(rate).collect(),
        state: state.into(),
        revises: revises.as_ref().map(guide_name).unwrap_or_default(),
        create_time: Some(timestamp(*create_time)),
    }
}

fn condition(condition: &ConditionText) -> wire::GuideCondition {
    wire::GuideCondition {
        name: condition.name.clone(),
        programs: condition.programs.iter().map(ToString::to_string).collect(),
        expression: condition.expression.clone(),
        explanation: condition.explanation.clone(),
        facts: condition.facts.clone(),
    }
}

fn rate(rate: &Rate) -> wire::GuideRate {
    wire::GuideRate {
        program: rate.program.to_string(),
        product: rate.product.clone().map(|product| ProductName { product }.to_string()).unwrap_or_default(),
        unit: unit(rate.unit).into(),
        amount: Some(money(rate.amount)),
    }
}

/// The guide that one is to revise.
pub(in crate::api) fn revises(guide: &wire::ProgramGuide) -> Result<Option<ProgramGuideId>, Malformed> {
    let read = || guide.revises.parse::<ProgramGuideName>().map(|name| Some(name.guide));
    if guide.revises.is_empty() { Ok(None) } else { read() }
}

/// The document that a request describes, with a violation for every word that is none. What cannot be read is left out.
pub(in crate::api) fn document(id: ProgramGuideId, guide: &wire::ProgramGuide) -> (GuideDocument, Vec<FieldViolation>) {
    let mut reading = Reading(Vec::new());
    let conditions = guide.conditions.iter().enumerate().map(|(n, condition)| reading.condition(n, condition));
    let conditions = conditions.collect();
    let rates = guide.rates.iter().enumerate();
    let rates = rates.filter_map(|(n, rate)| reading.rate(&format!("rates[{n}]"), rate)).collect();
    let (version, display_name) = (guide.version.clone(), guide.display_name.clone());
    (GuideDocument { id, version, display_name, conditions, rates }, reading.0)
}

/// A fault of the document, as a violation of the request.
pub(in crate::api) fn faulty(fault: &GuideFault) -> FieldViolation {
    violation(&fault.field, fault.kind.as_str(), fault.kind.to_string())
}

fn violation(field: &str, reason: &str, description: String) -> FieldViolation {
    FieldViolation { field: format!("program_guide.{field}"), reason: reason.to_owned(), description }
}

struct Reading(Vec<FieldViolation>);

impl Reading {
    fn condition(&mut self, n: usize, condition: &wire::GuideCondition) -> ConditionText {
        let programs = condition.programs.iter().enumerate();
        let programs =
            programs.filter_map(|(p, program)| self.read(&format!("conditions[{n}].programs[{p}]"), program.parse()));
        ConditionText {
            programs: programs.collect(),
            name: condition.name.clone(),
            expression: condition.expression.clone(),
            facts: condition.facts.clone(),
            explanation: condition.explanation.clone(),
        }
    }

    fn rate(&mut self, at: &str, rate: &wire::GuideRate) -> Option<Rate> {
        let program = self.read(&format!("{at}.program"), rate.program.parse());
        let product = (!rate.product.is_empty()).then(|| rate.product.parse::<ProductName>());
        let product = product.map(|product| self.read(&format!("{at}.product"), product));
        let amount = rate.amount.as_ref()?;
        let currency = self.read(&format!("{at}.amount.currency"), amount.currency.parse());
        Some(Rate {
            program: program?,
            product: product.map(|product| product.map(|name| name.product)).unwrap_or(None),
            unit: counted(rate.unit())?,
            amount: Money::new(currency?, amount.micros),
        })
    }

    fn read<T>(&mut self, field: &str, read: Result<T, Malformed>) -> Option<T> {
        read.map_err(|malformed| self.0.push(violation(field, "MALFORMED", malformed.to_string()))).ok()
    }
}

fn counted(unit: wire::UsageUnit) -> Option<Unit> {
    match unit {
        wire::UsageUnit::Unspecified => None,
        wire::UsageUnit::ActiveUsers => Some(Unit::ActiveUsers),
        wire::UsageUnit::PaidAvailableUnits => Some(Unit::PaidAvailableUnits),
        wire::UsageUnit::SeatsSold => Some(Unit::SeatsSold),
        wire::UsageUnit::Consumption => Some(Unit::Consumption),
    }
}
