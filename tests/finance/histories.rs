//! Whatever happens, in whatever order: the open items come to the balances of the ledger.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::stage::{INVOICE, Office};
use crate::app::run;
use crate::people::stage::keyed;

/// Numbers of a seed, the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn amount(&mut self) -> String {
        let cents = i64::try_from(self.below(500_000) + 1).unwrap();
        Decimal::new(cents, 2).to_string()
    }
}

/// A company whose history the dice write.
struct History {
    office: Office,
    dice: Dice,
    parties: [String; 2],
    invoices: Vec<Value>,
    step: u64,
    done: [u32; 4],
}

impl History {
    fn day(&self) -> String {
        let month = 1 + self.step / 28;
        format!("2026-{month:02}-{:02}", 1 + self.step % 28)
    }

    async fn next(&mut self) {
        self.step += 1;
        let kind = self.dice.below(4);
        let took_place = match kind {
            0 => self.invoice().await,
            1 => self.credit().await,
            2 => self.void().await,
            _ => self.pay().await,
        };
        if took_place {
            self.done[usize::try_from(kind).unwrap()] += 1;
        }
    }

    /// An act that may be refused; whatever it is, the books agree afterwards.
    async fn act(&mut self, mutation: &str, input: Value, selection: &str) -> Option<Value> {
        let key = format!("history-{}", self.step);
        let payload = keyed(&self.office.accountant, mutation, input, selection, &key).await;
        (payload["userErrors"] == json!([])).then_some(payload)
    }

    async fn invoice(&mut self) -> bool {
        let is_ours = self.dice.below(2) == 0;
        let taxes: &[&[&str]] = &[&["IVA21"], &["IVA10", "IRPF15"], &["EXENTO"]];
        let pick = usize::try_from(self.dice.below(3)).unwrap();
        let (first, second) = (self.dice.amount(), self.dice.amount());
        let lines: &[(&str, &[&str])] = &[(&first, taxes[pick]), (&second, &["IVA4"])];
        let (kind, party) = if is_ours {
            ("CUSTOMER", &self.parties[0])
        } else {
            ("SUPPLIER", &self.parties[1])
        };
        let mut input = self.office.invoice(kind, party, lines);
        if !is_ours {
            input["supplierNumber"] = json!(format!("S-{}", self.step));
        }
        if self.dice.below(3) == 0 {
            input["currencyCode"] = json!("USD");
            let rate = i64::try_from(70 + self.dice.below(60)).unwrap();
            input["rate"] = json!(Decimal::new(rate, 2).to_string());
        }
        self.post(input).await
    }

    async fn post(&mut self, mut input: Value) -> bool {
        input["issuedOn"] = json!(self.day());
        input["post"] = json!(true);
        let Some(mut made) = self.act("invoiceCreate", input.clone(), INVOICE).await else {
            return false;
        };
        let mut made = made["invoice"].take();
        made["input"] = input;
        self.invoices.push(made);
        true
    }

    fn any(&mut self) -> Option<Value> {
        let many = u64::try_from(self.invoices.len()).unwrap();
        let at = usize::try_from(self.dice.below(many.max(1))).unwrap();
        self.invoices.get(at).cloned()
    }

    async fn credit(&mut self) -> bool {
        let Some(of) = self.any() else { return false };
        let mut input = of["input"].clone();
        let kind = match input["kind"].as_str() {
            Some("CUSTOMER") => "CUSTOMER_CREDIT",
            Some("SUPPLIER") => "SUPPLIER_CREDIT",
            _ => return false,
        };
        input["kind"] = json!(kind);
        input["corrects"] = of["id"].clone();
        if kind == "SUPPLIER_CREDIT" {
            input["supplierNumber"] = json!(format!("A-{}", self.step));
        }
        input["lines"].as_array_mut().unwrap().truncate(1);
        self.post(input).await
    }

    async fn void(&mut self) -> bool {
        let Some(of) = self.any() else { return false };
        let mut input = json!({ "id": of["id"], "issuedOn": self.day(), "reason": "Error" });
        if of["input"]["kind"] == "SUPPLIER" {
            input["supplierNumber"] = json!(format!("V-{}", self.step));
        }
        self.act("invoiceVoid", input, INVOICE).await.is_some()
    }

    async fn pay(&mut self) -> bool {
        let side = usize::try_from(self.dice.below(2)).unwrap();
        let mut input = json!({
            "company": self.office.company, "party": { "id": self.parties[side] },
            "direction": if side == 0 { "RECEIVED" } else { "SENT" },
            "paidOn": self.day(), "amount": self.dice.amount(), "reference": "Banco",
        });
        if self.dice.below(3) == 0 {
            input["currencyCode"] = json!("USD");
            input["rate"] = json!("0.93");
        }
        self.act("paymentRegister", input, "payment { id }")
            .await
            .is_some()
    }
}

#[test]
fn open_items_tie_out_after_every_step_of_any_history() {
    run(|app| async move {
        for seed in [7, 2_026] {
            let office = Office::new(app).await;
            let parties = [
                office.party("Cliente").await,
                office.party("Proveedor").await,
            ];
            let mut history = History {
                office,
                dice: Dice(seed),
                parties,
                invoices: Vec::new(),
                step: 0,
                done: [0; 4],
            };
            for _ in 0..40 {
                history.next().await;
                history.office.agrees(app, "2026-12-31").await;
            }
            for day in ["2026-01-10", "2026-01-20", "2026-02-05"] {
                history.office.agrees(app, day).await;
            }
            let all = history.done.iter().all(|count| *count > 1);
            assert!(all, "of each kind some took place: {:?}", history.done);
        }
    });
}
