//! Quantities: an exact value with its unit.

use async_graphql::SimpleObject;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::scalar::Dec;

crate::text_enum! {
    /// A unit of measure, by what it measures.
    pub enum Unit {
        /// Pieces.
        Piece = "PIECE",
        /// Hours.
        Hour = "HOUR",
        /// Days.
        Day = "DAY",
        /// Grams.
        Gram = "GRAM",
        /// Kilograms.
        Kilogram = "KILOGRAM",
        /// Millilitres.
        Millilitre = "MILLILITRE",
        /// Litres.
        Litre = "LITRE",
        /// Millimetres.
        Millimetre = "MILLIMETRE",
        /// Metres.
        Metre = "METRE",
    }
}

impl Unit {
    /// The base unit of its measure and how many of them it is.
    const fn base(self) -> (Self, i64) {
        match self {
            Self::Piece => (Self::Piece, 1),
            Self::Hour => (Self::Hour, 1),
            Self::Day => (Self::Day, 1),
            Self::Gram => (Self::Gram, 1),
            Self::Kilogram => (Self::Gram, 1_000),
            Self::Millilitre => (Self::Millilitre, 1),
            Self::Litre => (Self::Millilitre, 1_000),
            Self::Millimetre => (Self::Millimetre, 1),
            Self::Metre => (Self::Millimetre, 1_000),
        }
    }
}

/// An exact value of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
pub struct Quantity {
    /// The value.
    pub value: Dec,
    /// The unit.
    pub unit: Unit,
}

impl Quantity {
    /// A value of a unit.
    pub fn new(value: Decimal, unit: Unit) -> Self {
        Self {
            value: Dec(value),
            unit,
        }
    }

    /// The same quantity in another unit of the same measure, exactly.
    pub fn to(self, unit: Unit) -> Result<Self> {
        let ((from, many), (into, few)) = (self.unit.base(), unit.base());
        if from != into {
            return Err(Error::bug(format!(
                "{} does not convert to {unit}",
                self.unit
            )));
        }
        let value = *self.value * Decimal::from(many) / Decimal::from(few);
        Ok(Self::new(value, unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_exactly_within_a_measure_and_refuses_across() {
        let grams = Quantity::new(Decimal::new(1, 0), Unit::Gram);
        assert_eq!(
            grams.to(Unit::Kilogram).unwrap().value.0,
            Decimal::new(1, 3)
        );
        assert!(grams.to(Unit::Litre).is_err());
    }
}
