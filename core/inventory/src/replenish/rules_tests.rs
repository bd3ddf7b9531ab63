//! The rules of reordering by tables and properties.

use chrono::NaiveDate;
use directory::calendar::Working;
use kernel::CurrencyCode;
use kernel::ids::{PartyId, SupplierTermId, UnitId};
use proptest::prelude::*;
use rust_decimal::{Decimal, dec};

use super::outcome::*;
use super::rules::*;
use crate::alert::StockAlertKind;
use crate::fault;
use crate::policy::StockPolicyMethod;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn fixed(reorder_point: Decimal, target: Option<Decimal>) -> Keeping {
    Keeping {
        method: StockPolicyMethod::Fixed,
        reorder_point: Some(reorder_point),
        target,
        maximum: None,
        safety_stock: None,
        service_level: None,
        quantile: Decimal::ZERO,
        review_days: 7,
        supplier: None,
    }
}

fn by_demand(level: Decimal) -> Keeping {
    Keeping {
        method: StockPolicyMethod::Demand,
        reorder_point: None,
        service_level: Some(level),
        quantile: quantile(level),
        ..fixed(Decimal::ZERO, None)
    }
}

fn offer(price: Decimal) -> Offer {
    Offer {
        term: SupplierTermId::generate(),
        supplier: PartyId::generate(),
        supplier_name: "Papelería Luna".to_owned(),
        unit: UnitId::generate(),
        factor: (Decimal::ONE, Decimal::ONE),
        price,
        currency: CurrencyCode::EUR,
        minimum: Decimal::ZERO,
        multiple: Decimal::ONE,
        lead_time_days: Some(5),
        preferred: false,
    }
}

fn at(on_hand: Decimal, on_order: Decimal) -> Position {
    Position {
        on_hand,
        on_order,
        demand: Demand {
            days: 90,
            ..Demand::default()
        },
    }
}

fn seen(keeping: &Keeping, position: &Position, offers: &[Offer]) -> Finding {
    let working = Working::monday_to_friday();
    // A Monday: five working days later is the next Monday, seven days of the week.
    let circumstances = Look {
        day: day("2026-11-23"),
        working: &working,
        currency: CurrencyCode::EUR,
        unit: UnitId(uuid::Uuid::nil()),
        places: 0,
    };
    look(keeping, position, offers, circumstances)
}

/// What is ordered.
fn wanted(keeping: &Keeping, position: &Position, offers: &[Offer]) -> Order {
    seen(keeping, position, offers).order.unwrap().unwrap()
}

#[test]
fn it_is_ordered_at_or_below_the_reorder_point_up_to_the_target() {
    let keeping = fixed(dec!(10), Some(dec!(50)));
    let offers = [offer(dec!(2))];
    for (on_hand, on_order, expected) in [
        (dec!(11), dec!(0), None),
        (dec!(10), dec!(0), Some(dec!(40))),
        (dec!(0), dec!(0), Some(dec!(50))),
        (dec!(3), dec!(7), Some(dec!(40))),
        (dec!(3), dec!(8), None),
        (dec!(-5), dec!(0), Some(dec!(55))),
    ] {
        let order = seen(&keeping, &at(on_hand, on_order), &offers).order;
        let quantity = order.unwrap().map(|order| order.quantity);
        assert_eq!(quantity, expected, "{on_hand} there, {on_order} ordered");
    }
}

#[test]
fn minimum_and_multiple_round_up_in_the_purchase_unit() {
    let keeping = fixed(dec!(10), Some(dec!(50)));
    for (factor, minimum, multiple, units) in [
        (dec!(12), dec!(0), dec!(1), dec!(4)),
        (dec!(12), dec!(10), dec!(1), dec!(10)),
        (dec!(1), dec!(0), dec!(25), dec!(50)),
        (dec!(1), dec!(30), dec!(20), dec!(40)),
        (dec!(0.5), dec!(0), dec!(1), dec!(80)),
    ] {
        let offers = [Offer {
            factor: (factor, dec!(1)),
            minimum,
            multiple,
            ..offer(dec!(2))
        }];
        let order = wanted(&keeping, &at(dec!(10), dec!(0)), &offers);
        assert_eq!(order.unit_quantity, units, "{factor} {minimum} {multiple}");
        assert_eq!(order.quantity, units * factor);
        assert_eq!(order.explanation.shortage.0, dec!(40));
        assert_eq!(order.explanation.rounded_up.0, units * factor - dec!(40));
    }
}

