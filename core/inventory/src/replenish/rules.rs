//! What to order, how much and why: pure, of what was read, and the same for everyone who asks.
//!
//! The reorder point of a policy by demand is the textbook's: demand over the lead time, plus a
//! safety stock of z times the deviation of daily demand times the root of the lead time, where z
//! is the quantile of the normal distribution at the service level. Lead times are working days of
//! the company's calendar; demand is counted by days of the week, so they are turned into those.

use chrono::NaiveDate;
use directory::calendar::Working;
use kernel::ids::{PartyId, SupplierTermId, UnitId};
use kernel::{CurrencyCode, Date, Dec, Fault, text_enum};
use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::fault;
use crate::policy::StockPolicyMethod;
use crate::unit::{self, Factor};

/// The version of these rules, kept with every proposal.
pub const RULE_VERSION: &str = "reorder/2";
/// Decimal places of quantities.
const PLACES: u32 = 6;

text_enum! {
    /// Why a supplier was chosen.
    pub enum SupplierChoice {
        /// The policy names them.
        NamedByPolicy = "NAMED_BY_POLICY",
        /// The cheapest of the preferred ones.
        CheapestPreferred = "CHEAPEST_PREFERRED",
        /// The cheapest; none is preferred.
        Cheapest = "CHEAPEST",
        /// Nobody sells the item on that day.
        Nobody = "NOBODY",
    }
}

/// How much of an item a warehouse keeps, as the rules need it.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// Where the reorder point comes from.
    pub method: StockPolicyMethod,
    /// At or below this it is ordered, when it is given.
    pub reorder_point: Option<Decimal>,
    /// Up to this it is ordered.
    pub target: Option<Decimal>,
    /// Above this there is too much.
    pub maximum: Option<Decimal>,
    /// What is kept for surprises, when it is given.
    pub safety_stock: Option<Decimal>,
    /// How often out of a hundred nothing may be missing.
    pub service_level: Option<Decimal>,
    /// The [`quantile`] of the service level, which many items have in common.
    pub quantile: Decimal,
    /// Days between two looks.
    pub review_days: i32,
    /// The supplier that the policy names.
    pub supplier: Option<PartyId>,
}

/// What was issued of an item from a warehouse in the days before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demand {
    /// How many days were looked at.
    pub days: i32,
    /// The sum of what was issued.
    pub issued: Decimal,
    /// The sum of the squares of what was issued each day.
    pub squares: Decimal,
}

/// What there is of an item in a warehouse, and what is on its way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position {
    /// What is there.
    pub on_hand: Decimal,
    /// What was ordered, is being approved or is drafted, and has not come; for a day that is past,
    /// what was ordered since as well.
    pub on_order: Decimal,
    /// What was issued.
    pub demand: Demand,
}

/// The terms of a supplier, as the rules need them.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The terms.
    pub term: SupplierTermId,
    /// The supplier.
    pub supplier: PartyId,
    /// The supplier's name, for what is told.
    pub supplier_name: String,
    /// The purchase unit.
    pub unit: UnitId,
    /// How the purchase unit becomes the item's.
    pub factor: Factor,
    /// The price of one purchase unit.
    pub price: Decimal,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// The least that can be ordered.
    pub minimum: Decimal,
    /// What is ordered is a multiple of this.
    pub multiple: Decimal,
    /// Working days from order to arrival.
    pub lead_time_days: Option<i32>,
    /// Whether they are preferred.
    pub preferred: bool,
}

/// The circumstances of a look.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The day as of whose end it is looked.
    pub day: NaiveDate,
    /// The company's working days.
    pub working: &'a Working,
    /// The currency of the company's books.
    pub currency: CurrencyCode,
    /// The item's own unit.
    pub unit: UnitId,
    /// Decimal places of quantities in the item's own unit.
    pub places: u32,
}

