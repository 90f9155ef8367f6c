//! Compiles the `buf.validate` and `google.api.field_behavior` annotations of message types into
//! rules that can be evaluated quickly.
use std::collections::{HashMap, HashSet};

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::constraint::Constraint;

/// Values of the enum `google.api.FieldBehavior`.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
/// Values of the enum `buf.validate.Ignore`.
const IGNORE_IF_ZERO_VALUE: i32 = 1;
const IGNORE_ALWAYS: i32 = 3;

/// The full name of the message type for times.
const TIMESTAMP: &str = "google.protobuf.Timestamp";

/// A constraint in a proto that this server cannot enforce.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{element}: the constraint {rule} is not supported")]
pub struct UnsupportedRule {
    /// The full name of the field, oneof or message that has the constraint.
    pub element: String,
    /// The constraint, for example `string.ipv4`.
    pub rule: String,
}

/// The rules of all message types that have any, by the full name of the type.
#[derive(Debug)]
pub(super) struct RuleSet(HashMap<String, MessageRules>);

/// The rules of one message type.
#[derive(Debug)]
pub(super) struct MessageRules {
    pub(super) fields: Vec<FieldRules>,
    pub(super) required_oneofs: Vec<RequiredOneof>,
}

/// A oneof of which exactly one field must be set.
#[derive(Debug)]
pub(super) struct RequiredOneof {
    pub(super) name: String,
    pub(super) fields: Vec<FieldDescriptor>,
}

/// The rules of one field of a message type.
#[derive(Debug)]
pub(super) struct FieldRules {
    pub(super) field: FieldDescriptor,
    pub(super) is_required: bool,
    pub(super) value_rules: ValueRules,
    /// The full name of the message type of the field, its items or its map values, if that type
    /// has rules.
    pub(super) nested_type: Option<String>,
}

/// The rules of the value of a field, or of the items, keys or values that the field contains.
#[derive(Debug, Default)]
pub(super) struct ValueRules {
    pub(super) is_required: bool,
    /// If true, a zero value is not checked.
    pub(super) ignores_zero: bool,
    /// If true, no value is checked.
    pub(super) is_ignored: bool,
    pub(super) constraints: Vec<Constraint>,
    /// The minimum number of items or map pairs.
    pub(super) min_size: Option<u64>,
    /// The maximum number of items or map pairs.
    pub(super) max_size: Option<u64>,
    /// If true, a list must not contain equal items.
    pub(super) is_unique: bool,
    /// The rules of the items of a list.
    pub(super) items: Option<Box<ValueRules>>,
    /// The rules of the keys of a map.
    pub(super) keys: Option<Box<ValueRules>>,
    /// The rules of the values of a map.
    pub(super) values: Option<Box<ValueRules>>,
}

impl ValueRules {
    fn is_empty(&self) -> bool {
        let Self {
            is_required,
            ignores_zero: _,
            is_ignored: _,
            constraints,
            min_size,
            max_size,
            is_unique,
            items,
            keys,
            values,
        } = self;
        !is_required
            && constraints.is_empty()
            && min_size.is_none()
            && max_size.is_none()
            && !is_unique
            && items.is_none()
            && keys.is_none()
            && values.is_none()
    }
}

impl RuleSet {
    /// Compiles every message type whose full name starts with `prefix`. Also returns the rules
    /// that are not supported.
    pub(super) fn compile(pool: &DescriptorPool, prefix: &str) -> (Self, Vec<UnsupportedRule>) {
        let mut compiler = Compiler { pool, unsupported: Vec::new() };
        let messages = pool.all_messages().filter(|message| message.full_name().starts_with(prefix));
        let mut rules_by_type: HashMap<String, MessageRules> =
            messages.map(|message| (message.full_name().to_owned(), compiler.compile_message(&message))).collect();
        remove_empty_rules(&mut rules_by_type);
        (Self(rules_by_type), compiler.unsupported)
    }

    pub(super) fn get(&self, name: &str) -> Option<&MessageRules> {
        self.0.get(name)
    }
}

