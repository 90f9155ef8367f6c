//! The `order_by` parameter of list requests (AIP-132): the name of one field, optionally followed
//! by `asc` or `desc`.
use cpor_call::status::FieldViolation;

/// The order in which a list is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<K> {
    /// The key that the list is sorted by.
    pub key: K,
    /// If true, the greatest key comes first.
    pub descending: bool,
}

/// Parses an `order_by` value. `fields` are the allowed field names with their sort keys. Returns
/// `None` if the value is empty.
///
/// # Errors
/// Returns one violation of the field `order_by` that lists the allowed fields.
pub fn parse<K: Copy>(order_by: &str, fields: &[(&str, K)]) -> Result<Option<Order<K>>, FieldViolation> {
    let mut tokens = order_by.split_whitespace();
    let Some(name) = tokens.next() else { return Ok(None) };
    let key = fields.iter().find(|(allowed, _)| *allowed == name).map(|(_, key)| *key);
    match (key, tokens.next(), tokens.next()) {
        (Some(key), None | Some("asc"), None) => Ok(Some(Order { key, descending: false })),
        (Some(key), Some("desc"), None) => Ok(Some(Order { key, descending: true })),
        (None | Some(_), _, _) => {
            let names = fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let reason = cpor_proto::options::v1::FieldViolationReason::InvalidOrderBy.as_str_name().to_owned();
            let description = format!("must be one field, optionally followed by asc or desc; allowed fields: {names}");
            Err(FieldViolation { field: "order_by".to_owned(), reason, description })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_one_field_with_a_direction() {
        let fields = [("create_time", 'c'), ("display_name", 'd')];
        let read = |text| parse(text, &fields);
        assert_eq!(read(" "), Ok(None));
        assert_eq!(read("display_name"), Ok(Some(Order { key: 'd', descending: false })));
        assert_eq!(read(" create_time  asc "), Ok(Some(Order { key: 'c', descending: false })));
        assert_eq!(read("create_time desc"), Ok(Some(Order { key: 'c', descending: true })));
        for bad in ["nonsense", "create_time down", "create_time desc asc", "create_time, display_name", "desc"] {
            let violation = read(bad).unwrap_err();
            assert_eq!(
                (violation.field.as_str(), violation.reason.as_str()),
                ("order_by", "INVALID_ORDER_BY"),
                "{bad}"
            );
        }
    }
}
