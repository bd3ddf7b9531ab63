//! The legal scale of 2026: a minimum wage of 1,221.00, or 1,424.50 with prorated extra pays.

use proptest::prelude::*;

use super::*;
use crate::library;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn order(code: &str, priority: u32, outstanding: &str, basis: Basis) -> Order {
    let label = Text::new("Embargo", "Garnishment");
    Order {
        code: code.to_owned(),
        label,
        priority,
        outstanding: dec(outstanding),
        basis,
    }
}

fn seize(net: Decimal, extras: ExtraPayBasis, orders: &[Order]) -> Garnishment {
    let date = "2026-06-30".parse().unwrap();
    let pack = library::pack_for("ES", date).unwrap();
    calculate(&pack, date, net, extras, orders).unwrap()
}

fn seizable(net: &str, extras: ExtraPayBasis) -> Decimal {
    seize(dec(net), extras, &[]).seizable.amount
}

#[test]
fn the_scale_of_article_607() {
    for (net, expected) in [
        ("0", "0"),
        ("1221.00", "0"),
        ("1221.01", "0.00"),
        ("1300.00", "23.70"),
        ("2442.00", "366.30"),
        ("3663.00", "976.80"),
        ("4884.00", "1709.40"),
        ("6105.00", "2625.15"),
        ("7105.00", "3525.15"),
    ] {
        assert_eq!(
            seizable(net, ExtraPayBasis::Separate),
            dec(expected),
            "{net}"
        );
    }
}

#[test]
fn prorated_extra_pays_raise_what_is_protected() {
    assert_eq!(seizable("1424.50", ExtraPayBasis::Prorated), Decimal::ZERO);
    assert_eq!(seizable("1524.50", ExtraPayBasis::Prorated), dec("30.00"));
    assert_eq!(seizable("2442.00", ExtraPayBasis::PaidNow), Decimal::ZERO);
}

#[test]
fn orders_go_by_priority_and_never_beyond_the_scale() {
    let orders = [
        order("late", 3, "5000", Basis::Scale),
        order("early", 1, "300", Basis::Scale),
        order("middle", 2, "50", Basis::Scale),
    ];
    let found = seize(dec("2442.00"), ExtraPayBasis::Separate, &orders);
    let amounts: Vec<_> = found
        .seized
        .iter()
        .map(|one| (one.explained.code.as_str(), one.explained.amount))
        .collect();
    assert_eq!(
        amounts,
        [
            ("early", dec("300")),
            ("middle", dec("50")),
            ("late", dec("16.30"))
        ]
    );
    assert_eq!(found.seized[2].outstanding_after, dec("4983.70"));
    assert_eq!(found.total(), dec("366.30"));
    assert!(found.seized[0].explained.source.contains("art. 607"));
}

#[test]
fn maintenance_goes_beyond_the_scale_and_uses_its_room() {
    let orders = [
        order("maintenance", 1, "10000", Basis::Fixed(dec("250"))),
        order("bank", 2, "5000", Basis::Scale),
    ];
    let found = seize(dec("2442.00"), ExtraPayBasis::Separate, &orders);
    assert_eq!(found.seized[0].explained.amount, dec("250"));
    assert_eq!(found.seized[1].explained.amount, dec("116.30"));
    let poor = seize(dec("1000.00"), ExtraPayBasis::Separate, &orders);
    assert_eq!(poor.seized[0].explained.amount, dec("250"));
    assert_eq!(poor.seized[1].explained.amount, Decimal::ZERO);
}

#[test]
fn negative_amounts_are_all_refused() {
    let date = "2026-06-30".parse().unwrap();
    let pack = library::pack_for("ES", date).unwrap();
    let orders = [
        order("a", 1, "-1", Basis::Scale),
        order("b", 2, "1", Basis::Fixed(dec("-1"))),
    ];
    let errors = calculate(&pack, date, dec("2000"), ExtraPayBasis::Separate, &orders);
    let fields: Vec<_> = errors
        .unwrap_err()
        .iter()
        .map(|error| error.field().unwrap().to_owned())
        .collect();
    assert_eq!(
        fields,
        ["garnishments[0].outstanding", "garnishments[1].amount"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_left_never_shrinks_as_pay_grows(net in 0i64..2_000_000, more in 0i64..100_000) {
        let of = |cents: i64| {
            let net = Decimal::new(cents, 2);
            (net, seize(net, ExtraPayBasis::Separate, &[]).seizable.amount)
        };
        let ((low, low_taken), (high, high_taken)) = (of(net), of(net + more));
        prop_assert!(high_taken >= low_taken);
        prop_assert!(high - high_taken >= low - low_taken);
        prop_assert!(low - low_taken >= low.min(dec("1221.00")));
    }

    #[test]
    fn orders_never_take_more_than_there_is(
        net in 0i64..600_000,
        debts in prop::collection::vec(
            (0i64..300_000, 0u32..5, prop::option::of(0i64..90_000)),
            0..6,
        ),
    ) {
        let orders: Vec<Order> = debts
            .iter()
            .map(|(owed, priority, fixed)| Order {
                outstanding: Decimal::new(*owed, 2),
                ..order("x", *priority, "0", match fixed {
                    Some(amount) => Basis::Fixed(Decimal::new(*amount, 2)),
                    None => Basis::Scale,
                })
            })
            .collect();
        let net = Decimal::new(net, 2);
        let found = seize(net, ExtraPayBasis::Separate, &orders);
        prop_assert!(found.total() <= net);
        let by_scale = orders.iter().all(|order| order.basis == Basis::Scale);
        prop_assert!(!by_scale || found.total() <= found.seizable.amount);
        prop_assert!(found.seized.iter().all(|one| one.outstanding_after >= Decimal::ZERO));
    }
}