/// How a proposal came about, beside what its columns say. Quantities are in the item's unit where
/// nothing else is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Where the reorder point comes from.
    pub method: StockPolicyMethod,
    /// Up to what it is ordered.
    pub target: Dec,
    /// What is missing up to the target.
    pub shortage: Dec,
    /// What is kept for surprises.
    pub safety_stock: Dec,
    /// Days of demand that were looked at.
    pub demand_days: i32,
    /// What was issued in them.
    pub issued: Dec,
    /// The deviation of daily demand.
    pub deviation: Dec,
    /// Days of the week that the lead time comes to.
    pub lead_calendar_days: i32,
    /// How often out of a hundred nothing may be missing.
    pub service_level: Option<Dec>,
    /// The least that the supplier sells, in purchase units.
    pub minimum: Option<Dec>,
    /// What the supplier sells a multiple of, in purchase units.
    pub multiple: Option<Dec>,
    /// What one purchase unit is.
    pub factor: Dec,
    /// What minimum, multiple and whole units added to the shortage.
    pub rounded_up: Dec,
    /// Whether the order goes above the most that is wanted.
    pub above_maximum: bool,
    /// Why the supplier was chosen.
    pub choice: SupplierChoice,
    /// How many suppliers had terms on that day.
    pub offers: i32,
}

/// What the rules found about an item in a warehouse.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// At or below this it is ordered.
    pub reorder_point: Decimal,
    /// Demand of a day.
    pub demand_per_day: Decimal,
    /// Days that what is there lasts; `None` without demand.
    pub days_of_cover: Option<Decimal>,
    /// What is to be ordered, if anything; or why that can't be told.
    pub order: Result<Option<Order>, Fault>,
}

/// What is to be ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// How much, in the item's unit.
    pub quantity: Decimal,
    /// The purchase unit.
    pub unit: UnitId,
    /// How much, in the purchase unit.
    pub unit_quantity: Decimal,
    /// How the purchase unit becomes the item's.
    pub factor: Factor,
    /// From whom; `None` when nobody sells it.
    pub from: Option<Source>,
    /// How it came about.
    pub explanation: Explanation,
}

/// From whom it is to be ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The terms.
    pub term: SupplierTermId,
    /// The supplier.
    pub supplier: PartyId,
    /// The price of one purchase unit.
    pub price: Decimal,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// Working days from order to arrival.
    pub lead_time_days: i32,
    /// When it comes if it is ordered now.
    pub expected_on: Date,
}

/// Looks at an item in a warehouse. What is there, and how it stands out, is told in any case; what
/// to order fails with `inventory.no_lead_time` when the lead time is needed and the chosen
/// supplier's is not known. The reorder point of a policy by demand is then that of the safety stock
/// alone, below which it is low whatever the lead time.
pub fn look(keeping: &Keeping, position: &Position, offers: &[Offer], look: Look<'_>) -> Finding {
    let (chosen, choice) = choose(keeping, offers, look.currency);
    let lead = lead(keeping, chosen, look);
    let days = lead.as_ref().copied().unwrap_or_default();
    let levels = levels(keeping, &position.demand, days, look.places);
    let stock = position.on_hand + position.on_order;
    let is_short = stock <= levels.reorder_point && stock < levels.target;
    let order = lead.and_then(|_| {
        let wanted = is_short.then(|| order(keeping, position, &levels, chosen, look));
        let order = wanted.transpose()?;
        Ok(order.map(|order| Order {
            explanation: Explanation {
                choice,
                offers: i32::try_from(offers.len()).unwrap_or(i32::MAX),
                ..order.explanation
            },
            ..order
        }))
    });
    Finding {
        reorder_point: levels.reorder_point,
        demand_per_day: levels.demand_per_day,
        days_of_cover: cover(position.on_hand, levels.demand_per_day),
        order,
    }
}

/// Where an item should stand.
struct Levels {
    demand_per_day: Decimal,
    deviation: Decimal,
    safety: Decimal,
    reorder_point: Decimal,
    target: Decimal,
    /// Days of the week that the lead time comes to.
    lead: i32,
}

fn levels(keeping: &Keeping, demand: &Demand, lead: i32, places: u32) -> Levels {
    let demand_per_day = per_day(demand);
    let deviation = deviation(demand);
    let safety = safety(keeping, deviation, lead);
    let reorder_point = match keeping.method {
        StockPolicyMethod::Fixed => keeping.reorder_point.unwrap_or_default(),
        StockPolicyMethod::Demand => up(demand_per_day * Decimal::from(lead) + safety, places),
    };
    let between = demand_per_day * Decimal::from(keeping.review_days);
    let target = keeping.target.map_or_else(
        || up(reorder_point + between, places),
        |target| target.max(reorder_point),
    );
    Levels {
        demand_per_day,
        deviation,
        safety,
        reorder_point,
        target,
        lead,
    }
}

