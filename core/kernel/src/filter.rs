//! The comparators of typed filters: one input type a scalar, the same everywhere.

use async_graphql::InputObject;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::actor::Actor;
use crate::error::Result;
use crate::fault::Fault;
use crate::predicate::{Predicate, Value};
use crate::scalar::{Date, Dec};

/// Values that a list in a filter may have at most.
const LIST_LIMIT: usize = 1_000;

/// How deep `and`, `or`, `not` and relations may nest.
pub const DEPTH_LIMIT: usize = 6;

/// Turns into a condition on one column.
pub trait Comparator {
    /// The condition on the column; `None` when nothing was asked.
    fn on(&self, column: &str, today: NaiveDate) -> Result<Option<Predicate>>;
}

/// A typed filter of one noun. Implemented by [`listing!`](crate::listing).
pub trait FilterInput: Send + Sync {
    /// The condition, checked against what the actor may see; depth counts the nesting so far.
    fn predicate(&self, actor: &Actor, today: NaiveDate, depth: usize) -> Result<Predicate>;
}

/// Conditions on a text.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TextFilter {
    /// Is exactly.
    pub eq: Option<String>,
    /// Is anything but.
    pub ne: Option<String>,
    /// Is one of.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<String>>,
    /// Contains, whatever the case.
    pub contains: Option<String>,
    /// Starts with, whatever the case.
    pub starts_with: Option<String>,
    /// Has no value.
    pub is_null: Option<bool>,
}

/// Conditions on an id.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IdFilter {
    /// Is exactly.
    pub eq: Option<async_graphql::ID>,
    /// Is anything but.
    pub ne: Option<async_graphql::ID>,
    /// Is one of.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<async_graphql::ID>>,
    /// Has no value.
    pub is_null: Option<bool>,
}

/// Conditions on yes or no.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// Is.
    pub eq: Option<bool>,
}

