//! Two years of trade: what was bought, moved and sold each month, with its invoices and payments,
//! each in the books as the program posts it.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use directory::party::PartyRef;
use finance::invoice::{self, InvoiceCreateInput, InvoiceKind, InvoiceLineInput};
use finance::payment::{self, PaymentDirection, PaymentRegisterInput};
use inventory::movement::{self, MovementKind, PostMovement, PostMovementLine};
use kernel::ids::PartyId;
use kernel::{Date, Db, Dec, Result, Tx};
use rust_decimal::Decimal;

use super::catalogue::{self, Catalogue, Good, cents};
use super::chance::Chance;
use super::purchases::{self, Purchase};
use super::{Cast, Demo, wages};

/// Months that the shop sells out of before it buys again.
const COVER: u64 = 2;
/// How much of the demand each warehouse sells, in per cent.
const SHARES: [u64; 3] = [30, 40, 30];
/// Year, month and day of the week in which the shop sold three times as much: its jubilee.
const JUBILEE: (i32, u32, u32) = (2026, 5, 16);

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
        let last = month + Months::new(1) - Days::new(1);
        let at = last.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(20);
        let context = cast.system(at);
        let mut tx = db.begin(&context).await?;
        let known = movement::find(&mut tx, plan.mark(demo)).await?.is_some();
        tx.rollback().await?;
        if !known {
            let bought = plan.purchases();
            let bought = (month, bought.as_slice());
            purchases::order_and_receive(db, cast, demo, &catalogue, bought).await?;
            let mut tx = db.begin(&context).await?;
            plan.post(&mut tx, demo, &catalogue, at).await?;
            tx.commit().await?;
        }
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
        let days = saturdays(first);
        let weeks = u64::try_from(days.len()).unwrap_or(1);
        for day in days {
            for place in 0..3 {
                month.sell((day, weeks), place, &mut shelves.0, &wanted);
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

    fn sell(
        &mut self,
        (day, weeks): (u64, u64),
        place: usize,
        shelves: &mut [[u64; 3]],
        wanted: &[[u64; 3]],
    ) {
        let (year, month, jubilee) = JUBILEE;
        let is_jubilee = NaiveDate::from_ymd_opt(year, month, jubilee) == Some(self.day(day));
        let times = if is_jubilee { 3 } else { 1 };
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
            let goes = (goes * times).min(*there);
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

    /// Writes the month whose goods came in: goods across, goods out, the documents and the money.
    async fn post(
        &self,
        tx: &mut Tx,
        demo: Demo,
        catalogue: &Catalogue,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut posts = self.transfers(demo, catalogue);
        posts.extend(self.issues(demo, catalogue));
        if let Some(first) = posts.first_mut() {
            first.id = Some(self.mark(demo));
        }
        movement::post_all(tx, &posts).await?;
        let bought = self.purchases();
        let mut documents = purchases::bills(tx, demo, catalogue, (self.first, &bought)).await?;
        documents.extend(self.sales(demo, catalogue));
        invoice::create_all(tx, documents).await?;
        self.settle(tx, demo, catalogue, now.date_naive()).await
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
                ..self.movement(demo, MovementKind::Transfer, 0)
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

    /// What is bought, order by order.
    fn purchases(&self) -> Vec<Purchase<'_>> {
        let bought = self.bought.iter();
        bought
            .flat_map(|(family, load)| Purchase::all_of(*family, load))
            .collect()
    }

    /// The invoice of each week's sales of each warehouse.
    fn sales(&self, demo: Demo, catalogue: &Catalogue) -> Vec<InvoiceCreateInput> {
        let sale = |(day, place, load): &(u64, usize, Load)| {
            let party = self.buyer(catalogue, *day, *place);
            let lines = billed(catalogue, load);
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
        for bought in self.purchases() {
            if let Some(party) = catalogue.suppliers.get(bought.family) {
                let amount = gross(catalogue, bought.load, |good| good.cost);
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

/// The Saturdays of a month, on which each week's sales are written down: days after the first.
fn saturdays(first: NaiveDate) -> Vec<u64> {
    use chrono::{Datelike as _, Weekday};
    let in_month = |day: &u64| (first + Days::new(*day)).month() == first.month();
    let is_saturday = |day: &u64| (first + Days::new(*day)).weekday() == Weekday::Sat;
    (0..31).take_while(in_month).filter(is_saturday).collect()
}

/// How many of a good each warehouse could sell in a month: more before Christmas and in spring, and
/// a little more every month.
fn demand(chance: &mut Chance, good: &Good, first: NaiveDate) -> [u64; 3] {
    use chrono::Datelike as _;
    let season = match first.month() {
        1 | 2 => 85,
        4..=6 => 115,
        8 => 70,
        11 | 12 => 130,
        _ => 100,
    };
    let years = u64::try_from(first.year() - 2024).unwrap_or_default();
    let growth = 88 + years * 12 + u64::from(first.month0());
    let month = good.demand * season * growth * chance.between(80, 120) / 1_000_000;
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
fn billed(catalogue: &Catalogue, load: &Load) -> Vec<InvoiceLineInput> {
    let mut families: BTreeMap<usize, u64> = BTreeMap::new();
    for (index, count) in load {
        if let Some(good) = catalogue.goods.get(*index) {
            *families.entry(good.family).or_default() += good.price * count;
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
            account: None,
            department: None,
            dimension_values: None,
        })
        .collect()
}

/// What a load comes to with its tax, as its invoice rounds it.
fn gross(catalogue: &Catalogue, load: &[(usize, u64)], price: impl Fn(&Good) -> u64) -> Decimal {
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
