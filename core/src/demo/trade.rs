//! Two years of trade: what was bought, moved and sold each month, with its invoices and payments,
//! each in the books as the program posts it.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use directory::party::PartyRef;
use finance::invoice::{self, InvoiceCreateInput, InvoiceKind, InvoiceLineInput};
use finance::payment::{self, PaymentDirection, PaymentRegisterInput};
use inventory::movement::{self, MovementKind, PostMovement, PostMovementLine};
use kernel::ids::PartyId;
use kernel::{Date, Db, Dec, Result, Tx};
use rust_decimal::Decimal;

use super::catalogue::{self, Catalogue, Good, cents};
use super::chance::Chance;
use super::{Cast, Demo, wages};

/// The account of goods that came before their invoice.
const NOT_INVOICED: &str = "4009";
/// Months that the shop sells out of before it buys again.
const COVER: u64 = 2;
/// Days after the first on which each week's sales are written down.
const WEEKS: [u64; 4] = [6, 13, 20, 26];
/// How much of the demand each warehouse sells, in per cent.
const SHARES: [u64; 3] = [30, 40, 30];
/// The month in which the shop sold three times as much: its jubilee.
const JUBILEE: (i32, u32) = (2026, 5);

/// Trades every month that is not in the books yet. Tells after each how many there are and how
/// many are done.
pub(super) async fn trade(
    db: &Db,
    cast: &Cast,
    demo: Demo,
    scale: usize,
    done: &(dyn Fn(u64, u64) + Sync),
) -> Result<()> {
    let system = cast.system(db.clock().now());
    let mut tx = db.begin(&system).await?;
    let catalogue = catalogue::known(&mut tx, demo, scale).await?;
    tx.rollback().await?;
    let months = wages::months()?;
    let total = u64::try_from(months.len()).unwrap_or_default();
    let mut shelves = Shelves::empty(&catalogue);
    for (count, month) in (1_u64..).zip(months) {
        let plan = Month::plan(&catalogue, &mut shelves, month);
        let at = month.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(27);
        let context = cast.system(at);
        let mut tx = db.begin(&context).await?;
        let mark = plan.mark(demo);
        if movement::find(&mut tx, mark).await?.is_none() {
            plan.post(&mut tx, demo, &catalogue, at).await?;
        }
        tx.commit().await?;
        done(count, total);
    }
    Ok(())
}

/// How many of each good lie in each warehouse.
struct Shelves(Vec<[u64; 3]>);

impl Shelves {
    fn empty(catalogue: &Catalogue) -> Self {
        Self(vec![[0; 3]; catalogue.goods.len()])
    }
}

/// How many of which good go from or to where, as (index of the good, how many).
type Load = Vec<(usize, u64)>;

/// What happens in a month.
struct Month {
    first: NaiveDate,
    /// What each supplier brings to the central warehouse.
    bought: BTreeMap<usize, Load>,
    /// What goes from there to each shop.
    moved: [Load; 2],
    /// What each warehouse sells in each week.
    sold: Vec<(u64, usize, Load)>,
}

impl Month {
    /// Plans a month and moves the shelves on: buys what the demand will take, fills the shops,
    /// sells what is there.
    fn plan(catalogue: &Catalogue, shelves: &mut Shelves, first: NaiveDate) -> Self {
        let mut chance = Chance::of(&format!("trade/{first}"));
        let mut month = Self {
            first,
            bought: BTreeMap::new(),
            moved: [Vec::new(), Vec::new()],
            sold: Vec::new(),
        };
        let wanted: Vec<[u64; 3]> = catalogue
            .goods
            .iter()
            .map(|good| demand(&mut chance, good, first))
            .collect();
        let goods = catalogue.goods.iter().zip(&mut shelves.0).zip(&wanted);
        for (index, ((good, shelf), wanted)) in goods.enumerate() {
            month.fill(index, good, shelf, wanted);
        }
        for day in WEEKS {
            for place in 0..3 {
                month.sell(day, place, &mut shelves.0, &wanted);
            }
        }
        month
    }