macro_rules! ordered_filter {
    ($(#[$meta:meta])* $name:ident, $scalar:ty, $list:ident, |$item:ident| $plain:expr
        $(, $(#[$extra_meta:meta])* $extra:ident: $extra_type:ty)?) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, InputObject)]
        pub struct $name {
            /// Is exactly.
            pub eq: Option<$scalar>,
            /// Is anything but.
            pub ne: Option<$scalar>,
            /// Is one of.
            #[graphql(name = "in")]
            pub one_of: Option<Vec<$scalar>>,
            /// Is greater or later than.
            pub gt: Option<$scalar>,
            /// Is at least, or not before.
            pub gte: Option<$scalar>,
            /// Is less or earlier than.
            pub lt: Option<$scalar>,
            /// Is at most, or not after.
            pub lte: Option<$scalar>,
            /// Has no value.
            pub is_null: Option<bool>,
            $($(#[$extra_meta])* pub $extra: Option<$extra_type>,)?
        }

        impl $name {
            fn parts(&self, column: &str) -> Result<Vec<Predicate>> {
                let mut parts = null_part(self.is_null, column);
                let single = [
                    (&self.eq, "="),
                    (&self.ne, "IS DISTINCT FROM"),
                    (&self.gt, ">"),
                    (&self.gte, ">="),
                    (&self.lt, "<"),
                    (&self.lte, "<="),
                ];
                for (value, operator) in single {
                    if let Some($item) = value.as_ref() {
                        parts.push(Predicate::compare(column, operator, $plain, ""));
                    }
                }
                if let Some(items) = &self.one_of {
                    within_limit(items.len())?;
                    let items = items.iter().map(|$item| $plain).collect();
                    parts.push(Predicate::any(column, Value::$list(items)));
                }
                Ok(parts)
            }
        }
    };
}

ordered_filter!(
    /// Conditions on an exact decimal.
    DecimalFilter, Dec, Decimals, |item| item.0
);
ordered_filter!(
    /// Conditions on a whole number.
    IntFilter, i64, Ints, |item| *item
);
ordered_filter!(
    /// Conditions on a date.
    DateFilter, Date, Dates, |item| item.0,
    /// From today as far as this ISO 8601 offset: P-30D is the last thirty days, P2M the next two
    /// months.
    relative: String
);

/// Conditions on an instant.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateTimeFilter {
    /// Is later than.
    pub gt: Option<DateTime<Utc>>,
    /// Is not before.
    pub gte: Option<DateTime<Utc>>,
    /// Is earlier than.
    pub lt: Option<DateTime<Utc>>,
    /// Is not after.
    pub lte: Option<DateTime<Utc>>,
    /// Has no value.
    pub is_null: Option<bool>,
}

impl Comparator for TextFilter {
    fn on(&self, column: &str, _: NaiveDate) -> Result<Option<Predicate>> {
        let mut parts = null_part(self.is_null, column);
        if let Some(text) = &self.eq {
            parts.push(Predicate::equal(column, text.as_str()));
        }
        if let Some(text) = &self.ne {
            parts.push(Predicate::compare(
                column,
                "IS DISTINCT FROM",
                text.as_str(),
                "",
            ));
        }
        if let Some(texts) = &self.one_of {
            within_limit(texts.len())?;
            parts.push(Predicate::any(column, Value::Texts(texts.clone())));
        }
        if let Some(text) = &self.contains {
            parts.push(like(column, format!("%{}%", escaped(text))));
        }
        if let Some(text) = &self.starts_with {
            parts.push(like(column, format!("{}%", escaped(text))));
        }
        Ok(all_of(parts))
    }
}

impl Comparator for IdFilter {
    fn on(&self, column: &str, _: NaiveDate) -> Result<Option<Predicate>> {
        let mut parts = null_part(self.is_null, column);
        if let Some(id) = &self.eq {
            parts.push(Predicate::equal(column, raw(id)));
        }
        if let Some(id) = &self.ne {
            parts.push(Predicate::compare(column, "IS DISTINCT FROM", raw(id), ""));
        }
        if let Some(ids) = &self.one_of {
            within_limit(ids.len())?;
            parts.push(Predicate::any(
                column,
                Value::Uuids(ids.iter().map(raw).collect()),
            ));
        }
        Ok(all_of(parts))
    }
}

impl Comparator for BooleanFilter {
    fn on(&self, column: &str, _: NaiveDate) -> Result<Option<Predicate>> {
        Ok(self.eq.map(|value| Predicate::equal(column, value)))
    }
}

impl Comparator for DecimalFilter {
    fn on(&self, column: &str, _: NaiveDate) -> Result<Option<Predicate>> {
        Ok(all_of(self.parts(column)?))
    }
}

impl Comparator for IntFilter {
    fn on(&self, column: &str, _: NaiveDate) -> Result<Option<Predicate>> {
        Ok(all_of(self.parts(column)?))
    }
}

impl Comparator for DateFilter {
    fn on(&self, column: &str, today: NaiveDate) -> Result<Option<Predicate>> {
        let mut parts = self.parts(column)?;
        if let Some(offset) = &self.relative {
            let other = shifted(today, offset).ok_or_else(|| {
                Fault::invalid("kernel.relative_date_invalid").with("text", offset)
            })?;
            parts.push(Predicate::compare(column, ">=", today.min(other), ""));
            parts.push(Predicate::compare(column, "<=", today.max(other), ""));
        }
        Ok(all_of(parts))
    }
}

impl Comparator for DateTimeFilter {
    fn on(&self, column: &str, _: NaiveDate) -> Result<Option<Predicate>> {
        let mut parts = null_part(self.is_null, column);
        let bounds = [
            (self.gt, ">"),
            (self.gte, ">="),
            (self.lt, "<"),
            (self.lte, "<="),
        ];
        for (bound, operator) in bounds {
            if let Some(at) = bound {
                parts.push(Predicate::compare(column, operator, at, ""));
            }
        }
        Ok(all_of(parts))
    }
}

/// Declares the comparator of an enum made by [`text_enum!`](crate::text_enum).
#[macro_export]
macro_rules! enum_filter {
    ($(#[$meta:meta])* $name:ident of $enum:ty) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, $crate::async_graphql::InputObject)]
        pub struct $name {
            /// Is exactly.
            pub eq: Option<$enum>,
            /// Is anything but.
            pub ne: Option<$enum>,
            /// Is one of.
            #[graphql(name = "in")]
            pub one_of: Option<Vec<$enum>>,
        }

        impl $crate::filter::Comparator for $name {
            fn on(
                &self,
                column: &str,
                today: $crate::chrono::NaiveDate,
            ) -> $crate::error::Result<Option<$crate::predicate::Predicate>> {
                $crate::filter::TextFilter {
                    eq: self.eq.map(|value| value.text().to_owned()),
                    ne: self.ne.map(|value| value.text().to_owned()),
                    one_of: self.one_of.as_ref().map(|values| {
                        values.iter().map(|value| value.text().to_owned()).collect()
                    }),
                    ..Default::default()
                }
                .on(column, today)
            }
        }
    };
}

/// All the conditions; `None` when there are none.
pub fn all_of(parts: Vec<Predicate>) -> Option<Predicate> {
    (!parts.is_empty()).then(|| Predicate::every(parts))
}

/// A text that the search of a list looks for in any of the columns.
pub fn search(columns: &[String], text: &str) -> Predicate {
    let pattern = format!("%{}%", escaped(text.trim()));
    Predicate::some(
        columns
            .iter()
            .map(|column| like(column, pattern.clone()))
            .collect(),
    )
}

/// Refuses nesting that goes on and on.
pub fn deeper(depth: usize) -> Result<usize> {
    if depth >= DEPTH_LIMIT {
        return Err(Fault::invalid("kernel.filter_too_deep")
            .with("most", DEPTH_LIMIT)
            .into());
    }
    Ok(depth + 1)
}

/// Adds an ISO 8601 offset of days, weeks, months or years, as in `P-30D`.
pub fn shifted(date: NaiveDate, offset: &str) -> Option<NaiveDate> {
    let body = offset.strip_prefix('P')?;
    let unit = body.chars().last()?;
    let count: i32 = body.strip_suffix(unit)?.parse().ok()?;
    let months = |months: i32| {
        let size = chrono::Months::new(months.unsigned_abs());
        if months < 0 {
            date.checked_sub_months(size)
        } else {
            date.checked_add_months(size)
        }
    };
    let days = |days: i32| date.checked_add_signed(chrono::TimeDelta::days(i64::from(days)));
    match unit {
        'D' => days(count),
        'W' => days(count.checked_mul(7)?),
        'M' => months(count),
        'Y' => months(count.checked_mul(12)?),
        _ => None,
    }
}

fn null_part(is_null: Option<bool>, column: &str) -> Vec<Predicate> {
    let text = |is_null| if is_null { "IS NULL" } else { "IS NOT NULL" };
    is_null
        .map(|is_null| Predicate::sql(format!("{column} {}", text(is_null))))
        .into_iter()
        .collect()
}

fn within_limit(length: usize) -> Result<()> {
    if length > LIST_LIMIT {
        return Err(Fault::invalid("kernel.filter_too_long")
            .with("most", LIST_LIMIT)
            .into());
    }
    Ok(())
}

fn like(column: &str, pattern: String) -> Predicate {
    Predicate::compare(column, "ILIKE", pattern, "")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// The raw id; the nil id, which no record has, for a text that is none.
fn raw(id: &async_graphql::ID) -> Uuid {
    crate::id::decode(id)
        .map(|(_, uuid)| uuid)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_move_dates_by_the_calendar() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
        assert_eq!(shifted(day, "P-30D"), NaiveDate::from_ymd_opt(2026, 3, 1));
        assert_eq!(shifted(day, "P-1M"), NaiveDate::from_ymd_opt(2026, 2, 28));
        assert_eq!(shifted(day, "P1Y"), NaiveDate::from_ymd_opt(2027, 3, 31));
        assert_eq!(shifted(day, "30D"), None);
    }

    #[test]
    fn wildcards_of_a_caller_are_taken_literally() {
        assert_eq!(escaped("50%_a\\"), "50\\%\\_a\\\\");
    }
}
