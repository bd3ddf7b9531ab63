//! Invoices: what they post, what they refuse, and that they post once.

use rust_decimal::{Decimal, dec};
use serde_json::{Value, json};
use trastienda_core::kernel::report::{ReportCell, ReportParameters};

use super::stage::{INVOICE, Office, date, faults};
use crate::app::run;
use crate::people::stage::{act, done, keyed, text};

fn sums(entry: &[(String, Decimal)]) -> Vec<(&str, Decimal)> {
    let mut sums: Vec<_> = entry
        .iter()
        .map(|(code, sum)| (code.as_str(), *sum))
        .collect();
    sums.sort();
    sums
}

#[test]
fn an_invoice_posts_its_taxes_and_is_owed_by_instalments() {
    run(|app| async move {
        let office = Office::new(app).await;
        let owner = office.tenant.login(app, "elena.campos").await;
        let term = json!({
            "code": "30-60", "nameEs": "30 y 60 días", "nameEn": "30 and 60 days",
            "instalments": [{ "days": 30, "share": "1" }, { "days": 60, "share": "1" }],
        });
        let term = done(&owner, "paymentTermCreate", term, "paymentTerm { id }").await;
        let supplier = office.party("Asesoría Luna").await;
        let lines: &[(&str, &[&str])] = &[("1000", &["IVA21", "IRPF15"]), ("0.33", &["IVA10"])];
        let mut input = office.supplied(&supplier, "2026/17", lines);
        input["paymentTerm"] = term["paymentTerm"]["id"].clone();
        let invoice = office.posted(input).await;
        assert_eq!(
            invoice["total"]["document"]["amount"], "1060.36",
            "{invoice}"
        );
        let entry = office.entry(&invoice).await;
        assert_eq!(
            sums(&entry),
            [
                ("4000", dec!(-1060.36)),
                ("472", dec!(0.03)),
                ("472", dec!(210)),
                ("4751", dec!(-150)),
                ("600", dec!(1000.33)),
            ]
        );
        let seen = office
            .look(
                &invoice,
                "number party { name } warnings { reason } viewerCan { post { allowed reason } \
                 voidByCreditNote { allowed } } taxes { tax { code source } base { amount } rounding } \
                 openItems { nodes { dueOn amount { document { amount } } remaining { company { \
                 amount } } } } history { nodes { action } }",
            )
            .await;
        assert_eq!(seen["number"], "C-2026-000001", "{seen}");
        assert_eq!(seen["warnings"], json!([]));
        assert_eq!(seen["viewerCan"]["post"]["allowed"], false);
        assert_eq!(seen["viewerCan"]["voidByCreditNote"]["allowed"], true);
        let owed = seen["openItems"]["nodes"].as_array().unwrap();
        let owed: Vec<_> = owed
            .iter()
            .map(|item| {
                (
                    text(&item["dueOn"]),
                    text(&item["amount"]["document"]["amount"]),
                )
            })
            .collect();
        assert_eq!(
            owed,
            [
                ("2026-04-09".to_owned(), "530.18".to_owned()),
                ("2026-05-09".to_owned(), "530.18".to_owned()),
            ]
        );
        let rounded = seen["taxes"].as_array().unwrap().iter();
        let rounded = rounded.filter(|tax| tax["tax"]["code"] == "IVA10");
        assert_eq!(
            rounded
                .map(|tax| text(&tax["rounding"]))
                .collect::<Vec<_>>(),
            ["-0.003"]
        );
        office.agrees(app, "2026-03-10").await;
        office.agrees(app, "2026-03-09").await;
    });
}

#[test]
fn everything_wrong_with_an_invoice_is_told_at_once_and_nothing_is_kept() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Cliente Uno").await;
        let lines: &[(&str, &[&str])] = &[("10", &["IVA21"])];
        let mut input = office.invoice("CUSTOMER", &customer, lines);
        input["supplierNumber"] = json!("X");
        input["series"] = json!("f 1");
        input["lines"] = json!([
            { "description": " ", "unitPrice": "-1", "quantity": "0", "taxes": ["IVA21"] },
        ]);
        let refused = office.try_it("invoiceCreate", input.clone(), INVOICE).await;
        let mut told = faults(&refused);
        told.sort();
        assert_eq!(
            told,
            [
                (
                    "finance.price".to_owned(),
                    "input.lines.0.unitPrice".to_owned()
                ),
                (
                    "finance.quantity".to_owned(),
                    "input.lines.0.quantity".to_owned()
                ),
                ("finance.series".to_owned(), "input.series".to_owned()),
                (
                    "finance.supplier_number_unwanted".to_owned(),
                    "input.supplierNumber".to_owned()
                ),
                (
                    "kernel.required".to_owned(),
                    "input.lines.0.description".to_owned()
                ),
            ]
        );
        let lines: &[(&str, &[&str])] = &[("10", &["IVA10", "RE52"]), ("1", &["IVA1"])];
        input = office.invoice("CUSTOMER", &customer, lines);
        let refused = office.try_it("invoiceCreate", input, INVOICE).await;
        assert_eq!(
            faults(&refused),
            [
                (
                    "finance.surcharge_alone".to_owned(),
                    "input.lines.0.taxes".to_owned()
                ),
                (
                    "finance.tax_not_in_force".to_owned(),
                    "input.lines.1.taxes.0".to_owned()
                ),
            ]
        );
        let all = office.accountant.ask("{ invoices { totalCount } }").await;
        assert_eq!(all["invoices"]["totalCount"], 0);
    });
}

