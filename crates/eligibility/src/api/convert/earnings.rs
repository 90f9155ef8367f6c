//! Converts earnings to proto messages. An earning is an entry of the ledger: the amount that a
//! line of a claim (its part about one workload or subscription) earns in a month, or the reason
//! why it earns nothing.
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{WireEnum as _, eligibility::v1 as wire};
use cpor_types::{ProductName, Program, TenantId, TenantKey};
use uuid::Uuid;

use super::{guide_name, to_count};
use crate::{
    domain::{EarnedAmount, NoEarningReason, PaidAmount, UsageUnit},
    store::earnings::{LedgerEntry, Payment},
};

pub(in crate::api) fn to_earning(entry: LedgerEntry) -> wire::Earning {
    let LedgerEntry { earning, payout, payment } = entry;
    let (status, reference, pay_time) = match payment {
        Payment::NothingDue => (wire::EarningStatus::NothingDue, String::new(), None),
        Payment::Accrued => (wire::EarningStatus::Accrued, String::new(), None),
        Payment::Paid { reference, time } => (wire::EarningStatus::Paid, reference, Some(to_wire_time(time))),
    };
    let corrects = earning.corrects.map(|corrected| earning_name(earning.tenant, corrected));
    wire::Earning {
        name: earning_name(earning.tenant, earning.id),
        claim: earning.claim.name().to_string(),
        line_id: earning.line.to_string(),
        key: TenantKey { tenant: earning.tenant, key: earning.key }.to_string(),
        product: ProductName { product: earning.product }.to_string(),
        activity: earning.activity.to_number(),
        program: earning.program.map_or(0, Program::to_number),
        month: earning.month.to_string(),
        guide: guide_name(&earning.guide),
        monthly_earning: Some(to_monthly_earning(&earning.earned)),
        amount: earning.amount.map(Into::into),
        corrects: corrects.unwrap_or_default(),
        payout_period: earning.payout_period.to_string(),
        accrue_time: Some(to_wire_time(earning.accrue_time)),
        status: status.into(),
        reference,
        pay_time,
        number: to_count(earning.number),
        mpn_id: earning.mpn_id,
        payout: payout.map(|payout| payout.to_string()).unwrap_or_default(),
    }
}

fn earning_name(tenant: TenantId, id: Uuid) -> String {
    format!("tenants/{tenant}/earnings/{id}")
}

/// Converts the amount that a line earns in a month.
pub(in crate::api) fn to_monthly_earning(earned: &EarnedAmount) -> wire::MonthlyEarning {
    let outcome = to_outcome(earned).into();
    match earned {
        EarnedAmount::Paid(PaidAmount { unit, units, rate, amount }) => wire::MonthlyEarning {
            outcome,
            unit: to_usage_unit(*unit).into(),
            units: *units,
            rate: Some((*rate).into()),
            amount: Some((*amount).into()),
            ..wire::MonthlyEarning::default()
        },
        EarnedAmount::Nothing(NoEarningReason::ConditionsFailed(failed)) => {
            wire::MonthlyEarning { outcome, failed_conditions: failed.clone(), ..wire::MonthlyEarning::default() }
        }
        EarnedAmount::Nothing(_) => wire::MonthlyEarning { outcome, ..wire::MonthlyEarning::default() },
    }
}

fn to_outcome(earned: &EarnedAmount) -> wire::EarningOutcome {
    match earned {
        EarnedAmount::Paid(_) => wire::EarningOutcome::Earned,
        EarnedAmount::Nothing(NoEarningReason::RecognitionOnly) => wire::EarningOutcome::RecognitionOnly,
        EarnedAmount::Nothing(NoEarningReason::PaymentDeclined) => wire::EarningOutcome::PaymentDeclined,
        EarnedAmount::Nothing(NoEarningReason::NotCredited) => wire::EarningOutcome::NotCredited,
        EarnedAmount::Nothing(NoEarningReason::ConditionsFailed(_)) => wire::EarningOutcome::ConditionsFailed,
        EarnedAmount::Nothing(NoEarningReason::UsageMissing) => wire::EarningOutcome::UsageMissing,
        EarnedAmount::Nothing(NoEarningReason::NoRate) => wire::EarningOutcome::NoRate,
        EarnedAmount::Nothing(NoEarningReason::AmountTooLarge) => wire::EarningOutcome::AmountTooLarge,
        EarnedAmount::Nothing(NoEarningReason::CurrencyChanged) => wire::EarningOutcome::CurrencyChanged,
    }
}

pub(super) fn to_usage_unit(unit: UsageUnit) -> wire::UsageUnit {
    match unit {
        UsageUnit::ActiveUsers => wire::UsageUnit::ActiveUsers,
        UsageUnit::PaidAvailableUnits => wire::UsageUnit::PaidAvailableUnits,
        UsageUnit::SeatsSold => wire::UsageUnit::SeatsSold,
        UsageUnit::Consumption => wire::UsageUnit::Consumption,
    }
}