    fn fill(&mut self, index: usize, good: &Good, shelf: &mut [u64; 3], wanted: &[u64; 3]) {
        let needed: u64 = wanted.iter().sum();
        let there: u64 = shelf.iter().sum();
        if there < needed * COVER {
            let buy = needed * COVER;
            self.bought
                .entry(good.family)
                .or_default()
                .push((index, buy));
            shelf[0] += buy;
        }
        for (shop, load) in (1..).zip(&mut self.moved) {
            let (Some(there), Some(needed)) = (shelf.get(shop), wanted.get(shop)) else {
                continue;
            };
            let short = (needed * 17 / 10).saturating_sub(*there).min(shelf[0]);
            if short > 0 {
                load.push((index, short));
                shelf[0] -= short;
                if let Some(there) = shelf.get_mut(shop) {
                    *there += short;
                }
            }
        }
    }

    fn sell(&mut self, day: u64, place: usize, shelves: &mut [[u64; 3]], wanted: &[[u64; 3]]) {
        let weeks = u64::try_from(WEEKS.len()).unwrap_or(1);
        let mut load = Vec::new();
        for (index, (shelf, wanted)) in shelves.iter_mut().zip(wanted).enumerate() {
            let (Some(there), Some(wanted)) = (shelf.get_mut(place), wanted.get(place)) else {
                continue;
            };
            // What is sold little is sold in some weeks only.
            let turn = u64::try_from(index).unwrap_or_default() + day;
            let goes = match wanted / weeks {
                0 if turn.is_multiple_of(weeks) => *wanted,
                few => few,
            };
            let goes = goes.min(*there);
            if goes > 0 {
                load.push((index, goes));
                *there -= goes;
            }
        }
        if !load.is_empty() {
            self.sold.push((day, place, load));
        }
    }

    fn day(&self, day: u64) -> NaiveDate {
        self.first + Days::new(day)
    }

    /// The movement by which one knows that a month is in the books.
    fn mark(&self, demo: Demo) -> kernel::ids::MovementId {
        kernel::ids::MovementId(demo.id(&format!("movement/{}", self.first)))
    }

    /// Writes the month: goods in, goods across, goods out, the documents and the money.
    async fn post(
        &self,
        tx: &mut Tx,
        demo: Demo,
        catalogue: &Catalogue,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut posts = self.receipts(demo, catalogue);
        posts.extend(self.transfers(demo, catalogue));
        posts.extend(self.issues(demo, catalogue));
        if let Some(first) = posts.first_mut() {
            first.id = Some(self.mark(demo));
        }
        movement::post_all(tx, &posts).await?;
        let mut documents = self.bills(demo, catalogue);
        documents.extend(self.sales(demo, catalogue));
        invoice::create_all(tx, documents).await?;
        self.settle(tx, demo, catalogue, now.date_naive()).await
    }

    fn receipts(&self, demo: Demo, catalogue: &Catalogue) -> Vec<PostMovement> {
        let receipt = |(family, load): (&usize, &Load)| PostMovement {
            party: catalogue.suppliers.get(*family).copied(),
            reference: Some(format!("ALB-{}-{family:02}", self.first.format("%Y%m"))),
            lines: lines(catalogue, load, |good| PostMovementLine {
                to: catalogue.places.first().copied(),
                unit_cost: Some(cents(good.cost)),
                ..line(good)
            }),
            ..self.movement(demo, MovementKind::Receive, 1)
        };
        self.bought.iter().map(receipt).collect()
    }

    fn transfers(&self, demo: Demo, catalogue: &Catalogue) -> Vec<PostMovement> {
        let shops = catalogue.places.iter().skip(1).zip(&self.moved);
        shops
            .filter(|(_, load)| !load.is_empty())
            .map(|(shop, load)| PostMovement {
                lines: lines(catalogue, load, |good| PostMovementLine {
                    from: catalogue.places.first().copied(),
                    to: Some(*shop),
                    ..line(good)
                }),
                ..self.movement(demo, MovementKind::Transfer, 3)
            })
            .collect()
    }

