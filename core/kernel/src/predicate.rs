//! Conditions put together at run time: SQL text of ours with bound values, never a value as text.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actor::Scope;

/// A value bound into a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "v")]
pub enum Value {
    /// Text.
    Text(String),
    /// Texts, for `= ANY`.
    Texts(Vec<String>),
    /// An id.
    Uuid(Uuid),
    /// Ids, for `= ANY`.
    Uuids(Vec<Uuid>),
    /// A decimal.
    Decimal(Decimal),
    /// Decimals, for `= ANY`.
    Decimals(Vec<Decimal>),
    /// A date.
    Date(NaiveDate),
    /// Dates, for `= ANY`.
    Dates(Vec<NaiveDate>),
    /// An instant.
    Instant(DateTime<Utc>),
    /// A whole number.
    Int(i64),
    /// Whole numbers, for `= ANY`.
    Ints(Vec<i64>),
    /// Yes or no.
    Bool(bool),
}

macro_rules! value_from {
    ($($source:ty => $variant:ident($value:ident) $make:expr;)*) => {$(
        impl From<$source> for Value {
            fn from($value: $source) -> Self {
                Self::$variant($make)
            }
        }
    )*};
}

value_from! {
    String => Text(value) value;
    &str => Text(value) value.to_owned();
    Uuid => Uuid(value) value;
    Decimal => Decimal(value) value;
    crate::scalar::Dec => Decimal(value) value.0;
    NaiveDate => Date(value) value;
    crate::scalar::Date => Date(value) value.0;
    DateTime<Utc> => Instant(value) value;
    i64 => Int(value) value;
    i32 => Int(value) i64::from(value);
    i16 => Int(value) i64::from(value);
    bool => Bool(value) value;
}

#[derive(Clone, Debug)]
enum Piece {
    Sql(Cow<'static, str>),
    Bind(Value),
}

/// A condition over some table: a Diesel expression of type boolean, perhaps unknown.
#[derive(Clone, Debug)]
pub struct Predicate(Vec<Piece>);

impl Predicate {
    /// Always true.
    pub fn all() -> Self {
        Self::sql("TRUE")
    }

    /// Never true.
    pub fn none() -> Self {
        Self::sql("FALSE")
    }

    /// A condition written by us; never holds a value of a caller.
    pub fn sql(text: impl Into<Cow<'static, str>>) -> Self {
        Self(vec![Piece::Sql(text.into())])
    }

    /// `left operator value`, as in `"t"."name" = $1`.
    pub fn compare(
        left: &str,
        operator: &'static str,
        value: impl Into<Value>,
        right: &'static str,
    ) -> Self {
        Self(vec![
            Piece::Sql(format!("{left} {operator} ").into()),
            Piece::Bind(value.into()),
            Piece::Sql(right.into()),
        ])
    }

    /// `left = value`.
    pub fn equal(left: &str, value: impl Into<Value>) -> Self {
        Self::compare(left, "=", value, "")
    }

    /// `left IS NULL`.
    pub fn absent(left: &str) -> Self {
        Self::sql(format!("{left} IS NULL"))
    }

    /// `left = ANY(values)`; the value is one of the lists.
    pub fn any(left: &str, values: Value) -> Self {
        Self::compare(left, "= ANY(", values, ")")
    }

    /// Adds more SQL of ours.
    pub fn then(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Sql(text.into()));
        self
    }

