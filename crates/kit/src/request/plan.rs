//! Compiles `buf.validate` and `google.api.field_behavior` annotations into what the walk needs.
use std::collections::{HashMap, HashSet};

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::check::Check;

/// `google.api.FieldBehavior`.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
/// `buf.validate.Ignore`.
const IGNORE_IF_ZERO_VALUE: i32 = 1;
const IGNORE_ALWAYS: i32 = 3;

const TIMESTAMP: &str = "google.protobuf.Timestamp";

/// A constraint in a proto that this validator does not enforce.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: the constraint {rule} is not implemented")]
pub struct UnsupportedRule {
    /// The field, oneof or message.
    pub at: String,
    /// The constraint, for example `string.ipv4`.
    pub rule: String,
}

/// The plans of all messages in which something can be wrong, by full name.
#[derive(Debug)]
pub(super) struct Plans(HashMap<String, MessagePlan>);

/// What one type of message must keep.
#[derive(Debug)]
pub(super) struct MessagePlan {
    pub(super) fields: Vec<FieldPlan>,
    pub(super) oneofs: Vec<OneofPlan>,
}

/// A oneof of which a field must be set.
#[derive(Debug)]
pub(super) struct OneofPlan {
    pub(super) name: String,
    pub(super) fields: Vec<FieldDescriptor>,
}

/// What one field must keep.
#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) field: FieldDescriptor,
    pub(super) required: bool,
    pub(super) rules: Rules,
    /// The type of the message, item or map value within, when it has a plan of its own.
    pub(super) nested: Option<String>,
}

/// The rules of one field, or of the items, keys or values in it.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) required: bool,
    pub(super) ignore_zero: bool,
    pub(super) ignore_always: bool,
    pub(super) checks: Vec<Check>,
    pub(super) at_least: Option<u64>,
    pub(super) at_most: Option<u64>,
    pub(super) unique: bool,
    pub(super) items: Option<Box<Rules>>,
    pub(super) keys: Option<Box<Rules>>,
    pub(super) values: Option<Box<Rules>>,
}

impl Rules {
    fn is_empty(&self) -> bool {
        let Self { required, ignore_zero: _, ignore_always: _, checks, at_least, at_most, unique, items, keys, values } =
            self;
        !required
            && checks.is_empty()
            && at_least.is_none()
            && at_most.is_none()
            && !unique
            && items.is_none()
            && keys.is_none()
            && values.is_none()
    }
}

impl Plans {
    /// Compiles every message whose full name starts with `prefix`, and says which rules it could not.
    pub(super) fn compile(pool: &DescriptorPool, prefix: &str) -> (Self, Vec<UnsupportedRule>) {
        let mut compiler = Compiler { pool, unsupported: Vec::new() };
        let messages = pool.all_messages().filter(|message| message.full_name().starts_with(prefix));
        let mut plans: HashMap<String, MessagePlan> =
            messages.map(|message| (message.full_name().to_owned(), compiler.message(&message))).collect();
        prune(&mut plans);
        (Self(plans), compiler.unsupported)
    }

    pub(super) fn get(&self, name: &str) -> Option<&MessagePlan> {
        self.0.get(name)
    }
}

/// Takes out what can never find anything: fields without rules whose messages have none either, to any depth.
fn prune(plans: &mut HashMap<String, MessagePlan>) {
    let mut live: HashSet<String> = HashSet::new();
    loop {
        let found: Vec<String> = plans
            .iter()
            .filter(|(name, plan)| !live.contains(*name) && plan.can_find(&live))
            .map(|(name, _)| name.clone())
            .collect();
        if found.is_empty() {
            break;
        }
        live.extend(found);
    }
    plans.retain(|name, _| live.contains(name));
    for plan in plans.values_mut() {
        for field in &mut plan.fields {
            field.nested = field.nested.take().filter(|nested| live.contains(nested));
        }
        plan.fields.retain(|field| field.required || field.nested.is_some() || !field.rules.is_empty());
    }
}

impl FieldPlan {
    /// Adds a check on the field or, if it is a list, on each of its items.
    fn check_each(&mut self, check: Check) {
        let rules = &mut self.rules;
        let rules = if self.field.is_list() { rules.items.get_or_insert_default() } else { rules };
        rules.checks.push(check);
    }
}

impl MessagePlan {
    fn can_find(&self, live: &HashSet<String>) -> bool {
        let finds = |field: &FieldPlan| {
            field.required
                || !field.rules.is_empty()
                || field.nested.as_ref().is_some_and(|nested| live.contains(nested))
        };
        !self.oneofs.is_empty() || self.fields.iter().any(finds)
    }
}

struct Compiler<'a> {
    pool: &'a DescriptorPool,
    unsupported: Vec<UnsupportedRule>,
}

