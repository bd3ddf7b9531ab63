//! Money: an exact amount with its currency, rounding and allocation.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Object, OutputType, Positioned, ServerResult, Value};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::scalar::{CurrencyCode, Dec};

/// An exact amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The amount, in units of the currency.
    pub amount: Dec,
    /// The currency, ISO 4217.
    pub currency_code: CurrencyCode,
}

/// An exact amount of one currency.
#[Object]
impl Money {
    /// The amount, in units of the currency and with its decimals; with more only where there are.
    async fn amount(&self) -> Amount {
        Amount(*self)
    }

    /// The currency, ISO 4217.
    async fn currency_code(&self) -> CurrencyCode {
        self.currency_code
    }
}

/// The amount of money as the API tells it: a `Decimal` with the decimals of its currency.
struct Amount(Money);

impl OutputType for Amount {
    fn type_name() -> Cow<'static, str> {
        <Dec as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Dec as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        _: &ContextSelectionSet<'_>,
        _: &Positioned<Field>,
    ) -> ServerResult<Value> {
        Ok(Value::String(self.0.text()))
    }
}

impl Money {
    /// An amount of a currency, as it is.
    pub fn new(amount: Decimal, currency_code: CurrencyCode) -> Self {
        Self {
            amount: Dec(amount),
            currency_code,
        }
    }

    /// Nothing of a currency.
    pub fn zero(currency_code: CurrencyCode) -> Self {
        Self::new(Decimal::ZERO, currency_code)
    }

    /// Adds an amount of the same currency; another currency is a bug of the caller.
    pub fn plus(self, other: Self) -> Result<Self> {
        if self.currency_code != other.currency_code {
            return Err(Error::bug("amounts of two currencies were added"));
        }
        let sum = self.amount.checked_add(*other.amount);
        let sum = sum.ok_or_else(|| Error::bug("an amount is out of range"))?;
        Ok(Self::new(sum, self.currency_code))
    }

    /// Rounds to the smallest unit of the currency, half away from zero.
    pub fn rounded(self) -> Self {
        Self::new(
            round(*self.amount, self.currency_code.places()),
            self.currency_code,
        )
    }

    /// The amount as text: with the decimals of its currency, and with more only where there are.
    pub fn text(self) -> String {
        let amount = self.amount.normalize();
        let places = amount.scale().max(self.currency_code.places());
        format!(
            "{amount:.places$}",
            places = usize::try_from(places).unwrap_or_default()
        )
    }

    /// Splits by weights without losing a unit; see [`allocate`].
    pub fn allocate(self, weights: &[Decimal]) -> Result<Vec<Self>> {
        let parts = allocate(*self.amount, weights, self.currency_code.places())?;
        Ok(parts
            .into_iter()
            .map(|part| Self::new(part, self.currency_code))
            .collect())
    }
}

/// Rounds half away from zero to `places` decimals.
pub fn round(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Splits `amount` in proportion to `weights`, each part with `places` decimals, so that the parts
/// add up to `amount` exactly. What rounding leaves over goes, one smallest unit each, to the parts
/// with the largest remainders, the earlier first.
pub fn allocate(amount: Decimal, weights: &[Decimal], places: u32) -> Result<Vec<Decimal>> {
    let total: Decimal = weights.iter().sum();
    if weights.iter().any(Decimal::is_sign_negative) || total.is_zero() {
        return Err(Error::bug(
            "an allocation needs weights of zero or more, one above zero",
        ));
    }
    let unit = Decimal::new(1, places);
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let exact = amount * weight / total;
        let part = exact.round_dp_with_strategy(places, RoundingStrategy::ToZero);
        remainders.push(((exact - part).abs(), index));
        parts.push(part);
    }
    let mut rest = amount - parts.iter().sum::<Decimal>();
    let step = if rest.is_sign_negative() { -unit } else { unit };
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, index) in remainders.iter().cycle() {
        if rest.abs() < unit {
            break;
        }
        if let Some(part) = parts.get_mut(*index) {
            *part += step;
            rest -= step;
        }
    }
    if let Some(part) = parts.first_mut() {
        *part += rest;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rounds_half_away_from_zero() {
        assert_eq!(round(Decimal::new(1005, 3), 2), Decimal::new(101, 2));
        assert_eq!(round(Decimal::new(-1005, 3), 2), Decimal::new(-101, 2));
    }

    #[test]
    fn a_hundred_in_three_gives_the_cent_to_the_first() {
        let parts = allocate(Decimal::from(100), &[Decimal::ONE; 3], 2).unwrap();
        let expected = [
            Decimal::new(3334, 2),
            Decimal::new(3333, 2),
            Decimal::new(3333, 2),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn an_amount_shows_the_decimals_of_its_currency_and_hides_none() {
        let yen = CurrencyCode(iso_currency::Currency::JPY);
        for (stored, currency, shown) in [
            ("50.0000", CurrencyCode::EUR, "50.00"),
            ("50", CurrencyCode::EUR, "50.00"),
            ("-1.5", CurrencyCode::EUR, "-1.50"),
            ("0.0125", CurrencyCode::EUR, "0.0125"),
            ("1200.0000", yen, "1200"),
        ] {
            let money = Money::new(stored.parse().unwrap(), currency);
            assert_eq!(money.text(), shown);
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let yen = CurrencyCode(iso_currency::Currency::JPY);
        assert!(
            Money::zero(CurrencyCode::EUR)
                .plus(Money::zero(yen))
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn allocation_never_loses_a_cent(
            cents in -1_000_000_000i64..1_000_000_000,
            weights in prop::collection::vec(0u32..1000, 1..20),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let weights: Vec<Decimal> = weights.into_iter().map(Decimal::from).collect();
            let amount = Decimal::new(cents, 2);
            let parts = allocate(amount, &weights, 2).unwrap();
            prop_assert_eq!(parts.iter().sum::<Decimal>(), amount);
            prop_assert!(parts.iter().all(|part| part.scale() <= 2));
        }
    }
}