#[test]
fn a_suppliers_document_comes_in_once() {
    run(|app| async move {
        let office = Office::new(app).await;
        let supplier = office.party("Suministros Norte").await;
        let lines: &[(&str, &[&str])] = &[("100", &["IVA21"])];
        let first = office
            .posted(office.supplied(&supplier, "A-2026/001", lines))
            .await;
        for number in ["A-2026/001", "a2026 001", "A.2026.001"] {
            let again = office.supplied(&supplier, number, lines);
            let refused = office.try_it("invoiceCreate", again, INVOICE).await;
            let error = &refused["userErrors"][0];
            assert_eq!(
                error["reason"], "finance.duplicate_document",
                "{number}: {refused}"
            );
            let message = text(&error["message"]);
            assert!(
                message.contains(&text(&first["id"])),
                "it names the other: {message}"
            );
        }
        // Another year, another supplier, or another number is another document.
        let mut next_year = office.supplied(&supplier, "A-2026/001", lines);
        next_year["issuedOn"] = json!("2027-01-05");
        office.drafted(next_year).await;
        let other = office.party("Suministros Sur").await;
        office
            .drafted(office.supplied(&other, "A-2026/001", lines))
            .await;
        // What was voided may come again.
        let void = json!({
            "id": first["id"], "issuedOn": "2026-03-12", "supplierNumber": "AB-1",
            "reason": "Importe equivocado",
        });
        let voided = done(&office.accountant, "invoiceVoid", void, INVOICE).await;
        assert_eq!(voided["invoice"]["status"], "VOID", "{voided}");
        office
            .posted(office.supplied(&supplier, "A-2026/001", lines))
            .await;
        office.agrees(app, "2026-03-31").await;
    });
}

#[test]
fn a_voided_invoice_and_its_credit_note_settle_each_other() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Cliente Dos").await;
        let lines: &[(&str, &[&str])] = &[("333.33", &["IVA21", "RE52"])];
        let invoice = office
            .posted(office.invoice("CUSTOMER", &customer, lines))
            .await;
        let void = json!({ "id": invoice["id"], "issuedOn": "2026-03-20", "reason": "Devolución" });
        let mut rehearsed = void.clone();
        rehearsed["dryRun"] = json!(true);
        done(&office.accountant, "invoiceVoid", rehearsed, INVOICE).await;
        let seen = office.look(&invoice, "status").await;
        assert_eq!(seen["status"], "POSTED", "a rehearsal changes nothing");
        done(&office.accountant, "invoiceVoid", void.clone(), INVOICE).await;
        let seen = office
            .look(
                &invoice,
                "status total { document { amount } } openItems { nodes { remaining { document { \
                 amount } } allocations { amount { amount } } } } creditNotes { nodes { kind \
                 status number corrects { id } total { document { amount } } } }",
            )
            .await;
        let note = &seen["creditNotes"]["nodes"][0];
        assert_eq!(
            (&note["kind"], &note["status"]),
            (&json!("CUSTOMER_CREDIT"), &json!("PAID"))
        );
        assert_eq!(note["number"], "FR-2026-000001", "{note}");
        assert_eq!(note["total"], seen["total"]);
        assert_eq!(note["corrects"]["id"], invoice["id"]);
        let item = &seen["openItems"]["nodes"][0];
        let left: Decimal = text(&item["remaining"]["document"]["amount"])
            .parse()
            .unwrap();
        assert_eq!(left, Decimal::ZERO);
        let refused = office.try_it("invoiceVoid", void, INVOICE).await;
        assert_eq!(faults(&refused)[0].0, "finance.invoice_state");
        office.agrees(app, "2026-03-31").await;
    });
}