/// Removes the message types and fields that cannot have violations: fields without rules whose
/// nested message types have no rules either, to any depth.
fn remove_empty_rules(rules_by_type: &mut HashMap<String, MessageRules>) {
    let mut types_with_rules: HashSet<String> = HashSet::new();
    // A type has rules if it contains a type that has rules, so repeat until no more are found.
    loop {
        let added: Vec<String> = rules_by_type
            .iter()
            .filter(|(name, rules)| !types_with_rules.contains(*name) && rules.can_be_violated(&types_with_rules))
            .map(|(name, _)| name.clone())
            .collect();
        if added.is_empty() {
            break;
        }
        types_with_rules.extend(added);
    }
    rules_by_type.retain(|name, _| types_with_rules.contains(name));
    for rules in rules_by_type.values_mut() {
        for field in &mut rules.fields {
            field.nested_type = field.nested_type.take().filter(|nested| types_with_rules.contains(nested));
        }
        rules.fields.retain(|field| field.is_required || field.nested_type.is_some() || !field.value_rules.is_empty());
    }
}

impl FieldRules {
    /// Adds a constraint on the field or, if it is a list, on each of its items.
    fn constrain_each(&mut self, constraint: Constraint) {
        let rules = &mut self.value_rules;
        let rules = if self.field.is_list() { rules.items.get_or_insert_default() } else { rules };
        rules.constraints.push(constraint);
    }
}

impl MessageRules {
    /// Returns true if the type has rules of its own or a field whose message type is in
    /// `types_with_rules`.
    fn can_be_violated(&self, types_with_rules: &HashSet<String>) -> bool {
        let has_rules = |field: &FieldRules| {
            field.is_required
                || !field.value_rules.is_empty()
                || field.nested_type.as_ref().is_some_and(|nested| types_with_rules.contains(nested))
        };
        !self.required_oneofs.is_empty() || self.fields.iter().any(has_rules)
    }
}

/// Compiles annotations and collects those that are not supported.
struct Compiler<'a> {
    pool: &'a DescriptorPool,
    unsupported: Vec<UnsupportedRule>,
}

