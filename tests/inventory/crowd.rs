//! Many at once, and long random histories: nothing is sold twice, and nothing drifts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use trastienda_core::inventory::fault::NOT_ENOUGH;
use trastienda_core::inventory::movement::{
    MovementKind, PostMovement, PostMovementLine, post, post_all,
};
use trastienda_core::inventory::valuation::reconcile;
use trastienda_core::kernel::ids::{ItemId, LocationId};
use trastienda_core::kernel::{Clock, Db, DbSettings, Error};

use super::stage::{Store, item_id, location_id};
use crate::app::{App, run, system};

const CLIENTS: usize = 64;
const THERE: i64 = 40;

/// Connections enough for all, and patience.
fn wide(app: &App) -> Db {
    let settings = DbSettings {
        pool_size: 48,
        pool_wait_ms: 60_000,
        lock_timeout_ms: 60_000,
        statement_timeout_ms: 60_000,
        ..DbSettings::new(&app.urls.app)
    };
    Db::new(&settings, Clock::System).expect("a pool")
}

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).expect("a day")
}

fn movement(store: &Store, kind: MovementKind, date: NaiveDate) -> PostMovement {
    PostMovement {
        id: None,
        company: store.company_id(),
        kind,
        date,
        reference: None,
        reason: None,
        party: None,
        source: None,
        lines: Vec::new(),
    }
}

fn line(item: ItemId, from: Option<LocationId>, to: Option<LocationId>) -> PostMovementLine {
    PostMovementLine {
        item,
        from,
        to,
        quantity: Decimal::ONE,
        unit: None,
        unit_cost: None,
    }
}

#[test]
fn sixty_four_clients_at_once_never_sell_what_is_not_there() {
    run(|app| async move {
        let store = std::sync::Arc::new(Store::new(app).await);
        let first = store.item("HOT-1", "FIFO").await;
        let second = store.item("HOT-2", "MOVING_AVERAGE").await;
        for item in [&first, &second] {
            store
                .receive(item, "2026-10-01", &THERE.to_string(), "1.23")
                .await;
        }
        let (db, shelf) = (wide(app), location_id(&store.shelf));
        let items = [item_id(&first), item_id(&second)];
        let clients = (0..CLIENTS).map(|client| {
            let (db, store) = (db.clone(), store.clone());
            tokio::spawn(async move {
                let mut wanted = movement(&store, MovementKind::Issue, day(10, 2));
                let mut lines = items.map(|item| line(item, Some(shelf), None));
                // Half of them want both items in the other order: no one waits in a ring.
                if client % 2 == 1 {
                    lines.reverse();
                }
                wanted.lines = lines.to_vec();
                let context = system(store.tenant.demo.organisation, &db);
                let mut tx = db.begin(&context).await.expect("a transaction");
                match post(&mut tx, wanted).await {
                    Ok(_) => {
                        tx.commit().await.expect("a commit");
                        true
                    }
                    Err(Error::Refused(faults)) => {
                        let refused = faults.iter().all(|fault| fault.reason == NOT_ENOUGH);
                        assert!(refused, "{faults:?}");
                        false
                    }
                    Err(other) => panic!("{other:?}"),
                }
            })
        });
        let sold = futures::future::join_all(clients).await;
        let sold = sold
            .into_iter()
            .filter(|sold| *sold.as_ref().expect("a client"))
            .count();
        assert_eq!(i64::try_from(sold), Ok(THERE));
        for item in [&first, &second] {
            assert_eq!(store.on_hand(item, None).await, ("0".into(), "0".into()));
        }
        assert_eq!(
            store.reconciled("2026-10-02").await,
            ("0".into(), "0".into())
        );
        store.agrees(app).await;
    });
}

/// A small generator of its own: the same history every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn number(&mut self, most: u64, places: u32) -> Decimal {
        Decimal::new(
            i64::try_from(self.roll(most) + 1).expect("a number"),
            places,
        )
    }
}