#[test]
fn ten_postings_at_once_post_once_and_leave_no_gap() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Cliente Tres").await;
        let lines: &[(&str, &[&str])] = &[("50", &["IVA21"])];
        let draft = office
            .drafted(office.invoice("CUSTOMER", &customer, lines))
            .await;
        let post = json!({ "id": draft["id"] });
        let at_once =
            (0..10).map(|_| act(&office.accountant, "invoicePost", post.clone(), INVOICE));
        let done_by: Vec<Value> = futures::future::join_all(at_once).await;
        let posted = done_by
            .iter()
            .filter(|one| one["userErrors"] == json!([]))
            .count();
        assert_eq!(posted, 1, "{done_by:?}");
        for refused in done_by.iter().filter(|one| one["userErrors"] != json!([])) {
            assert_eq!(faults(refused)[0].0, "finance.invoice_state");
        }
        let entries = office
            .accountant
            .run(
                "query ($of: ID!) { entries(filter: { source: { eq: $of } }) { totalCount } }",
                json!({ "of": draft["id"] }),
            )
            .await;
        assert_eq!(entries["entries"]["totalCount"], 1);
        let next = office
            .posted(office.invoice("CUSTOMER", &customer, lines))
            .await;
        assert_eq!(next["number"], "F-2026-000002");
        office.agrees(app, "2026-03-10").await;
    });
}

#[test]
fn a_bulk_posting_skips_what_is_bad_and_numbers_without_gaps() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Cliente Cuatro").await;
        let lines: &[(&str, &[&str])] = &[("50", &["IVA21"])];
        let mut ids = Vec::new();
        for issued in ["2026-03-10", "2031-01-01", "2026-03-11"] {
            let mut input = office.invoice("CUSTOMER", &customer, lines);
            input["issuedOn"] = json!(issued);
            ids.push(office.drafted(input).await["id"].clone());
        }
        let selection = "results { index invoice { number } userErrors { reason } }";
        let all = json!({ "ids": ids });
        let refused = keyed(
            &office.accountant,
            "invoiceBulkPost",
            all,
            selection,
            "bulk-all",
        )
        .await;
        assert_eq!(
            faults(&refused),
            [(
                "ledger.period_missing".to_owned(),
                "input.ids.1.id".to_owned()
            )]
        );
        let some = json!({ "ids": ids, "errorPolicy": "SKIP_FAILED" });
        let mixed = keyed(
            &office.accountant,
            "invoiceBulkPost",
            some,
            selection,
            "bulk-some",
        )
        .await;
        let numbers: Vec<_> = mixed["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["invoice"]["number"].as_str().map(str::to_owned))
            .collect();
        let number = |at: u32| Some(format!("F-2026-{at:06}"));
        assert_eq!(numbers, [number(1), None, number(2)], "{mixed}");
        assert_eq!(
            mixed["results"][1]["userErrors"][0]["reason"],
            "ledger.period_missing"
        );
        office.agrees(app, "2026-03-31").await;
    });
}

#[test]
fn a_draft_changes_line_by_line_and_goes() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Cliente Cinco").await;
        let lines: &[(&str, &[&str])] = &[("10", &["IVA21"]), ("20", &["IVA21"])];
        let draft = office
            .drafted(office.invoice("CUSTOMER", &customer, lines))
            .await;
        let seen = office.look(&draft, "lines { id }").await;
        let change = json!({
            "id": draft["id"], "expectedVersion": draft["version"],
            "patch": {
                "memo": "Cambiada",
                "lines": {
                    "remove": [seen["lines"][0]["id"]],
                    "update": [{ "id": seen["lines"][1]["id"], "quantity": "2",
                                 "discountPercent": "50" }],
                    "add": [{ "description": "Porte", "unitPrice": "5", "taxes": ["IVA10"] }],
                },
            },
        });
        let changed = done(&office.accountant, "invoiceUpdate", change.clone(), INVOICE).await;
        assert_eq!(
            changed["invoice"]["total"]["document"]["amount"], "29.70",
            "{changed}"
        );
        let stale = office.try_it("invoiceUpdate", change, INVOICE).await;
        assert_eq!(stale["userErrors"][0]["code"], "STALE");
        assert_eq!(stale["invoice"]["version"], changed["invoice"]["version"]);
        let copy = json!({ "id": draft["id"], "issuedOn": "2026-04-01" });
        let copied = done(&office.accountant, "invoiceDuplicate", copy, INVOICE).await;
        assert_eq!(copied["invoice"]["total"]["document"]["amount"], "29.70");
        let delete = json!({ "id": draft["id"] });
        let gone = done(&office.accountant, "invoiceDelete", delete, "deletedId").await;
        assert_eq!(gone["deletedId"], draft["id"]);
        assert_eq!(office.look(&draft, "id").await, Value::Null);
    });
}

