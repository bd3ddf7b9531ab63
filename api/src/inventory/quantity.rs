//! Quantities of items: a value with the unit it is said in.

use async_graphql::{Context, Object, Result};
use kernel::Dec;
use kernel::ids::UnitId;
use rust_decimal::Decimal;

use crate::call::Call;
use crate::inventory::unit::Unit;

/// How much of an item.
#[derive(Clone, Debug)]
pub struct ItemQuantity {
    value: Decimal,
    unit: UnitId,
}

impl ItemQuantity {
    /// A value of a unit.
    pub fn new(value: Decimal, unit: UnitId) -> Self {
        Self {
            value: value.normalize(),
            unit,
        }
    }
}

/// How much of an item, exactly.
#[Object]
impl ItemQuantity {
    /// The value.
    async fn value(&self) -> Dec {
        Dec(self.value)
    }

    /// The unit. Needs `inventory.item.read`.
    async fn unit(&self, graph: &Context<'_>) -> Result<Option<Unit>> {
        Call::of(graph)?.load(self.unit).await
    }
}
