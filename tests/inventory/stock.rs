//! Stock through the served API: what moves is valued, posted and put back to the cent.

use serde_json::{Value, json};
use trastienda_core::kernel::report::{ReportCell, ReportParameters};

use super::stage::{MOVEMENT, Store, money};
use crate::app::{run, system};
use crate::people::stage::{act, done, reasons, text};

const OCTOBER: [&str; 8] = [
    "2026-09-30",
    "2026-10-01",
    "2026-10-02",
    "2026-10-05",
    "2026-10-08",
    "2026-10-12",
    "2026-10-20",
    "2026-10-31",
];

fn out(movement: &Value) -> String {
    money(&movement["lines"][0]["valueOut"])
}

#[test]
fn first_in_goes_first_and_the_average_moves_and_both_are_posted() {
    run(|app| async move {
        let store = Store::new(app).await;
        for (valuation, first, second) in [("FIFO", "10", "45"), ("MOVING_AVERAGE", "50", "25")] {
            let item = store.item(valuation, valuation).await;
            store.receive(&item, "2026-10-01", "10", "1").await;
            store.receive(&item, "2026-10-02", "10", "9").await;
            let one = store.issue(&item, "2026-10-03", "10").await;
            assert_eq!(out(&one), first, "{valuation}");
            let two = store.issue(&item, "2026-10-04", "5").await;
            assert_eq!(out(&two), second, "{valuation}");
        }
        let query = "{ accounts(filter: { code: { in: [\"300\", \"4009\", \"610\"] } }) { nodes { \
                     code balance(asOfDate: \"2026-10-31\") { net { amount } } } } }";
        let data = store.owner.ask(query).await;
        let nodes = data["accounts"]["nodes"]
            .as_array()
            .expect("accounts")
            .clone();
        for (code, net) in [("300", "70"), ("4009", "-200"), ("610", "130")] {
            let found = nodes
                .iter()
                .find(|node| node["code"] == code)
                .expect("an account");
            let amount = crate::people::stage::amount(&found["balance"]["net"]);
            assert_eq!(amount.normalize().to_string(), net, "{code}: {data}");
        }
        store.agrees(app).await;
    });
}

#[test]
fn the_value_of_stock_is_that_of_the_books_on_every_day() {
    run(|app| async move {
        let store = Store::new(app).await;
        let items = [
            store.item("F", "FIFO").await,
            store.item("A", "MOVING_AVERAGE").await,
        ];
        for item in &items {
            store.receive(item, "2026-10-05", "7", "3.333333").await;
            // Recorded late: it is on its day's books, and nothing that was valued changes.
            store.receive(item, "2026-10-02", "3", "1.1").await;
            store.issue(item, "2026-10-08", "4").await;
            let line = json!({
                "item": item, "fromLocation": store.shelf, "toLocation": store.far,
                "quantity": "2",
            });
            let moved = store
                .do_it("stockTransfer", store.moved("2026-10-12", line))
                .await;
            assert_eq!(moved["lines"][0]["valueIn"], moved["lines"][0]["valueOut"]);
            let line = json!({ "item": item, "location": store.shelf, "difference": "-1" });
            let mut input = store.moved("2026-10-20", line);
            input["reason"] = "Rotura".into();
            store.do_it("stockAdjust", input).await;
            let line = json!({
                "item": item, "location": store.shelf, "quantity": "1", "unitCost": "5",
            });
            let mut input = store.moved("2026-10-20", line);
            input["direction"] = "TO_SUPPLIER".into();
            store.do_it("stockReturn", input).await;
        }
        let mut values = Vec::new();
        for day in OCTOBER {
            let (value, difference) = store.reconciled(day).await;
            assert_eq!(difference, "0", "{day}: {value}");
            values.push(value);
        }
        assert_eq!(values[0], "0");
        assert_eq!(values[1], "0");
        assert_eq!(values[2], "6.6", "three at 1.10, twice");
        assert_eq!(values[3], "53.26", "and seven at 23.33, twice");
        assert_eq!(values[4], values[5], "a transfer changes no value");
        assert_ne!(values[5], values[6]);
        store.agrees(app).await;
    });
}