    fn issues(&self, demo: Demo, catalogue: &Catalogue) -> Vec<PostMovement> {
        self.sold
            .iter()
            .map(|(day, place, load)| PostMovement {
                party: Some(self.buyer(catalogue, *day, *place)),
                lines: lines(catalogue, load, |good| PostMovementLine {
                    from: catalogue.places.get(*place).copied(),
                    ..line(good)
                }),
                ..self.movement(demo, MovementKind::Issue, *day)
            })
            .collect()
    }

    fn movement(&self, demo: Demo, kind: MovementKind, day: u64) -> PostMovement {
        PostMovement {
            id: None,
            company: demo.company,
            kind,
            date: self.day(day),
            reference: None,
            reason: None,
            party: None,
            source: None,
            lines: Vec::new(),
        }
    }

    /// The central warehouse sells to those on account in turn, the shops at the counter.
    fn buyer(&self, catalogue: &Catalogue, day: u64, place: usize) -> PartyId {
        if place > 0 {
            return catalogue.counter;
        }
        let mut chance = Chance::of(&format!("buyer/{}/{day}", self.first));
        let buyer = chance.pick(&catalogue.customers);
        buyer.copied().unwrap_or(catalogue.counter)
    }

    /// The invoice of each supplier for what it brought.
    fn bills(&self, demo: Demo, catalogue: &Catalogue) -> Vec<InvoiceCreateInput> {
        let bill = |(family, load): (&usize, &Load)| {
            let party = catalogue.suppliers.get(*family).copied()?;
            let lines = billed(catalogue, load, |good| good.cost, Some(NOT_INVOICED));
            Some(InvoiceCreateInput {
                supplier_number: Some(format!("F-{}-{family:02}", self.first.format("%Y/%m"))),
                ..document(demo, InvoiceKind::Supplier, party, self.day(5), lines)
            })
        };
        self.bought.iter().filter_map(bill).collect()
    }

    /// The invoice of each week's sales of each warehouse.
    fn sales(&self, demo: Demo, catalogue: &Catalogue) -> Vec<InvoiceCreateInput> {
        let sale = |(day, place, load): &(u64, usize, Load)| {
            let party = self.buyer(catalogue, *day, *place);
            let lines = billed(catalogue, load, |good| good.price, None);
            document(demo, InvoiceKind::Customer, party, self.day(*day), lines)
        };
        self.sold.iter().map(sale).collect()
    }

    /// The counter pays at once, suppliers are paid in the next month, and of those on account two
    /// in three pay.
    async fn settle(
        &self,
        tx: &mut Tx,
        demo: Demo,
        catalogue: &Catalogue,
        on: NaiveDate,
    ) -> Result<()> {
        let mut chance = Chance::of(&format!("settle/{}", self.first));
        let mut received: BTreeMap<PartyId, Decimal> = BTreeMap::new();
        for (day, place, load) in &self.sold {
            let party = self.buyer(catalogue, *day, *place);
            if party == catalogue.counter || chance.percent(66) {
                *received.entry(party).or_default() += gross(catalogue, load, |good| good.price);
            }
        }
        for (party, amount) in received {
            let paid = paid(demo, PaymentDirection::Received, party, on, amount, "Cobro");
            payment::register(tx, paid).await?;
        }
        for (family, load) in &self.bought {
            if let Some(party) = catalogue.suppliers.get(*family) {
                let amount = gross(catalogue, load, |good| good.cost);
                let paid = paid(
                    demo,
                    PaymentDirection::Sent,
                    *party,
                    on,
                    amount,
                    "Pago de factura",
                );
                payment::register(tx, paid).await?;
            }
        }
        Ok(())
    }
}

