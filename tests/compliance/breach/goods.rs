//! Breaches about invoices, stock and purchases.

use super::{Base, Breach, Ground};

impl Ground {
    fn invoice(&self, base: &Base, id: &str, their: &str, day: &str) -> String {
        let (org, com, supplier) = (&self.organisation, &self.company, &base.supplier);
        format!(
            "INSERT INTO finance.invoice (organisation_id, id, company_id, kind, status, \
                party_id, series, supplier_number, issued_on, operation_on, due_on, currency, \
                rate, net, tax, withheld, total, company_total, created_at) \
             VALUES ('{org}', '{id}', '{com}', 'SUPPLIER', 'DRAFT', '{supplier}', 'P', '{their}', \
                {day}, {day}, {day}, 'EUR', 1, 1210, 0, 0, 1210, 1210, now());
             INSERT INTO finance.invoice_line (organisation_id, id, invoice_id, company_id, \
                position, description, quantity, unit_price, discount, net, account_code, \
                dimension_value_ids, tax_ids) \
             VALUES ('{org}', gen_random_uuid(), '{id}', '{com}', 1, 'Material', 1, 1210, 0, \
                1210, '600', '{{}}', '{{}}');"
        )
    }

    fn posted(&self, id: &str, entry: &str) -> String {
        let noon = "date_trunc('week', now()) - interval '5 days' + interval '11 hours'";
        format!(
            "{}
             UPDATE finance.invoice SET status = 'POSTED', number = 'P/' || supplier_number, \
                entry_id = '{entry}', posted_at = now() - interval '30 days' WHERE id = '{id}';",
            self.entry(entry, ["600", "572"], noon, None)
        )
    }

    pub(super) fn invoices(&self, base: &Base) -> Vec<Breach> {
        vec![
            self.twice(base),
            self.without_file(base),
            self.paid_late(base),
        ]
    }

    /// The same bill with an O for a nought, five days later.
    fn twice(&self, base: &Base) -> Breach {
        let (first, second) = (self.id(), self.id());
        Breach {
            rule: "finance.duplicate_supplier_document",
            plant: self.invoice(base, &first, "F-2026/0107", "current_date - 20")
                + &self.invoice(base, &second, "F2026-O1O7", "current_date - 15"),
            mend: format!("DELETE FROM finance.invoice WHERE id = '{second}'"),
            subject: format!("'{second}'::uuid"),
        }
    }

    fn without_file(&self, base: &Base) -> Breach {
        let (invoice, entry) = (self.id(), self.id());
        Breach {
            rule: "finance.invoice_without_file",
            plant: self.invoice(base, &invoice, "SIN-1", "current_date - 40")
                + &self.posted(&invoice, &entry),
            mend: self.file("Invoice", &invoice),
            subject: format!("'{invoice}'::uuid"),
        }
    }

    fn paid_late(&self, base: &Base) -> Breach {
        let (org, com, supplier) = (&self.organisation, &self.company, &base.supplier);
        let (invoice, entry, item) = (self.id(), self.id(), self.id());
        let open = format!(
            "INSERT INTO finance.open_item (organisation_id, id, company_id, side, party_id, \
                invoice_id, entry_id, account_code, position, posted_on, due_on, currency, rate, \
                amount, remaining, company_amount, company_remaining, created_at) \
             VALUES ('{org}', '{item}', '{com}', 'PAYABLE', '{supplier}', '{invoice}', \
                '{entry}', '572', 1, current_date - 80, current_date - 80, 'EUR', 1, 1210, \
                1210, 1210, 1210, now());"
        );
        Breach {
            rule: "finance.payment_too_late",
            plant: self.invoice(base, &invoice, "TARDE-1", "current_date - 80")
                + &self.posted(&invoice, &entry)
                + &open,
            mend: format!("UPDATE finance.invoice SET status = 'PAID' WHERE id = '{invoice}'"),
            subject: format!("'{invoice}'::uuid"),
        }
    }