#[test]
fn units_convert_exactly_or_not_at_all() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("BOXED", "FIFO").await;
        let line = |quantity: &str, unit: &str| {
            json!({
                "item": item, "location": store.shelf, "quantity": quantity, "unit": unit,
                "unitCost": "24",
            })
        };
        let moved = store
            .do_it("stockReceive", store.moved("2026-10-01", line("3", "BOX")))
            .await;
        let got = &moved["lines"][0];
        assert_eq!(got["quantity"]["value"], "36", "{moved}");
        assert_eq!(money(&got["unitCost"]), "2");
        assert_eq!(money(&moved["value"]), "72");
        for (quantity, unit, reason) in [
            ("1", "KG", "inventory.unit_not_convertible"),
            ("0.3", "BOX", "inventory.quantity_inexact"),
            ("1", "NOPE", "inventory.unit_not_found"),
            ("0", "UN", "inventory.quantity_not_positive"),
        ] {
            let input = store.moved("2026-10-01", line(quantity, unit));
            let payload = store.try_it("stockReceive", input).await;
            assert!(
                reasons(&payload).contains(&reason.to_owned()),
                "{unit}: {payload}"
            );
        }
        let input = store.moved("2026-10-01", line("0.5", "DOC"));
        let half = store.do_it("stockReceive", input).await;
        assert_eq!(
            half["lines"][0]["quantity"]["value"], "6",
            "half a dozen is six"
        );
    });
}

#[test]
fn every_fault_of_a_movement_is_told_at_once_and_nothing_is_written() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("NONE", "FIFO").await;
        let before = store.owner.ask("{ entries { totalCount } }").await;
        let empty = json!({ "item": item, "location": store.shelf, "quantity": "1" });
        let payload = store
            .try_it("stockIssue", store.moved("2026-10-01", empty.clone()))
            .await;
        assert_eq!(reasons(&payload), ["inventory.not_enough"], "{payload}");
        let error = &payload["userErrors"][0];
        assert_eq!(error["field"], json!(["input", "lines", "0", "quantity"]));
        assert!(text(&error["message"]).contains("NONE"), "{payload}");

        let strange = json!({
            "item": "itm_01h455vb4pex5vsknk084sn02q", "location": store.shelf, "quantity": "-1",
        });
        let input = json!({
            "company": store.company, "date": "2999-01-01", "lines": [strange, empty],
        });
        let payload = store.try_it("stockIssue", input).await;
        let told = reasons(&payload);
        for reason in [
            "inventory.in_future",
            "inventory.item_not_found",
            "inventory.quantity_not_positive",
        ] {
            assert!(told.contains(&reason.to_owned()), "{reason}: {payload}");
        }
        store.receive(&item, "2026-10-05", "5", "1").await;
        let early = json!({ "item": item, "location": store.shelf, "quantity": "1" });
        let payload = store
            .try_it("stockIssue", store.moved("2026-10-04", early))
            .await;
        assert_eq!(reasons(&payload), ["inventory.backdated"], "{payload}");
        assert_eq!(store.count().await, 1, "the one receipt alone");
        let after = store.owner.ask("{ entries { totalCount } }").await;
        let count = |data: &Value| data["entries"]["totalCount"].as_i64().expect("a count");
        assert_eq!(count(&after), count(&before) + 1);
    });
}

#[test]
fn a_movement_in_a_closed_period_is_refused_with_its_stock() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("LATE", "FIFO").await;
        let line = json!({
            "item": item, "location": store.shelf, "quantity": "1", "unitCost": "1",
        });
        let payload = store
            .try_it("stockReceive", store.moved("2019-01-01", line))
            .await;
        assert_eq!(reasons(&payload), ["ledger.period_missing"], "{payload}");
        assert_eq!(payload["userErrors"][0]["field"], json!(["input", "date"]));
        assert_eq!(store.on_hand(&item, None).await.0, "0");
    });
}

