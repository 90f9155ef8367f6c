//! The reasons that errors can have. They are the values of the `ErrorReason` enums of all
//! packages, and those of the enums for field violations. The package `cpor.options` declares the
//! reasons that all services share.

use crate::{claims, consents, eligibility, operations, options, registry, reviews};

/// Returns whether an `ErrorReason` enum of the API declares the reason.
#[must_use]
pub fn is_error_reason(reason: &str) -> bool {
    options::v1::ErrorReason::from_str_name(reason).is_some()
        || claims::v1::ErrorReason::from_str_name(reason).is_some()
        || consents::v1::ErrorReason::from_str_name(reason).is_some()
        || eligibility::v1::ErrorReason::from_str_name(reason).is_some()
        || operations::v1::ErrorReason::from_str_name(reason).is_some()
        || registry::v1::ErrorReason::from_str_name(reason).is_some()
        || reviews::v1::ErrorReason::from_str_name(reason).is_some()
}

/// Returns whether the API declares the reason for field violations. Packages declare reasons for
/// their own resources in `ErrorReason` or in an enum of their own.
#[must_use]
pub fn is_field_violation_reason(reason: &str) -> bool {
    options::v1::FieldViolationReason::from_str_name(reason).is_some()
        || eligibility::v1::GuideViolationReason::from_str_name(reason).is_some()
        || is_error_reason(reason)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};

    use super::*;

    /// Collects the reasons with which request validation reports a broken rule of a field: the
    /// name of the type and of the rule.
    fn collect(rules: &DynamicMessage, reasons: &mut BTreeSet<String>) {
        for (field, value) in rules.fields() {
            match value {
                Value::Bool(true) if field.name() == "required" => {
                    reasons.insert("REQUIRED".to_owned());
                }
                Value::Message(rules_of_type) => {
                    let prefix = field.name().to_ascii_uppercase();
                    for (rule, value) in rules_of_type.fields() {
                        match value {
                            Value::Message(item_rules) if rule.name() == "items" => collect(item_rules, reasons),
                            _ => {
                                reasons.insert(format!("{prefix}_{}", rule.name().to_ascii_uppercase()));
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn collect_all(message: &MessageDescriptor, pool: &DescriptorPool, reasons: &mut BTreeSet<String>) {
        let extension = pool.get_extension_by_name("buf.validate.field").unwrap();
        for field in message.fields() {
            if let Value::Message(rules) = field.options().get_extension(&extension).as_ref() {
                collect(rules, reasons);
            }
        }
    }

    #[test]
    fn each_rule_of_a_field_has_a_declared_reason() {
        let pool = DescriptorPool::decode(crate::DESCRIPTOR_SET).unwrap();
        let mut reasons = BTreeSet::from(["STRING_NUL".to_owned(), "TIMESTAMP_VALID".to_owned()]);
        for message in pool.all_messages().filter(|message| message.full_name().starts_with("cpor.")) {
            collect_all(&message, &pool, &mut reasons);
        }
        assert!(reasons.len() > 10, "the rules are read: {reasons:?}");
        let undeclared: Vec<_> = reasons.iter().filter(|reason| !is_field_violation_reason(reason)).collect();
        assert_eq!(undeclared, Vec::<&String>::new());
    }

    #[test]
    fn a_reason_is_declared_once() {
        let pool = DescriptorPool::decode(crate::DESCRIPTOR_SET).unwrap();
        let enums = pool.all_enums().filter(|found| found.name().ends_with("Reason") && is_about_errors(found.name()));
        let mut declared = BTreeSet::new();
        // Two packages declare these names, because the request that was refused is about a
        // different resource in each.
        let shared = ["CLAIM_CLOSED", "SUCCESSOR_EXISTS", "KEY_UNKNOWN"];
        for value in enums.flat_map(|found| found.values().collect::<Vec<_>>()) {
            let name = value.name().to_owned();
            let is_exempt = value.number() == 0 || shared.contains(&name.as_str());
            assert!(is_exempt || declared.insert(name.clone()), "{name} is declared twice");
        }
    }

    fn is_about_errors(enum_name: &str) -> bool {
        ["ErrorReason", "FieldViolationReason", "GuideViolationReason"].contains(&enum_name)
    }
}
