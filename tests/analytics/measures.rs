//! Series follow the books; what stands out is found once, explained, and goes with its cause.

use rust_decimal::Decimal;
use serde_json::json;

use super::{BEGIN, DAYS, END, Shop, WILD};
use crate::app::run;
use crate::people::stage::{count, decimal, done, text};

const ANOMALY: &str = "id date direction value expected lower upper score message reasons goneAt \
    version contributors { amount entry { memo } }";

#[test]
fn a_series_follows_the_books_and_a_planted_day_stands_out_with_its_reasons() {
    run(|app| async move {
        let shop = Shop::new(app).await;
        let told = shop.fill(json!({ "measures": ["REVENUE", "CASH"] })).await;
        assert_eq!(told["series"], Decimal::TWO);
        let kept = count(app, &shop.tenant, "analytics.observation").await;
        assert_eq!(kept, 2 * DAYS);
        let selection = format!(
            "title unit currencyCode firstDate lastDate lastValue analysedAt \
             days: series(fromDate: \"{BEGIN}\", toDate: \"2026-05-10\") {{ firstDate value }} \
             months: series(fromDate: \"{BEGIN}\", toDate: \"{END}\", grain: MONTH) {{ \
                firstDate dayCount value }} \
             trend {{ direction message }} \
             seasonality {{ cycle strength effects {{ position effect }} message }} \
             anomalies {{ totalCount nodes {{ {ANOMALY} }} }} \
             forecast(steps: 14) {{ date value lower upper }}"
        );
        let revenue = shop.measure(&shop.owner, "REVENUE", &selection).await;
        assert_eq!(revenue["title"], "Ventas");
        assert_eq!(
            (&revenue["unit"], &revenue["currencyCode"]),
            (&json!("MONEY"), &json!("EUR"))
        );
        assert_eq!(revenue["firstDate"], BEGIN);
        let days: Vec<Decimal> = revenue["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| decimal(&one["value"]))
            .collect();
        assert_eq!(days.len(), 7);
        assert_eq!(
            (days[0], days[6]),
            (Decimal::from(989), Decimal::ZERO),
            "Sundays are closed"
        );
        let total: Decimal = revenue["months"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| decimal(&one["value"]))
            .sum();
        let cash = shop
            .measure(&shop.owner, "CASH", "lastValue aggregation")
            .await;
        assert_eq!(
            decimal(&cash["lastValue"]),
            total,
            "all of it was paid in cash"
        );
        let week = &revenue["seasonality"][0];
        assert_eq!(week["cycle"], "WEEKLY");
        assert!(text(&week["message"]).contains("sábado"), "{week}");
        assert_eq!(revenue["trend"]["direction"], "FLAT");
        assert_eq!(revenue["forecast"].as_array().unwrap().len(), 14);

        let found = &revenue["anomalies"];
        assert_eq!(found["totalCount"], 1, "{found}");
        let anomaly = &found["nodes"][0];
        assert_eq!(
            (&anomaly["date"], &anomaly["direction"]),
            (&json!(WILD), &json!("UP"))
        );
        let expected = decimal(&anomaly["expected"]);
        assert!(
            expected > Decimal::from(900) && expected < Decimal::from(1_100),
            "{anomaly}"
        );
        let said = anomaly["reasons"].to_string();
        assert!(said.contains("Un miércoles de julio se esperaba"), "{said}");
        assert!(
            said.contains("Un solo asiento de 9000.00 explica el"),
            "{said}"
        );
        let amount = decimal(&anomaly["contributors"][0]["amount"]);
        assert_eq!(amount, Decimal::from(9_000));
        assert_eq!(
            anomaly["contributors"][0]["entry"]["memo"],
            "Ventas del día"
        );
    });
}

#[test]
fn filling_again_changes_nothing_and_a_correction_takes_the_anomaly_away() {
    run(|app| async move {
        let shop = Shop::new(app).await;
        let wanted = json!({ "measures": ["REVENUE", "MARGIN"] });
        let told = shop.fill(wanted.clone()).await;
        assert_eq!(
            told["anomaliesFound"],
            Decimal::TWO,
            "of revenue and of margin"
        );
        let tables = [
            "analytics.observation",
            "analytics.analysis",
            "analytics.anomaly",
        ];
        let mut before = Vec::new();
        for table in tables {
            before.push(count(app, &shop.tenant, table).await);
        }
        let query = format!("{{ anomalies {{ nodes {{ {ANOMALY} }} }} }}");
        let seen = shop.owner.ask(&query).await;
        let again = shop.fill(wanted.clone()).await;
        for figure in ["valuesChanged", "anomaliesFound", "anomaliesGone"] {
            assert_eq!(again[figure], Decimal::ZERO, "{figure}");
        }
        for (table, rows) in tables.into_iter().zip(before) {
            assert_eq!(count(app, &shop.tenant, table).await, rows, "{table}");
        }
        assert_eq!(
            shop.owner.ask(&query).await,
            seen,
            "nothing of them changed"
        );

        let input = json!({ "id": seen["anomalies"]["nodes"][0]["id"], "reason": "Cobro único." });
        let dismissed = done(
            &shop.owner,
            "anomalyDismiss",
            input,
            "anomaly { dismissal version }",
        );
        assert_eq!(
            dismissed.await["anomaly"],
            json!({ "dismissal": "Cobro único.", "version": 2 })
        );
        let lines = json!({
            "companyId": shop.company(), "date": WILD, "memo": "Corrección",
            "lines": [
                { "accountCode": "700", "debit": "9000.00", "currencyCode": "EUR" },
                { "accountCode": "570", "credit": "9000.00", "currencyCode": "EUR" },
            ],
        });
        done(&shop.accountant, "entryPost", lines, "entry { id }").await;
        shop.fill(wanted).await;
        let open = "{ anomalies(filter: { goneAt: { isNull: true } }) { totalCount } }";
        assert_eq!(shop.owner.ask(open).await["anomalies"]["totalCount"], 0);
    });
}

#[test]
fn a_rehearsal_tells_what_would_change_and_changes_nothing() {
    run(|app| async move {
        let shop = Shop::new(app).await;
        let wanted = json!({ "measures": ["REVENUE"], "dryRun": true });
        let told = shop.fill(wanted).await;
        assert_eq!(told["valuesChanged"], Decimal::from(DAYS));
        assert_eq!(count(app, &shop.tenant, "analytics.observation").await, 0);
    });
}

#[test]
fn every_measure_can_be_filled_and_the_jobs_are_measured_too() {
    run(|app| async move {
        let shop = Shop::new(app).await;
        let told = shop.fill(json!({})).await;
        assert_eq!(told["series"], Decimal::from(9));
        let today = chrono::NaiveDate::to_string(&::kernel::Clock::System.now().date_naive());
        let wanted = json!({
            "measures": ["JOB_SUCCESS", "JOB_WAIT"], "fromDate": today, "toDate": today,
        });
        shop.fill(wanted).await;
        let success = shop
            .measure(&shop.owner, "JOB_SUCCESS", "lastDate lastValue unit")
            .await;
        assert_eq!(
            success,
            json!({ "lastDate": today, "lastValue": "100", "unit": "PERCENT" })
        );
        let wait = shop.measure(&shop.owner, "JOB_WAIT", "lastValue").await;
        assert!(decimal(&wait["lastValue"]) >= Decimal::ZERO);
        let overdue = shop
            .measure(&shop.owner, "OVERDUE_RECEIVABLES", "lastValue")
            .await;
        assert_eq!(decimal(&overdue["lastValue"]), Decimal::ZERO);
    });
}

#[test]
fn what_closes_the_books_explains_no_anomaly() {
    run(|app| async move {
        let shop = Shop::new(app).await;
        let mut entry = shop.entry(WILD, "50000.00");
        entry["journal"] = json!("CLS");
        entry["lines"] = json!([
            { "accountCode": "700", "debit": "50000.00", "currencyCode": "EUR" },
            { "accountCode": "129", "credit": "50000.00", "currencyCode": "EUR" },
        ]);
        done(&shop.accountant, "entryPost", entry, "entry { id }").await;
        shop.fill(json!({ "measures": ["REVENUE"] })).await;
        let selection = "anomalies { nodes { date contributors { amount } } }";
        let revenue = shop.measure(&shop.owner, "REVENUE", selection).await;
        let anomaly = &revenue["anomalies"]["nodes"][0];
        assert_eq!(anomaly["date"], WILD);
        let contributors = anomaly["contributors"].as_array().unwrap();
        assert_eq!(decimal(&contributors[0]["amount"]), Decimal::from(9_000));
        let closing = Decimal::from(-50_000);
        assert!(
            contributors
                .iter()
                .all(|one| decimal(&one["amount"]) != closing)
        );
    });
}
