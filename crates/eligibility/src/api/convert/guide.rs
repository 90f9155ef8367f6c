//! Converts program guides to and from proto messages.
use std::fmt::Display;

use cpor_call::status::FieldViolation;
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{WireEnum as _, eligibility::v1 as wire, options::v1::FieldViolationReason};
use cpor_types::{Malformed, Money, ProductName, Program, ProgramGuideId, ProgramGuideName};

use super::{earnings::to_usage_unit, guide_name};
use crate::domain::{CatalogGuide, ConditionSource, GuideDocument, GuideState, GuideViolation, Rate, UsageUnit};

pub(in crate::api) fn to_program_guide(guide: &CatalogGuide) -> wire::ProgramGuide {
    let CatalogGuide { document, revises, create_time, state } = guide;
    let state = match state {
        GuideState::Draft => wire::GuideState::Draft,
        GuideState::Active(_) => wire::GuideState::Active,
    };
    let period = guide.effective_period();
    wire::ProgramGuide {
        name: guide_name(&document.id),
        display_name: document.display_name.clone(),
        version: document.version.clone(),
        effective_start_time: period.map(|period| to_wire_time(period.start.start())),
        effective_end_time: period.and_then(|period| period.end).map(|end| to_wire_time(end.start())),
        conditions: document.conditions.iter().map(to_condition).collect(),
        rates: document.rates.iter().map(to_rate).collect(),
        state: state.into(),
        revises: revises.as_ref().map(guide_name).unwrap_or_default(),
        create_time: Some(to_wire_time(*create_time)),
    }
}

fn to_condition(condition: &ConditionSource) -> wire::GuideCondition {
    wire::GuideCondition {
        name: condition.name.clone(),
        programs: Program::to_numbers(&condition.programs),
        expression: condition.expression.clone(),
        explanation: condition.explanation.clone(),
        facts: condition.facts.clone(),
    }
}

fn to_rate(rate: &Rate) -> wire::GuideRate {
    wire::GuideRate {
        program: rate.program.to_number(),
        product: rate.product.clone().map(|product| ProductName { product }.to_string()).unwrap_or_default(),
        unit: to_usage_unit(rate.unit).into(),
        amount: Some(rate.amount.into()),
    }
}

/// Parses the id of the guide that the new guide revises. Returns `None` if it revises none.
pub(in crate::api) fn parse_revises(guide: &wire::ProgramGuide) -> Result<Option<ProgramGuideId>, Malformed> {
    let parse = || guide.revises.parse::<ProgramGuideName>().map(|name| Some(name.guide));
    if guide.revises.is_empty() { Ok(None) } else { parse() }
}

/// A document that was converted from the guide of a request.
pub(in crate::api) struct ParsedGuide {
    pub(in crate::api) document: GuideDocument,
    /// For each rate of the document, its index in the request.
    pub(in crate::api) rate_indexes: Vec<usize>,
    /// The violations of the values that cannot be parsed.
    pub(in crate::api) violations: Vec<FieldViolation>,
}

/// Converts the guide of a request to a document. Values that cannot be parsed are left out of the
/// document, and each of them is returned as a violation. Missing values are also left out; the
/// constraints in the proto refuse them.
pub(in crate::api) fn to_document(id: ProgramGuideId, guide: &wire::ProgramGuide) -> ParsedGuide {
    let mut parser = GuideParser { violations: Vec::new() };
    let conditions = guide.conditions.iter().enumerate();
    let conditions = conditions.map(|(index, condition)| parser.parse_condition(index, condition)).collect();
    let rates = guide.rates.iter().enumerate();
    let rates = rates.filter_map(|(index, rate)| Some((index, parser.parse_rate(index, rate)?)));
    let (rate_indexes, rates) = rates.unzip();
    let (version, display_name) = (guide.version.clone(), guide.display_name.clone());
    let document = GuideDocument { id, version, display_name, conditions, rates };
    ParsedGuide { document, rate_indexes, violations: parser.violations }
}

/// Converts a violation of the document to a violation of the request.
pub(in crate::api) fn to_field_violation(violation: &GuideViolation) -> FieldViolation {
    field_violation(&violation.field, violation.kind.reason(), violation.kind.to_string())
}

fn field_violation(field: &str, reason: &str, description: String) -> FieldViolation {
    FieldViolation { field: format!("program_guide.{field}"), reason: reason.to_owned(), description }
}

/// Parses conditions and rates, and collects the violations.
struct GuideParser {
    violations: Vec<FieldViolation>,
}

impl GuideParser {
    fn parse_condition(&mut self, index: usize, condition: &wire::GuideCondition) -> ConditionSource {
        let programs = condition.programs.iter().enumerate();
        let programs = programs.filter_map(|(n, program)| {
            self.accept(&format!("conditions[{index}].programs[{n}]"), Program::from_number(*program))
        });
        ConditionSource {
            programs: programs.collect(),
            name: condition.name.clone(),
            expression: condition.expression.clone(),
            facts: condition.facts.clone(),
            explanation: condition.explanation.clone(),
        }
    }

    fn parse_rate(&mut self, index: usize, rate: &wire::GuideRate) -> Option<Rate> {
        let field = |name: &str| format!("rates[{index}].{name}");
        let program = self.accept(&field("program"), Program::from_number(rate.program));
        let product = (!rate.product.is_empty()).then(|| rate.product.parse::<ProductName>());
        let product = product.map(|product| self.accept(&field("product"), product));
        let amount = rate.amount.as_ref()?;
        let currency = self.accept(&field("amount.currency"), amount.currency.parse());
        Some(Rate {
            program: program?,
            product: product.map(|product| product.map(|name| name.product)).unwrap_or(None),
            unit: from_usage_unit(rate.unit())?,
            amount: Money::new(currency?, amount.micros),
        })
    }

    /// Returns the parsed value, or records the violation of the field.
    fn accept<T, E: Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        let report = |malformed: E| {
            self.violations.push(field_violation(
                field,
                FieldViolationReason::Malformed.as_str_name(),
                malformed.to_string(),
            ));
        };
        parsed.map_err(report).ok()
    }
}

fn from_usage_unit(unit: wire::UsageUnit) -> Option<UsageUnit> {
    match unit {
        wire::UsageUnit::Unspecified => None,
        wire::UsageUnit::ActiveUsers => Some(UsageUnit::ActiveUsers),
        wire::UsageUnit::PaidAvailableUnits => Some(UsageUnit::PaidAvailableUnits),
        wire::UsageUnit::SeatsSold => Some(UsageUnit::SeatsSold),
        wire::UsageUnit::Consumption => Some(UsageUnit::Consumption),
    }
}