/// A random movement of a day that can be done with what is there.
fn some_movement(
    dice: &mut Dice,
    store: &Store,
    date: NaiveDate,
    items: &[ItemId],
    places: &[LocationId],
    there: &mut BTreeMap<(ItemId, LocationId), Decimal>,
) -> PostMovement {
    let pick = |dice: &mut Dice, many: usize| dice.roll(many as u64) as usize;
    let kinds = [
        MovementKind::Receive,
        MovementKind::Issue,
        MovementKind::Transfer,
        MovementKind::Adjust,
    ];
    let mut made = movement(store, kinds[pick(dice, kinds.len())], date);
    for _ in 0..=pick(dice, 3) {
        let (item, place) = (
            items[pick(dice, items.len())],
            places[pick(dice, places.len())],
        );
        let has = there.get(&(item, place)).copied().unwrap_or_default();
        let leaves = match made.kind {
            MovementKind::Receive => false,
            MovementKind::Adjust => dice.roll(2) == 0,
            _ => true,
        };
        if leaves && has.is_zero() {
            continue;
        }
        let to = match made.kind {
            MovementKind::Transfer => Some(
                places[(pick(dice, 2)
                    + 1
                    + places.iter().position(|p| *p == place).expect("a place"))
                    % places.len()],
            ),
            _ if leaves => None,
            _ => Some(place),
        };
        let wanted = dice.number(20_000, 0).min(Decimal::from(dice.roll(30) + 1));
        let quantity = if leaves { wanted.min(has) } else { wanted };
        let mut one = line(item, leaves.then_some(place), to);
        one.quantity = quantity;
        one.unit_cost = (!leaves).then(|| dice.number(9_999_999, 5));
        if leaves {
            *there.entry((item, place)).or_default() -= quantity;
        }
        if let Some(to) = to {
            *there.entry((item, to)).or_default() += quantity;
        }
        made.lines.push(one);
    }
    made
}

#[test]
fn a_long_random_history_ties_out_with_the_books_at_every_date() {
    run(|app| async move {
        let store = Store::new(app).await;
        let mut items = Vec::new();
        for (code, valuation) in [("R1", "FIFO"), ("R2", "MOVING_AVERAGE"), ("R3", "FIFO")] {
            items.push(item_id(&store.item(code, valuation).await));
        }
        let places = [&store.shelf, &store.shop, &store.far].map(|place| location_id(place));
        let (mut dice, mut there) = (Dice(20_261_124), BTreeMap::new());
        let db = wide(app);
        let context = system(store.tenant.demo.organisation, &db);
        let mut moved = 0;
        for on in 1..=28 {
            let mut posts: Vec<PostMovement> = (0..6)
                .map(|_| some_movement(&mut dice, &store, day(10, on), &items, &places, &mut there))
                .collect();
            posts.retain(|post| !post.lines.is_empty());
            moved += posts.len();
            let mut tx = db.begin(&context).await.expect("a transaction");
            post_all(&mut tx, &posts).await.expect("a day's movements");
            tx.commit().await.expect("a commit");
        }
        assert!(moved > 80, "{moved}");
        let mut tx = db.begin(&context).await.expect("a transaction");
        let mut seen = Vec::new();
        for on in 1..=28 {
            let found = reconcile(&mut tx, store.company_id(), day(10, on))
                .await
                .expect("a look");
            assert!(found.difference().is_zero(), "{found:?}");
            seen.push(found.stock);
        }
        assert!(seen.iter().all(|value| *value >= Decimal::ZERO));
        seen.dedup();
        assert!(seen.len() > 20, "values move: {seen:?}");
        for item in &items {
            let left: Decimal = there
                .iter()
                .filter(|(key, _)| key.0 == *item)
                .map(|(_, q)| *q)
                .sum();
            let (quantity, _) = store.on_hand(&item.to_string(), None).await;
            assert_eq!(quantity, left.normalize().to_string());
        }
        store.agrees(app).await;
    });
}
