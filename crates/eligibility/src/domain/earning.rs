//! The amount that a line of a claim earns in a month, and the ledger that records it (R54). A
//! *line* is the part of a claim that is about one workload or subscription of the tenant (its
//! *key*).
//!
//! The ledger only grows. If a fact or a guide changes what a month earns, a further earning with
//! the difference is added. It contains the id of the earning that it corrects.
use cpor_types::{
    Activity, AssociationKey, Currency, LineId, Money, Month, ProductId, Program, ProgramGuideId, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{
    assessment::MonthlyResult,
    evaluate::LineResult,
    facts::{AssociationFacts, ClaimRef, UsageByKey},
    guide::UsageUnit,
    payout_period::PayoutPeriod,
};

/// The amount that a line earns in a month for an activity, or the reason why it earns nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EarnedAmount {
    Paid(PaidAmount),
    Nothing(NoEarningReason),
}

/// The amount that a line earns: units times rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PaidAmount {
    pub(crate) unit: UsageUnit,
    /// The number of units that were used in the month.
    pub(crate) units: i64,
    /// The amount that one unit earns.
    pub(crate) rate: Money,
    pub(crate) amount: Money,
}

/// The reason why a line earns nothing. If several reasons apply, the first one in this order is
/// given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoEarningReason {
    /// The partner is on record for the line, but the line is never paid (R53).
    RecognitionOnly,
    /// The partner declined payment for the claim (R54b).
    PaymentDeclined,
    /// The association was not official from the beginning to the end of the month (R50).
    NotCredited,
    /// The conditions with these names do not hold.
    ConditionsFailed(Vec<String>),
    /// No usage is stored for the month.
    UsageMissing,
    /// The guide has no rate for the line, or only one in a unit in which its usage is not
    /// measured.
    NoRate,
    /// Units times rate exceeds the range of [`Money`]. The usage or the rate must be wrong.
    AmountTooLarge,
    /// This earning takes back the amount in the old currency, because the next earning is in
    /// another currency.
    CurrencyChanged,
}

impl EarnedAmount {
    /// Returns the amount, or `None` if the line earns nothing.
    pub(crate) const fn amount(&self) -> Option<Money> {
        match self {
            Self::Paid(paid) => Some(paid.amount),
            Self::Nothing(_) => None,
        }
    }
}

/// An entry of the ledger. It never changes after it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Earning {
    pub(crate) id: Uuid,
    /// The number of the earning within its claim: 1, 2, 3 ... in the order of recording.
    pub(crate) number: u64,
    /// The id of the earning that this one corrects.
    pub(crate) corrects: Option<Uuid>,
    pub(crate) tenant: TenantId,
    pub(crate) claim: ClaimRef,
    /// The MPN (Microsoft Partner Network) id of the location that earns.
    pub(crate) mpn_id: String,
    pub(crate) line: LineId,
    pub(crate) key: AssociationKey,
    pub(crate) product: ProductId,
    pub(crate) activity: Activity,
    /// The program that pays; `None` for recognition-only lines.
    pub(crate) program: Option<Program>,
    /// The month that the line earns for.
    pub(crate) month: Month,
    /// The program guide that the month was assessed with.
    pub(crate) guide: ProgramGuideId,
    /// The total that the line earns in the month, from this and all earlier earnings together.
    pub(crate) earned: EarnedAmount,
    /// The amount that this earning adds to the total; a correction adds the difference. `None` if
    /// neither this nor an earlier earning has an amount.
    pub(crate) amount: Option<Money>,
    /// The calendar quarter in which the earning was recorded, and with which it is paid.
    pub(crate) payout_period: PayoutPeriod,
    /// The time at which the earning was recorded.
    pub(crate) accrue_time: Timestamp,
}

/// Returns the earnings to record after a month was assessed, and updates the number of earnings of
/// each line in `result`.
///
/// The first earning of a line and month is recorded when the month is over or when its usage is
/// stored, whichever comes first. `earning_count` is the number of the claim's earnings so far;
/// `previous` is the stored result of the same month.
pub(crate) fn compute_earnings(
    facts: &AssociationFacts,
    earning_count: u64,
    previous: Option<&MonthlyResult>,
    result: &mut MonthlyResult,
    usage: &UsageByKey,
    now: Timestamp,
) -> Vec<Earning> {
    let MonthlyResult { month, guide, results, .. } = result;
    let mut earnings = Vec::new();
    for line_result in results.iter_mut() {
        let recorded = previous
            .and_then(|previous| previous.line_result(line_result.line, line_result.activity))
            .filter(|previous| previous.earning_count > 0);
        line_result.earning_count = recorded.map_or(0, |recorded| recorded.earning_count);
        if recorded.is_none() && now < month.end() && usage.measures_in(&line_result.key, *month).is_none() {
            continue;
        }
        for (earned, amount) in amounts_to_record(recorded.map(|recorded| &recorded.earned), &line_result.earned) {
            line_result.earning_count += 1;
            let number = earning_count + earnings.len() as u64 + 1;
            earnings.push(new_earning(facts, line_result, (number, *month, guide), (earned, amount), now));
        }
    }
    earnings
}

