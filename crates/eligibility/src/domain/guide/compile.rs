//! Compiles the document of a program guide (the conditions and rates of payment), or reports all
//! violations in it at once (R52). A *fact* is an input of the conditions, for example
//! `partner.region`.
use super::{Condition, Guide, document::*, expression::Expression, fact_types, type_check::ExpressionError};
use cpor_types::{ProductKind, Program};

/// A rule that a field of a document breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuideViolation {
    /// The path of the field within the document, for example `conditions[0].expression`.
    pub(crate) field: String,
    pub(crate) kind: GuideViolationKind,
}

/// The error in a field of a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GuideViolationKind {
    #[error("must be unique: an earlier condition has the same name")]
    DuplicateName,
    #[error("must contain at least one program")]
    NoPrograms,
    #[error("must not contain {0} more than once")]
    DuplicateProgram(Program),
    #[error("{0} is not a known fact")]
    UnknownFact(String),
    #[error("{0}")]
    Expression(ExpressionError),
    #[error("must be unique: an earlier rate has the same program and product")]
    DuplicateRate,
    #[error("must not be negative")]
    NegativeAmount,
    #[error("must be a unit in which {program} is measured, but is {unit}", unit = .0.as_str(), program = .1)]
    UnitMismatch(UsageUnit, Program),
}

impl GuideViolationKind {
    /// Returns the stable reason code.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::DuplicateName => "DUPLICATE_NAME",
            Self::NoPrograms => "NO_PROGRAMS",
            Self::DuplicateProgram(_) => "DUPLICATE_PROGRAM",
            Self::UnknownFact(_) | Self::Expression(ExpressionError::UnknownFact(_)) => "UNKNOWN_FACT",
            Self::Expression(ExpressionError::Syntax(_)) => "EXPRESSION_SYNTAX",
            Self::Expression(ExpressionError::UnavailableConstruct(_)) => "EXPRESSION_NOT_AVAILABLE",
            Self::Expression(ExpressionError::TypeMismatch(_)) => "EXPRESSION_TYPE_MISMATCH",
            Self::Expression(ExpressionError::NotBool(_)) => "EXPRESSION_NOT_BOOL",
            Self::DuplicateRate => "DUPLICATE_RATE",
            Self::NegativeAmount => "NEGATIVE_AMOUNT",
            Self::UnitMismatch(..) => "UNIT_MISMATCH",
        }
    }
}

impl Guide {
    /// Compiles a document.
    ///
    /// # Errors
    /// Returns all violations of the document.
    pub(crate) fn compile(document: &GuideDocument) -> Result<Self, Vec<GuideViolation>> {
        let rate_indexes: Vec<usize> = (0..document.rates.len()).collect();
        Self::compile_partial(document, &rate_indexes)
    }