#[test]
fn a_foreign_payment_leaves_an_exchange_difference_and_the_books_agree() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Customer Six").await;
        let lines: &[(&str, &[&str])] = &[("1000", &["EXPORTACION"])];
        let mut input = office.invoice("CUSTOMER", &customer, lines);
        input["currencyCode"] = json!("USD");
        input["rate"] = json!("0.9");
        let invoice = office.posted(input).await;
        assert_eq!(invoice["total"]["company"]["amount"], "900.00");
        let pay = |amount: &str, rate: &str, on: &str| {
            json!({
                "company": office.company, "party": { "id": customer }, "paidOn": on,
                "amount": amount, "currencyCode": "USD", "rate": rate, "reference": "Cobro",
            })
        };
        let selection = "payment { openItem { remaining { document { amount } } } }";
        for (amount, rate, on) in [("400", "0.95", "2026-03-20"), ("700", "0.88", "2026-04-02")] {
            let input = pay(amount, rate, on);
            let key = format!("payment-{amount}");
            let paid = keyed(
                &office.accountant,
                "paymentRegister",
                input,
                selection,
                &key,
            )
            .await;
            assert_eq!(paid["userErrors"], json!([]), "{paid}");
            office.agrees(app, on).await;
        }
        assert_eq!(office.look(&invoice, "status").await["status"], "PAID");
        let query = "query ($of: ID!) { openItems(filter: { invoice: { eq: $of } }) { nodes { \
            allocations { exchangeEntry { lines { rows { account { code } } } } } } } }";
        let items = office
            .accountant
            .run(query, json!({ "of": invoice["id"] }))
            .await;
        let settled = items["openItems"]["nodes"][0]["allocations"].clone();
        let of = |at: usize| {
            let lines = &settled[at]["exchangeEntry"]["lines"]["rows"];
            let lines = lines.as_array().unwrap().iter();
            let mut codes: Vec<String> = lines.map(|row| text(&row["account"]["code"])).collect();
            codes.sort();
            codes
        };
        assert_eq!(of(0), ["4300", "768"], "a dearer dollar is a gain");
        assert_eq!(of(1), ["4300", "668"], "a cheaper one a loss");
        // A hundred dollars more than was owed stay on account.
        let asked = ReportParameters {
            as_of: Some(date("2026-04-30")),
            ..Default::default()
        };
        let aged = office.report(app, "finance.aged_receivables", asked).await;
        assert_eq!(aged.totals.last(), Some(&ReportCell::Number(dec!(-88))));
        let asked = ReportParameters {
            as_of: Some(date("2026-03-15")),
            ..Default::default()
        };
        let before = office.report(app, "finance.aged_receivables", asked).await;
        assert_eq!(before.totals.last(), Some(&ReportCell::Number(dec!(900))));
    });
}

#[test]
fn the_register_of_invoices_and_the_statements_tell_what_was_posted() {
    run(|app| async move {
        let office = Office::new(app).await;
        let (supplier, customer) = (
            office.party("Proveedor").await,
            office.party("Cliente").await,
        );
        let bought: &[(&str, &[&str])] = &[("100", &["IVA21"])];
        let sold: &[(&str, &[&str])] = &[("300", &["IVA10"])];
        office
            .posted(office.supplied(&supplier, "P-1", bought))
            .await;
        office
            .posted(office.invoice("CUSTOMER", &customer, sold))
            .await;
        let period = ReportParameters {
            from: Some(date("2026-01-01")),
            to: Some(date("2026-03-31")),
            ..Default::default()
        };
        let book = office.report(app, "finance.vat_book", period.clone()).await;
        assert_eq!(book.rows.len(), 2);
        let last = |cells: &[ReportCell]| cells.last().cloned();
        assert_eq!(last(&book.totals), Some(ReportCell::Number(dec!(51))));
        let result = office.report(app, "finance.income_statement", period).await;
        assert_eq!(last(&result.totals), Some(ReportCell::Number(dec!(200))));
        let asked = ReportParameters {
            as_of: Some(date("2026-03-31")),
            ..Default::default()
        };
        let sheet = office.report(app, "finance.balance_sheet", asked).await;
        let assets = last(&sheet.rows[0].cells);
        assert_eq!(assets, last(&sheet.totals), "both sides are the same");
    });
}