/// Creates the next earning of a line. `result.earning_count` already includes it. `earned` is the
/// new total, and `amount` is the difference from the previous total.
fn new_earning(
    facts: &AssociationFacts,
    result: &LineResult,
    (number, month, guide): (u64, Month, &ProgramGuideId),
    (earned, amount): (EarnedAmount, Option<Money>),
    now: Timestamp,
) -> Earning {
    let LineResult { line, key, product, activity, program, earning_count, .. } = result;
    // The id is derived from the position within the month, so that the id of the corrected earning
    // can also be computed.
    let id_at = |position: u32| {
        let name = format!("{line}/{activity}/{month}/{position}");
        Uuid::new_v5(&facts.claim.claim.uuid(), name.as_bytes())
    };
    Earning {
        id: id_at(*earning_count),
        number,
        corrects: earning_count.checked_sub(1).filter(|previous| *previous > 0).map(id_at),
        tenant: facts.tenant,
        claim: facts.claim.clone(),
        mpn_id: facts.partner.mpn_id.clone(),
        line: *line,
        key: key.clone(),
        product: product.clone(),
        activity: *activity,
        program: *program,
        month,
        guide: guide.clone(),
        earned,
        amount,
        payout_period: PayoutPeriod::containing(now),
        accrue_time: now,
    }
}

/// Compares the total that the ledger contains (`recorded`) with the total that the line earns now
/// (`current`). Returns the new total of each new earning, and its difference from the previous
/// total.
fn amounts_to_record(recorded: Option<&EarnedAmount>, current: &EarnedAmount) -> Vec<(EarnedAmount, Option<Money>)> {
    let Some(recorded) = recorded else { return vec![(current.clone(), current.amount())] };
    if recorded == current {
        return Vec::new();
    }
    match (recorded.amount(), current.amount()) {
        (None, amount) => vec![(current.clone(), amount)],
        (Some(old), None) => vec![(current.clone(), Some(old.negated()))],
        (Some(old), Some(new)) => match new.minus(old) {
            Some(difference) => vec![(current.clone(), Some(difference))],
            None => {
                let taken_back = (EarnedAmount::Nothing(NoEarningReason::CurrencyChanged), Some(old.negated()));
                vec![taken_back, (current.clone(), Some(new))]
            }
        },
    }
}

/// Sums of money, one for each currency. A sum that would overflow stays at the limit of `i64`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CurrencyTotals(BTreeMap<Currency, i64>);

impl CurrencyTotals {
    /// Adds an amount, if there is one.
    pub(crate) fn add(&mut self, amount: Option<Money>) {
        if let Some(Money { currency, micros }) = amount {
            let sum = self.0.entry(currency).or_default();
            *sum = sum.saturating_add(micros);
        }
    }

    /// Returns the sums, ordered by currency.
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

    fn paid(amount: Money) -> EarnedAmount {
        EarnedAmount::Paid(PaidAmount { unit: UsageUnit::ActiveUsers, units: 1, rate: amount, amount })
    }

    #[test]
    fn r54_a_correction_is_the_difference() {
        let nothing = || EarnedAmount::Nothing(NoEarningReason::UsageMissing);
        let other_reason = EarnedAmount::Nothing(NoEarningReason::NoRate);
        let euros = Money::new("EUR".parse().unwrap(), 7);
        let amounts = |recorded: Option<&EarnedAmount>, current: &EarnedAmount| {
            amounts_to_record(recorded, current).into_iter().map(|(_, amount)| amount).collect::<Vec<_>>()
        };
        assert_eq!(amounts(None, &nothing()), [None]);
        assert_eq!(amounts(None, &paid(usd(5))), [Some(usd(5))]);
        assert_eq!(amounts(Some(&nothing()), &paid(usd(5))), [Some(usd(5))]);
        assert_eq!(amounts(Some(&paid(usd(5))), &paid(usd(3))), [Some(usd(-2))]);
        assert_eq!(amounts(Some(&paid(usd(5))), &nothing()), [Some(usd(-5))]);
        assert_eq!(amounts(Some(&paid(usd(5))), &paid(euros)), [Some(usd(-5)), Some(euros)]);
        assert_eq!(amounts(Some(&nothing()), &other_reason), [None], "a new reason is recorded too");
        assert_eq!(amounts(Some(&paid(usd(5))), &paid(usd(5))), [], "an unchanged amount is not recorded again");
    }
}
