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
    /// The columns that the list can be sorted by, by their names in the API. Only a column with a
    /// time can be nullable; NULL sorts like the latest time.
    pub sort_keys: &'static [(&'static str, E::Column)],
    /// The order if the request does not set `order_by`. The table should have an index for it.
    pub default_order: Order<E::Column>,
    /// The columns that sort rows with the same sort key. No two rows may have the same values in
    /// these columns, so they usually contain the primary key.
    pub tie_break: &'static [E::Column],
    /// The condition that applies if the request has no filter. It must exclude rows whose column
    /// of the default order is NULL.
    pub default_filter: Option<fn() -> Condition>,
}

/// The parsed filter and order of a request.
#[derive(Clone, Debug)]
pub struct TableQuery<E: EntityTrait> {
    /// The declaration of the list.
    list: &'static TableList<E>,
    filter: Option<Expr<Comparison<Source<E::Column>>>>,
    /// The requested order; `None` for the default order of the list.
    order: Option<Order<E::Column>>,
}

impl<E: EntityTrait> TableList<E> {
    /// Parses the fields `filter` and `order_by` of a request.
    ///
    /// # Errors
    /// Returns INVALID_ARGUMENT with every error in both fields (INVALID_FILTER, INVALID_ORDER_BY).
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

    /// Reads at most `limit` rows that match the filter, in the order of the request, starting
    /// after the cursor `after`. `scope` selects the rows that the list can contain, for example
    /// those of one tenant. Each row comes with its own cursor. Executes one query.
    ///
    /// # Errors
    /// Returns an error if the query fails, or if a row cannot be decoded.
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
        for column in self.sort_exprs() {
            query = query.order_by(column, order.clone());
        }
        let Some(Cursor(values)) = after else { return query };
        let position = SimpleExpr::tuple(self.sort_exprs());
        let cursor = SimpleExpr::tuple(values.iter().map(SimpleExpr::from));
        query.filter(if descending { position.lt(cursor) } else { position.gt(cursor) })
    }

    fn order(&self) -> Order<E::Column> {
        self.order.unwrap_or(self.list.default_order)
    }

    /// Returns the expressions that the rows are sorted by: the sort key, then the columns that
    /// sort rows with the same key.
    fn sort_exprs(&self) -> Vec<SimpleExpr> {
        let key = self.order().key;
        let excludes_null = self.order.is_none() && self.filter.is_none() && self.list.default_filter.is_some();
        let sort_expr = if key.def().is_null() && !excludes_null {
            Func::coalesce([key.into_simple_expr(), SimpleExpr::val(LATEST_TIME)]).into()
        } else {
            key.into_simple_expr()
        };
        std::iter::once(sort_expr).chain(self.tie_break().map(|column| column.into_simple_expr())).collect()
    }

    /// Returns the columns that sort rows with the same sort key, without the sort key itself.
    fn tie_break(&self) -> impl Iterator<Item = E::Column> {
        let key = self.order().key;
        self.list.tie_break.iter().copied().filter(move |column| column.as_str() != key.as_str())
    }

    /// Returns the cursor from which the list continues after this row.
    fn cursor(&self, row: &E::Model) -> Result<Cursor, LoadError> {
        let columns = std::iter::once(self.order().key).chain(self.tie_break());
        let values = columns.map(|column| CursorValue::try_from(row.get(column)));
        Ok(Cursor(values.collect::<Result<_, _>>()?))
    }
}