/// What brings an item that is short up to its target.
fn order(
    keeping: &Keeping,
    position: &Position,
    levels: &Levels,
    chosen: Option<&Offer>,
    look: Look<'_>,
) -> Result<Order, Fault> {
    let stock = position.on_hand + position.on_order;
    let shortage = levels.target - stock;
    let factor = chosen.map_or((Decimal::ONE, Decimal::ONE), |offer| offer.factor);
    let unit_quantity = rounded(shortage, chosen, look.places);
    let quantity = unit::nearly(unit_quantity, factor);
    let explanation = Explanation {
        target: Dec(levels.target),
        shortage: Dec(shortage),
        safety_stock: Dec(levels.safety),
        deviation: Dec(levels.deviation),
        lead_calendar_days: levels.lead,
        factor: Dec((factor.0 / factor.1).round_dp(12)),
        rounded_up: Dec(quantity - shortage),
        above_maximum: keeping.maximum.is_some_and(|most| stock + quantity > most),
        ..explained(keeping, &position.demand, chosen)
    };
    Ok(Order {
        quantity,
        unit: chosen.map_or(look.unit, |offer| offer.unit),
        unit_quantity,
        factor,
        from: chosen.map(|offer| source(offer, look)).transpose()?,
        explanation,
    })
}

/// Whom to order from: whom the policy names, before the cheapest of those preferred, before the
/// cheapest. Prices are compared by the item's unit; those in the currency of the books come
/// first, for others can't be compared with them. Of equal ones the faster, then the older.
pub fn choose<'a>(
    keeping: &Keeping,
    offers: &'a [Offer],
    currency: CurrencyCode,
) -> (Option<&'a Offer>, SupplierChoice) {
    let cheapest = |fits: &dyn Fn(&Offer) -> bool| {
        offers
            .iter()
            .filter(|offer| fits(offer))
            .min_by_key(|offer| {
                (
                    offer.currency != currency,
                    offer.currency.code(),
                    offer.price * offer.factor.1 / offer.factor.0,
                    offer.lead_time_days.unwrap_or(i32::MAX),
                    offer.term,
                )
            })
    };
    if let Some(named) = cheapest(&|offer| Some(offer.supplier) == keeping.supplier) {
        return (Some(named), SupplierChoice::NamedByPolicy);
    }
    if let Some(preferred) = cheapest(&|offer| offer.preferred) {
        return (Some(preferred), SupplierChoice::CheapestPreferred);
    }
    match cheapest(&|_| true) {
        Some(offer) => (Some(offer), SupplierChoice::Cheapest),
        None => (None, SupplierChoice::Nobody),
    }
}

/// What an explanation takes over from the policy, the demand and the terms.
fn explained(keeping: &Keeping, demand: &Demand, chosen: Option<&Offer>) -> Explanation {
    Explanation {
        method: keeping.method,
        target: Dec::default(),
        shortage: Dec::default(),
        safety_stock: Dec::default(),
        demand_days: demand.days,
        issued: Dec(demand.issued),
        deviation: Dec::default(),
        lead_calendar_days: 0,
        service_level: keeping.service_level.map(Dec),
        minimum: chosen.map(|offer| Dec(offer.minimum)),
        multiple: chosen.map(|offer| Dec(offer.multiple)),
        factor: Dec::default(),
        rounded_up: Dec::default(),
        above_maximum: false,
        choice: SupplierChoice::Nobody,
        offers: 0,
    }
}

/// The lead time in days of the week.
fn lead(keeping: &Keeping, chosen: Option<&Offer>, look: Look<'_>) -> Result<i32, Fault> {
    let Some(offer) = chosen else {
        return Ok(0);
    };
    match (offer.lead_time_days, keeping.method) {
        (Some(days), _) => {
            let calendar = (look.working.plus(look.day, days) - look.day).num_days();
            Ok(i32::try_from(calendar).unwrap_or(i32::MAX))
        }
        (None, StockPolicyMethod::Fixed) => Ok(0),
        (None, StockPolicyMethod::Demand) => Err(no_lead_time(offer)),
    }
}

