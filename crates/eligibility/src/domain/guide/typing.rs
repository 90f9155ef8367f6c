//! Checks the types of an expression before it is ever used. CEL itself would find out only when it fails, and a condition
//! that fails for every line looks like one that never holds.
use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, SelectExpr, operators as op};

use super::facts::{FACTS, Kind, named};

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionFault {
    #[error("is no CEL expression: {0}")]
    Syntax(String),
    #[error("{0} is not among the stated facts")]
    UnknownFact(String),
    #[error("{0} is not available in conditions")]
    NotAvailable(String),
    #[error("{0}")]
    TypeMismatch(String),
    #[error("gives {0}, and a condition must give bool")]
    NotBool(String),
}

/// A type, and whether null may stand in its place.
type Typed = (Kind, bool);

/// Walks an expression, gathering every fault and every fact that it names.
#[derive(Default)]
pub(super) struct Typing {
    pub(super) faults: Vec<ExpressionFault>,
    pub(super) facts: BTreeSet<String>,
}

impl Typing {
    /// Checks that the expression is sound and gives a bool.
    pub(super) fn condition(expression: &IdedExpr) -> Self {
        let mut typing = Self::default();
        let kind = typing.of(expression).0;
        if !fits(&kind, &Kind::Bool) {
            typing.faults.push(ExpressionFault::NotBool(kind.to_string()));
        }
        typing
    }

    fn of(&mut self, expression: &IdedExpr) -> Typed {
        match &expression.expr {
            Expr::Literal(literal) => (self.literal(literal), false),
            Expr::Ident(name) => self.fact(name),
            Expr::Select(select) => self.select(select),
            Expr::List(list) => (self.list(list), false),
            Expr::Call(call) => (self.call(call), false),
            Expr::Comprehension(_) => (self.not_available("a comprehension"), false),
            Expr::Map(_) => (self.not_available("a map"), false),
            Expr::Struct(_) => (self.not_available("a message"), false),
            Expr::Unspecified => (self.not_available("an empty expression"), false),
        }
    }

    fn literal(&mut self, literal: &LiteralValue) -> Kind {
        match literal {
            LiteralValue::Boolean(_) => Kind::Bool,
            LiteralValue::Double(_) => Kind::Double,
            LiteralValue::Int(_) => Kind::Int,
            LiteralValue::Null => Kind::Null,
            LiteralValue::String(_) => Kind::Text,
            LiteralValue::Bytes(_) => self.not_available("bytes"),
            LiteralValue::UInt(_) => self.not_available("uint"),
        }
    }

    fn fact(&mut self, name: &str) -> Typed {
        let Some(fact) = named(FACTS, name) else { return (self.unknown(name.to_owned()), false) };
        let typed = fact.kind();
        // Of a record, its fields are the facts.
        if !matches!(typed.0, Kind::Record(_)) {
            self.facts.insert(name.to_owned());
        }
        typed
    }

    fn select(&mut self, select: &SelectExpr) -> Typed {
        let (Expr::Ident(root), false) = (&select.operand.expr, select.test) else {
            self.of(&select.operand);
            return (self.not_available(&format!("the selection of {:?}", select.field)), false);
        };
        let path = format!("{root}.{}", select.field);
        let found = match named(FACTS, root).map(|fact| fact.kind().0) {
            Some(Kind::Record(fields)) => named(fields, &select.field),
            Some(_) | None => None,
        };
        let Some(fact) = found else { return (self.unknown(path), false) };
        self.facts.insert(path);
        fact.kind()
    }

    fn list(&mut self, list: &ListExpr) -> Kind {
        let kinds: Vec<Kind> = list.elements.iter().map(|element| self.of(element).0).collect();
        let first = kinds.first().cloned().unwrap_or(Kind::Any);
        match kinds.iter().find(|kind| !fits(kind, &first)) {
            Some(other) => self.mismatch(format!("a list holds both {first} and {other}")),
            None => Kind::List(Box::new(first)),
        }
    }

    fn call(&mut self, call: &CallExpr) -> Kind {
        let arguments = call.target.iter().map(|target| &**target).chain(&call.args);
        let arguments: Vec<Typed> = arguments.map(|argument| self.of(argument)).collect();
        if arguments.iter().any(|(kind, _)| *kind == Kind::Any) {
            return result_of(&call.func_name).unwrap_or(Kind::Any);
        }
        let name = call.func_name.as_str();
        let kinds: Vec<&Kind> = arguments.iter().map(|(kind, _)| kind).collect();
        match (name, arguments.as_slice()) {
            (op::EQUALS | op::NOT_EQUALS, [one, other]) if comparable(one, other) => Kind::Bool,
            (op::CONDITIONAL, [(Kind::Bool, _), (one, _), (other, _)]) if fits(one, other) => one.clone(),
            _ => match overload(name, call.target.is_some(), &kinds) {
                Some(kind) => self.constant(call, kind),
                None => self.no_overload(name, &kinds),
            },
        }
    }