#[test]
fn a_reversal_restores_layers_at_their_exact_cost() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("BACK", "FIFO").await;
        let first = store.receive(&item, "2026-10-01", "3", "3.333333").await;
        store.receive(&item, "2026-10-02", "3", "7").await;
        let issue = store.issue(&item, "2026-10-05", "4").await;
        assert_eq!(
            out(&issue),
            "17",
            "ten for the first three, and one of seven"
        );
        let payload = store.reverse(&first, "2026-10-06").await;
        assert_eq!(reasons(&payload), ["inventory.used_since"], "{payload}");
        let payload = store.reverse(&issue, "2026-10-04").await;
        assert_eq!(
            reasons(&payload),
            ["inventory.reversal_too_early"],
            "{payload}"
        );
        let undone = store.reverse(&issue, "2026-10-06").await;
        assert_eq!(reasons(&undone), Vec::<String>::new(), "{undone}");
        assert_eq!(money(&undone["movement"]["value"]), "17");
        let payload = store.reverse(&issue, "2026-10-06").await;
        assert_eq!(
            reasons(&payload),
            ["inventory.reversed_already"],
            "{payload}"
        );
        assert_eq!(store.on_hand(&item, None).await, ("6".into(), "31".into()));
        let again = store.issue(&item, "2026-10-07", "2").await;
        assert_eq!(
            out(&again),
            "6.67",
            "the oldest goes first, as if nothing had happened"
        );
        let (_, difference) = store.reconciled("2026-10-31").await;
        assert_eq!(difference, "0");
        let (_, difference) = store.reconciled("2026-10-05").await;
        assert_eq!(difference, "0");
        store.agrees(app).await;
    });
}

#[test]
fn a_receipt_at_average_is_reversed_once_what_left_since_is() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("AVG", "MOVING_AVERAGE").await;
        store.receive(&item, "2026-10-01", "10", "1").await;
        let dear = store.receive(&item, "2026-10-02", "10", "9").await;
        let issue = store.issue(&item, "2026-10-03", "5").await;
        let payload = store.reverse(&dear, "2026-10-04").await;
        assert_eq!(reasons(&payload), ["inventory.used_since"], "{payload}");
        store.reverse(&issue, "2026-10-04").await;
        let payload = store.reverse(&dear, "2026-10-04").await;
        assert_eq!(reasons(&payload), Vec::<String>::new(), "{payload}");
        assert_eq!(store.on_hand(&item, None).await, ("10".into(), "10".into()));
        assert_eq!(
            store.on_hand(&item, Some("2026-10-02")).await,
            ("20".into(), "100".into())
        );
        store.agrees(app).await;
    });
}

#[test]
fn a_count_adjusts_what_differs_and_a_rehearsal_changes_nothing() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("COUNT", "FIFO").await;
        store.receive(&item, "2026-10-01", "20", "2.5").await;
        let count = |counted: &str, unit: &str, dry_run: bool| {
            json!({
                "company": store.company, "date": "2026-10-08", "dryRun": dry_run, "lines": [{
                    "item": item, "location": store.shelf, "counted": counted, "unit": unit,
                }],
            })
        };
        let selection = "movement { number kind } lines { expected { value } counted { value } \
                         difference { value } }";
        let dry = done(
            &store.keeper,
            "stockCount",
            count("1", "BOX", true),
            selection,
        )
        .await;
        assert_eq!(dry["lines"][0]["difference"]["value"], "-8", "{dry}");
        assert_eq!(store.on_hand(&item, None).await, ("20".into(), "50".into()));
        let real = done(
            &store.keeper,
            "stockCount",
            count("1", "BOX", false),
            selection,
        )
        .await;
        assert_eq!(real["movement"]["kind"], "ADJUST", "{real}");
        assert_eq!(store.on_hand(&item, None).await, ("12".into(), "30".into()));
        let same = done(
            &store.keeper,
            "stockCount",
            count("12", "UN", false),
            selection,
        )
        .await;
        assert_eq!(same["movement"], Value::Null, "{same}");
        assert_eq!(same["lines"][0]["expected"]["value"], "12");
        let more = done(
            &store.keeper,
            "stockCount",
            count("13", "UN", false),
            selection,
        )
        .await;
        assert_eq!(more["lines"][0]["difference"]["value"], "1");
        assert_eq!(
            store.on_hand(&item, None).await,
            ("13".into(), "32.5".into())
        );
        store.agrees(app).await;
    });
}