fn no_lead_time(offer: &Offer) -> Fault {
    Fault::invalid(fault::NO_LEAD_TIME).with("supplier", &offer.supplier_name)
}

fn source(offer: &Offer, look: Look<'_>) -> Result<Source, Fault> {
    let days = offer.lead_time_days.ok_or_else(|| no_lead_time(offer))?;
    Ok(Source {
        term: offer.term,
        supplier: offer.supplier,
        price: offer.price,
        currency: offer.currency,
        lead_time_days: days,
        expected_on: Date(look.working.plus(look.day, days)),
    })
}

/// Demand of a day: below zero, when more came back than went, counts as none.
fn per_day(demand: &Demand) -> Decimal {
    if demand.days <= 0 {
        return Decimal::ZERO;
    }
    (demand.issued.max(Decimal::ZERO) / Decimal::from(demand.days)).round_dp(PLACES)
}

/// The sample deviation of daily demand, days without issues counted.
fn deviation(demand: &Demand) -> Decimal {
    if demand.days < 2 {
        return Decimal::ZERO;
    }
    let days = Decimal::from(demand.days);
    let spread = demand.squares - demand.issued * demand.issued / days;
    let variance = (spread / (days - Decimal::ONE)).max(Decimal::ZERO);
    variance.sqrt().unwrap_or_default().round_dp(PLACES)
}

fn safety(keeping: &Keeping, deviation: Decimal, lead: i32) -> Decimal {
    if keeping.method == StockPolicyMethod::Fixed {
        return keeping.safety_stock.unwrap_or_default();
    }
    if let Some(given) = keeping.safety_stock {
        return given;
    }
    let root = Decimal::from(lead.max(1)).sqrt().unwrap_or_default();
    (keeping.quantile * deviation * root).round_dp(PLACES)
}

/// The quantile of the standard normal distribution at a level in per cent, 50 to below 100, by the
/// rational approximation 26.2.23 of Abramowitz and Stegun; off by less than 0.00045.
pub fn quantile(level: Decimal) -> Decimal {
    use rust_decimal::dec;
    let tail = (Decimal::ONE_HUNDRED - level) / Decimal::ONE_HUNDRED;
    if tail >= dec!(0.5) || tail <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    let t = (dec!(-2) * tail.ln()).sqrt().unwrap_or_default();
    let above = dec!(2.515517) + t * (dec!(0.802853) + t * dec!(0.010328));
    let below = Decimal::ONE + t * (dec!(1.432788) + t * (dec!(0.189269) + t * dec!(0.001308)));
    (t - above / below).round_dp(PLACES)
}

fn cover(on_hand: Decimal, demand_per_day: Decimal) -> Option<Decimal> {
    if demand_per_day <= Decimal::ZERO {
        return None;
    }
    let most = rust_decimal::dec!(99_999_999.9);
    let days = on_hand.max(Decimal::ZERO).checked_div(demand_per_day)?;
    Some(
        days.round_dp_with_strategy(1, RoundingStrategy::ToZero)
            .min(most),
    )
}

/// A shortage as it can be bought: whole multiples in the purchase unit, no less than the minimum.
fn rounded(shortage: Decimal, chosen: Option<&Offer>, places: u32) -> Decimal {
    let Some(offer) = chosen else {
        return up(shortage, places);
    };
    let (many, few) = offer.factor;
    let needed = ceiling(shortage * few, many * offer.multiple);
    let times = needed.max(ceiling(offer.minimum, offer.multiple));
    (times * offer.multiple).normalize()
}

/// The least whole number of times that a part reaches a whole. By multiplying back, for a quotient
/// that was rounded may lie above what it should be.
fn ceiling(whole: Decimal, part: Decimal) -> Decimal {
    let times = (whole / part).floor();
    if times * part < whole {
        times + Decimal::ONE
    } else {
        times
    }
}

fn up(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::AwayFromZero)
}
