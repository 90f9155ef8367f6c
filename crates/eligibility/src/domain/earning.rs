//! What a line earns in a month, and the ledger that it is written down in (R54).
//!
//! The ledger only grows. A fact or a guide that changes what was written adds a line with the difference, which points at
//! the line that it corrects.
use cpor_types::{
    Activity, AssociationKey, Currency, LineId, Money, Month, ProductId, Program, ProgramGuideId, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{
    assessment::Answer,
    evaluate::LineResult,
    facts::{ClaimRef, Opening, UsageByKey},
    guide::Unit,
    payout::PayoutPeriod,
};

/// What a line earns in a month for an activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Earned {
    /// So much.
    Paid(Pay),
    /// Nothing, and why.
    Nothing(Reason),
}

/// Units times rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pay {
    pub(crate) unit: Unit,
    pub(crate) units: i64,
    /// For one unit.
    pub(crate) rate: Money,
    pub(crate) amount: Money,
}

/// Why a line earns nothing; of several reasons, the first of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// Recognised, never paid (R53).
    RecognitionOnly,
    /// The association was not official from the month's beginning to its end (R50).
    NotCredited,
    /// These conditions did not hold.
    ConditionsFailed(Vec<String>),
    /// No usage of the month is stored.
    UsageMissing,
    /// The guide has no rate for it.
    NoRate,
    /// Units times rate exceeds what can be written down; the usage or the rate must be wrong.
    AmountTooLarge,
    /// Taken back, because the line after it pays in another currency.
    CurrencyChanged,
}

impl Earned {
    /// How much; `None` where it is nothing.
    pub(crate) const fn amount(&self) -> Option<Money> {
        match self {
            Self::Paid(pay) => Some(pay.amount),
            Self::Nothing(_) => None,
        }
    }
}

/// A line of the ledger. Nothing in it ever changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Earning {
    pub(crate) id: Uuid,
    /// Its place among the lines of its claim: from 1, without gaps, in the order of writing.
    pub(crate) number: u64,
    /// The line that this one corrects.
    pub(crate) corrects: Option<Uuid>,
    pub(crate) tenant: TenantId,
    pub(crate) claim: ClaimRef,
    pub(crate) line: LineId,
    pub(crate) key: AssociationKey,
    pub(crate) product: ProductId,
    pub(crate) activity: Activity,
    pub(crate) program: Option<Program>,
    pub(crate) month: Month,
    pub(crate) guide: ProgramGuideId,
    /// What the month earns by now, all lines together.
    pub(crate) earned: Earned,
    /// What this line adds: for a correction, the difference. `None`: nothing, and nothing was.
    pub(crate) amount: Option<Money>,
    pub(crate) payout_period: PayoutPeriod,
    pub(crate) accrue_time: Timestamp,
}

/// Writes down what an answer changes of what was written before, and keeps count of it in the answer. A line is first
/// written when the month is over or its usage is stored, whichever comes first. `written` counts the claim's lines so far.
pub(crate) fn book(
    about: &Opening,
    written: u64,
    before: Option<&Answer>,
    answer: &mut Answer,
    usage: &UsageByKey,
    now: Timestamp,
) -> Vec<Earning> {
    let Answer { month, guide, results, .. } = answer;
    let mut lines = Vec::new();
    for result in results.iter_mut() {
        let known = before.and_then(|before| before.result(result.line, result.activity)).filter(|old| old.booked > 0);
        result.booked = known.map_or(0, |old| old.booked);
        if known.is_none() && now < month.end() && usage.of_month(&result.key, *month).is_none() {
            continue;
        }
        for (earned, amount) in difference(known.map(|old| &old.earned), &result.earned) {
            result.booked += 1;
            let number = written + lines.len() as u64 + 1;
            lines.push(line(about, result, (number, *month, guide), (earned, amount), now));
        }
    }
    lines
}

