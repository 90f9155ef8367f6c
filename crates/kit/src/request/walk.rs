//! Holds a message against its plan.
use std::fmt;

use prost_reflect::{DynamicMessage, MapKey, Value};

use super::plan::{FieldPlan, MessagePlan, Plans, Rules};
use crate::status::FieldViolation;

/// Everything that is wrong with a message.
pub(super) fn violations(plans: &Plans, plan: &MessagePlan, message: &DynamicMessage) -> Vec<FieldViolation> {
    let mut walk = Walk { plans, found: Vec::new() };
    walk.message(plan, message, &Path::Root);
    walk.found
}

/// Where in the message the walk stands; rendered only when something is wrong there.
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
    Key(&'a Path<'a>, &'a MapKey),
}

impl fmt::Display for Path<'_> {
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

struct Walk<'a> {
    plans: &'a Plans,
    found: Vec<FieldViolation>,
}

impl Walk<'_> {
    fn message(&mut self, plan: &MessagePlan, message: &DynamicMessage, path: &Path<'_>) {
        for field in &plan.fields {
            self.field(field, message, &Path::Field(path, field.field.name()));
        }
        for oneof in &plan.oneofs {
            if !oneof.fields.iter().any(|field| message.has_field(field)) {
                let names: Vec<&str> = oneof.fields.iter().map(|field| field.name()).collect();
                let text = format!("one of {} must be set", names.join(", "));
                self.report(&Path::Field(path, &oneof.name), "REQUIRED".to_owned(), text);
            }
        }
    }

    /// A field that is not set keeps the rules only if it cannot tell "not set" from its zero value, and says nothing
    /// of ignoring that.
    fn field(&mut self, plan: &FieldPlan, message: &DynamicMessage, path: &Path<'_>) {
        if !message.has_field(&plan.field) {
            if plan.required {
                return self.report(path, "REQUIRED".to_owned(), "must be given".to_owned());
            }
            if plan.field.supports_presence() || plan.rules.ignore_zero {
                return;
            }
        }
        let nested = plan.nested.as_deref();
        let value = message.get_field(&plan.field);
        if let Value::List(items) = &*value {
            self.list(&plan.rules, nested, items, path);
        } else if let Value::Map(entries) = &*value {
            self.size(&plan.rules, "MAP", "pairs", entries.len(), path);
            for (key, value) in entries {
                let at = Path::Key(path, key);
                self.element(plan.rules.keys.as_deref(), None, &key.clone().into(), &at);
                self.element(plan.rules.values.as_deref(), nested, value, &at);
            }
        } else {
            self.value(&plan.rules, nested, &value, path);
        }
    }

    fn list(&mut self, rules: &Rules, nested: Option<&str>, items: &[Value], path: &Path<'_>) {
        self.size(rules, "REPEATED", "items", items.len(), path);
        for (index, item) in items.iter().enumerate() {
            self.element(rules.items.as_deref(), nested, item, &Path::Item(path, index));
            if rules.unique && items.iter().take(index).any(|before| before == item) {
                self.report(&Path::Item(path, index), "REPEATED_UNIQUE".to_owned(), "must not be repeated".to_owned());
            }
        }
    }

    fn element(&mut self, rules: Option<&Rules>, nested: Option<&str>, value: &Value, path: &Path<'_>) {
        match rules {
            Some(rules) if rules.ignore_always || (rules.ignore_zero && is_zero(value)) => {}
            Some(rules) if rules.required && is_zero(value) => {
                self.report(path, "REQUIRED".to_owned(), "must be given".to_owned())
            }
            Some(rules) => self.value(rules, nested, value, path),
            None => self.nested(nested, value, path),
        }
    }

    fn value(&mut self, rules: &Rules, nested: Option<&str>, value: &Value, path: &Path<'_>) {
        for (word, text) in rules.checks.iter().filter_map(|check| check.wrong(value)) {
            self.report(path, word, text);
        }
        self.nested(nested, value, path);
    }

    fn nested(&mut self, nested: Option<&str>, value: &Value, path: &Path<'_>) {
        if let Some(plan) = nested.and_then(|name| self.plans.get(name))
            && let Value::Message(message) = value
        {
            self.message(plan, message, path);
        }
    }

    fn size(&mut self, rules: &Rules, of: &str, noun: &str, size: usize, path: &Path<'_>) {
        let suffix = noun.to_ascii_uppercase();
        if let Some(least) = rules.at_least.filter(|least| (size as u64) < *least) {
            self.report(path, format!("{of}_MIN_{suffix}"), format!("must have at least {least} {noun}"));
        }
        if let Some(most) = rules.at_most.filter(|most| size as u64 > *most) {
            self.report(path, format!("{of}_MAX_{suffix}"), format!("must have at most {most} {noun}"));
        }
    }

    fn report(&mut self, path: &Path<'_>, reason: String, description: String) {
        self.found.push(FieldViolation { field: path.to_string(), reason, description });
    }
}

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
        // A message that is there is not nothing, whatever is in it.
        Value::Message(_) => false,
    }
}
