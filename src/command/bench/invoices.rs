//! Invoices: created and posted in one request, and fifty of them with party and lines.

use directory::party::{PartyCreateInput, PartyKind};
use kernel::ids::{CompanyId, PartyId};
use serde_json::{Value, json};
use trastienda_core::{directory, finance, kernel};

use super::Bench;
use super::door::at;
use super::reads;

const PAGE: &str = "query ($filter: InvoiceFilter) { invoices(first: 50, filter: $filter) { nodes { \
    id number kind status issuedOn dueOn party { name taxId } total { document { amount \
    currencyCode } } lines { description quantity unitPrice { amount } net { amount } } } } }";

/// Invoices on a page; so many are there before anything is measured.
const PAGE_SIZE: u64 = 50;

/// Measures the making of invoices and a page of them.
///
/// # Errors
/// A request that fails.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let company = bench.stage.company("BILLS", 5).await?;
    let customer = prepare(bench, company).await?;
    let door = bench.door.clone();
    let ask = move |number| {
        let door = door.clone();
        async move {
            let made = door.act(
                "invoiceCreate",
                invoice(company, customer, number),
                "invoice { id number }",
            );
            made.await.map(drop)
        }
    };
    for number in 0..PAGE_SIZE {
        ask(number).await?;
    }
    let made = bench.load.run(bench.meters, ask).await?;
    bench
        .sheet
        .add("create and post an invoice of three lines", &made);
    let asked = json!({ "filter": { "company": { "eq": company } } });
    let data = bench.door.ask(PAGE, asked.clone()).await?;
    let seen = at(&data, "/invoices/nodes").as_array().map_or(0, Vec::len);
    anyhow::ensure!(seen == 50, "{seen} invoices of {PAGE_SIZE}");
    let name = "50 invoices with party and lines";
    reads::read(bench, name, PAGE, move |_| asked.clone()).await
}

/// The taxes of the company and its customer.
async fn prepare(bench: &Bench, company: CompanyId) -> anyhow::Result<PartyId> {
    let id = PartyId(bench.stage.id("customer"));
    let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
    if directory::party::find(&mut tx, id).await?.is_none() {
        finance::tax::install(&mut tx, company).await?;
        let input = PartyCreateInput {
            id: Some(id),
            kind: PartyKind::Organisation,
            name: "Cliente de medidas, S.L.".to_owned(),
            trade_name: None,
            tax_country: None,
            tax_id: None,
            external_id: None,
            email: None,
            phone: None,
            locale: None,
        };
        directory::party::create(&mut tx, input).await?;
    }
    tx.commit().await?;
    Ok(id)
}

fn invoice(company: CompanyId, customer: PartyId, number: u64) -> Value {
    let line = |place: u64| {
        json!({
            "description": format!("Concepto {place}"), "quantity": (1 + place).to_string(),
            "unitPrice": format!("{}.50", 10 + (number + place) % 90), "taxes": ["IVA21"],
        })
    };
    json!({
        "company": company, "kind": "CUSTOMER", "party": { "id": customer }, "post": true,
        "issuedOn": "2026-11-20", "lines": [line(0), line(1), line(2)],
    })
}