#[test]
fn a_dozenth_and_a_third_buy_not_one_unit_too_many() {
    let keeping = fixed(dec!(10), Some(dec!(20)));
    for (few, multiple, units) in [
        (dec!(12), dec!(1), dec!(120)),
        (dec!(12), dec!(40), dec!(120)),
        (dec!(12), dec!(50), dec!(150)),
        (dec!(3), dec!(1), dec!(30)),
        (dec!(3), dec!(15), dec!(30)),
        (dec!(7), dec!(0.5), dec!(70)),
    ] {
        let offers = [Offer {
            factor: (dec!(1), few),
            multiple,
            ..offer(dec!(2))
        }];
        let order = wanted(&keeping, &at(dec!(10), dec!(0)), &offers);
        assert_eq!(order.unit_quantity, units, "1/{few}, by {multiple}");
        assert_eq!(order.quantity, units / few);
        assert_eq!(order.explanation.rounded_up.0, units / few - dec!(10));
    }
}

#[test]
fn the_cheapest_of_the_preferred_is_chosen_before_the_cheapest() {
    let cheap = Offer {
        factor: (dec!(12), dec!(1)),
        ..offer(dec!(12))
    };
    let dear = Offer {
        preferred: true,
        ..offer(dec!(3))
    };
    let dearer = Offer {
        preferred: true,
        ..offer(dec!(4))
    };
    let dollars = Offer {
        currency: serde_json::from_value(serde_json::json!("USD")).unwrap(),
        ..offer(dec!(0.1))
    };
    let all = [dearer.clone(), dollars, cheap.clone(), dear.clone()];
    let keeping = fixed(dec!(10), None);
    let of = |keeping: &Keeping, offers: &[Offer]| {
        let (offer, why) = choose(keeping, offers, CurrencyCode::EUR);
        (offer.map(|offer| offer.term), why)
    };
    let preferred = (Some(dear.term), SupplierChoice::CheapestPreferred);
    assert_eq!(of(&keeping, &all), preferred);
    let named = Keeping {
        supplier: Some(dearer.supplier),
        ..keeping.clone()
    };
    assert_eq!(
        of(&named, &all),
        (Some(dearer.term), SupplierChoice::NamedByPolicy)
    );
    let gone = Keeping {
        supplier: Some(PartyId::generate()),
        ..keeping.clone()
    };
    assert_eq!(of(&gone, &all), preferred);
    let plain = [
        Offer {
            preferred: false,
            ..dear
        },
        cheap.clone(),
    ];
    assert_eq!(
        of(&keeping, &plain),
        (Some(cheap.term), SupplierChoice::Cheapest)
    );
    assert_eq!(of(&keeping, &[]), (None, SupplierChoice::Nobody));
}

#[test]
fn demand_over_the_lead_time_and_a_safety_stock_make_the_reorder_point() {
    // 90 days: 4 a day on average, every other day 8, so that the deviation is 4.0224.
    let demand = Demand {
        days: 90,
        issued: dec!(360),
        squares: dec!(2880),
    };
    let position = Position {
        on_hand: dec!(40),
        on_order: dec!(0),
        demand,
    };
    let finding = seen(&by_demand(dec!(95)), &position, &[offer(dec!(2))]);
    assert_eq!(finding.demand_per_day, dec!(4));
    assert_eq!(finding.days_of_cover, Some(dec!(10)));
    // 4 × 7 days + 1.6452 × 4.0224 × √7 = 28 + 17.5.
    assert_eq!(finding.reorder_point, dec!(46));
    let order = finding.order.unwrap().unwrap();
    assert_eq!(order.explanation.lead_calendar_days, 7);
    assert_eq!(order.explanation.target.0, dec!(74));
    assert_eq!(order.quantity, dec!(34));
    assert_eq!(order.from.unwrap().expected_on.0, day("2026-11-30"));
    let given = Keeping {
        safety_stock: Some(dec!(0)),
        ..by_demand(dec!(95))
    };
    assert_eq!(
        seen(&given, &position, &[offer(dec!(2))]).reorder_point,
        dec!(28)
    );
}

#[test]
fn quantiles_are_those_of_the_tables() {
    for (level, table) in [
        (dec!(50), dec!(0)),
        (dec!(90), dec!(1.2816)),
        (dec!(95), dec!(1.6449)),
        (dec!(97.5), dec!(1.9600)),
        (dec!(99), dec!(2.3263)),
        (dec!(99.9), dec!(3.0902)),
    ] {
        assert!(
            (quantile(level) - table).abs() < dec!(0.0005),
            "{level}: {}",
            quantile(level)
        );
    }
}

