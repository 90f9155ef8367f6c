//! Evaluates the compiled rules of a message type against one message and collects the violations.
use std::fmt;

use prost_reflect::{DynamicMessage, MapKey, Value};

use super::{
    compile::{FieldRules, MessageRules, RuleSet, ValueRules},
    constraint::BrokenConstraint,
};
use cpor_call::status::FieldViolation;

/// Returns all violations in a message.
pub(super) fn violations(rule_set: &RuleSet, rules: &MessageRules, message: &DynamicMessage) -> Vec<FieldViolation> {
    let mut evaluator = Evaluator { rule_set, violations: Vec::new() };
    evaluator.check_message(rules, message, &FieldPath::Root);
    evaluator.violations
}

/// The path of the value that is being checked. It is formatted only if the value has a violation.
enum FieldPath<'a> {
    Root,
    Field(&'a FieldPath<'a>, &'a str),
    Item(&'a FieldPath<'a>, usize),
    Key(&'a FieldPath<'a>, &'a MapKey),
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Key(parent, MapKey::String(key)) => write!(f, "{parent}[{key:?}]"),
            Self::Key(parent, MapKey::Bool(key)) => write!(f, "{parent}[{key}]"),
            Self::Key(parent, MapKey::I32(key)) => write!(f, "{parent}[{key}]"),
            Self::Key(parent, MapKey::I64(key)) => write!(f, "{parent}[{key}]"),
            Self::Key(parent, MapKey::U32(key)) => write!(f, "{parent}[{key}]"),
            Self::Key(parent, MapKey::U64(key)) => write!(f, "{parent}[{key}]"),
        }
    }
}

/// Checks one message and collects its violations.
struct Evaluator<'a> {
    rule_set: &'a RuleSet,
    violations: Vec<FieldViolation>,
}

impl Evaluator<'_> {
    fn check_message(&mut self, rules: &MessageRules, message: &DynamicMessage, path: &FieldPath<'_>) {
        for field in &rules.fields {
            self.check_field(field, message, &FieldPath::Field(path, field.field.name()));
        }
        for oneof in &rules.required_oneofs {
            if !oneof.fields.iter().any(|field| message.has_field(field)) {
                let names: Vec<&str> = oneof.fields.iter().map(|field| field.name()).collect();
                let description = format!("exactly one of the fields {} must be set", names.join(", "));
                self.report(&FieldPath::Field(path, &oneof.name), "REQUIRED".to_owned(), description);
            }
        }
    }

    /// Checks one field. A field that is not set is checked as if it had its zero value, unless the
    /// message type tracks whether the field is set, or the rules ignore zero values.
    fn check_field(&mut self, rules: &FieldRules, message: &DynamicMessage, path: &FieldPath<'_>) {
        if !message.has_field(&rules.field) {
            if rules.is_required {
                return self.report_missing(path);
            }
            if rules.field.supports_presence() || rules.value_rules.ignores_zero {
                return;
            }
        }
        let nested_type = rules.nested_type.as_deref();
        let value = message.get_field(&rules.field);
        if let Value::List(items) = &*value {
            self.check_list(&rules.value_rules, nested_type, items, path);
        } else if let Value::Map(entries) = &*value {
            self.check_size(&rules.value_rules, "MAP", "pairs", entries.len(), path);
            for (key, value) in entries {
                let entry_path = FieldPath::Key(path, key);
                self.check_element(rules.value_rules.keys.as_deref(), None, &key.clone().into(), &entry_path);
                self.check_element(rules.value_rules.values.as_deref(), nested_type, value, &entry_path);
            }
        } else {
            self.check_value(&rules.value_rules, nested_type, &value, path);
        }
    }

    fn check_list(&mut self, rules: &ValueRules, nested_type: Option<&str>, items: &[Value], path: &FieldPath<'_>) {
        self.check_size(rules, "REPEATED", "items", items.len(), path);
        for (index, item) in items.iter().enumerate() {
            self.check_element(rules.items.as_deref(), nested_type, item, &FieldPath::Item(path, index));
            if rules.is_unique && items.iter().take(index).any(|earlier| earlier == item) {
                let description = "must not repeat an earlier item".to_owned();
                self.report(&FieldPath::Item(path, index), "REPEATED_UNIQUE".to_owned(), description);
            }
        }
    }

    /// Checks an item of a list, or a key or value of a map.
    fn check_element(
        &mut self,
        rules: Option<&ValueRules>,
        nested_type: Option<&str>,
        value: &Value,
        path: &FieldPath<'_>,
    ) {
        match rules {
            Some(rules) if rules.is_ignored || (rules.ignores_zero && is_zero(value)) => {}
            Some(rules) if rules.is_required && is_zero(value) => self.report_missing(path),
            Some(rules) => self.check_value(rules, nested_type, value, path),
            None => self.check_nested(nested_type, value, path),
        }
    }

    fn check_value(&mut self, rules: &ValueRules, nested_type: Option<&str>, value: &Value, path: &FieldPath<'_>) {
        for broken in rules.constraints.iter().filter_map(|constraint| constraint.check(value)) {
            let BrokenConstraint { reason, description } = broken;
            self.report(path, reason, description);
        }
        self.check_nested(nested_type, value, path);
    }

    /// Checks a nested message against the rules of its type, if the type has any.
    fn check_nested(&mut self, nested_type: Option<&str>, value: &Value, path: &FieldPath<'_>) {
        if let Some(rules) = nested_type.and_then(|name| self.rule_set.get(name))
            && let Value::Message(message) = value
        {
            self.check_message(rules, message, path);
        }
    }

    /// Checks the number of items of a list or of pairs of a map. `type_name` and `noun` become
    /// part of the reason, for example `REPEATED_MIN_ITEMS`.
    fn check_size(&mut self, rules: &ValueRules, type_name: &str, noun: &str, size: usize, path: &FieldPath<'_>) {
        let suffix = noun.to_ascii_uppercase();
        if let Some(min) = rules.min_size.filter(|min| (size as u64) < *min) {
            self.report(path, format!("{type_name}_MIN_{suffix}"), format!("must have at least {min} {noun}"));
        }
        if let Some(max) = rules.max_size.filter(|max| size as u64 > *max) {
            self.report(path, format!("{type_name}_MAX_{suffix}"), format!("must have at most {max} {noun}"));
        }
    }

    fn report_missing(&mut self, path: &FieldPath<'_>) {
        self.report(path, "REQUIRED".to_owned(), "must be set".to_owned());
    }

    fn report(&mut self, path: &FieldPath<'_>, reason: String, description: String) {
        self.violations.push(FieldViolation { field: path.to_string(), reason, description });
    }
}

/// Returns true if the value is the zero value of its type.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::I32(number) | Value::EnumNumber(number) => *number == 0,
        Value::I64(number) => *number == 0,
        Value::U32(number) => *number == 0,
        Value::U64(number) => *number == 0,
        Value::F32(number) => *number == 0.0,
        Value::F64(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        // A message that is set counts as a value even if all its fields are empty.
        Value::Message(_) => false,
    }
}
