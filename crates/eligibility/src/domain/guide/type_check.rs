//! Checks the types of a CEL (Common Expression Language) expression when a program guide is
//! created. CEL itself reports a type error only at evaluation. There, a condition with a type
//! error cannot be distinguished from a condition that does not hold.
use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, SelectExpr, operators as op};

use super::fact_types::{FACTS, ValueType, find_fact};

/// An error in the expression of a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionError {
    #[error("must be a valid CEL expression: {0}")]
    Syntax(String),
    /// The path, for example `partner.region`, names no fact.
    #[error("{0} is not a known fact")]
    UnknownFact(String),
    /// The expression uses this part of CEL, for example a function, which conditions cannot use.
    #[error("{0} is not available in conditions")]
    UnavailableConstruct(String),
    /// An operator or function has arguments of types that it does not accept, as described.
    #[error("{0}")]
    TypeMismatch(String),
    #[error("must evaluate to bool, not {0}")]
    NotBool(String),
}

/// The type of a part of an expression, and whether its value may be null.
type InferredType = (ValueType, bool);

/// Traverses an expression and collects all its errors and all facts that it uses.
#[derive(Default)]
pub(super) struct TypeChecker {
    pub(super) errors: Vec<ExpressionError>,
    /// The dotted paths of the facts that the expression uses.
    pub(super) facts: BTreeSet<String>,
}

impl TypeChecker {
    /// Checks that an expression is valid and evaluates to a bool.
    pub(super) fn check_condition(expression: &IdedExpr) -> Self {
        let mut checker = Self::default();
        let result = checker.infer(expression).0;
        if !is_compatible(&result, &ValueType::Bool) {
            checker.errors.push(ExpressionError::NotBool(result.to_string()));
        }
        checker
    }

    /// Returns the type of an expression and records its errors and facts.
    fn infer(&mut self, expression: &IdedExpr) -> InferredType {
        match &expression.expr {
            Expr::Literal(literal) => (self.infer_literal(literal), false),
            Expr::Ident(name) => self.infer_fact(name),
            Expr::Select(select) => self.infer_field(select),
            Expr::List(list) => (self.infer_list(list), false),
            Expr::Call(call) => (self.infer_call(call), false),
            Expr::Comprehension(_) => (self.report_unavailable_construct("a comprehension"), false),
            Expr::Map(_) => (self.report_unavailable_construct("a map"), false),
            Expr::Struct(_) => (self.report_unavailable_construct("a message"), false),
            Expr::Unspecified => (self.report_unavailable_construct("an empty expression"), false),
        }
    }

    fn infer_literal(&mut self, literal: &LiteralValue) -> ValueType {
        match literal {
            LiteralValue::Boolean(_) => ValueType::Bool,
            LiteralValue::Double(_) => ValueType::Double,
            LiteralValue::Int(_) => ValueType::Int,
            LiteralValue::Null => ValueType::Null,
            LiteralValue::String(_) => ValueType::Text,
            LiteralValue::Bytes(_) => self.report_unavailable_construct("bytes"),
            LiteralValue::UInt(_) => self.report_unavailable_construct("uint"),
        }
    }

    fn infer_fact(&mut self, name: &str) -> InferredType {
        let Some(fact) = find_fact(FACTS, name) else { return (self.report_unknown_fact(name.to_owned()), false) };
        let inferred = fact.value_type();
        // Only the fields of a record count as facts, not the record itself.
        if !matches!(inferred.0, ValueType::Record(_)) {
            self.facts.insert(name.to_owned());
        }
        inferred
    }

    fn infer_field(&mut self, select: &SelectExpr) -> InferredType {
        // Only `fact.field` is available. `select.test` marks the macro `has(fact.field)`.
        let (Expr::Ident(root), false) = (&select.operand.expr, select.test) else {
            self.infer(&select.operand);
            return (self.report_unavailable_construct(&format!("the selection of {:?}", select.field)), false);
        };
        let path = format!("{root}.{}", select.field);
        let field = match find_fact(FACTS, root).map(|fact| fact.value_type().0) {
            Some(ValueType::Record(fields)) => find_fact(fields, &select.field),
            Some(_) | None => None,
        };
        let Some(fact) = field else { return (self.report_unknown_fact(path), false) };
        self.facts.insert(path);
        fact.value_type()
    }

    fn infer_list(&mut self, list: &ListExpr) -> ValueType {
        let types: Vec<ValueType> = list.elements.iter().map(|element| self.infer(element).0).collect();
        let first = types.first().cloned().unwrap_or(ValueType::Any);
        match types.iter().find(|element| !is_compatible(element, &first)) {
            Some(other) => self.report_type_mismatch(format!("a list must not contain both {first} and {other}")),
            None => ValueType::List(Box::new(first)),
        }
    }

    fn infer_call(&mut self, call: &CallExpr) -> ValueType {
        let arguments = call.target.iter().map(|target| &**target).chain(&call.args);
        let arguments: Vec<InferredType> = arguments.map(|argument| self.infer(argument)).collect();
        // The error of an argument was already recorded, and its type is unknown.
        if arguments.iter().any(|(argument, _)| *argument == ValueType::Any) {
            return result_of_function(&call.func_name).unwrap_or(ValueType::Any);
        }
        let name = call.func_name.as_str();
        let types: Vec<&ValueType> = arguments.iter().map(|(argument, _)| argument).collect();
        match (name, arguments.as_slice()) {
            (op::EQUALS | op::NOT_EQUALS, [left, right]) if are_comparable(left, right) => ValueType::Bool,
            (op::CONDITIONAL, [(ValueType::Bool, _), (left, _), (right, _)]) if is_compatible(left, right) => {
                left.clone()
            }
            _ => match result_of_call(name, call.target.is_some(), &types) {
                Some(result) => self.check_constant(call, result),
                None => self.report_invalid_arguments(name, &types),
            },
        }
    }