impl Compiler<'_> {
    fn message(&mut self, message: &MessageDescriptor) -> MessagePlan {
        for rule in self.option(&message.options(), "buf.validate.message").iter().flat_map(set_fields) {
            self.refuse(message.full_name(), &rule.0);
        }
        let fields = message.fields().filter_map(|field| self.field(field)).collect();
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        let required = oneofs.filter(|oneof| {
            let rules = self.option(&oneof.options(), "buf.validate.oneof");
            rules.iter().flat_map(set_fields).any(|(rule, value)| rule == "required" && value.as_bool() == Some(true))
        });
        let oneofs: Vec<_> = required
            .map(|oneof| OneofPlan { name: oneof.name().to_owned(), fields: oneof.fields().collect() })
            .collect();
        MessagePlan { fields, oneofs }
    }

    /// `None` for what clients do not set: whatever stands there is passed over by the services.
    fn field(&mut self, field: FieldDescriptor) -> Option<FieldPlan> {
        let behaviors = self.behaviors(&field);
        let rules = match self.option(&field.options(), "buf.validate.field") {
            Some(rules) => self.rules(field.full_name(), &field.kind(), &rules),
            None => Rules::default(),
        };
        if rules.ignore_always || behaviors.contains(&OUTPUT_ONLY) {
            return None;
        }
        let mut plan = FieldPlan {
            required: rules.required || behaviors.contains(&REQUIRED),
            rules,
            nested: nested(&field),
            field,
        };
        if plan.nested.as_deref() == Some(TIMESTAMP) {
            plan.nested = None;
            plan.check_each(Check::Timestamp);
        }
        if plan.field.kind() == Kind::String {
            plan.check_each(Check::Storable);
        }
        Some(plan)
    }

    fn rules(&mut self, at: &str, kind: &Kind, message: &DynamicMessage) -> Rules {
        let mut rules = Rules::default();
        for (name, value) in set_fields(message) {
            match (name.as_str(), &value) {
                ("required", Value::Bool(required)) => rules.required = *required,
                ("ignore", Value::EnumNumber(IGNORE_IF_ZERO_VALUE)) => rules.ignore_zero = true,
                ("ignore", Value::EnumNumber(IGNORE_ALWAYS)) => rules.ignore_always = true,
                ("ignore", Value::EnumNumber(0)) => {}
                ("repeated", Value::Message(list)) => self.list(at, kind, list, &mut rules),
                ("map", Value::Message(map)) => self.map(at, kind, map, &mut rules),
                (_, Value::Message(typed)) => self.typed(at, &name, kind, typed, &mut rules),
                _ => self.refuse(at, &name),
            }
        }
        rules
    }

    fn list(&mut self, at: &str, kind: &Kind, list: &DynamicMessage, rules: &mut Rules) {
        for (name, value) in set_fields(list) {
            match (name.as_str(), &value) {
                ("min_items", Value::U64(least)) => rules.at_least = Some(*least),
                ("max_items", Value::U64(most)) => rules.at_most = Some(*most),
                ("unique", Value::Bool(unique)) => rules.unique = *unique,
                ("items", Value::Message(items)) => rules.items = Some(Box::new(self.rules(at, kind, items))),
                _ => self.refuse(at, &format!("repeated.{name}")),
            }
        }
    }

    fn map(&mut self, at: &str, kind: &Kind, map: &DynamicMessage, rules: &mut Rules) {
        let entry = kind.as_message().filter(|entry| entry.is_map_entry()).cloned();
        let Some(entry) = entry else { return self.refuse(at, "map") };
        for (name, value) in set_fields(map) {
            match (name.as_str(), &value) {
                ("min_pairs", Value::U64(least)) => rules.at_least = Some(*least),
                ("max_pairs", Value::U64(most)) => rules.at_most = Some(*most),
                ("keys", Value::Message(keys)) => {
                    rules.keys = Some(Box::new(self.rules(at, &entry.map_entry_key_field().kind(), keys)))
                }
                ("values", Value::Message(values)) => {
                    rules.values = Some(Box::new(self.rules(at, &entry.map_entry_value_field().kind(), values)))
                }
                _ => self.refuse(at, &format!("map.{name}")),
            }
        }
    }

    fn typed(&mut self, at: &str, of: &str, kind: &Kind, typed: &DynamicMessage, rules: &mut Rules) {
        for (name, value) in set_fields(typed) {
            match Check::compile(of, &name, kind, &value) {
                Some(check) => rules.checks.extend(check),
                None => self.refuse(at, &format!("{of}.{name}")),
            }
        }
    }

    fn behaviors(&self, field: &FieldDescriptor) -> Vec<i32> {
        let Some(extension) = self.pool.get_extension_by_name("google.api.field_behavior") else { return Vec::new() };
        let options = field.options();
        let value = options.get_extension(&extension);
        value.as_list().unwrap_or_default().iter().filter_map(Value::as_enum_number).collect()
    }

    fn option(&self, options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
        let extension = self.pool.get_extension_by_name(name)?;
        options.has_extension(&extension).then(|| options.get_extension(&extension).as_message().cloned())?
    }

    fn refuse(&mut self, at: &str, rule: &str) {
        self.unsupported.push(UnsupportedRule { at: at.to_owned(), rule: rule.to_owned() });
    }
}

/// The name of the message type in a field, be it single, an item or a map's value.
fn nested(field: &FieldDescriptor) -> Option<String> {
    let kind = field.kind();
    let message = kind.as_message()?;
    if field.is_map() {
        let value = message.map_entry_value_field().kind();
        return value.as_message().map(|message| message.full_name().to_owned());
    }
    Some(message.full_name().to_owned())
}

/// What is set in a message of rules; unknown extensions of it too, by their names.
fn set_fields(message: &DynamicMessage) -> Vec<(String, Value)> {
    let fields = message.fields().map(|(field, value)| (field.name().to_owned(), value.clone()));
    let extensions = message.extensions().map(|(extension, value)| (extension.full_name().to_owned(), value.clone()));
    fields.chain(extensions).collect()
}