    /// Adds a bound value.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.0.push(Piece::Bind(value.into()));
        self
    }

    /// Adds another condition's text and values as they are.
    pub fn then_all(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self::joined(vec![self, other], " AND ", "TRUE")
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        Self::joined(vec![self, other], " OR ", "FALSE")
    }

    /// Not; unknown counts as false, so that `not` finds what has no value.
    pub fn negated(self) -> Self {
        Self::sql("NOT COALESCE((").then_all(self).then("), FALSE)")
    }

    /// All of them; true when there are none.
    pub fn every(parts: Vec<Self>) -> Self {
        Self::joined(parts, " AND ", "TRUE")
    }

    /// Any of them; false when there are none.
    pub fn some(parts: Vec<Self>) -> Self {
        Self::joined(parts, " OR ", "FALSE")
    }

    fn joined(parts: Vec<Self>, by: &'static str, empty: &'static str) -> Self {
        let mut pieces = Vec::new();
        for part in parts {
            pieces.push(Piece::Sql(if pieces.is_empty() { "((" } else { by }.into()));
            if pieces.len() > 1 {
                pieces.push(Piece::Sql("(".into()));
            }
            pieces.extend(part.0);
            pieces.push(Piece::Sql(")".into()));
        }
        if pieces.is_empty() {
            return Self::sql(empty);
        }
        pieces.push(Piece::Sql(")".into()));
        Self(pieces)
    }

    /// What a scope covers, by the columns of company and department; a column that the table
    /// lacks is `None`.
    pub fn in_scope(scope: &Scope, company: Option<&str>, department: Option<&str>) -> Self {
        if scope.everywhere {
            return Self::all();
        }
        let mut parts = Vec::new();
        if let (Some(column), false) = (company, scope.companies.is_empty()) {
            let ids = scope.companies.iter().map(|id| id.0).collect();
            parts.push(Self::any(column, Value::Uuids(ids)));
        }
        if let (Some(column), false) = (department, scope.departments.is_empty()) {
            let ids = scope.departments.iter().map(|id| id.0).collect();
            parts.push(Self::any(column, Value::Uuids(ids)));
        }
        Self::some(parts)
    }
}

impl Expression for Predicate {
    type SqlType = sql_types::Nullable<sql_types::Bool>;
}

impl<Table> AppearsOnTable<Table> for Predicate {}
impl<Table> SelectableExpression<Table> for Predicate {}

impl<Group> ValidGrouping<Group> for Predicate {
    type IsAggregate = is_aggregate::Never;
}

impl QueryId for Predicate {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Predicate {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for piece in &self.0 {
            match piece {
                Piece::Sql(text) => out.push_sql(text),
                Piece::Bind(value) => bind(value, &mut out)?,
            }
        }
        Ok(())
    }
}

fn bind<'b>(value: &'b Value, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    use sql_types as s;
    match value {
        Value::Text(v) => out.push_bind_param::<s::Text, _>(v),
        Value::Texts(v) => out.push_bind_param::<s::Array<s::Text>, _>(v),
        Value::Uuid(v) => out.push_bind_param::<s::Uuid, _>(v),
        Value::Uuids(v) => out.push_bind_param::<s::Array<s::Uuid>, _>(v),
        Value::Decimal(v) => out.push_bind_param::<s::Numeric, _>(v),
        Value::Decimals(v) => out.push_bind_param::<s::Array<s::Numeric>, _>(v),
        Value::Date(v) => out.push_bind_param::<s::Date, _>(v),
        Value::Dates(v) => out.push_bind_param::<s::Array<s::Date>, _>(v),
        Value::Instant(v) => out.push_bind_param::<s::Timestamptz, _>(v),
        Value::Int(v) => out.push_bind_param::<s::BigInt, _>(v),
        Value::Ints(v) => out.push_bind_param::<s::Array<s::BigInt>, _>(v),
        Value::Bool(v) => out.push_bind_param::<s::Bool, _>(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(predicate: &Predicate) -> String {
        diesel::debug_query::<Pg, _>(predicate).to_string()
    }

    #[test]
    fn values_are_bound_and_never_text() {
        let bad = "'; DROP TABLE x; --";
        let predicate = Predicate::equal("\"t\".\"a\"", bad).and(Predicate::equal("b", 3_i64));
        let shown = text(&predicate);
        let sql = shown.split(" -- binds").next().unwrap();
        assert_eq!(sql, "((\"t\".\"a\" = $1) AND (b = $2))");
    }

    #[test]
    fn no_parts_mean_all_and_none() {
        assert!(text(&Predicate::every(vec![])).starts_with("TRUE"));
        assert!(text(&Predicate::some(vec![])).starts_with("FALSE"));
        assert!(
            text(&Predicate::in_scope(&Scope::default(), Some("c"), None)).starts_with("FALSE")
        );
    }
}
