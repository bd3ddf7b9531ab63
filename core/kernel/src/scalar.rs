//! The scalars of the API that stand for exact values: `Decimal`, `Date`, `CurrencyCode`.

use std::ops::Deref;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::pg::Pg;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use diesel::{AsExpression, FromSqlRow};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An exact decimal. As JSON it is a string, so that no client rounds it. Its text has no zeros at
/// the end, whatever scale it was stored with: 50.0000 is `50`. [`Money`](crate::Money) shows the
/// decimals of its currency.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    AsExpression,
    FromSqlRow,
)]
#[diesel(sql_type = sql_types::Numeric)]
#[serde(transparent)]
pub struct Dec(pub Decimal);

/// A civil date, `YYYY-MM-DD`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    AsExpression,
    FromSqlRow,
)]
#[diesel(sql_type = sql_types::Date)]
#[serde(transparent)]
pub struct Date(pub NaiveDate);

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Text)]
pub struct CurrencyCode(pub iso_currency::Currency);

/// An exact decimal number written as a string, for example "1234.56". Whole numbers may also be
/// sent as JSON integers; JSON fractions are refused because they are binary floats.
#[Scalar(
    name = "Decimal",
    specified_by_url = "https://www.w3.org/TR/xmlschema-2/#decimal"
)]
impl ScalarType for Dec {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => decimal_from(text),
            Value::Number(number) if !number.is_f64() => decimal_from(&number.to_string()),
            Value::Number(_) => Err(InputValueError::custom(
                "send decimals as strings, for example \"12.50\"",
            )),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl Serialize for Dec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::fmt::Display for Dec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0.normalize(), f)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

fn decimal_from(text: &str) -> InputValueResult<Dec> {
    Decimal::from_str_exact(text)
        .map(Dec)
        .map_err(|_| InputValueError::custom(format!("`{text}` is not an exact decimal")))
}

/// A calendar date without time or zone, as YYYY-MM-DD.
#[Scalar(
    name = "Date",
    specified_by_url = "https://scalars.graphql.org/andimarek/local-date.html"
)]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Date)
            .map_err(|_| InputValueError::custom(format!("`{text}` is not a date YYYY-MM-DD")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A currency by its three letters in ISO 4217, for example EUR.
#[Scalar(
    name = "CurrencyCode",
    specified_by_url = "https://www.iso.org/iso-4217-currency-codes.html"
)]
impl ScalarType for CurrencyCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        iso_currency::Currency::from_code(text)
            .map(CurrencyCode)
            .ok_or_else(|| InputValueError::custom(format!("`{text}` is no ISO 4217 currency")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.code().to_owned())
    }
}

impl CurrencyCode {
    /// The euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// The three letters of the currency.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal places of the smallest unit; 2 for the euro, 0 for the yen.
    pub fn places(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }
}

impl Serialize for CurrencyCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for CurrencyCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        iso_currency::Currency::from_code(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("no ISO 4217 currency"))
    }
}

macro_rules! wraps {
    ($outer:ident, $inner:ty, $sql:ty) => {
        impl Deref for $outer {
            type Target = $inner;
            fn deref(&self) -> &$inner {
                &self.0
            }
        }
        impl From<$inner> for $outer {
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }
        impl From<$outer> for $inner {
            fn from(outer: $outer) -> $inner {
                outer.0
            }
        }
        impl ToSql<$sql, Pg> for $outer {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <$inner as ToSql<$sql, Pg>>::to_sql(&self.0, &mut out.reborrow())
            }
        }
        impl FromSql<$sql, Pg> for $outer {
            fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                <$inner as FromSql<$sql, Pg>>::from_sql(bytes).map(Self)
            }
        }
    };
}

wraps!(Dec, Decimal, sql_types::Numeric);
wraps!(Date, NaiveDate, sql_types::Date);

impl ToSql<sql_types::Text, Pg> for CurrencyCode {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <str as ToSql<sql_types::Text, Pg>>::to_sql(self.0.code(), out)
    }
}

impl FromSql<sql_types::Text, Pg> for CurrencyCode {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let code = <String as FromSql<sql_types::Text, Pg>>::from_sql(bytes)?;
        iso_currency::Currency::from_code(&code)
            .map(Self)
            .ok_or_else(|| format!("no currency {code}").into())
    }
}

impl std::fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_binary_float_and_keeps_every_digit_of_a_string() {
        let float = Value::Number(async_graphql::Number::from_f64(0.1).unwrap());
        assert!(<Dec as ScalarType>::parse(float).is_err());
        let exact = <Dec as ScalarType>::parse(Value::String("12345678901234567.89".into())).ok();
        assert_eq!(exact.unwrap().to_string(), "12345678901234567.89");
    }

    #[test]
    fn a_decimal_is_told_without_the_zeros_that_it_was_stored_with() {
        for (stored, told) in [
            ("50.0000", "50"),
            ("1.2500", "1.25"),
            ("-0.00", "0"),
            ("1200", "1200"),
        ] {
            let stored = Dec(stored.parse().unwrap());
            assert_eq!(stored.to_value(), Value::String(told.into()));
            assert_eq!(serde_json::json!(stored), told);
            assert_eq!(stored.to_string(), told);
        }
        assert_eq!(format!("{:.2}", Dec("50.0000".parse().unwrap())), "50.00");
    }
}
