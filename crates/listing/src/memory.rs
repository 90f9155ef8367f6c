//! Lists of items in memory. They are for lists that are always small.
use crate::{
    filter::{Comparison, Expr, Field, Operator, Value},
    order::Order,
};
use tonic::Status;

use crate::{
    cursor::{Cursor, CursorValue},
    parse,
};

/// A function that returns the values of an item's field: none if the field is absent, several if
/// it is a list. Texts of [`FieldType::Text`](crate::filter::FieldType::Text) are in lower case.
type FieldOf<T> = fn(&T) -> Vec<Value>;

/// A function that returns the value of an item's sort key.
type SortKeyOf<T> = fn(&T) -> CursorValue;

/// The declaration of a list of items in memory.
#[derive(Debug)]
pub struct MemoryList<T: 'static> {
    /// The fields that a filter can use.
    pub fields: &'static [Field<FieldOf<T>>],
    /// The sort keys by their names in the API.
    pub sort_keys: &'static [(&'static str, SortKeyOf<T>)],
    /// The order if the request does not set `order_by`.
    pub default_order: Order<SortKeyOf<T>>,
    /// Returns the values that sort items with the same sort key, for example the id. No two items
    /// may have the same values.
    pub tie_break: fn(&T) -> Vec<CursorValue>,
}

/// The parsed filter and order of a request.
#[derive(Debug)]
pub struct MemoryQuery<T: 'static> {
    filter: Option<Expr<Comparison<FieldOf<T>>>>,
    order: Order<SortKeyOf<T>>,
    /// Returns the values that sort items with the same sort key.
    tie_break: fn(&T) -> Vec<CursorValue>,
}

impl<T> MemoryList<T> {
    /// Parses the fields `filter` and `order_by` of a request.
    ///
    /// # Errors
    /// Returns INVALID_ARGUMENT with every error in both fields (INVALID_FILTER, INVALID_ORDER_BY).
    pub fn parse(&self, filter: &str, order_by: &str) -> Result<MemoryQuery<T>, Status> {
        let (filter, order) = parse::parse((filter, self.fields), (order_by, self.sort_keys))?;
        Ok(MemoryQuery { filter, order: order.unwrap_or(self.default_order), tie_break: self.tie_break })
    }
}

impl<T> MemoryQuery<T> {
    /// Returns the items that match the filter, in the order of the request, starting after the
    /// cursor `after`. Each item comes with its own cursor.
    #[must_use]
    pub fn select(&self, items: impl IntoIterator<Item = T>, after: Option<&Cursor>) -> Vec<(Cursor, T)> {
        let Order { key, descending } = self.order;
        let matching = items.into_iter().filter(|item| self.filter.as_ref().is_none_or(|filter| matches(filter, item)));
        let cursor = |item: &T| Cursor(std::iter::once(key(item)).chain((self.tie_break)(item)).collect());
        let mut selected: Vec<_> = matching.map(|item| (cursor(&item), item)).collect();
        selected
            .retain(|(cursor, _)| after.is_none_or(|after| if descending { cursor < after } else { cursor > after }));
        selected.sort_by(|(a, _), (b, _)| if descending { b.cmp(a) } else { a.cmp(b) });
        selected
    }
}

/// Returns whether the item matches the filter.
fn matches<T>(filter: &Expr<Comparison<FieldOf<T>>>, item: &T) -> bool {
    match filter {
        Expr::And(parts) => parts.iter().all(|part| matches(part, item)),
        Expr::Or(parts) => parts.iter().any(|part| matches(part, item)),
        Expr::Not(negated) => !matches(negated, item),
        Expr::Compare(Comparison { column, op, value }) => compare(&column(item), *op, value),
    }
}

/// Returns whether at least one value of a field compares to the value in the filter as `op` says;
/// for `!=`, whether no value is equal. The empty text equals an absent value.
fn compare(values: &[Value], op: Operator, value: &Value) -> bool {
    let any = |test: fn(&Value, &Value) -> bool| values.iter().any(|found| test(found, value));
    match op {
        Operator::Equal | Operator::Has => {
            any(Value::eq) || (values.is_empty() && *value == Value::Text(String::new()))
        }
        Operator::NotEqual => !compare(values, Operator::Equal, value),
        Operator::Contains => any(|found, part| match (found, part) {
            (Value::Text(found), Value::Text(part)) => found.contains(part),
            (Value::Text(_) | Value::Bool(_) | Value::Number(_) | Value::Time(_), _) => false,
        }),
        Operator::Less => any(|found, value| found < value),
        Operator::LessOrEqual => any(|found, value| found <= value),
        Operator::Greater => any(|found, value| found > value),
        Operator::GreaterOrEqual => any(|found, value| found >= value),
    }
}

#[cfg(test)]
mod tests {
    use crate::filter::FieldType;

    use super::*;

    type Product = (&'static str, Option<i64>, Vec<&'static str>);

    const PRODUCTS: MemoryList<Product> = MemoryList {
        fields: &[
            Field {
                name: "name",
                field_type: FieldType::Text,
                column: |(name, ..)| vec![Value::Text(name.to_lowercase())],
            },
            Field {
                name: "seats",
                field_type: FieldType::Number,
                column: |(_, seats, _)| seats.map(Value::Number).into_iter().collect(),
            },
            Field {
                name: "tags",
                field_type: FieldType::TextList,
                column: |(.., tags)| tags.iter().map(|tag| Value::Text((*tag).to_owned())).collect(),
            },
        ],
        sort_keys: &[
            ("name", |(name, ..)| CursorValue::Text((*name).to_owned())),
            ("seats", |(_, seats, _)| CursorValue::Number(seats.unwrap_or_default())),
        ],
        default_order: Order { key: |(name, ..)| CursorValue::Text((*name).to_owned()), descending: false },
        tie_break: |(name, ..)| vec![CursorValue::Text((*name).to_owned())],
    };

    fn products() -> [Product; 4] {
        [("D", Some(5), vec!["x"]), ("B", None, vec![]), ("A", Some(9), vec!["x", "y"]), ("C", Some(5), vec!["y"])]
    }

    /// Lists all products in pages of one and returns their names.
    fn list(filter: &str, order_by: &str) -> String {
        let query = PRODUCTS.parse(filter, order_by).unwrap();
        let (mut names, mut after) = (String::new(), None);
        while let Some((cursor, (name, ..))) = query.select(products(), after.as_ref()).into_iter().next() {
            names.push_str(name);
            after = Some(cursor);
        }
        names
    }

    #[test]
    fn filters_and_sorts_items() {
        let cases = [
            ("", "", "ABCD"),
            ("", "name desc", "DCBA"),
            ("", "seats", "BCDA"),
            ("", "seats desc", "ADCB"),
            ("name = a OR name = c", "", "AC"),
            ("NOT name:b", "", "ACD"),
            ("seats < 9", "", "CD"),
            ("seats != 5", "", "AB"),
            ("NOT seats > 5", "", "BCD"),
            ("tags:x AND tags:y", "", "A"),
        ];
        for (filter, order_by, expected) in cases {
            assert_eq!(list(filter, order_by), expected, "{filter} {order_by}");
        }
    }
}
