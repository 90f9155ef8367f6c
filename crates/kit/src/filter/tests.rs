use proptest::prelude::*;

use super::*;

const FIELDS: &[Field<char>] = &[
    Field { name: "state", kind: Kind::Word("STATE_", &["OPEN", "CLOSED"]), column: 's' },
    Field { name: "marks", kind: Kind::Words("MARK_", &["RED", "BLUE"]), column: 'm' },
    Field { name: "name", kind: Kind::Text, column: 'n' },
    Field { name: "tags", kind: Kind::Texts, column: 't' },
    Field { name: "start_time", kind: Kind::Time, column: 'b' },
];

/// What a filter asks for, with every pair of parentheses.
fn shown(expr: &Expr<Test<char>>) -> String {
    let join = |all: &[Expr<Test<char>>], by: &str| all.iter().map(shown).collect::<Vec<_>>().join(by);
    match expr {
        Expr::And(all) => format!("({})", join(all, " & ")),
        Expr::Or(all) => format!("({})", join(all, " | ")),
        Expr::Not(not) => format!("!{}", shown(not)),
        Expr::Is(Test { column, op, value: Value::Text(text) }) => format!("{column}{}{text}", op.as_str()),
        Expr::Is(Test { column, op, value: Value::Time(time) }) => {
            format!("{column}{}{}", op.as_str(), time.timestamp())
        }
    }
}

fn asked(filter: &str) -> String {
    shown(&parse(filter, FIELDS).unwrap().unwrap())
}

fn faults(filter: &str) -> Vec<(usize, String)> {
    let faults = parse(filter, FIELDS).unwrap_err();
    faults.into_iter().map(|Fault { position, message }| (position, message)).collect()
}

#[test]
fn comparisons() {
    assert_eq!(parse("", FIELDS), Ok(None));
    assert_eq!(parse(" \t", FIELDS), Ok(None));
    assert_eq!(asked("state=OPEN"), "s=OPEN");
    assert_eq!(asked(" state != STATE_CLOSED "), "s!=CLOSED");
    assert_eq!(asked("marks:MARK_RED"), "m:RED");
    assert_eq!(asked(r#"name = "Two Words""#), "n=two words");
    assert_eq!(asked(r#"name:'it\'s \\ "so"'"#), r#"n:it's \ "so""#);
    assert_eq!(asked("tags:power-bi"), "t:power-bi");
    for op in ["=", "!=", "<", "<=", ">", ">="] {
        assert_eq!(asked(&format!("start_time {op} 1970-01-01T01:00:01+01:00")), format!("b{op}1"));
    }
}

#[test]
fn or_binds_tighter_than_and_as_in_aip_160() {
    let (a, b, c) = ("name=a", "name=b", "name=c");
    assert_eq!(asked(&format!("{a} AND {b} OR {c}")), "(n=a & (n=b | n=c))");
    assert_eq!(asked(&format!("{a} OR {b} AND {c}")), "((n=a | n=b) & n=c)");
    assert_eq!(asked(&format!("({a} AND {b}) OR {c}")), "((n=a & n=b) | n=c)");
    assert_eq!(asked(&format!("NOT {a} AND NOT ({b} OR NOT {c})")), "(!n=a & !(n=b | !n=c))");
    assert_eq!(asked(&format!("(({a}))")), "n=a");
}

#[test]
fn every_fault_is_told_with_its_place() {
    let found = faults("stat = OPEN AND state < OPEN AND state = SHUT AND start_time > yesterday AND (name = a");
    let places: Vec<_> = found.iter().map(|(position, _)| *position).collect();
    assert_eq!(places, [1, 17, 42, 64, 87], "{found:#?}");
    assert_eq!(found[0].1, "there is no field `stat`; fields: state marks name tags start_time");
    assert_eq!(found[1].1, "`state` is not compared by <, but by = !=");
    assert_eq!(found[2].1, "`SHUT` is none of OPEN CLOSED");
    assert!(found[3].1.contains("RFC 3339"), "{}", found[3].1);
    assert_eq!(found[4].1, "AND, OR or ) is missing");
}

#[test]
fn a_broken_filter_is_told_where_it_breaks() {
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
        assert_eq!(faults(filter).first().map(|(position, _)| *position), Some(position), "{filter}");
    }
}

#[test]
fn what_is_too_long_or_too_deep_is_refused() {
    assert_eq!(faults(&"x".repeat(MAX_LENGTH + 1))[0].0, MAX_LENGTH + 1);
    let nested = |depth: usize| format!("{}name = a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(asked(&nested(MAX_DEPTH)), "n=a");
    assert!(faults(&nested(MAX_DEPTH + 1))[0].1.contains("nested"));
    assert!(faults(&"NOT ".repeat(400))[0].1.contains("nested"));
}

/// Any expression, and how it is written with every pair of parentheses.
fn expressions() -> impl Strategy<Value = Expr<Test<char>>> {
    let op = prop_oneof![Just(Op::Equal), Just(Op::NotEqual), Just(Op::Contains)];
    let is = (op, "[^A-Z]{0,8}")
        .prop_map(|(op, text)| Expr::Is(Test { column: 'n', op, value: Value::Text(text.to_lowercase()) }));
    is.prop_recursive(6, 30, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

fn written(expr: &Expr<Test<char>>) -> String {
    let join = |all: &[Expr<Test<char>>], by: &str| all.iter().map(written).collect::<Vec<_>>().join(by);
    match expr {
        Expr::And(all) => format!("({})", join(all, " AND ")),
        Expr::Or(all) => format!("({})", join(all, " OR ")),
        Expr::Not(not) => format!("NOT {}", written(not)),
        Expr::Is(Test { op, value: Value::Text(text), .. }) => {
            format!("name {} \"{}\"", op.as_str(), text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        Expr::Is(Test { value: Value::Time(_), .. }) => unreachable!("none is made"),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(expr in expressions()) {
        prop_assert_eq!(parse(&written(&expr), FIELDS), Ok(Some(expr)));
    }

    #[test]
    fn nothing_makes_it_panic(filter in "\\PC*") {
        let _ = parse(&filter, FIELDS);
    }

    #[test]
    fn pieces_of_filters_make_no_panic(pieces in proptest::collection::vec(
        prop_oneof!["name", "state", " ", "=", "<=", ":", "\\(", "\\)", "AND", "OR", "NOT", "\"", "'", "\\\\\\\\", "a", "STATE_OPEN"], 0..60,
    )) {
        if let Err(faults) = parse(&pieces.concat(), FIELDS) {
            let end = pieces.concat().chars().count() + 1;
            prop_assert!(!faults.is_empty() && faults.iter().all(|fault| (1..=end).contains(&fault.position)));
        }
    }
}