#[test]
fn who_keeps_stock_sees_quantities_and_no_costs() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("SECRET", "FIFO").await;
        let line = json!({
            "item": item, "location": store.shelf, "quantity": "2", "unitCost": "99",
        });
        let input = store.moved("2026-10-01", line);
        let selection = "movement { number value { amount } redactedFields lines { \
                         unitCost { amount } redactedFields } viewerCan { reverse { allowed } } }";
        let payload = done(&store.keeper, "stockReceive", input, selection).await;
        let movement = &payload["movement"];
        assert_eq!(movement["value"], Value::Null, "{payload}");
        assert_eq!(movement["redactedFields"], json!(["value"]));
        assert_eq!(movement["lines"][0]["unitCost"], Value::Null);
        assert_eq!(movement["viewerCan"]["reverse"]["allowed"], true);
        let query = "query ($id: ID!) { item(id: $id) { onHand { quantity { value } \
                     value { amount } redactedFields } holdings { value { amount } } } }";
        let data = store.keeper.run(query, json!({ "id": item })).await;
        assert_eq!(data["item"]["onHand"]["quantity"]["value"], "2", "{data}");
        assert_eq!(data["item"]["onHand"]["value"], Value::Null);
        assert_eq!(data["item"]["holdings"][0]["value"], Value::Null);
        let spy = "{ movements(filter: { value: { gt: \"1\" } }) { totalCount } }";
        let answer = store.keeper.send(spy, json!({}), None).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{answer}"
        );
        let input = json!({ "company": store.company, "asOf": "2026-10-01" });
        let query = "query ($company: ID!, $asOf: Date!) { \
                     stockReconciliation(company: $company, asOf: $asOf) { asOfDate } }";
        let answer = store.keeper.send(query, input, None).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{answer}"
        );
    });
}

#[test]
fn an_item_with_stock_keeps_what_its_value_rests_on() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("FIXED", "FIFO").await;
        store.receive(&item, "2026-10-01", "1", "5").await;
        let change = |patch: Value| json!({ "id": item, "patch": patch });
        for (patch, reason) in [
            (
                json!({ "valuation": "MOVING_AVERAGE" }),
                "inventory.item_has_stock",
            ),
            (json!({ "isTracked": false }), "inventory.item_has_stock"),
            (json!({ "unit": "KG" }), "inventory.item_has_moved"),
            (json!({ "gtin": "4006381333932" }), "inventory.gtin_invalid"),
        ] {
            let payload = act(&store.owner, "itemUpdate", change(patch), "item { id }").await;
            assert_eq!(reasons(&payload), [reason], "{payload}");
        }
        let payload = act(
            &store.owner,
            "itemArchive",
            json!({ "id": item }),
            "item { id }",
        )
        .await;
        assert_eq!(reasons(&payload), ["inventory.item_has_stock"], "{payload}");
        store.issue(&item, "2026-10-02", "1").await;
        let patch = change(json!({ "valuation": "MOVING_AVERAGE", "gtin": "4006381333931" }));
        let payload = done(&store.owner, "itemUpdate", patch, "item { valuation gtin }").await;
        assert_eq!(payload["item"]["valuation"], "MOVING_AVERAGE", "{payload}");
    });
}