    /// A time or duration that is spelled out must read.
    fn constant(&mut self, call: &CallExpr, kind: Kind) -> Kind {
        let ("timestamp" | "duration", [argument]) = (call.func_name.as_str(), call.args.as_slice()) else {
            return kind;
        };
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else { return kind };
        let spelled = format!("{}({:?})", call.func_name, text.inner());
        let reads =
            cel::Program::compile(&spelled).is_ok_and(|program| program.execute(&cel::Context::default()).is_ok());
        if reads { kind } else { self.mismatch(format!("{spelled} does not read as a {}", call.func_name)) }
    }

    fn no_overload(&mut self, name: &str, kinds: &[&Kind]) -> Kind {
        match result_of(name) {
            None => self.not_available(&format!("the function {name}")),
            Some(kind) => {
                let kinds = kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                self.mismatch(format!("{} cannot be applied to ({kinds})", name.trim_matches(['_', '@'])));
                kind
            }
        }
    }

    fn unknown(&mut self, path: String) -> Kind {
        self.faults.push(ExpressionFault::UnknownFact(path));
        Kind::Any
    }

    fn not_available(&mut self, what: &str) -> Kind {
        self.faults.push(ExpressionFault::NotAvailable(what.to_owned()));
        Kind::Any
    }

    fn mismatch(&mut self, why: String) -> Kind {
        self.faults.push(ExpressionFault::TypeMismatch(why));
        Kind::Any
    }
}

fn fits(one: &Kind, other: &Kind) -> bool {
    match (one, other) {
        (Kind::Any, _) | (_, Kind::Any) => true,
        (Kind::List(one), Kind::List(other)) => fits(one, other),
        (one, other) => one == other,
    }
}

/// Null compares with what may be null alone: with anything else the answer is always the same, which is a mistake.
fn comparable(one: &Typed, other: &Typed) -> bool {
    match (one, other) {
        ((Kind::Null, _), (_, nullable)) | ((_, nullable), (Kind::Null, _)) => *nullable,
        ((Kind::Record(_), _), _) => false,
        ((one, _), (other, _)) => fits(one, other),
    }
}

/// What a function gives whatever it is applied to; `None` for one that conditions do not have, `Any` where it depends.
fn result_of(name: &str) -> Option<Kind> {
    Some(match name {
        op::EQUALS | op::NOT_EQUALS | op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS => Kind::Bool,
        op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::IN => Kind::Bool,
        "contains" | "startsWith" | "endsWith" => Kind::Bool,
        "size" => Kind::Int,
        "timestamp" => Kind::Time,
        "duration" => Kind::Span,
        op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO | op::NEGATE | op::CONDITIONAL => Kind::Any,
        _ => return None,
    })
}

/// What a function gives when applied to these.
fn overload(name: &str, method: bool, kinds: &[&Kind]) -> Option<Kind> {
    use Kind::{Bool, Double, Int, List, Span, Text, Time};
    Some(match (name, method, kinds) {
        (op::LOGICAL_AND | op::LOGICAL_OR, false, [Bool, Bool]) | (op::LOGICAL_NOT, false, [Bool]) => Bool,
        (
            op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS,
            false,
            [Int, Int] | [Double, Double] | [Text, Text] | [Time, Time] | [Span, Span],
        ) => Bool,
        (op::IN, false, [element, List(of)]) if fits(element, of) => Bool,
        (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, false, [Int, Int]) => Int,
        (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, false, [Double, Double]) => Double,
        (op::ADD, false, [Text, Text]) => Text,
        (op::ADD | op::SUBSTRACT, false, [Span, Span]) | (op::SUBSTRACT, false, [Time, Time]) => Span,
        (op::ADD | op::SUBSTRACT, false, [Time, Span]) | (op::ADD, false, [Span, Time]) => Time,
        (op::NEGATE, false, [Int]) => Int,
        (op::NEGATE, false, [Double]) => Double,
        ("size", _, [Text | List(_)]) => Int,
        ("contains" | "startsWith" | "endsWith", true, [Text, Text]) => Bool,
        ("timestamp", false, [Text]) => Time,
        ("duration", false, [Text]) => Span,
        _ => return None,
    })
}
