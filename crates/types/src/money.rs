//! Amounts of money and their currencies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Malformed;
use crate::text::text_conversions;

/// A currency, identified by its ISO 4217 code, for example `USD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The expected form in parse errors.
    const EXPECTED: &'static str = "a currency code of three capital letters (ISO 4217)";
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl FromStr for Currency {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let code = <[u8; 3]>::try_from(text.as_bytes()).ok().filter(|code| code.iter().all(u8::is_ascii_uppercase));
        code.map(Self).ok_or_else(|| Malformed::new(Self::EXPECTED, text))
    }
}

text_conversions!(Currency);

/// An amount of money (R54). It is stored in millionths of the currency's unit, so that amounts are
/// never rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The currency of the amount.
    pub currency: Currency,
    /// The amount in millionths of the currency's unit. A correction that takes money back is
    /// negative.
    pub micros: i64,
}

impl Money {
    /// Creates an amount from millionths of the currency's unit.
    #[must_use]
    pub const fn new(currency: Currency, micros: i64) -> Self {
        Self { currency, micros }
    }

    /// Returns the amount multiplied by `count`, or `None` when the result does not fit into 64
    /// bits.
    #[must_use]
    pub fn times(self, count: i64) -> Option<Self> {
        Some(Self { micros: self.micros.checked_mul(count)?, ..self })
    }

    /// Returns the difference of two amounts, or `None` when the currencies differ or the result
    /// does not fit into 64 bits.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let micros = self.micros.checked_sub(other.micros)?;
        (self.currency == other.currency).then_some(Self { micros, ..self })
    }

    /// Returns the amount with the opposite sign. The smallest amount, whose opposite does not fit
    /// into 64 bits, becomes the greatest.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { micros: self.micros.saturating_neg(), ..self }
    }
}

/// Writes the amount like `12.5 USD`, without trailing zeros.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, whole) = (if self.micros < 0 { "-" } else { "" }, self.micros.unsigned_abs());
        let decimals = format!("{:06}", whole % 1_000_000);
        let decimals = decimals.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{decimals} {}", whole / 1_000_000, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(micros: i64, currency: &str) -> Money {
        Money::new(currency.parse().unwrap(), micros)
    }

    #[test]
    fn r54_money_is_exact_or_refused() {
        let rate = money(350_000, "USD");
        assert_eq!(rate.times(3), Some(money(1_050_000, "USD")));
        assert_eq!(rate.times(i64::MAX), None);
        assert_eq!(rate.minus(money(400_000, "USD")), Some(money(-50_000, "USD")));
        assert_eq!(rate.minus(money(1, "EUR")), None, "the currencies differ");
        assert_eq!(money(i64::MIN, "USD").minus(money(1, "USD")), None);
        assert_eq!(rate.negated(), money(-350_000, "USD"));
    }

    #[test]
    fn money_is_displayed_without_trailing_zeros() {
        let cases = [(0, "0 USD"), (12_500_000, "12.5 USD"), (-1, "-0.000001 USD"), (7_000_000, "7 USD")];
        for (micros, text) in cases {
            assert_eq!(money(micros, "USD").to_string(), text);
        }
    }

    #[test]
    fn currencies_are_three_capital_letters() {
        assert_eq!("EUR".parse::<Currency>().unwrap().to_string(), "EUR");
        for bad in ["", "eur", "EURO", "E1R", "€"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
        let json = serde_json::to_string(&money(5, "USD")).unwrap();
        assert_eq!(json, r#"{"currency":"USD","micros":5}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money(5, "USD"));
    }
}
