//! A document becomes a guide, or everything that is wrong with it is said at once (R52).
use super::{Condition, Guide, document::*, expression::Expression, facts, typing::ExpressionFault};
use cpor_types::{ProductKind, Program};

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuideFault {
    /// Dotted path within the document: `conditions[0].expression`.
    pub(crate) field: String,
    pub(crate) kind: FaultKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FaultKind {
    #[error("a condition before has the same name")]
    DuplicateName,
    #[error("must name a program")]
    NoPrograms,
    #[error("{0} is named twice")]
    DuplicateProgram(Program),
    #[error("{0} is not among the stated facts")]
    UnknownFact(String),
    #[error("the expression {0}")]
    Expression(ExpressionFault),
    #[error("a rate before is for the same program and product")]
    DuplicateRate,
    #[error("must not be negative")]
    NegativeAmount,
    #[error("{unit} is not counted in {program}", unit = .0.as_str(), program = .1)]
    UnitMismatch(Unit, Program),
}

impl FaultKind {
    /// The stable word for programs.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::DuplicateName => "DUPLICATE_NAME",
            Self::NoPrograms => "NO_PROGRAMS",
            Self::DuplicateProgram(_) => "DUPLICATE_PROGRAM",
            Self::UnknownFact(_) | Self::Expression(ExpressionFault::UnknownFact(_)) => "UNKNOWN_FACT",
            Self::Expression(ExpressionFault::Syntax(_)) => "EXPRESSION_SYNTAX",
            Self::Expression(ExpressionFault::NotAvailable(_)) => "EXPRESSION_NOT_AVAILABLE",
            Self::Expression(ExpressionFault::TypeMismatch(_)) => "EXPRESSION_TYPE_MISMATCH",
            Self::Expression(ExpressionFault::NotBool(_)) => "EXPRESSION_NOT_BOOL",
            Self::DuplicateRate => "DUPLICATE_RATE",
            Self::NegativeAmount => "NEGATIVE_AMOUNT",
            Self::UnitMismatch(..) => "UNIT_MISMATCH",
        }
    }
}

impl Guide {
    /// The guide that a document describes.
    ///
    /// # Errors
    /// Every fault of the document.
    pub(crate) fn of(document: &GuideDocument) -> Result<Self, Vec<GuideFault>> {
        let mut faults = Vec::new();
        let conditions = document.conditions.iter().enumerate();
        let conditions: Vec<_> =
            conditions.filter_map(|(n, _)| condition(&document.conditions, n, &mut faults)).collect();
        for n in 0..document.rates.len() {
            rate(&document.rates, n, &mut faults);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { id: document.id.clone(), conditions, rates: document.rates.clone() })
    }
}

fn condition(all: &[ConditionText], n: usize, faults: &mut Vec<GuideFault>) -> Option<Condition> {
    let ConditionText { name, programs, expression, facts, explanation } = &all[n];
    let mut fault = |field: &str, kind| faults.push(GuideFault { field: format!("conditions[{n}].{field}"), kind });
    if all[..n].iter().any(|before| before.name == *name) {
        fault("name", FaultKind::DuplicateName);
    }
    if programs.is_empty() {
        fault("programs", FaultKind::NoPrograms);
    }
    if let Some(twice) = twice(programs) {
        fault("programs", FaultKind::DuplicateProgram(twice));
    }
    for (at, path) in facts.iter().enumerate().filter(|(_, path)| !facts::is_stated(path)) {
        fault(&format!("facts[{at}]"), FaultKind::UnknownFact(path.clone()));
    }
    match Expression::compile(expression) {
        Ok(compiled) => {
            let facts = if facts.is_empty() { compiled.facts.clone() } else { facts.clone() };
            let (name, explanation) = (name.clone(), explanation.clone());
            Some(Condition { name, programs: programs.clone(), expression: compiled, facts, explanation })
        }
        Err(wrong) => {
            wrong.into_iter().for_each(|wrong| fault("expression", FaultKind::Expression(wrong)));
            None
        }
    }
}

fn rate(all: &[Rate], n: usize, faults: &mut Vec<GuideFault>) {
    let Rate { program, product, unit, amount } = &all[n];
    let mut fault = |field: &str, kind| faults.push(GuideFault { field: format!("rates[{n}].{field}"), kind });
    if all[..n].iter().any(|before| before.program == *program && before.product == *product) {
        fault("product", FaultKind::DuplicateRate);
    }
    if unit.kind() != counted_in(*program) {
        fault("unit", FaultKind::UnitMismatch(*unit, *program));
    }
    if amount.micros < 0 {
        fault("amount.micros", FaultKind::NegativeAmount);
    }
}

/// What the lines of a program claim (R7).
const fn counted_in(program: Program) -> ProductKind {
    match program {
        Program::OsuMicrosoft365 => ProductKind::Workload,
        Program::OsaSell | Program::OsuBusinessApplications => ProductKind::Subscription,
    }
}

fn twice(programs: &[Program]) -> Option<Program> {
    programs.iter().enumerate().find(|(n, program)| programs[..*n].contains(program)).map(|(_, program)| *program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(document: &GuideDocument) -> Vec<(String, &'static str)> {
        let faults = Guide::of(document).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.field, fault.kind.as_str())).collect()
    }

    #[test]
    fn r53_the_shipped_guide_is_sound_and_pays_every_program() {
        let shipped = GuideDocument::shipped().unwrap();
        assert_eq!(words(&shipped), []);
        let guide = Guide::of(&shipped).unwrap();
        let micros = |program, product: &str| guide.rate(program, &product.parse().unwrap()).unwrap().amount.micros;
        assert!(Program::ALL.iter().all(|program| micros(*program, "anything") > 0));
        assert_ne!(micros(Program::OsuMicrosoft365, "teams"), micros(Program::OsuMicrosoft365, "intune"));
    }

    #[test]
    fn r52_every_fault_of_a_document_is_named_at_once() {
        let mut odd = GuideDocument::shipped().unwrap();
        odd.conditions[1].name = odd.conditions[0].name.clone();
        odd.conditions[1].programs = vec![];
        odd.conditions[2].programs = vec![Program::OsaSell, Program::OsaSell];
        odd.conditions[3].expression = "weather == 'fine' && usage.latest".to_owned();
        odd.conditions[4].facts = vec!["usage".to_owned(), "now".to_owned()];
        odd.rates[0].unit = Unit::ActiveUsers;
        odd.rates[1].amount.micros = -1;
        odd.rates[2].product = None;
        let wanted = [
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
        assert_eq!(words(&odd), wanted.map(|(field, word)| (field.to_owned(), word)));
    }
}
