//! Lists of the rows of a table.
use crate::{
    filter::{Comparison, Expr, Field},
    order::Order,
};
use cpor_bulk_rows::{LATEST_TIME, LoadError, fetch_all};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IdenStatic as _, IntoSimpleExpr as _, ModelTrait,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    sea_query::{self, ExprTrait as _, Func, SimpleExpr},
};
use tonic::Status;

use crate::{
    condition::{Source, filter_condition},
    cursor::{Cursor, CursorValue},
    parse,
};

/// The declaration of a list of rows.
#[derive(Debug)]
pub struct TableList<E: EntityTrait> {
    /// The fields that a filter can use.
    pub fields: &'static [Field<Source<E::Column>>],
    /// The sort keys by their names in the API. A key that can be NULL is a time; rows without it
    /// come after all others in ascending order.
    pub sort_keys: &'static [(&'static str, E::Column)],
    /// The order if the request names none. Indexes serve it.
    pub default_order: Order<E::Column>,
    /// The columns that distinguish rows with the same sort key, such as the primary key.
    pub tie_break: &'static [E::Column],
    /// The condition that applies if the request has no filter. It must exclude rows without a
    /// value of the default order.
    pub default_filter: Option<fn() -> Condition>,
}

/// What a request asks of a list: which rows, and in which order.
#[derive(Clone, Debug)]
pub struct TableQuery<E: EntityTrait> {
    list: &'static TableList<E>,
    filter: Option<Expr<Comparison<Source<E::Column>>>>,
    order: Option<Order<E::Column>>,
}

impl<E: EntityTrait> TableList<E> {
    /// Parses the fields `filter` and `order_by` of a request.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with every fault of both (INVALID_FILTER, INVALID_ORDER_BY).
    pub fn parse(&'static self, filter: &str, order_by: &str) -> Result<TableQuery<E>, Status> {
        let (filter, order) = parse::parse((filter, self.fields), (order_by, self.sort_keys))?;
        Ok(TableQuery { list: self, filter, order })
    }
}

impl<E: EntityTrait> TableQuery<E> {
    /// Returns whether the request has a filter.
    #[must_use]
    pub const fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    /// Reads at most `limit` rows of `scope` that match the filter, in the order of the request,
    /// starting after the cursor `after`. Each row comes with its own cursor. It executes one
    /// query.
    ///
    /// # Errors
    /// An error of the database, or of a row that does not decode.
    pub async fn fetch(
        &self,
        db: &impl ConnectionTrait,
        scope: Select<E>,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, E::Model)>, LoadError> {
        let rows = fetch_all(db, self.select(scope, after).limit(limit)).await?;
        rows.into_iter().map(|row| Ok((self.cursor(&row)?, row))).collect()
    }

    fn select(&self, mut query: Select<E>, after: Option<&Cursor>) -> Select<E> {
        match (&self.filter, self.list.default_filter) {
            (Some(filter), _) => query = query.filter(filter_condition(filter)),
            (None, Some(default_filter)) => query = query.filter(default_filter()),
            (None, None) => {}
        }
        let descending = self.order().descending;
        let order = if descending { sea_query::Order::Desc } else { sea_query::Order::Asc };
        for column in self.columns() {
            query = query.order_by(column, order.clone());
        }
        let Some(Cursor(values)) = after else { return query };
        let place = SimpleExpr::tuple(self.columns());
        let cursor = SimpleExpr::tuple(values.iter().map(SimpleExpr::from));
        query.filter(if descending { place.lt(cursor) } else { place.gt(cursor) })
    }

    fn order(&self) -> Order<E::Column> {
        self.order.unwrap_or(self.list.default_order)
    }

    /// Returns the sort key and the columns that distinguish rows with the same key.
    fn columns(&self) -> Vec<SimpleExpr> {
        let key = self.order().key;
        let excludes_null = self.order.is_none() && self.filter.is_none() && self.list.default_filter.is_some();
        let sort_expr = if key.def().is_null() && !excludes_null {
            Func::coalesce([key.into_simple_expr(), SimpleExpr::val(LATEST_TIME)]).into()
        } else {
            key.into_simple_expr()
        };
        std::iter::once(sort_expr).chain(self.tie_break().map(|column| column.into_simple_expr())).collect()
    }

    /// Returns the columns that distinguish rows with the same sort key.
    fn tie_break(&self) -> impl Iterator<Item = E::Column> {
        let key = self.order().key;
        self.list.tie_break.iter().copied().filter(move |column| column.as_str() != key.as_str())
    }

    fn cursor(&self, row: &E::Model) -> Result<Cursor, LoadError> {
        let columns = std::iter::once(self.order().key).chain(self.tie_break());
        let values = columns.map(|column| CursorValue::try_from(row.get(column)));
        Ok(Cursor(values.collect::<Result<_, _>>()?))
    }
}