#[test]
fn without_a_supplier_it_is_flagged_and_without_a_lead_time_it_fails_and_alarms() {
    let keeping = fixed(dec!(10), Some(dec!(50)));
    let order = wanted(&keeping, &at(dec!(0), dec!(0)), &[]);
    assert_eq!((order.quantity, order.from), (dec!(50), None));
    assert_eq!(order.explanation.choice, SupplierChoice::Nobody);
    let slow = [Offer {
        lead_time_days: None,
        ..offer(dec!(2))
    }];
    let told = |keeping: &Keeping, on_hand: Decimal| {
        let finding = seen(keeping, &at(on_hand, dec!(0)), &slow);
        let kind = alarm(keeping, &finding, on_hand).map(|(kind, _)| kind);
        (finding.order.map_err(|fault| fault.reason), kind)
    };
    let failed = Err(fault::NO_LEAD_TIME);
    assert_eq!(
        told(&keeping, dec!(0)),
        (failed.clone(), Some(StockAlertKind::Out))
    );
    assert_eq!(
        told(&keeping, dec!(9)),
        (failed.clone(), Some(StockAlertKind::Low))
    );
    assert_eq!(told(&keeping, dec!(30)), (Ok(None), None));
    assert_eq!(told(&by_demand(dec!(95)), dec!(30)), (failed.clone(), None));
    let kept = Keeping {
        safety_stock: Some(dec!(5)),
        ..by_demand(dec!(95))
    };
    assert_eq!(told(&kept, dec!(5)), (failed, Some(StockAlertKind::Low)));
}

/// What an order left standing.
fn stood(order: &Order, as_of: NaiveDate) -> Standing {
    Standing {
        quantity: order.quantity,
        unit: order.unit,
        unit_quantity: order.unit_quantity,
        as_of,
        from: order.from.clone(),
    }
}

#[test]
fn what_stands_is_not_repeated_but_renewed_withdrawn_or_left() {
    let keeping = fixed(dec!(10), Some(dec!(50)));
    let today = day("2026-11-23");
    let wanted = wanted(&keeping, &at(dec!(10), dec!(0)), &[offer(dec!(2))]);
    let order = Some(&wanted);
    let standing = |quantity| Standing {
        quantity,
        unit_quantity: quantity,
        ..stood(&wanted, today)
    };
    let of = |standing: &Standing| settle(order, Some(standing), None, today);
    assert_eq!(settle(order, None, None, today), Outcome::Proposed);
    assert_eq!(of(&standing(dec!(40))), Outcome::Stands);
    assert_eq!(of(&standing(dec!(45))), Outcome::Stands);
    assert_eq!(of(&standing(dec!(39))), Outcome::Renewed);
    let gone = settle(None, Some(&standing(dec!(40))), None, today);
    assert_eq!(gone, Outcome::Withdrawn);
    assert_eq!(settle(None, None, None, today), Outcome::Nothing);
    let newer = Standing {
        as_of: day("2026-11-24"),
        ..standing(dec!(1))
    };
    assert_eq!(of(&newer), Outcome::Stands);
    assert_eq!(settle(None, Some(&newer), None, today), Outcome::Stands);
    let until = |text| settle(order, None, Some(day(text)), today);
    assert_eq!(until("2026-11-24"), Outcome::Dismissed);
    assert_eq!(until("2026-11-23"), Outcome::Proposed);
}

#[test]
fn what_stands_on_other_terms_than_those_of_now_is_renewed() {
    let keeping = fixed(dec!(10), Some(dec!(50)));
    let today = day("2026-11-23");
    let now = offer(dec!(2));
    let of = |offer: Option<Offer>| {
        let offers: Vec<Offer> = offer.into_iter().collect();
        wanted(&keeping, &at(dec!(10), dec!(0)), &offers)
    };
    let order = of(Some(now.clone()));
    let same = settle(Some(&order), Some(&stood(&order, today)), None, today);
    assert_eq!(same, Outcome::Stands);
    let others = [
        of(None),
        of(Some(Offer {
            term: SupplierTermId::generate(),
            ..now.clone()
        })),
        of(Some(Offer {
            price: dec!(1),
            ..now.clone()
        })),
        of(Some(Offer {
            lead_time_days: Some(6),
            ..now.clone()
        })),
        of(Some(Offer {
            unit: UnitId::generate(),
            ..now.clone()
        })),
    ];
    for other in &others {
        let standing = stood(other, today);
        let outcome = settle(Some(&order), Some(&standing), None, today);
        assert_eq!(outcome, Outcome::Renewed, "{standing:?}");
    }
    // More than is needed now, and not what the supplier sells a multiple of, or less than they sell.
    for (multiple, minimum) in [(dec!(40), dec!(0)), (dec!(1), dec!(43))] {
        let offered = Offer {
            multiple,
            minimum,
            ..now.clone()
        };
        let least = of(Some(offered));
        let standing = Standing {
            quantity: dec!(42),
            unit_quantity: dec!(42),
            ..stood(&order, today)
        };
        let outcome = settle(Some(&least), Some(&standing), None, today);
        assert_eq!(outcome, Outcome::Renewed);
    }
}

