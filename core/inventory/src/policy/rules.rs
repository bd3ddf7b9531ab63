//! What a stock policy may say, and how a patch changes it: pure.

use async_graphql::MaybeUndefined;
use directory::check::Input;
use kernel::{Dec, Fault};
use rust_decimal::Decimal;

use super::{StockPolicy, StockPolicyMethod, StockPolicyPatch};
use crate::{fault, known};

pub(super) fn patched(seen: &StockPolicy, patch: &StockPolicyPatch) -> StockPolicy {
    fn kept<T: Clone>(seen: Option<T>, patch: &MaybeUndefined<T>) -> Option<T> {
        match patch {
            MaybeUndefined::Undefined => seen,
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(value) => Some(value.clone()),
        }
    }
    StockPolicy {
        method: patch.method.unwrap_or(seen.method),
        reorder_point: kept(seen.reorder_point, &patch.reorder_point),
        target_quantity: kept(seen.target_quantity, &patch.target_quantity),
        maximum_quantity: kept(seen.maximum_quantity, &patch.maximum_quantity),
        safety_stock: kept(seen.safety_stock, &patch.safety_stock),
        service_level: kept(seen.service_level, &patch.service_level),
        demand_days: patch.demand_days.unwrap_or(seen.demand_days),
        review_days: patch.review_days.unwrap_or(seen.review_days),
        preferred_supplier_id: kept(seen.preferred_supplier_id, &patch.preferred_supplier),
        active: patch.active.unwrap_or(seen.active),
        version: seen.version + 1,
        ..seen.clone()
    }
}

/// Everything that is wrong with the values of a policy, below a path of the input.
pub(super) fn check_values(input: &mut Input, row: &StockPolicy, under: &[&str]) {
    let quantities = [
        ("reorderPoint", row.reorder_point),
        ("targetQuantity", row.target_quantity),
        ("maximumQuantity", row.maximum_quantity),
        ("safetyStock", row.safety_stock),
    ];
    for (field, value) in quantities {
        let fits = value.is_none_or(|it| it.0 >= Decimal::ZERO && known::is_quantity(it.0));
        input.check(fits, || {
            Fault::invalid(fault::QUANTITY_OUT_OF_RANGE)
                .at([field])
                .under(under.to_vec())
        });
    }
    let fixed = row.method == StockPolicyMethod::Fixed;
    input.check(fixed == row.reorder_point.is_some(), || {
        Fault::invalid(fault::REORDER_POINT_OF_METHOD)
            .at(["reorderPoint"])
            .under(under.to_vec())
    });
    let surprises = row.safety_stock.is_some() || row.service_level.is_some();
    input.check(fixed || surprises, || {
        Fault::invalid(fault::SAFETY_NEEDED)
            .at(["serviceLevel"])
            .under(under.to_vec())
    });
    let level = row
        .service_level
        .map_or(rust_decimal::dec!(50), |level| level.0);
    let bounds = rust_decimal::dec!(50)..rust_decimal::dec!(100);
    input.check(
        bounds.contains(&level) && level.normalize().scale() <= 2,
        || {
            Fault::invalid(fault::SERVICE_LEVEL)
                .at(["serviceLevel"])
                .under(under.to_vec())
        },
    );
    input.check((7..=730).contains(&row.demand_days), || {
        Fault::invalid(fault::DAYS_OUT_OF_RANGE)
            .with("least", 7)
            .with("most", 730)
            .at(["demandDays"])
            .under(under.to_vec())
    });
    input.check((1..=365).contains(&row.review_days), || {
        Fault::invalid(fault::DAYS_OUT_OF_RANGE)
            .with("least", 1)
            .with("most", 365)
            .at(["reviewDays"])
            .under(under.to_vec())
    });
    check_order(input, row, under);
}

/// The reorder point, the target and the maximum come in this order.
fn check_order(input: &mut Input, row: &StockPolicy, under: &[&str]) {
    let lower = row.reorder_point;
    let target = row.target_quantity.or(lower);
    let in_order = |low: Option<Dec>, high: Option<Dec>| match (low, high) {
        (Some(low), Some(high)) => low <= high,
        _ => true,
    };
    input.check(in_order(lower, row.target_quantity), || {
        Fault::invalid(fault::LEVELS_OUT_OF_ORDER)
            .at(["targetQuantity"])
            .under(under.to_vec())
    });
    input.check(in_order(target, row.maximum_quantity), || {
        Fault::invalid(fault::LEVELS_OUT_OF_ORDER)
            .at(["maximumQuantity"])
            .under(under.to_vec())
    });
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use kernel::ids::{CompanyId, ItemId, OrganisationId, StockPolicyId, WarehouseId};

    use super::*;

    fn policy() -> StockPolicy {
        StockPolicy {
            organisation_id: OrganisationId::generate(),
            id: StockPolicyId::generate(),
            company_id: CompanyId::generate(),
            item_id: ItemId::generate(),
            warehouse_id: WarehouseId::generate(),
            method: StockPolicyMethod::Fixed,
            reorder_point: Some(Dec(Decimal::TEN)),
            target_quantity: None,
            maximum_quantity: None,
            safety_stock: None,
            service_level: None,
            demand_days: 90,
            review_days: 7,
            preferred_supplier_id: None,
            active: true,
            created_at: DateTime::default(),
            version: 1,
        }
    }

    fn reasons(row: &StockPolicy) -> Vec<&'static str> {
        let mut input = Input::new();
        check_values(&mut input, row, &[]);
        match input.finish() {
            Err(kernel::Error::Refused(faults)) => faults.iter().map(|it| it.reason).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_policy_says_what_its_method_needs_and_nothing_out_of_order() {
        let good = policy();
        assert_eq!(reasons(&good), Vec::<&str>::new());
        let demand = StockPolicy {
            method: StockPolicyMethod::Demand,
            reorder_point: None,
            ..policy()
        };
        assert_eq!(reasons(&demand), [fault::SAFETY_NEEDED]);
        let level = Some(Dec(rust_decimal::dec!(100)));
        let certain = StockPolicy {
            service_level: level,
            ..demand.clone()
        };
        assert_eq!(reasons(&certain), [fault::SERVICE_LEVEL]);
        let level = Some(Dec(rust_decimal::dec!(97.5)));
        let usual = StockPolicy {
            service_level: level,
            ..demand
        };
        assert_eq!(reasons(&usual), Vec::<&str>::new());
        let upside_down = StockPolicy {
            target_quantity: Some(Dec(Decimal::ONE)),
            maximum_quantity: Some(Dec(Decimal::ZERO)),
            demand_days: 3,
            ..policy()
        };
        let expected = [
            fault::DAYS_OUT_OF_RANGE,
            fault::LEVELS_OUT_OF_ORDER,
            fault::LEVELS_OUT_OF_ORDER,
        ];
        assert_eq!(reasons(&upside_down), expected);
    }

    #[test]
    fn a_patch_keeps_what_is_absent_and_clears_what_is_null() {
        let seen = StockPolicy {
            target_quantity: Some(Dec(Decimal::TEN)),
            ..policy()
        };
        let patch = StockPolicyPatch {
            target_quantity: MaybeUndefined::Null,
            active: Some(false),
            ..StockPolicyPatch::default()
        };
        let next = patched(&seen, &patch);
        assert_eq!(next.target_quantity, None);
        assert_eq!(next.reorder_point, seen.reorder_point);
        assert!(!next.active);
        assert_eq!(next.version, 2);
    }
}
