//! A breach of every rule, and how each is mended: SQL of a tenant, for the application's role.

mod access;
mod books;
mod goods;
mod people;

use std::cell::Cell;

/// Where breaches are planted.
pub struct Ground {
    /// The organisation.
    pub organisation: String,
    /// A company with books and an open period.
    pub company: String,
    /// A user of it.
    pub user: String,
    next: Cell<u64>,
    seed: String,
}

/// A breach of a rule.
pub struct Breach {
    /// The rule.
    pub rule: &'static str,
    /// What makes the breach.
    pub plant: String,
    /// What mends it.
    pub mend: String,
    /// An expression that gives the id of the record that the finding is about.
    pub subject: String,
}

/// What several breaches stand on.
struct Base {
    supplier: String,
    unit: String,
    warehouse: String,
    location: String,
}

impl Ground {
    /// A ground of an organisation; the seed is twelve digits of an id.
    pub fn new(organisation: String, company: String, user: String, seed: String) -> Self {
        Self {
            organisation,
            company,
            user,
            next: Cell::new(1),
            seed,
        }
    }

    fn id(&self) -> String {
        let number = self.next.get();
        self.next.set(number + 1);
        format!(
            "{}-{}-7000-8000-{number:012x}",
            &self.seed[..8],
            &self.seed[8..12]
        )
    }

    fn number(&self) -> u64 {
        self.next.get() + 9_000
    }

    /// What the breaches stand on, and all of them, one a rule.
    pub fn breaches(&self) -> (String, Vec<Breach>) {
        let base = Base {
            supplier: self.id(),
            unit: self.id(),
            warehouse: self.id(),
            location: self.id(),
        };
        let mut all = self.people();
        all.extend(self.access());
        all.extend(self.books());
        all.extend(self.invoices(&base));
        all.extend(self.stock(&base));
        all.extend(self.purchases(&base));
        (self.foundation(&base), all)
    }

    fn foundation(&self, base: &Base) -> String {
        let (org, com) = (&self.organisation, &self.company);
        let Base {
            supplier,
            unit,
            warehouse,
            location,
        } = base;
        format!(
            "INSERT INTO directory.party (organisation_id, id, kind, name, locale, created_at) \
             VALUES ('{org}', '{supplier}', 'ORGANISATION', 'Suministros Dudosos SL', 'ES', now());
             INSERT INTO inventory.unit (organisation_id, id, code, name_es, name_en, kind, \
                factor, places) VALUES ('{org}', '{unit}', 'PRB', 'prueba', 'test', 'COUNT', 1, 0);
             INSERT INTO inventory.warehouse (organisation_id, id, company_id, code, name, \
                created_at) VALUES ('{org}', '{warehouse}', '{com}', 'PRB', 'Prueba', now());
             INSERT INTO inventory.location (organisation_id, id, company_id, warehouse_id, code, \
                name) VALUES ('{org}', '{location}', '{com}', '{warehouse}', 'A-1', 'Estante');
             INSERT INTO finance.setting (organisation_id, id, company_id, currency, \
                payable_account, receivable_account, purchase_account, sales_account, \
                bank_account, exchange_loss_account, exchange_gain_account, created_at) \
             VALUES ('{org}', '{location}', '{com}', 'EUR', '400', '430', '600', '700', '572', \
                '668', '768', now()) ON CONFLICT DO NOTHING;"
        )
    }
}
