//! Long random histories of stock: nothing drifts, at no date, whatever was received late, returned,
//! reversed or sold before it came.

use std::collections::BTreeMap;

use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::json;
use trastienda_core::inventory::fault;
use trastienda_core::inventory::movement::{
    MovementKind, MovementReverseInput, PostMovement, post, reverse,
};
use trastienda_core::inventory::valuation::reconcile;
use trastienda_core::kernel::ids::{ItemId, LocationId, MovementId};
use trastienda_core::kernel::{Date, Db, Dec, Error, Tx};

use super::crowd::{day, line, movement, wide};
use super::stage::{Store, item_id, location_id};
use crate::app::{App, run, system};
use crate::people::stage::done;

/// Movements of a history.
const LONG: u32 = 170;
/// The days on which they are, of October 2026.
const DAYS: u32 = 28;
/// Why something random may not be possible; anything else is a defect.
const REFUSALS: &[&str] = &[
    fault::NOT_ENOUGH,
    fault::BACKDATED,
    fault::COST_UNKNOWN,
    fault::USED_SINCE,
    fault::REVERSED_ALREADY,
    fault::REVERSAL_TOO_EARLY,
    fault::REVERSAL_BELOW_ZERO,
];

/// A small generator of its own: the same history of a seed every time.
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

/// A random history on its way.
struct History<'a> {
    store: &'a Store,
    db: Db,
    dice: Dice,
    items: Vec<ItemId>,
    places: [LocationId; 3],
    posted: Vec<MovementId>,
    /// How often each thing was done.
    done: BTreeMap<&'static str, u32>,
}

impl History<'_> {
    /// Does something, or hears that it can't be done; on a day around where the history stands.
    async fn step(&mut self, number: u32) {
        let now = number * DAYS / LONG + 1;
        let context = system(self.store.tenant.demo.organisation, &self.db);
        let mut tx = self.db.begin(&context).await.expect("a transaction");
        let (what, outcome) = match self.dice.roll(6) {
            0 if !self.posted.is_empty() => ("reversed", self.undo(&mut tx, now).await),
            _ => self.some(&mut tx, now).await,
        };
        match outcome {
            Ok(id) => {
                tx.commit().await.expect("a commit");
                if what != "reversed" {
                    self.posted.push(id);
                }
                *self.done.entry(what).or_default() += 1;
            }
            Err(Error::Refused(faults)) => {
                let known = faults.iter().all(|it| REFUSALS.contains(&it.reason));
                assert!(known, "{what}: {faults:?}");
                *self.done.entry("refused").or_default() += 1;
            }
            Err(other) => panic!("{what}: {other:?}"),
        }
    }

    async fn undo(&mut self, tx: &mut Tx, now: u32) -> Result<MovementId, Error> {
        let many = self.posted.len() as u64;
        let id = self.posted[self.dice.roll(many) as usize];
        let command = MovementReverseInput {
            id,
            reversal_id: None,
            date: Date(day(10, now)),
            reason: "Al azar".to_owned(),
            dry_run: false,
        };
        reverse(tx, command).await.map(|movement| movement.id)
    }

    async fn some(&mut self, tx: &mut Tx, now: u32) -> (&'static str, Result<MovementId, Error>) {
        let (what, kind) = match self.dice.roll(7) {
            0 | 1 => ("received", MovementKind::Receive),
            2 => ("received late", MovementKind::Receive),
            3 => ("issued", MovementKind::Issue),
            4 => ("transferred", MovementKind::Transfer),
            5 => ("adjusted", MovementKind::Adjust),
            _ => ("returned", MovementKind::Return),
        };
        let late = self.dice.roll(u64::from(now)) as u32;
        let on = if what == "received late" {
            now - late
        } else {
            now
        };
        let mut made = movement(self.store, kind, day(10, on));
        for _ in 0..=self.dice.roll(3) {
            self.add_line(&mut made);
        }
        (what, post(tx, made).await.map(|movement| movement.id))
    }

    fn add_line(&mut self, made: &mut PostMovement) {
        let item = self.items[self.dice.roll(self.items.len() as u64) as usize];
        let from = self.dice.roll(3) as usize;
        let to = (from + 1 + self.dice.roll(2) as usize) % 3;
        let leaves = match made.kind {
            MovementKind::Receive => false,
            MovementKind::Adjust | MovementKind::Return => self.dice.roll(2) == 0,
            MovementKind::Issue | MovementKind::Transfer => true,
        };
        let to = match made.kind {
            MovementKind::Transfer => Some(self.places[to]),
            _ => (!leaves).then_some(self.places[from]),
        };
        let mut one = line(item, leaves.then_some(self.places[from]), to);
        one.quantity = self.dice.number(30, 0);
        let priced = made.kind == MovementKind::Return || !leaves;
        let says = made.kind == MovementKind::Receive || self.dice.roll(2) == 0;
        one.unit_cost = (priced && says).then(|| self.dice.number(9_999_999, 5));
        made.lines.push(one);
    }

    /// The value of stock is that of the books at the end of every day; and that of the layers,
    /// where nothing is below zero, which has none.
    async fn ties_out(&self, with_layers: bool) {
        let context = system(self.store.tenant.demo.organisation, &self.db);
        let mut tx = self.db.begin(&context).await.expect("a transaction");
        let mut seen = Vec::new();
        for on in 1..=DAYS {
            let found = reconcile(&mut tx, self.store.company_id(), day(10, on))
                .await
                .expect("a look");
            assert!(found.difference().is_zero(), "{found:?}");
            if with_layers {
                let layers = layers(&mut tx, self.store, on).await;
                assert_eq!(layers, found.ledger, "the layers of October {on}");
            }
            seen.push(found.stock);
        }
        seen.dedup();
        assert!(seen.len() > 15, "values move: {seen:?}");
    }
}

