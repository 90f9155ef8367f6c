use proptest::prelude::*;

use super::*;

const FIELDS: &[Field<char>] = &[
    Field { name: "state", field_type: FieldType::Enum("STATE_", &["OPEN", "CLOSED"]), column: 's' },
    Field { name: "marks", field_type: FieldType::EnumList("MARK_", &["RED", "BLUE"]), column: 'm' },
    Field { name: "name", field_type: FieldType::Text, column: 'n' },
    Field { name: "tags", field_type: FieldType::TextList, column: 't' },
    Field { name: "start_time", field_type: FieldType::Time, column: 'b' },
    Field { name: "owner", field_type: FieldType::Id(Format::ANY), column: 'o' },
    Field { name: "year", field_type: FieldType::Ordered(YEAR), column: 'y' },
    Field { name: "late", field_type: FieldType::Bool, column: 'l' },
    Field { name: "count", field_type: FieldType::Number, column: 'c' },
];

const YEAR: Format =
    Format { description: "a year of four digits", canonical: |text| (text.len() == 4).then(|| text.to_owned()) };

/// Formats an expression with all parentheses, in a short form for assertions.
fn to_canonical(expr: &Expr<Comparison<char>>) -> String {
    let join = |operands: &[Expr<Comparison<char>>], separator: &str| {
        operands.iter().map(to_canonical).collect::<Vec<_>>().join(separator)
    };
    match expr {
        Expr::And(operands) => format!("({})", join(operands, " & ")),
        Expr::Or(operands) => format!("({})", join(operands, " | ")),
        Expr::Not(operand) => format!("!{}", to_canonical(operand)),
        Expr::Compare(Comparison { column, op, value: Value::Text(text) }) => format!("{column}{}{text}", op.as_str()),
        Expr::Compare(Comparison { column, op, value: Value::Time(time) }) => {
            format!("{column}{}{}", op.as_str(), time.timestamp())
        }
        Expr::Compare(Comparison { column, op, value: Value::Bool(value) }) => {
            format!("{column}{}{value}", op.as_str())
        }
        Expr::Compare(Comparison { column, op, value: Value::Number(number) }) => {
            format!("{column}{}{number}", op.as_str())
        }
    }
}

fn parse_to_canonical(filter: &str) -> String {
    to_canonical(&parse(filter, FIELDS).unwrap().unwrap())
}

fn errors(filter: &str) -> Vec<(usize, String)> {
    let errors = parse(filter, FIELDS).unwrap_err();
    errors.into_iter().map(|FilterError { position, message }| (position, message)).collect()
}

