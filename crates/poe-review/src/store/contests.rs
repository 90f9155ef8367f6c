//! Which cases must look for their rivals anew (R37): those that a change touches, noted in its own transaction.
use super::{
    entity::{case_key, contest_check, tenant_contest},
    keys,
};
use crate::domain::ReviewCase;
use cpor_durable::{Change, Key, Tx, Versioned};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    Set,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use std::collections::{BTreeMap, BTreeSet};

/// Keys or rows in one statement.
const PIECE: usize = 1000;

/// Lets the index of keys follow these changes, and notes whom they concern: the changed cases, and all that have a key
/// in common with them, before or after. No round trip where nothing changes that cases compete for.
pub(super) async fn follow(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), DbErr> {
    let moved = |change: &&Change<ReviewCase>| standing(change.before.as_ref()) != standing(Some(&change.after));
    let moved: Vec<_> = changes.iter().filter(moved).collect();
    let mut touched = BTreeMap::<&str, BTreeSet<String>>::new();
    for change in &moved {
        let keys = touched.entry(&change.key.owner).or_default();
        keys.extend(keys::indexed(change.before.as_ref()).into_iter().chain(keys::indexed(Some(&change.after))));
    }
    hold(tx, touched.keys().copied()).await?;
    keys::follow(tx, changes).await?;
    let mut concerned: BTreeSet<Key> = moved.iter().map(|change| change.key.clone()).collect();
    for (owner, keys) in touched {
        concerned.extend(sharing(tx, owner, keys).await?);
    }
    ask(tx, concerned).await
}

/// What rivals depend on.
fn standing(case: Option<&Versioned<ReviewCase>>) -> (BTreeSet<String>, bool) {
    (keys::indexed(case), case.is_some_and(|case| case.state.phase().is_open()))
}

/// Waits for whoever else changes what cases of these tenants (in order) compete for.
async fn hold(tx: &Tx, owners: impl Iterator<Item = &str>) -> Result<(), DbErr> {
    let rows: Vec<_> = owners.map(|owner| tenant_contest::ActiveModel { owner: Set(owner.to_owned()) }).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let locks =
        OnConflict::column(tenant_contest::Column::Owner).update_column(tenant_contest::Column::Owner).to_owned();
    tenant_contest::Entity::insert_many(rows).on_conflict(locks).exec_without_returning(tx).await.map(drop)
}

/// The live cases of a tenant with one of these keys.
pub(super) async fn sharing(
    db: &impl sea_orm::ConnectionTrait,
    owner: &str,
    keys: impl IntoIterator<Item = String>,
) -> Result<BTreeSet<Key>, DbErr> {
    let (keys, mut found): (Vec<_>, _) = (keys.into_iter().collect(), BTreeSet::new());
    for piece in keys.chunks(PIECE) {
        let rows = case_key::Entity::find()
            .filter(case_key::Column::Owner.eq(owner))
            .filter(case_key::Column::Key.is_in(piece.iter().cloned()))
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(|row| Key::new(row.owner, row.id)));
    }
    Ok(found)
}

async fn ask(tx: &Tx, cases: BTreeSet<Key>) -> Result<(), DbErr> {
    let row = |Key { owner, id }: &Key| contest_check::ActiveModel {
        owner: Set(owner.clone()),
        id: Set(*id),
        asked: Set(1),
        answered: Set(0),
    };
    let rows: Vec<_> = cases.iter().map(row).collect();
    for piece in rows.chunks(PIECE) {
        let again = OnConflict::columns([contest_check::Column::Owner, contest_check::Column::Id])
            .value(
                contest_check::Column::Asked,
                Expr::col((contest_check::Entity, contest_check::Column::Asked)).add(1_i64),
            )
            .to_owned();
        let insert = contest_check::Entity::insert_many(piece.iter().cloned()).on_conflict(again);
        insert.exec_without_returning(tx).await?;
    }
    Ok(())
}

/// A case that must look for its rivals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// The case.
    pub key: Key,
    /// Up to which question this is.
    asked: i64,
}

/// Some of those that must.
pub(crate) async fn asked(db: &DatabaseConnection) -> Result<Vec<Check>, DbErr> {
    let order = [contest_check::Column::Owner, contest_check::Column::Id];
    let some = order.into_iter().fold(unanswered(), |found, column| found.order_by_asc(column)).limit(256);
    let rows = some.all(db).await?;
    Ok(rows.into_iter().map(|row| Check { key: Key::new(row.owner, row.id), asked: row.asked }).collect())
}

/// How many there are.
pub(crate) async fn waiting(db: &DatabaseConnection) -> Result<u64, DbErr> {
    unanswered().count(db).await
}

/// The case has looked, and knows what was committed when it was asked.
pub(crate) async fn answered(db: &DatabaseConnection, Check { key, asked }: &Check) -> Result<(), DbErr> {
    contest_check::Entity::update_many()
        .col_expr(contest_check::Column::Answered, Expr::value(*asked))
        .filter(contest_check::Column::Owner.eq(&key.owner).and(contest_check::Column::Id.eq(key.id)))
        .filter(contest_check::Column::Answered.lt(*asked))
        .exec(db)
        .await
        .map(drop)
}

fn unanswered() -> Select<contest_check::Entity> {
    let (asked, answered) = (contest_check::Column::Asked, contest_check::Column::Answered);
    contest_check::Entity::find().filter(Expr::col(answered).lt(Expr::col(asked)))
}