#[test]
fn alarms_tell_out_from_low_from_too_much() {
    let keeping = Keeping {
        maximum: Some(dec!(80)),
        ..fixed(dec!(10), Some(dec!(50)))
    };
    let finding = seen(&keeping, &at(dec!(0), dec!(0)), &[]);
    let kind = |on_hand| alarm(&keeping, &finding, on_hand).map(|(kind, _)| kind);
    assert_eq!(kind(dec!(-1)), Some(StockAlertKind::Out));
    assert_eq!(kind(dec!(0)), Some(StockAlertKind::Out));
    assert_eq!(kind(dec!(10)), Some(StockAlertKind::Low));
    assert_eq!(kind(dec!(11)), None);
    assert_eq!(kind(dec!(80)), None);
    assert_eq!(kind(dec!(81)), Some(StockAlertKind::Overstock));
    let unwanted = Finding {
        reorder_point: dec!(0),
        ..finding
    };
    assert_eq!(alarm(&keeping, &unwanted, dec!(0)), None);
}

proptest! {
    #[test]
    fn an_order_reaches_the_target_and_keeps_to_the_terms(
        on_hand in -1_000i64..1_000, on_order in 0i64..500, point in 0i64..800,
        above in 0i64..500, factor in 1i64..48, few in 1i64..13, minimum in 0i64..100,
        multiple in 1i64..24,
    ) {
        let (point, target) = (Decimal::from(point), Decimal::from(point + above));
        let offers = [Offer {
            factor: (Decimal::from(factor), Decimal::from(few)),
            minimum: Decimal::from(minimum),
            multiple: Decimal::from(multiple),
            ..offer(dec!(1.5))
        }];
        let position = at(Decimal::from(on_hand), Decimal::from(on_order));
        let order = seen(&fixed(point, Some(target)), &position, &offers).order.unwrap();
        let stock = position.on_hand + position.on_order;
        prop_assert_eq!(order.is_some(), stock <= point && stock < target);
        if let Some(order) = order {
            // In parts of the item's unit, which come out whole.
            let (many, few) = (Decimal::from(factor), Decimal::from(few));
            let parts = |units: Decimal| units * many;
            let missing = (target - stock) * few;
            prop_assert!(parts(order.unit_quantity) >= missing);
            prop_assert!(order.unit_quantity >= Decimal::from(minimum));
            prop_assert_eq!(order.unit_quantity % Decimal::from(multiple), Decimal::ZERO);
            let kept = kernel::money::round(parts(order.unit_quantity) / few, 6);
            prop_assert_eq!(order.quantity, kept);
            let less = order.unit_quantity - Decimal::from(multiple);
            let enough = parts(less) >= missing;
            prop_assert!(!enough || less < Decimal::from(minimum), "a multiple too many");
        }
    }

    #[test]
    fn more_service_never_keeps_less(
        issued in prop::collection::vec(0u32..50, 30..90), low in 50i64..98,
    ) {
        let days = i32::try_from(issued.len()).unwrap();
        let sum: u32 = issued.iter().sum();
        let squares: u32 = issued.iter().map(|it| it * it).sum();
        let demand = Demand { days, issued: sum.into(), squares: squares.into() };
        let position = Position { demand, ..Position::default() };
        let offers = [offer(dec!(1))];
        let point = |level: i64| {
            seen(&by_demand(Decimal::from(level)), &position, &offers).reorder_point
        };
        prop_assert!(point(low) <= point(low + 1));
        prop_assert!(point(low) >= (position.demand.issued / Decimal::from(days) * dec!(7)).floor());
    }
}