    /// Compiles a document that can lack rates of the uploaded guide, because they could not be
    /// parsed. `rate_indexes` contains, for each rate of the document, its index in the uploaded
    /// guide; the violations name these indexes.
    ///
    /// # Errors
    /// Returns all violations of the document.
    pub(crate) fn compile_partial(
        document: &GuideDocument,
        rate_indexes: &[usize],
    ) -> Result<Self, Vec<GuideViolation>> {
        let mut violations = Vec::new();
        let indexes = 0..document.conditions.len();
        let conditions: Vec<_> =
            indexes.filter_map(|index| compile_condition(&document.conditions, index, &mut violations)).collect();
        for (position, (rate, index)) in document.rates.iter().zip(rate_indexes).enumerate() {
            check_rate(rate, &document.rates[..position], *index, &mut violations);
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        Ok(Self { id: document.id.clone(), conditions, rates: document.rates.clone() })
    }
}

/// Compiles the condition with this index, or adds its violations.
fn compile_condition(
    conditions: &[ConditionSource],
    index: usize,
    violations: &mut Vec<GuideViolation>,
) -> Option<Condition> {
    let ConditionSource { name, programs, expression, facts, explanation } = &conditions[index];
    let mut report = |field: &str, kind| {
        violations.push(GuideViolation { field: format!("conditions[{index}].{field}"), kind });
    };
    if conditions[..index].iter().any(|earlier| earlier.name == *name) {
        report("name", GuideViolationKind::DuplicateName);
    }
    if programs.is_empty() {
        report("programs", GuideViolationKind::NoPrograms);
    }
    if let Some(duplicate) = first_duplicate(programs) {
        report("programs", GuideViolationKind::DuplicateProgram(duplicate));
    }
    for (n, path) in facts.iter().enumerate().filter(|(_, path)| !fact_types::is_known_path(path)) {
        report(&format!("facts[{n}]"), GuideViolationKind::UnknownFact(path.clone()));
    }
    match Expression::compile(expression) {
        Ok(compiled) => {
            // A document need not list the facts that are shown with the result. Then those that
            // the expression uses are shown.
            let shown_facts = if facts.is_empty() { compiled.facts.clone() } else { facts.clone() };
            let (name, explanation) = (name.clone(), explanation.clone());
            Some(Condition { name, programs: programs.clone(), expression: compiled, shown_facts, explanation })
        }
        Err(errors) => {
            errors.into_iter().for_each(|error| report("expression", GuideViolationKind::Expression(error)));
            None
        }
    }
}

/// Checks a rate against itself and the rates before it, and adds its violations under `index`.
fn check_rate(rate: &Rate, earlier_rates: &[Rate], index: usize, violations: &mut Vec<GuideViolation>) {
    let Rate { program, product, unit, amount } = rate;
    let mut report = |field: &str, kind| {
        violations.push(GuideViolation { field: format!("rates[{index}].{field}"), kind });
    };
    if earlier_rates.iter().any(|earlier| earlier.program == *program && earlier.product == *product) {
        report("product", GuideViolationKind::DuplicateRate);
    }
    if unit.product_kind() != claimed_kind(*program) {
        report("unit", GuideViolationKind::UnitMismatch(*unit, *program));
    }
    if amount.micros < 0 {
        report("amount.micros", GuideViolationKind::NegativeAmount);
    }
}

/// Returns the kind of product that is claimed under a program (R7).
const fn claimed_kind(program: Program) -> ProductKind {
    match program {
        Program::OsuMicrosoft365 => ProductKind::Workload,
        Program::OsaSell | Program::OsuBusinessApplications => ProductKind::Subscription,
    }
}

/// Returns the first program that occurs more than once.
fn first_duplicate(programs: &[Program]) -> Option<Program> {
    programs.iter().enumerate().find(|(n, program)| programs[..*n].contains(program)).map(|(_, program)| *program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(document: &GuideDocument) -> Vec<(String, &'static str)> {
        let violations = Guide::compile(document).err().unwrap_or_default();
        violations.into_iter().map(|violation| (violation.field, violation.kind.reason())).collect()
    }

    #[test]
    fn r53_the_shipped_guide_is_valid_and_pays_every_program() {
        let shipped = GuideDocument::shipped().unwrap();
        assert_eq!(violations(&shipped), []);
        let guide = Guide::compile(&shipped).unwrap();
        let micros = |program, product: &str| guide.rate_for(program, &product.parse().unwrap()).unwrap().amount.micros;
        assert!(Program::ALL.iter().all(|program| micros(*program, "anything") > 0));
        assert_ne!(micros(Program::OsuMicrosoft365, "teams"), micros(Program::OsuMicrosoft365, "intune"));
    }

    #[test]
    fn r52_all_violations_are_reported_at_once() {
        let mut invalid = GuideDocument::shipped().unwrap();
        invalid.conditions[1].name = invalid.conditions[0].name.clone();
        invalid.conditions[1].programs = vec![];
        invalid.conditions[2].programs = vec![Program::OsaSell, Program::OsaSell];
        invalid.conditions[3].expression = "weather == 'fine' && usage.latest".to_owned();
        invalid.conditions[4].facts = vec!["usage".to_owned(), "now".to_owned()];
        invalid.rates[0].unit = UsageUnit::ActiveUsers;
        invalid.rates[1].amount.micros = -1;
        invalid.rates[2].product = None;
        let expected = [
            ("conditions[1].name", "DUPLICATE_NAME"),
            ("conditions[1].programs", "NO_PROGRAMS"),
            ("conditions[2].programs", "DUPLICATE_PROGRAM"),
            ("conditions[3].expression", "UNKNOWN_FACT"),
            ("conditions[3].expression", "EXPRESSION_TYPE_MISMATCH"),
            ("conditions[4].facts[0]", "UNKNOWN_FACT"),
            ("rates[0].unit", "UNIT_MISMATCH"),
            ("rates[1].amount.micros", "NEGATIVE_AMOUNT"),
            ("rates[2].product", "DUPLICATE_RATE"),
        ];
        assert_eq!(violations(&invalid), expected.map(|(field, reason)| (field.to_owned(), reason)));
    }
}
