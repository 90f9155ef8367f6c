//! The order of lists (AIP-132): one field, `desc` behind it or not. The id comes last in every order, so that pages fit together.
use crate::status::FieldViolation;

/// In which order a list comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<K> {
    /// By what.
    pub key: K,
    /// The greatest first.
    pub descending: bool,
}

/// Reads an `order_by` over the fields of this name; `None` for one that is empty.
///
/// # Errors
/// One violation that says what is allowed.
pub fn parse<K: Copy>(order_by: &str, fields: &[(&str, K)]) -> Result<Option<Order<K>>, FieldViolation> {
    let mut words = order_by.split_whitespace();
    let Some(name) = words.next() else { return Ok(None) };
    let field = fields.iter().find(|(known, _)| *known == name).map(|(_, key)| *key);
    match (field, words.next(), words.next()) {
        (Some(key), None | Some("asc"), None) => Ok(Some(Order { key, descending: false })),
        (Some(key), Some("desc"), None) => Ok(Some(Order { key, descending: true })),
        (None | Some(_), _, _) => {
            let names = fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
            let reason = cpor_proto::options::v1::FieldViolationReason::InvalidOrderBy.as_str_name().to_owned();
            let description = format!("must be one field and, if you like, asc or desc; fields: {names}");
            Err(FieldViolation { field: "order_by".to_owned(), reason, description })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_up_or_down() {
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
