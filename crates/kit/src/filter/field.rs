//! The fields that a list can be filtered by, and what fits them.
use cpor_types::{Timestamp, truncate_to_micros};

use super::{Fault, Op, Test};

/// A field of a list.
#[derive(Clone, Copy, Debug)]
pub struct Field<C> {
    /// Its name in filters.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What the list calls it.
    pub column: C,
}

/// What a field holds, and so how it can be compared.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One word of an enum: `=` and `!=`. The first is what its words begin with in the API, and may be left out.
    Word(&'static str, &'static [&'static str]),
    /// Several words of an enum: `:`.
    Words(&'static str, &'static [&'static str]),
    /// Text, whose case does not matter: `=` and `!=`, and `:` for a part of it.
    Text,
    /// Several texts: `:` for one of them.
    Texts,
    /// A moment, RFC 3339: all but `:`.
    Time,
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A word as the field's kind lists it, or text in lower case.
    Text(String),
    /// A moment.
    Time(Timestamp),
}

/// What of a comparison does not fit.
pub(super) enum Misfit {
    /// The field or the operator.
    Comparison(String),
    /// The value.
    Value(String),
}

impl Misfit {
    pub(super) fn at(self, of_comparison: usize, of_value: usize) -> Fault {
        match self {
            Self::Comparison(message) => Fault { position: of_comparison, message },
            Self::Value(message) => Fault { position: of_value, message },
        }
    }
}

impl Kind {
    /// `:` means what the field makes of it.
    const fn op(self, written: Op) -> Op {
        match (self, written) {
            (Self::Text, Op::Has) => Op::Contains,
            (Self::Text | Self::Texts | Self::Word(..) | Self::Words(..) | Self::Time, op) => op,
        }
    }

    const fn ops(self) -> &'static [Op] {
        match self {
            Self::Word(..) => &[Op::Equal, Op::NotEqual],
            Self::Words(..) | Self::Texts => &[Op::Has],
            Self::Text => &[Op::Equal, Op::NotEqual, Op::Contains],
            Self::Time => &[Op::Equal, Op::NotEqual, Op::Less, Op::LessOrEqual, Op::Greater, Op::GreaterOrEqual],
        }
    }

    fn value(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Word(prefix, words) | Self::Words(prefix, words) => {
                let word = text.strip_prefix(prefix).unwrap_or(text);
                let known = words.iter().find(|known| **known == word);
                let known = known.ok_or_else(|| format!("`{text}` is none of {}", words.join(" ")))?;
                Ok(Value::Text((*known).to_owned()))
            }
            Self::Text | Self::Texts => Ok(Value::Text(text.to_lowercase())),
            Self::Time => {
                let time = text.parse::<Timestamp>();
                let time =
                    time.map_err(|_| format!("`{text}` is no moment by RFC 3339, for example 2026-03-16T09:00:00Z"))?;
                Ok(Value::Time(truncate_to_micros(time)))
            }
        }
    }
}

/// The test that a comparison asks for.
pub(super) fn test<C: Copy>(fields: &[Field<C>], name: &str, op: Op, value: &str) -> Result<Test<C>, Misfit> {
    let unknown = || Misfit::Comparison(format!("there is no field `{name}`; fields: {}", names(fields)));
    let field = fields.iter().find(|field| field.name == name).ok_or_else(unknown)?;
    let (op, ops) = (field.kind.op(op), field.kind.ops());
    if !ops.contains(&op) {
        let ops = ops.iter().map(|op| op.as_str()).collect::<Vec<_>>().join(" ");
        return Err(Misfit::Comparison(format!("`{name}` is not compared by {}, but by {ops}", op.as_str())));
    }
    let value = field.kind.value(value).map_err(Misfit::Value)?;
    Ok(Test { column: field.column, op, value })
}

pub(super) fn names<C>(fields: &[Field<C>]) -> String {
    fields.iter().map(|field| field.name).collect::<Vec<_>>().join(" ")
}