#[test]
fn parses_comparisons() {
    assert_eq!(parse("", FIELDS), Ok(None));
    assert_eq!(parse(" \t", FIELDS), Ok(None));
    assert_eq!(parse_to_canonical("state=OPEN"), "s=OPEN");
    assert_eq!(parse_to_canonical(" state != STATE_CLOSED "), "s!=CLOSED");
    assert_eq!(parse_to_canonical("marks:MARK_RED"), "m:RED");
    assert_eq!(parse_to_canonical(r#"name = "Two Words""#), "n=two words");
    assert_eq!(parse_to_canonical(r#"name:'it\'s \\ "so"'"#), r#"n:it's \ "so""#);
    assert_eq!(parse_to_canonical("tags:power-bi"), "t:power-bi");
    assert_eq!(parse_to_canonical("owner = Ada"), "o=Ada");
    assert_eq!(parse_to_canonical("owner != ''"), "o!=");
    assert_eq!(parse_to_canonical("late = true"), "l=true");
    for op in ["=", "!=", "<", "<=", ">", ">="] {
        assert_eq!(parse_to_canonical(&format!("start_time {op} 1970-01-01T01:00:01+01:00")), format!("b{op}1"));
        assert_eq!(parse_to_canonical(&format!("year {op} 2026")), format!("y{op}2026"));
        assert_eq!(parse_to_canonical(&format!("count {op} -7")), format!("c{op}-7"));
    }
}

#[test]
fn or_binds_tighter_than_and_as_in_aip_160() {
    let (a, b, c) = ("name=a", "name=b", "name=c");
    assert_eq!(parse_to_canonical(&format!("{a} AND {b} OR {c}")), "(n=a & (n=b | n=c))");
    assert_eq!(parse_to_canonical(&format!("{a} OR {b} AND {c}")), "((n=a | n=b) & n=c)");
    assert_eq!(parse_to_canonical(&format!("({a} AND {b}) OR {c}")), "((n=a & n=b) | n=c)");
    assert_eq!(parse_to_canonical(&format!("NOT {a} AND NOT ({b} OR NOT {c})")), "(!n=a & !(n=b | !n=c))");
    assert_eq!(parse_to_canonical(&format!("(({a}))")), "n=a");
}

#[test]
fn reports_every_error_with_its_position() {
    let found = errors("stat = OPEN AND state < OPEN AND state = SHUT AND start_time > yesterday AND (name = a");
    let positions: Vec<_> = found.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, [1, 17, 42, 64, 87], "{found:#?}");
    assert_eq!(
        found[0].1,
        "unknown field `stat`; allowed fields: state, marks, name, tags, start_time, owner, year, late, count"
    );
    assert_eq!(found[1].1, "the operator < is not supported for `state`; allowed operators: = !=");
    assert_eq!(found[2].1, "`SHUT`: must be one of OPEN, CLOSED");
    assert!(found[3].1.contains("RFC 3339"), "{}", found[3].1);
    assert_eq!(found[4].1, "expected AND, OR or )");
    let found = errors("late = yes AND count > many AND year < 99 AND owner : a");
    assert_eq!(found[0].1, "`yes`: must be one of true, false");
    assert_eq!(found[1].1, "`many`: must be an integer");
    assert_eq!(found[2].1, "`99`: must be a year of four digits");
    assert_eq!(found[3].1, "the operator : is not supported for `owner`; allowed operators: = !=");
}

#[test]
fn reports_the_position_of_a_syntax_error() {
    for (filter, position) in [
        ("name", 5),
        ("name =", 7),
        ("name = a name = b", 10),
        ("name = a AND", 13),
        ("AND name = a", 1),
        ("name = \"a", 8),
        ("(name = a", 10),
        ("name = a)", 9),
        ("NOT", 4),
        ("ä = a", 1),
        ("name ~ a", 6),
    ] {
        assert_eq!(errors(filter).first().map(|(position, _)| *position), Some(position), "{filter}");
    }
}

#[test]
fn refuses_long_and_deeply_nested_filters() {
    assert_eq!(errors(&"x".repeat(MAX_LENGTH + 1))[0].0, MAX_LENGTH + 1);
    let nested = |depth: usize| format!("{}name = a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parse_to_canonical(&nested(MAX_DEPTH)), "n=a");
    assert!(errors(&nested(MAX_DEPTH + 1))[0].1.contains("nested"));
    assert!(errors(&"NOT ".repeat(400))[0].1.contains("nested"));
}

/// Generates expressions.
fn expressions() -> impl Strategy<Value = Expr<Comparison<char>>> {
    let op = prop_oneof![Just(Operator::Equal), Just(Operator::NotEqual), Just(Operator::Contains)];
    let is = (op, "[^A-Z]{0,8}")
        .prop_map(|(op, text)| Expr::Compare(Comparison { column: 'n', op, value: Value::Text(text.to_lowercase()) }));
    is.prop_recursive(6, 30, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

fn to_filter(expr: &Expr<Comparison<char>>) -> String {
    let join = |operands: &[Expr<Comparison<char>>], separator: &str| {
        operands.iter().map(to_filter).collect::<Vec<_>>().join(separator)
    };
    match expr {
        Expr::And(operands) => format!("({})", join(operands, " AND ")),
        Expr::Or(operands) => format!("({})", join(operands, " OR ")),
        Expr::Not(operand) => format!("NOT {}", to_filter(operand)),
        Expr::Compare(Comparison { op, value: Value::Text(text), .. }) => {
            format!("name {} \"{}\"", op.as_str(), text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        Expr::Compare(Comparison { value: Value::Time(_) | Value::Bool(_) | Value::Number(_), .. }) => {
            unreachable!("not generated")
        }
    }
}

proptest! {
    #[test]
    fn parses_formatted_expressions(expr in expressions()) {
        prop_assert_eq!(parse(&to_filter(&expr), FIELDS), Ok(Some(expr)));
    }

    #[test]
    fn never_panics_on_text(filter in "\\PC*") {
        let _ = parse(&filter, FIELDS);
    }

    #[test]
    fn never_panics_on_tokens(tokens in proptest::collection::vec(
        prop_oneof!["name", "state", " ", "=", "<=", ":", "\\(", "\\)", "AND", "OR", "NOT", "\"", "'", "\\\\\\\\", "a", "STATE_OPEN"], 0..60,
    )) {
        if let Err(errors) = parse(&tokens.concat(), FIELDS) {
            let end = tokens.concat().chars().count() + 1;
            prop_assert!(!errors.is_empty() && errors.iter().all(|error| (1..=end).contains(&error.position)));
        }
    }
}