/// How many of a good each warehouse could sell in a month: more before Christmas and in spring, a
/// little more every month, and three times as much at the jubilee.
fn demand(chance: &mut Chance, good: &Good, first: NaiveDate) -> [u64; 3] {
    use chrono::Datelike as _;
    let season = match first.month() {
        1 | 2 => 85,
        4..=6 => 115,
        8 => 70,
        11 | 12 => 130,
        _ => 100,
    };
    let jubilee = if (first.year(), first.month()) == JUBILEE {
        3
    } else {
        1
    };
    let months = u64::from(first.month0()) + if first.year() > 2025 { 12 } else { 0 };
    let growth = 100 + months;
    let month = good.demand * season * growth * chance.between(80, 120) * jubilee / 1_000_000;
    SHARES.map(|share| month * share / 100)
}

fn line(good: &Good) -> PostMovementLine {
    PostMovementLine {
        item: good.item,
        from: None,
        to: None,
        quantity: Decimal::ZERO,
        unit: None,
        unit_cost: None,
    }
}

fn lines(
    catalogue: &Catalogue,
    load: &Load,
    of: impl Fn(&Good) -> PostMovementLine,
) -> Vec<PostMovementLine> {
    load.iter()
        .filter_map(|(index, count)| {
            let good = catalogue.goods.get(*index)?;
            Some(PostMovementLine {
                quantity: Decimal::from(*count),
                ..of(good)
            })
        })
        .collect()
}

/// One line a family: as much as all of it comes to.
fn billed(
    catalogue: &Catalogue,
    load: &Load,
    price: impl Fn(&Good) -> u64,
    account: Option<&str>,
) -> Vec<InvoiceLineInput> {
    let mut families: BTreeMap<usize, u64> = BTreeMap::new();
    for (index, count) in load {
        if let Some(good) = catalogue.goods.get(*index) {
            *families.entry(good.family).or_default() += price(good) * count;
        }
    }
    families
        .into_iter()
        .map(|(family, sum)| InvoiceLineInput {
            id: None,
            description: super::goods::FAMILIES
                .get(family)
                .map_or_else(String::new, |family| family.name.to_owned()),
            item: None,
            purchase_order_line: None,
            quantity: None,
            unit: None,
            unit_price: Dec(cents(sum)),
            discount_percent: None,
            taxes: vec!["IVA21".to_owned()],
            account: account.map(str::to_owned),
            department: None,
            dimension_values: None,
        })
        .collect()
}

/// What a load comes to with its tax, as its invoice rounds it.
fn gross(catalogue: &Catalogue, load: &Load, price: impl Fn(&Good) -> u64) -> Decimal {
    let worth = |(index, count): &(usize, u64)| {
        catalogue
            .goods
            .get(*index)
            .map_or(0, |good| price(good) * count)
    };
    let net = cents(load.iter().map(worth).sum());
    let strategy = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    net + (net * Decimal::new(21, 2)).round_dp_with_strategy(2, strategy)
}

/// An invoice that is posted at once.
pub(super) fn document(
    demo: Demo,
    kind: InvoiceKind,
    party: PartyId,
    day: NaiveDate,
    lines: Vec<InvoiceLineInput>,
) -> InvoiceCreateInput {
    InvoiceCreateInput {
        id: None,
        company: demo.company,
        kind,
        party: PartyRef::Id(party),
        series: None,
        supplier_number: None,
        issued_on: Date(day),
        operation_on: None,
        due_on: None,
        payment_term: None,
        currency_code: None,
        rate: None,
        corrects: None,
        memo: None,
        external_id: None,
        lines,
        post: true,
        dry_run: false,
    }
}

fn paid(
    demo: Demo,
    direction: PaymentDirection,
    party: PartyId,
    on: NaiveDate,
    amount: Decimal,
    reference: &str,
) -> PaymentRegisterInput {
    PaymentRegisterInput {
        id: None,
        company: demo.company,
        direction,
        party: PartyRef::Id(party),
        paid_on: Date(on),
        amount: Dec(amount),
        currency_code: None,
        rate: None,
        account: None,
        reference: reference.to_owned(),
        allocations: None,
        dry_run: false,
    }
}