/// What the layers were worth at the end of a day, beside what is valued by the average: what had
/// come, less what had been taken of it, and with what had been put back.
async fn layers(tx: &mut Tx, store: &Store, on: u32) -> Decimal {
    #[derive(diesel::QueryableByName)]
    struct Worth {
        #[diesel(sql_type = diesel::sql_types::Numeric)]
        value: Dec,
    }
    let query = diesel::sql_query(
        "WITH line AS (SELECT l.*, i.valuation FROM inventory.movement_line l \
             JOIN inventory.item i ON i.id = l.item_id \
             WHERE l.company_id = $1 AND l.moved_on <= $2) \
         SELECT coalesce((SELECT sum(y.value) FROM inventory.layer y \
                 JOIN line ON line.id = y.line_id), 0) \
             - coalesce((SELECT sum(t.value) FROM inventory.layer_take t \
                 JOIN line ON line.id = t.line_id), 0) \
             + coalesce((SELECT sum(t.value) FROM inventory.layer_take t \
                 JOIN line ON line.id = t.line_id \
                 JOIN inventory.movement r ON r.reverses_id = line.movement_id \
                 WHERE r.moved_on <= $2), 0) \
             + coalesce((SELECT sum(value_in - value_out) FROM line \
                 WHERE valuation = 'MOVING_AVERAGE'), 0) AS value",
    );
    let query = query
        .bind::<diesel::sql_types::Uuid, _>(store.company_id())
        .bind::<diesel::sql_types::Date, _>(day(10, on));
    query.get_result::<Worth>(tx.conn()).await.unwrap().value.0
}

async fn history(app: &App, seed: u64, below_zero: bool) {
    let store = Store::new(app).await;
    if below_zero {
        let input = json!({ "company": store.company, "allowsNegative": true });
        let selection = "stockSettings { allowsNegative }";
        done(&store.owner, "stockSettingsSet", input, selection).await;
    }
    let mut items = Vec::new();
    for (code, valuation) in [("R1", "FIFO"), ("R2", "MOVING_AVERAGE"), ("R3", "FIFO")] {
        items.push(item_id(&store.item(code, valuation).await));
    }
    let mut history = History {
        db: wide(app),
        dice: Dice(seed),
        places: [&store.shelf, &store.shop, &store.far].map(|place| location_id(place)),
        store: &store,
        items,
        posted: Vec::new(),
        done: BTreeMap::new(),
    };
    for number in 0..LONG {
        history.step(number).await;
    }
    history.ties_out(!below_zero).await;
    store.agrees(app).await;
    let often = |what| history.done.get(what).copied().unwrap_or_default();
    for (what, least) in [
        ("received", 20),
        ("received late", 10),
        ("issued", 3),
        ("transferred", 3),
        ("adjusted", 3),
        ("returned", 3),
        ("reversed", 3),
    ] {
        assert!(
            often(what) >= least,
            "{what}, seed {seed}: {:?}",
            history.done
        );
    }
}

#[test]
fn random_histories_tie_out_with_layers_and_books_at_every_date() {
    run(|app| async move {
        for seed in [20_261_124, 7, 1_491_625] {
            history(app, seed, false).await;
        }
    });
}

#[test]
fn random_histories_below_zero_tie_out_with_the_books_at_every_date() {
    run(|app| async move {
        for seed in [20_261_125, 8] {
            history(app, seed, true).await;
        }
    });
}
