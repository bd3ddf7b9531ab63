//! Many at once: nothing is sold twice, and nobody waits in a ring.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use trastienda_core::inventory::fault::NOT_ENOUGH;
use trastienda_core::inventory::movement::{MovementKind, PostMovement, PostMovementLine, post};
use trastienda_core::kernel::ids::{ItemId, LocationId};
use trastienda_core::kernel::{Clock, Db, DbSettings, Error};

use super::stage::{Store, item_id, location_id};
use crate::app::{App, run, system};

const CLIENTS: usize = 64;
const THERE: i64 = 40;

/// Connections enough for all, and patience.
pub(super) fn wide(app: &App) -> Db {
    let settings = DbSettings {
        pool_size: 48,
        pool_wait_ms: 60_000,
        lock_timeout_ms: 60_000,
        statement_timeout_ms: 60_000,
        ..DbSettings::new(&app.urls.app)
    };
    Db::new(&settings, Clock::System).expect("a pool")
}

pub(super) fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).expect("a day")
}

pub(super) fn movement(store: &Store, kind: MovementKind, date: NaiveDate) -> PostMovement {
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

pub(super) fn line(
    item: ItemId,
    from: Option<LocationId>,
    to: Option<LocationId>,
) -> PostMovementLine {
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
