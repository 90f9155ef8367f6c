//! Lines of the ledger.
use cpor_proto::eligibility::v1 as wire;
use cpor_types::{Money, ProductName, TenantId, TenantKey};
use uuid::Uuid;

use super::{activity, guide_name, timestamp};
use crate::{
    domain::{Earned, Pay, Reason, Unit},
    store::earnings::{Entry, Status},
};

/// A line of the ledger.
pub(in crate::api) fn entry(entry: Entry) -> wire::Earning {
    let Entry { line, status } = entry;
    let (status, reference, pay_time) = match status {
        Status::NothingDue => (wire::EarningStatus::NothingDue, String::new(), None),
        Status::Accrued => (wire::EarningStatus::Accrued, String::new(), None),
        Status::Paid { reference, time } => (wire::EarningStatus::Paid, reference, Some(timestamp(time))),
    };
    wire::Earning {
        name: earning_name(line.tenant, line.id),
        claim: line.claim.name().to_string(),
        line_id: line.line.to_string(),
        key: TenantKey { tenant: line.tenant, key: line.key }.to_string(),
        product: ProductName { product: line.product }.to_string(),
        activity: activity(line.activity).into(),
        program: line.program.map(|program| program.to_string()).unwrap_or_default(),
        month: line.month.to_string(),
        guide: guide_name(&line.guide),
        earned: Some(earned(&line.earned)),
        amount: line.amount.map(money),
        corrects: line.corrects.map(|corrected| earning_name(line.tenant, corrected)).unwrap_or_default(),
        payout_period: line.payout_period.to_string(),
        accrue_time: Some(timestamp(line.accrue_time)),
        status: status.into(),
        reference,
        pay_time,
        number: super::count(line.number),
    }
}

fn earning_name(tenant: TenantId, id: Uuid) -> String {
    format!("tenants/{tenant}/earnings/{id}")
}

/// What is earned.
pub(in crate::api) fn earned(earned: &Earned) -> wire::Earned {
    let outcome = outcome(earned).into();
    match earned {
        Earned::Paid(Pay { unit: of, units, rate, amount }) => wire::Earned {
            outcome,
            unit: unit(*of).into(),
            units: *units,
            rate: Some(money(*rate)),
            amount: Some(money(*amount)),
            ..wire::Earned::default()
        },
        Earned::Nothing(Reason::ConditionsFailed(failed)) => {
            wire::Earned { outcome, failed_conditions: failed.clone(), ..wire::Earned::default() }
        }
        Earned::Nothing(_) => wire::Earned { outcome, ..wire::Earned::default() },
    }
}

fn outcome(earned: &Earned) -> wire::EarningOutcome {
    match earned {
        Earned::Paid(_) => wire::EarningOutcome::Paid,
        Earned::Nothing(Reason::RecognitionOnly) => wire::EarningOutcome::RecognitionOnly,
        Earned::Nothing(Reason::NotCredited) => wire::EarningOutcome::NotCredited,
        Earned::Nothing(Reason::ConditionsFailed(_)) => wire::EarningOutcome::ConditionsFailed,
        Earned::Nothing(Reason::UsageMissing) => wire::EarningOutcome::UsageMissing,
        Earned::Nothing(Reason::NoRate) => wire::EarningOutcome::NoRate,
        Earned::Nothing(Reason::AmountTooLarge) => wire::EarningOutcome::AmountTooLarge,
        Earned::Nothing(Reason::CurrencyChanged) => wire::EarningOutcome::CurrencyChanged,
    }
}

/// An amount.
pub(in crate::api) fn money(money: Money) -> wire::Money {
    wire::Money { currency: money.currency.to_string(), micros: money.micros }
}

/// What is counted.
pub(super) fn unit(unit: Unit) -> wire::UsageUnit {
    match unit {
        Unit::ActiveUsers => wire::UsageUnit::ActiveUsers,
        Unit::PaidAvailableUnits => wire::UsageUnit::PaidAvailableUnits,
        Unit::SeatsSold => wire::UsageUnit::SeatsSold,
        Unit::Consumption => wire::UsageUnit::Consumption,
    }
}