    /// Checks that `timestamp("...")` or `duration("...")` with a literal argument can be
    /// evaluated. Returns `result`, the type of the call, unless it cannot.
    fn check_constant(&mut self, call: &CallExpr, result: ValueType) -> ValueType {
        let ("timestamp" | "duration", [argument]) = (call.func_name.as_str(), call.args.as_slice()) else {
            return result;
        };
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else { return result };
        let constant = format!("{}({:?})", call.func_name, text.inner());
        let is_valid =
            cel::Program::compile(&constant).is_ok_and(|program| program.execute(&cel::Context::default()).is_ok());
        if is_valid {
            result
        } else {
            self.report_type_mismatch(format!("{constant} is not a valid {}", call.func_name))
        }
    }

    /// Records that a function is not available, or that it is not defined for these types.
    fn report_invalid_arguments(&mut self, name: &str, types: &[&ValueType]) -> ValueType {
        match result_of_function(name) {
            None => self.report_unavailable_construct(&format!("the function {name}")),
            Some(result) => {
                let types = types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                self.report_type_mismatch(format!("{} cannot be applied to ({types})", name.trim_matches(['_', '@'])));
                result
            }
        }
    }

    fn report_unknown_fact(&mut self, path: String) -> ValueType {
        self.errors.push(ExpressionError::UnknownFact(path));
        ValueType::Any
    }

    fn report_unavailable_construct(&mut self, construct: &str) -> ValueType {
        self.errors.push(ExpressionError::UnavailableConstruct(construct.to_owned()));
        ValueType::Any
    }

    fn report_type_mismatch(&mut self, message: String) -> ValueType {
        self.errors.push(ExpressionError::TypeMismatch(message));
        ValueType::Any
    }
}

/// Returns whether two types are equal, where [`ValueType::Any`] equals every type.
fn is_compatible(left: &ValueType, right: &ValueType) -> bool {
    match (left, right) {
        (ValueType::Any, _) | (_, ValueType::Any) => true,
        (ValueType::List(left), ValueType::List(right)) => is_compatible(left, right),
        (left, right) => left == right,
    }
}

/// Returns whether two values may be compared with `==`. Null may be compared only with a nullable
/// value. With any other value the result would always be the same, which must be a mistake.
fn are_comparable(left: &InferredType, right: &InferredType) -> bool {
    match (left, right) {
        ((ValueType::Null, _), (_, is_nullable)) | ((_, is_nullable), (ValueType::Null, _)) => *is_nullable,
        ((ValueType::Record(_), _), _) => false,
        ((left, _), (right, _)) => is_compatible(left, right),
    }
}

/// Returns the result type of a function if it is the same for all arguments, `Any` if it depends
/// on the arguments, and `None` if conditions may not call the function.
fn result_of_function(name: &str) -> Option<ValueType> {
    Some(match name {
        op::EQUALS | op::NOT_EQUALS | op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS => ValueType::Bool,
        op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::IN => ValueType::Bool,
        "contains" | "startsWith" | "endsWith" => ValueType::Bool,
        "size" => ValueType::Int,
        "timestamp" => ValueType::Timestamp,
        "duration" => ValueType::Duration,
        op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO | op::NEGATE | op::CONDITIONAL => {
            ValueType::Any
        }
        _ => return None,
    })
}

/// Returns the result type of a call with arguments of these types, or `None` if the function does
/// not accept them. `is_method` distinguishes `target.name(...)` from `name(...)`.
fn result_of_call(name: &str, is_method: bool, arguments: &[&ValueType]) -> Option<ValueType> {
    use ValueType::{Bool, Double, Duration, Int, List, Text, Timestamp};
    Some(match (name, is_method, arguments) {
        (op::LOGICAL_AND | op::LOGICAL_OR, false, [Bool, Bool]) | (op::LOGICAL_NOT, false, [Bool]) => Bool,
        (
            op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS,
            false,
            [Int, Int] | [Double, Double] | [Text, Text] | [Timestamp, Timestamp] | [Duration, Duration],
        ) => Bool,
        (op::IN, false, [value, List(element)]) if is_compatible(value, element) => Bool,
        (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, false, [Int, Int]) => Int,
        (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, false, [Double, Double]) => Double,
        (op::ADD, false, [Text, Text]) => Text,
        (op::ADD | op::SUBSTRACT, false, [Duration, Duration]) => Duration,
        (op::SUBSTRACT, false, [Timestamp, Timestamp]) => Duration,
        (op::ADD | op::SUBSTRACT, false, [Timestamp, Duration]) => Timestamp,
        (op::ADD, false, [Duration, Timestamp]) => Timestamp,
        (op::NEGATE, false, [Int]) => Int,
        (op::NEGATE, false, [Double]) => Double,
        ("size", _, [Text | List(_)]) => Int,
        ("contains" | "startsWith" | "endsWith", true, [Text, Text]) => Bool,
        ("timestamp", false, [Text]) => Timestamp,
        ("duration", false, [Text]) => Duration,
        _ => return None,
    })
}