impl Compiler<'_> {
    fn compile_message(&mut self, message: &MessageDescriptor) -> MessageRules {
        for (rule, _) in self.option(&message.options(), "buf.validate.message").iter().flat_map(set_fields) {
            self.report_unsupported(message.full_name(), &rule);
        }
        let fields = message.fields().filter_map(|field| self.compile_field(field)).collect();
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        let required_oneofs = oneofs.filter(|oneof| {
            let rules = self.option(&oneof.options(), "buf.validate.oneof");
            rules.iter().flat_map(set_fields).any(|(rule, value)| rule == "required" && value.as_bool() == Some(true))
        });
        let required_oneofs: Vec<_> = required_oneofs
            .map(|oneof| RequiredOneof { name: oneof.name().to_owned(), fields: oneof.fields().collect() })
            .collect();
        MessageRules { fields, required_oneofs }
    }

    /// Compiles the rules of one field. Returns `None` for fields that are not checked: output-only
    /// fields, which the services ignore in requests, and fields with `IGNORE_ALWAYS`.
    fn compile_field(&mut self, field: FieldDescriptor) -> Option<FieldRules> {
        let behaviors = self.behaviors(&field);
        let value_rules = match self.option(&field.options(), "buf.validate.field") {
            Some(rules) => self.compile_value_rules(field.full_name(), &field.kind(), &rules),
            None => ValueRules::default(),
        };
        if value_rules.is_ignored || behaviors.contains(&OUTPUT_ONLY) {
            return None;
        }
        let mut rules = FieldRules {
            is_required: value_rules.is_required || behaviors.contains(&REQUIRED),
            value_rules,
            nested_type: nested_type(&field),
            field,
        };
        if rules.nested_type.as_deref() == Some(TIMESTAMP) {
            rules.nested_type = None;
            rules.constrain_each(Constraint::Timestamp);
        }
        if rules.field.kind() == Kind::String {
            rules.constrain_each(Constraint::NoNul);
        }
        Some(rules)
    }

    /// Compiles the set fields of a `buf.validate.FieldRules` message. `element` is the full name
    /// of the annotated field.
    fn compile_value_rules(&mut self, element: &str, kind: &Kind, message: &DynamicMessage) -> ValueRules {
        let mut rules = ValueRules::default();
        for (name, value) in set_fields(message) {
            match (name.as_str(), &value) {
                ("required", Value::Bool(required)) => rules.is_required = *required,
                ("ignore", Value::EnumNumber(IGNORE_IF_ZERO_VALUE)) => rules.ignores_zero = true,
                ("ignore", Value::EnumNumber(IGNORE_ALWAYS)) => rules.is_ignored = true,
                ("ignore", Value::EnumNumber(0)) => {}
                ("repeated", Value::Message(list)) => self.compile_list_rules(element, kind, list, &mut rules),
                ("map", Value::Message(map)) => self.compile_map_rules(element, kind, map, &mut rules),
                (_, Value::Message(typed)) => self.compile_constraints(element, &name, kind, typed, &mut rules),
                _ => self.report_unsupported(element, &name),
            }
        }
        rules
    }

    fn compile_list_rules(&mut self, element: &str, kind: &Kind, list: &DynamicMessage, rules: &mut ValueRules) {
        for (name, value) in set_fields(list) {
            match (name.as_str(), &value) {
                ("min_items", Value::U64(min)) => rules.min_size = Some(*min),
                ("max_items", Value::U64(max)) => rules.max_size = Some(*max),
                ("unique", Value::Bool(unique)) => rules.is_unique = *unique,
                ("items", Value::Message(items)) => {
                    rules.items = Some(Box::new(self.compile_value_rules(element, kind, items)))
                }
                _ => self.report_unsupported(element, &format!("repeated.{name}")),
            }
        }
    }

    fn compile_map_rules(&mut self, element: &str, kind: &Kind, map: &DynamicMessage, rules: &mut ValueRules) {
        let entry = kind.as_message().filter(|entry| entry.is_map_entry()).cloned();
        let Some(entry) = entry else { return self.report_unsupported(element, "map") };
        for (name, value) in set_fields(map) {
            match (name.as_str(), &value) {
                ("min_pairs", Value::U64(min)) => rules.min_size = Some(*min),
                ("max_pairs", Value::U64(max)) => rules.max_size = Some(*max),
                ("keys", Value::Message(keys)) => {
                    let key_kind = entry.map_entry_key_field().kind();
                    rules.keys = Some(Box::new(self.compile_value_rules(element, &key_kind, keys)))
                }
                ("values", Value::Message(values)) => {
                    let value_kind = entry.map_entry_value_field().kind();
                    rules.values = Some(Box::new(self.compile_value_rules(element, &value_kind, values)))
                }
                _ => self.report_unsupported(element, &format!("map.{name}")),
            }
        }
    }

    /// Compiles the rules for one protobuf type, for example those of `buf.validate.StringRules`.
    fn compile_constraints(
        &mut self,
        element: &str,
        type_name: &str,
        kind: &Kind,
        type_rules: &DynamicMessage,
        rules: &mut ValueRules,
    ) {
        for (name, value) in set_fields(type_rules) {
            match Constraint::compile(type_name, &name, kind, &value) {
                Some(constraint) => rules.constraints.extend(constraint),
                None => self.report_unsupported(element, &format!("{type_name}.{name}")),
            }
        }
    }

    /// Returns the `google.api.FieldBehavior` values of a field.
    fn behaviors(&self, field: &FieldDescriptor) -> Vec<i32> {
        let Some(extension) = self.pool.get_extension_by_name("google.api.field_behavior") else { return Vec::new() };
        let options = field.options();
        let value = options.get_extension(&extension);
        value.as_list().unwrap_or_default().iter().filter_map(Value::as_enum_number).collect()
    }

    /// Returns the option with the full name `name`, if it is set and a message.
    fn option(&self, options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
        let extension = self.pool.get_extension_by_name(name)?;
        options.has_extension(&extension).then(|| options.get_extension(&extension).as_message().cloned())?
    }

    fn report_unsupported(&mut self, element: &str, rule: &str) {
        self.unsupported.push(UnsupportedRule { element: element.to_owned(), rule: rule.to_owned() });
    }
}

/// Returns the full name of the message type of a field, of its items or of its map values.
fn nested_type(field: &FieldDescriptor) -> Option<String> {
    let kind = field.kind();
    let message = kind.as_message()?;
    if field.is_map() {
        let value = message.map_entry_value_field().kind();
        return value.as_message().map(|message| message.full_name().to_owned());
    }
    Some(message.full_name().to_owned())
}

/// Returns the fields and extensions that are set in a message of rules, by name.
fn set_fields(message: &DynamicMessage) -> Vec<(String, Value)> {
    let fields = message.fields().map(|(field, value)| (field.name().to_owned(), value.clone()));
    let extensions = message.extensions().map(|(extension, value)| (extension.full_name().to_owned(), value.clone()));
    fields.chain(extensions).collect()
}
