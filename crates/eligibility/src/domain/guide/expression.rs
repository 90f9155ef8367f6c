//! The expression of a condition of payment in a program guide, in the Common Expression Language
//! (CEL). It is compiled and type-checked when the guide is compiled. It uses *facts* about the
//! association, the claimed line (one workload or subscription), the partner and the usage.
use cel::{Context, Value};

use super::type_check::{ExpressionError, TypeChecker};

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    program: cel::Program,
    /// The dotted paths of the facts that the expression uses.
    pub(super) facts: Vec<String>,
}

impl Expression {
    /// Compiles an expression and checks its types against the known facts.
    ///
    /// # Errors
    /// Returns all errors in the expression.
    pub(super) fn compile(source: &str) -> Result<Self, Vec<ExpressionError>> {
        check_complexity(source)?;
        let program = cel::Program::compile(source)
            .map_err(|errors| vec![ExpressionError::Syntax(errors.to_string().trim().to_owned())])?;
        let TypeChecker { errors, facts } = TypeChecker::check_condition(program.expression());
        if errors.is_empty() { Ok(Self { program, facts: facts.into_iter().collect() }) } else { Err(errors) }
    }

    /// Returns whether the expression is true. An expression that cannot be evaluated, for example
    /// because a fact is null, does not hold.
    pub(crate) fn holds(&self, facts: &Context<'_, '_>) -> bool {
        matches!(self.program.execute(facts), Ok(Value::Bool(true)))
    }
}

/// The maximum nesting of brackets in an expression. The parser recurses for each level.
const MAX_NESTING: usize = 32;

/// The maximum number of operator characters in an expression, such as `+` or `!`; `&&` counts as
/// two. It limits the depth of the syntax tree, because the code that reads, evaluates and drops
/// the tree is recursive.
const MAX_OPERATORS: usize = 200;

/// Refuses an expression that could exhaust the stack while it is parsed or evaluated.
fn check_complexity(source: &str) -> Result<(), Vec<ExpressionError>> {
    let (mut depth, mut deepest, mut operators) = (0_usize, 0, 0);
    for character in source.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '+' | '-' | '*' | '/' | '%' | '!' | '?' | ':' | '&' | '|' | '<' | '>' | '=' | '.' => operators += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let problem = if deepest > MAX_NESTING {
        format!("brackets are nested {deepest} levels deep; at most {MAX_NESTING}")
    } else if operators > MAX_OPERATORS {
        format!("it has {operators} operator characters; at most {MAX_OPERATORS}")
    } else {
        return Ok(());
    };
    Err(vec![ExpressionError::Syntax(problem)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(source: &str) -> Vec<String> {
        let errors = Expression::compile(source).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn r52_a_valid_expression_compiles() {
        let valid = [
            "true",
            "program in ['osa_sell', 'osu_microsoft_365']",
            "size(partner.enrolled) > 1 && partner.region.startsWith('em')",
            "subscription == null || subscription.end_time == null || subscription.end_time - now > duration('72h')",
            "now < timestamp('2026-07-01T00:00:00Z') ? usage.latest >= 10 : usage.latest * 2 > -usage.baseline + 3",
            "!(claim.submit_time + duration('24h') < association.official_time)",
            "partner.region in []",
        ];
        for source in valid {
            assert_eq!(errors(source), [""; 0], "{source}");
        }
    }

    #[test]
    fn r52_every_error_of_an_expression_is_reported() {
        let invalid = [
            ("usage.latest", vec!["must evaluate to bool, not int"]),
            ("customer.region == 'emea'", vec!["customer.region is not a known fact"]),
            (
                "tenant.name == 'a' && weather && usage.latest > '3'",
                vec![
                    "tenant.name is not a known fact",
                    "weather is not a known fact",
                    "> cannot be applied to (int, string)",
                ],
            ),
            ("partner.region == 3", vec!["== cannot be applied to (string, int)"]),
            ("partner.region == null", vec!["== cannot be applied to (string, null)"]),
            ("3 in partner.enrolled", vec!["in cannot be applied to (int, list(string))"]),
            ("program in ['a', 1]", vec!["a list must not contain both string and int"]),
            ("partner.enrolled.exists(p, p == 'a')", vec!["a comprehension is not available in conditions"]),
            ("partner.region.matches('e.*')", vec!["the function matches is not available in conditions"]),
            ("now > timestamp('soon')", vec!["timestamp(\"soon\") is not a valid timestamp"]),
            ("subscription", vec!["must evaluate to bool, not record"]),
            ("program.length > 3", vec!["program.length is not a known fact"]),
        ];
        for (source, expected) in invalid {
            assert_eq!(errors(source), expected, "{source}");
        }
        assert!(errors("program in (")[0].starts_with("must be a valid CEL expression"));
    }

    #[test]
    fn r52_an_expression_that_nests_too_deeply_is_refused() {
        for (open, close) in [("(", ")"), ("[", "]"), ("{1: ", "}"), ("!(", ")"), ("size(", ")")] {
            let nested = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
            assert!(!errors(&nested(32)).iter().any(|error| error.contains("nested")), "{open}");
            assert!(errors(&nested(33))[0].contains("nested 33 levels deep; at most 32"), "{open}");
            assert!(errors(&open.repeat(900))[0].contains("nested"), "{open}");
        }
        for operators in ["!", "-", "1 + ", "1 ? 1 : ", "1 == ", "true && ", "a."] {
            let long = format!("{}1", operators.repeat(500));
            assert!(errors(&long)[0].contains("operator characters; at most 200"), "{operators}");
            let characters = operators.chars().filter(|one| !one.is_alphanumeric() && *one != ' ').count();
            // As many as are accepted can be parsed, whether or not the result is valid.
            errors(&format!("{}1", operators.repeat(200 / characters)));
        }
        let sum = format!("{}1 > 0", "1 + ".repeat(199));
        assert!(Expression::compile(&sum).unwrap().holds(&Context::default()));
    }

    #[test]
    fn the_facts_of_an_expression_are_collected() {
        let source = "subscription != null && subscription.status == 'active' && now == now";
        assert_eq!(Expression::compile(source).unwrap().facts, ["now", "subscription.status"]);
    }
}