fn line(
    about: &Opening,
    result: &LineResult,
    (number, month, guide): (u64, Month, &ProgramGuideId),
    (earned, amount): (Earned, Option<Money>),
    now: Timestamp,
) -> Earning {
    let LineResult { line, key, product, activity, program, booked, .. } = result;
    let id = |booked: u32| {
        let name = format!("{line}/{activity}/{month}/{booked}");
        Uuid::new_v5(&about.claim.claim.uuid(), name.as_bytes())
    };
    Earning {
        id: id(*booked),
        number,
        corrects: booked.checked_sub(1).filter(|before| *before > 0).map(id),
        tenant: about.tenant,
        claim: about.claim.clone(),
        line: *line,
        key: key.clone(),
        product: product.clone(),
        activity: *activity,
        program: *program,
        month,
        guide: guide.clone(),
        earned,
        amount,
        payout_period: PayoutPeriod::of(now),
        accrue_time: now,
    }
}

/// What has to be written when this was written before and that is true now: what is earned by then, and the difference.
fn difference(written: Option<&Earned>, now: &Earned) -> Vec<(Earned, Option<Money>)> {
    let Some(before) = written else { return vec![(now.clone(), now.amount())] };
    if before == now {
        return Vec::new();
    }
    match (before.amount(), now.amount()) {
        (None, amount) => vec![(now.clone(), amount)],
        (Some(old), None) => vec![(now.clone(), Some(old.negated()))],
        (Some(old), Some(new)) => match new.minus(old) {
            Some(more) => vec![(now.clone(), Some(more))],
            None => {
                let taken_back = (Earned::Nothing(Reason::CurrencyChanged), Some(old.negated()));
                vec![taken_back, (now.clone(), Some(new))]
            }
        },
    }
}

/// Sums of money, one for each currency. Beyond what can be written down they stay at the limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals(BTreeMap<Currency, i64>);

impl Totals {
    /// Adds an amount, if there is one.
    pub(crate) fn add(&mut self, amount: Option<Money>) {
        if let Some(Money { currency, micros }) = amount {
            let sum = self.0.entry(currency).or_default();
            *sum = sum.saturating_add(micros);
        }
    }

    /// The sums, by currency.
    pub(crate) fn sums(&self) -> impl Iterator<Item = Money> + '_ {
        self.0.iter().map(|(currency, micros)| Money::new(*currency, *micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(micros: i64) -> Money {
        Money::new("USD".parse().unwrap(), micros)
    }

    fn paid(amount: Money) -> Earned {
        Earned::Paid(Pay { unit: Unit::ActiveUsers, units: 1, rate: amount, amount })
    }

    #[test]
    fn r54_a_correction_is_the_difference_and_repetitions_are_none() {
        let nothing = || Earned::Nothing(Reason::UsageMissing);
        let euros = Money::new("EUR".parse().unwrap(), 7);
        let amounts = |before: Option<&Earned>, now: &Earned| {
            difference(before, now).into_iter().map(|(_, amount)| amount).collect::<Vec<_>>()
        };
        assert_eq!(amounts(None, &nothing()), [None]);
        assert_eq!(amounts(None, &paid(usd(5))), [Some(usd(5))]);
        assert_eq!(amounts(Some(&nothing()), &paid(usd(5))), [Some(usd(5))]);
        assert_eq!(amounts(Some(&paid(usd(5))), &paid(usd(3))), [Some(usd(-2))]);
        assert_eq!(amounts(Some(&paid(usd(5))), &nothing()), [Some(usd(-5))]);
        assert_eq!(amounts(Some(&paid(usd(5))), &paid(euros)), [Some(usd(-5)), Some(euros)]);
        assert_eq!(amounts(Some(&nothing()), &Earned::Nothing(Reason::NoRate)), [None], "another reason is told too");
        assert_eq!(amounts(Some(&paid(usd(5))), &paid(usd(5))), []);
    }
}