#[test]
fn stock_goes_below_zero_only_where_the_company_allows_it() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("MINUS", "FIFO").await;
        store.receive(&item, "2026-10-01", "2", "5").await;
        let line = json!({ "item": item, "location": store.shelf, "quantity": "5" });
        let payload = store
            .try_it("stockIssue", store.moved("2026-10-02", line.clone()))
            .await;
        assert_eq!(reasons(&payload), ["inventory.not_enough"], "{payload}");
        let input = json!({ "company": store.company, "allowsNegative": true });
        let selection = "stockSettings { allowsNegative }";
        done(&store.owner, "stockSettingsSet", input, selection).await;
        let issued = store
            .do_it("stockIssue", store.moved("2026-10-02", line))
            .await;
        assert_eq!(out(&issued), "25");
        assert_eq!(
            store.on_hand(&item, None).await,
            ("-3".into(), "-15".into())
        );
        let came = store.receive(&item, "2026-10-03", "4", "6").await;
        assert_eq!(
            money(&came["value"]),
            "21",
            "three at the five that were booked, one at six"
        );
        for day in ["2026-10-02", "2026-10-03"] {
            assert_eq!(store.reconciled(day).await.1, "0", "{day}");
        }
        store.agrees(app).await;
    });
}

#[test]
fn the_report_of_values_adds_up_to_the_books() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("REPORT", "FIFO").await;
        store.receive(&item, "2026-10-01", "3", "1.5").await;
        store.issue(&item, "2026-10-05", "1").await;
        let reports = trastienda_core::reports();
        let report = reports
            .find("inventory.stock_valuation")
            .expect("the report");
        for (day, total) in [("2026-10-04", "4.5"), ("2026-10-31", "3")] {
            let parameters = ReportParameters {
                company: Some(store.company_id()),
                as_of: Some(trastienda_core::kernel::Date(day.parse().expect("a day"))),
                ..ReportParameters::default()
            };
            let mut tx = app
                .db
                .begin(&system(store.tenant.demo.organisation, &app.db))
                .await
                .expect("a transaction");
            let table = report.run(&mut tx, &parameters).await.expect("a table");
            let last = |cells: &[ReportCell]| match cells.last() {
                Some(ReportCell::Number(number)) => number.normalize().to_string(),
                other => panic!("no number: {other:?}"),
            };
            assert_eq!(last(&table.totals), total, "{day}");
            let difference = table.rows.last().expect("rows");
            assert_eq!(last(&difference.cells), "0", "{day}");
            let drill = table
                .rows
                .iter()
                .find_map(|row| row.drill.clone())
                .expect("a way down");
            let card = reports.find(drill.report).expect("the card");
            let card = card.run(&mut tx, &drill.parameters).await.expect("a card");
            assert_eq!(last(&card.rows.last().expect("rows").cells), total, "{day}");
        }
    });
}

#[test]
fn the_same_request_twice_moves_once() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("ONCE", "FIFO").await;
        let line = json!({
            "item": item, "location": store.shelf, "quantity": "2", "unitCost": "1",
        });
        let document = crate::people::stage::mutation_of("stockReceive", MOVEMENT);
        let variables = json!({ "input": store.moved("2026-10-01", line) });
        let first = store
            .owner
            .send(&document, variables.clone(), Some("only-once"))
            .await;
        let second = store
            .owner
            .send(&document, variables, Some("only-once"))
            .await;
        let number = |answer: &Value| answer["data"]["stockReceive"]["movement"]["number"].clone();
        assert!(number(&first).is_string(), "{first}");
        assert_eq!(number(&first), number(&second));
        assert_eq!(store.on_hand(&item, None).await.0, "2");
    });
}