    fn item(&self, base: &Base, id: &str, valuation: &str, quantity: i32) -> String {
        let (org, com) = (&self.organisation, &self.company);
        let (unit, warehouse, value) = (&base.unit, &base.warehouse, quantity * 2);
        format!(
            "INSERT INTO inventory.item (organisation_id, id, company_id, code, name, unit_id, \
                is_tracked, valuation, created_at) \
             VALUES ('{org}', '{id}', '{com}', 'P-{id}', 'Artículo de prueba', '{unit}', true, \
                '{valuation}', now());
             INSERT INTO inventory.holding (organisation_id, item_id, warehouse_id, company_id, \
                quantity, value, allows_negative) \
             VALUES ('{org}', '{id}', '{warehouse}', '{com}', {quantity}, {value}, true);"
        )
    }

    pub(super) fn stock(&self, base: &Base) -> Vec<Breach> {
        let (org, com) = (&self.organisation, &self.company);
        let (worth, layered, negative, place) = (self.id(), self.id(), self.id(), self.id());
        let empty = |id: &str| {
            format!("UPDATE inventory.holding SET quantity = 0, value = 0 WHERE item_id = '{id}';")
        };
        let (warehouse, location) = (&base.warehouse, &base.location);
        let below = format!(
            "INSERT INTO inventory.stock (organisation_id, id, company_id, item_id, \
                warehouse_id, location_id, quantity, allows_negative) \
             VALUES ('{org}', '{place}', '{com}', '{negative}', '{warehouse}', '{location}', -3, \
                true);"
        );
        vec![
            Breach {
                rule: "inventory.ledger_unbalanced",
                plant: self.item(base, &worth, "MOVING_AVERAGE", 5),
                mend: empty(&worth),
                subject: format!(
                    "(SELECT id FROM ledger.account WHERE company_id = '{com}' AND code = '300')"
                ),
            },
            Breach {
                rule: "inventory.layers_unbalanced",
                plant: self.item(base, &layered, "FIFO", 5),
                mend: empty(&layered),
                subject: format!("'{layered}'::uuid"),
            },
            Breach {
                rule: "inventory.negative_stock",
                plant: self.item(base, &negative, "MOVING_AVERAGE", -3) + &below,
                mend: format!(
                    "UPDATE inventory.stock SET quantity = 0 WHERE id = '{place}'; {}",
                    empty(&negative)
                ),
                subject: format!("'{negative}'::uuid"),
            },
        ]
    }

    fn order(&self, base: &Base, id: &str, total: u32) -> String {
        let (org, com, user) = (&self.organisation, &self.company, &self.user);
        let (warehouse, supplier) = (&base.warehouse, &base.supplier);
        format!(
            "INSERT INTO inventory.purchase_order (organisation_id, id, company_id, \
                warehouse_id, supplier_id, number, status, currency, total, prepared_by, \
                ordered_on, created_at) \
             VALUES ('{org}', '{id}', '{com}', '{warehouse}', '{supplier}', 'P-{id}', 'ORDERED', \
                'EUR', {total}, '{user}', current_date, now());"
        )
    }

    pub(super) fn purchases(&self, base: &Base) -> Vec<Breach> {
        let (near, one, two) = (self.id(), self.id(), self.id());
        let cancel = |id: &str| {
            format!(
                "UPDATE inventory.purchase_order SET status = 'CANCELLED', \
                    ended_on = current_date, end_reason = 'Prueba' WHERE id = '{id}'"
            )
        };
        vec![
            Breach {
                rule: "inventory.purchase_near_limit",
                plant: self.order(base, &near, 2_950),
                mend: cancel(&near),
                subject: format!("'{near}'::uuid"),
            },
            Breach {
                rule: "inventory.purchase_split",
                plant: self.order(base, &one, 1_610) + &self.order(base, &two, 1_620),
                mend: cancel(&two),
                subject: format!("'{one}'::uuid"),
            },
        ]
    }
}
