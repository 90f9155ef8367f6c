//! A CEL expression, compiled and found sound when the guide is read.
use cel::{Context, Value};

use super::typing::{ExpressionFault, Typing};

/// A condition's expression.
#[derive(Debug)]
pub(crate) struct Expression {
    program: cel::Program,
    /// Dotted paths of the facts that it names.
    pub(super) facts: Vec<String>,
}

impl Expression {
    /// Compiles an expression, and checks its types against the stated facts.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Self, Vec<ExpressionFault>> {
        let program = cel::Program::compile(text)
            .map_err(|errors| vec![ExpressionFault::Syntax(errors.to_string().trim().to_owned())])?;
        let Typing { faults, facts } = Typing::condition(program.expression());
        if faults.is_empty() { Ok(Self { program, facts: facts.into_iter().collect() }) } else { Err(faults) }
    }

    /// Whether it holds. One that cannot be computed, because a fact is null, does not.
    pub(crate) fn holds(&self, facts: &Context<'_, '_>) -> bool {
        matches!(self.program.execute(facts), Ok(Value::Bool(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        Expression::compile(text).map_or_else(|faults| faults.iter().map(ToString::to_string).collect(), |_| Vec::new())
    }

    #[test]
    fn r52_what_is_sound_compiles() {
        let sound = [
            "true",
            "program in ['osa_sell', 'osu_microsoft_365']",
            "size(partner.enrolled) > 1 && partner.region.startsWith('em')",
            "subscription == null || subscription.end_time == null || subscription.end_time - now > duration('72h')",
            "now < timestamp('2026-07-01T00:00:00Z') ? usage.latest >= 10 : usage.latest * 2 > -usage.baseline + 3",
            "!(claim.submit_time + duration('24h') < association.official_time)",
            "partner.region in []",
        ];
        for text in sound {
            assert_eq!(faults(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn r52_every_fault_of_an_expression_is_named() {
        let unsound = [
            ("usage.latest", vec!["gives int, and a condition must give bool"]),
            ("customer.region == 'emea'", vec!["customer.region is not among the stated facts"]),
            (
                "tenant.name == 'a' && weather && usage.latest > '3'",
                vec![
                    "tenant.name is not among the stated facts",
                    "weather is not among the stated facts",
                    "> cannot be applied to (int, string)",
                ],
            ),
            ("partner.region == 3", vec!["== cannot be applied to (string, int)"]),
            ("partner.region == null", vec!["== cannot be applied to (string, null)"]),
            ("3 in partner.enrolled", vec!["in cannot be applied to (int, list(string))"]),
            ("program in ['a', 1]", vec!["a list holds both string and int"]),
            ("partner.enrolled.exists(p, p == 'a')", vec!["a comprehension is not available in conditions"]),
            ("partner.region.matches('e.*')", vec!["the function matches is not available in conditions"]),
            ("now > timestamp('soon')", vec!["timestamp(\"soon\") does not read as a timestamp"]),
            ("subscription", vec!["gives record, and a condition must give bool"]),
            ("program.length > 3", vec!["program.length is not among the stated facts"]),
        ];
        for (text, wanted) in unsound {
            assert_eq!(faults(text), wanted, "{text}");
        }
        assert!(faults("program in (")[0].starts_with("is no CEL expression"));
        assert!(!faults(&"(".repeat(1_900)).is_empty(), "nesting has an end");
    }

    #[test]
    fn the_facts_that_an_expression_names_are_known() {
        let sound =
            Expression::compile("subscription != null && subscription.status == 'active' && now == now").unwrap();
        assert_eq!(sound.facts, ["now", "subscription.status"]);
    }
}
