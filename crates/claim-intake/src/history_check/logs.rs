//! Checks that the change logs are complete (R59). A *change log* numbers history entries in the
//! order of commits: the entries of each partner, and of all claims from submission on, are
//! numbered without gaps up to the number that the table `owner_log` contains. This finds a claim
//! that was deleted with its history, even if no root covers it yet. A *root* is a signed hash of
//! the last entries of all histories at the end of a day.
use super::Report;
use crate::store::{
    LOG_OF_ALL_CLAIMS,
    entity::{history, owner_log},
};
use cpor_durable::ids::PartnerId;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::collections::BTreeMap;

/// Checks the change log of each partner, and that of all claims. Memory grows with the number of
/// partners.
pub(super) async fn check(db: &DatabaseTransaction, report: &mut Report) -> Result<(), DbErr> {
    use history::{Column, Entity};
    let query = Entity::find().select_only().column(Column::Owner).column_as(Column::Position.count(), "entries");
    let query = query.column_as(Column::OwnerSequence.max(), "last").group_by(Column::Owner);
    let counted = query.into_tuple::<(PartnerId, i64, Option<i64>)>().all(db).await?;
    let mut logs: BTreeMap<_, _> = counted.into_iter().map(|(owner, count, last)| (owner, (count, last))).collect();
    let query = Entity::find().filter(Column::Sequence.is_not_null()).select_only();
    let query = query.column_as(Column::Position.count(), "entries").column_as(Column::Sequence.max(), "last");
    if let Some(all) = query.into_tuple::<(i64, Option<i64>)>().one(db).await?.filter(|(count, _)| *count > 0) {
        logs.insert(LOG_OF_ALL_CLAIMS.into(), all);
    }
    for owner_log::Model { owner, last } in
        owner_log::Entity::find().order_by_asc(owner_log::Column::Owner).all(db).await?
    {
        let (count, greatest) = logs.remove(&owner).unwrap_or_default();
        // The numbers are unique and begin with 1, so there is no gap if their count equals the
        // greatest number.
        if count != last || greatest.unwrap_or_default() != last {
            let what = format!("counts {last} entries in the log; there are {count}");
            report.add("owner_log", log_name(&owner), None, what);
        }
    }
    for (owner, (count, _)) in logs {
        report.add(
            "owner_log",
            log_name(&owner),
            None,
            format_args!("is missing; there are {count} entries in the log"),
        );
    }
    Ok(())
}

/// Returns the name of the partner whose change log it is, or `all claims`.
fn log_name(owner: &PartnerId) -> String {
    if owner.as_str() == LOG_OF_ALL_CLAIMS { "all claims".to_owned() } else { format!("partners/{}", owner.as_str()) }
}
