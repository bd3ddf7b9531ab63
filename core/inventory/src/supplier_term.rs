//! Terms of suppliers: who sells an item, at which price, in what quantities, how fast.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{BooleanFilter, DateFilter, DecimalFilter, IdFilter, IntFilter, TextFilter};
use kernel::ids::{CompanyId, ItemId, OrganisationId, PartyId, SupplierTermId, UnitId};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Event, Fault, Result, Tx, listing};
use rust_decimal::Decimal;

use crate::permission::{self, COST_READ, REPLENISHMENT_MANAGE, REPLENISHMENT_READ};
use crate::schema_replenishment::supplier_term;
use crate::{fault, known};

/// The terms on which a supplier sells an item from a day on. Quantities are in the purchase unit.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = supplier_term,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct SupplierTerm {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The terms.
    pub id: SupplierTermId,
    /// The company of the item.
    pub company_id: CompanyId,
    /// The item.
    pub item_id: ItemId,
    /// The supplier.
    pub supplier_id: PartyId,
    /// What the supplier calls the item.
    pub supplier_code: Option<String>,
    /// The purchase unit.
    pub unit_id: UnitId,
    /// The price of one purchase unit, without tax.
    pub price: Dec,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// The least that can be ordered at once.
    pub minimum_quantity: Dec,
    /// What is ordered is a multiple of this.
    pub multiple: Dec,
    /// Working days from order to arrival; unknown when absent.
    pub lead_time_days: Option<i32>,
    /// How much more than ordered is taken in, in per cent.
    pub over_receipt_percent: Dec,
    /// Whether it is preferred to cheaper ones.
    pub preferred: bool,
    /// The first day on which it holds.
    pub valid_from: Date,
    /// The last day on which it holds.
    pub valid_to: Option<Date>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

listing! {
    /// Conditions on terms of suppliers.
    filter SupplierTermFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By item.
        item: IdFilter => item_id,
        /// By supplier.
        supplier: IdFilter => supplier_id,
        /// By what the supplier calls the item.
        supplier_code: TextFilter => supplier_code,
        /// By price; needs the right to see costs.
        price: DecimalFilter => price [requires COST_READ],
        /// By working days from order to arrival.
        lead_time_days: IntFilter => lead_time_days,
        /// By whether it is preferred.
        preferred: BooleanFilter => preferred,
        /// By the first day on which it holds.
        valid_from: DateFilter => valid_from,
        /// By the last day on which it holds.
        valid_to: DateFilter => valid_to,
    }
    /// An order of terms of suppliers.
    sort SupplierTermSort;
    /// What terms of suppliers can be sorted by.
    by SupplierTermSortField {
        /// By the first day on which they hold.
        ValidFrom = "VALID_FROM" => valid_from,
        /// By price; needs the right to see costs.
        Price = "PRICE" => price [requires COST_READ],
    }
    default ValidFrom Desc;
    search [supplier_code];
    from "inventory" supplier_term as SupplierTerm;
}

fn visible(tx: &Tx) -> Result<kernel::Predicate> {
    permission::visible(tx, REPLENISHMENT_READ, "supplier_term")
}

/// A page of the terms that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<SupplierTermFilter, SupplierTermSortField>,
) -> Result<Page<SupplierTerm>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many terms the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<SupplierTermFilter, SupplierTermSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some terms.
pub async fn by_ids(tx: &mut Tx, ids: &[SupplierTermId]) -> Result<Vec<SupplierTerm>> {
    let visible = visible(tx)?;
    Ok(supplier_term::table
        .filter(supplier_term::organisation_id.eq(tx.organisation()))
        .filter(supplier_term::id.eq_any(ids))
        .filter(visible)
        .select(SupplierTerm::as_select())
        .load(tx.conn())
        .await?)
}

/// The terms for some items that hold on a day, in order of their making; checks no permission.
pub(crate) async fn valid_on(
    tx: &mut Tx,
    items: &[ItemId],
    day: Date,
) -> Result<Vec<SupplierTerm>> {
    Ok(supplier_term::table
        .filter(supplier_term::organisation_id.eq(tx.organisation()))
        .filter(supplier_term::item_id.eq_any(items))
        .filter(supplier_term::valid_from.le(day))
        .filter(
            supplier_term::valid_to
                .is_null()
                .or(supplier_term::valid_to.ge(day)),
        )
        .order((supplier_term::item_id, supplier_term::id))
        .select(SupplierTerm::as_select())
        .load(tx.conn())
        .await?)
}

/// Records the terms on which a supplier sells an item.
#[derive(Clone, Debug, InputObject)]
pub struct SupplierTermCreateInput {
    /// An id made by the client, `sut_…`.
    pub id: Option<SupplierTermId>,
    /// The item.
    pub item: ItemId,
    /// The supplier.
    pub supplier: PartyId,
    /// What the supplier calls the item, in at most 60 characters.
    pub supplier_code: Option<String>,
    /// The purchase unit; the item's own when absent.
    pub unit: Option<UnitId>,
    /// The price of one purchase unit, without tax.
    pub price: Dec,
    /// The currency of the price; that of the company when absent.
    pub currency: Option<CurrencyCode>,
    /// The least that can be ordered at once, in purchase units.
    pub minimum_quantity: Option<Dec>,
    /// What is ordered is a multiple of this, in purchase units; 1 when absent.
    pub multiple: Option<Dec>,
    /// Working days from order to arrival. Without it nothing is proposed of this supplier.
    pub lead_time_days: Option<i32>,
    /// How much more than ordered is taken in, in per cent; nothing when absent.
    pub over_receipt_percent: Option<Dec>,
    /// Whether it is preferred to cheaper ones.
    #[graphql(default)]
    pub preferred: bool,
    /// The first day on which it holds; today when absent.
    pub valid_from: Option<Date>,
    /// The last day on which it holds.
    pub valid_to: Option<Date>,
}

/// Records the terms on which a supplier sells an item.
///
/// # Errors
/// Every fault of the input at once; `inventory.terms_overlap` when the supplier has terms for the
/// item and unit in these days already.
#[tracing::instrument(skip_all, fields(item.id = %command.item), err)]
pub async fn create(tx: &mut Tx, command: SupplierTermCreateInput) -> Result<SupplierTerm> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let items = known::items(tx, &[command.item]).await?;
    let item = items
        .get(&command.item)
        .filter(|item| scope.covers(Some(item.company_id), None))
        .ok_or_else(|| Fault::not_found(fault::ITEM_NOT_FOUND).at(["item"]))?;
    let company = directory::company::load(tx, item.company_id).await?;
    let unit = command.unit.unwrap_or(item.unit_id);
    let converts = known::factors(tx, &[(item.id, unit)]).await?;
    let suppliers = known::suppliers(tx, &[command.supplier]).await?;
    let today = Date(tx.now().with_timezone(&company.tz()).date_naive());
    let mut input = Input::new();
    input.check(!item.archived, || {
        Fault::not_allowed(fault::ITEM_ARCHIVED)
            .with("item", &item.code)
            .at(["item"])
    });
    input.check(converts.contains_key(&(item.id, unit)), || {
        Fault::invalid(fault::UNIT_OF_ITEM)
            .with("item", &item.code)
            .at(["unit"])
    });
    input.check(suppliers.contains_key(&command.supplier), || {
        Fault::not_found(fault::SUPPLIER_NOT_FOUND).at(["supplier"])
    });
    let row = SupplierTerm {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(SupplierTermId::generate),
        company_id: item.company_id,
        item_id: item.id,
        supplier_id: command.supplier,
        supplier_code: input.take(
            "supplierCode",
            check::optional(command.supplier_code.as_deref(), 60),
        ),
        unit_id: unit,
        price: command.price,
        currency: command.currency.unwrap_or(company.currency),
        minimum_quantity: command.minimum_quantity.unwrap_or_default(),
        multiple: command.multiple.unwrap_or(Dec(Decimal::ONE)),
        lead_time_days: command.lead_time_days,
        over_receipt_percent: command.over_receipt_percent.unwrap_or_default(),
        preferred: command.preferred,
        valid_from: command.valid_from.unwrap_or(today),
        valid_to: command.valid_to,
        created_at: tx.now(),
        version: 1,
    };
    check_values(&mut input, &row, "");
    input.finish()?;
    diesel::insert_into(supplier_term::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), ""))?;
    let event = event("inventory.supplier_term.created", &row)
        .set("supplier", row.supplier_id)
        .set("validFrom", row.valid_from)
        .set("leadTimeDays", row.lead_time_days)
        .set("preferred", row.preferred)
        .set_guarded("price", row.price, COST_READ);
    tx.emit(event).await?;
    Ok(row)
}

/// Changes the terms of a supplier.
#[derive(Clone, Debug, InputObject)]
pub struct SupplierTermUpdateInput {
    /// The terms.
    pub id: SupplierTermId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: SupplierTermPatch,
}

/// What of a supplier's terms may change; absent fields stay. Another price from a day on is a new
/// set of terms from that day, with an end to these.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SupplierTermPatch {
    /// What the supplier calls the item.
    pub supplier_code: MaybeUndefined<String>,
    /// The price of one purchase unit.
    pub price: Option<Dec>,
    /// The least that can be ordered at once.
    pub minimum_quantity: Option<Dec>,
    /// What is ordered is a multiple of this.
    pub multiple: Option<Dec>,
    /// Working days from order to arrival.
    pub lead_time_days: MaybeUndefined<i32>,
    /// How much more than ordered is taken in, in per cent.
    pub over_receipt_percent: Option<Dec>,
    /// Whether it is preferred.
    pub preferred: Option<bool>,
    /// The last day on which it holds.
    pub valid_to: MaybeUndefined<Date>,
}

/// Changes the terms of a supplier.
#[tracing::instrument(skip_all, fields(term.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: SupplierTermUpdateInput) -> Result<SupplierTerm> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let seen: Option<SupplierTerm> = supplier_term::table
        .find((tx.organisation(), command.id))
        .for_update()
        .select(SupplierTerm::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let seen = seen
        .filter(|row| scope.covers(Some(row.company_id), None))
        .ok_or_else(|| Fault::not_found(fault::TERM_NOT_FOUND).at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(&seen, &command.patch)?;
    diesel::update(supplier_term::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch."))?;
    let event = event("inventory.supplier_term.updated", &next)
        .changed("leadTimeDays", &seen.lead_time_days, &next.lead_time_days)
        .changed("preferred", &seen.preferred, &next.preferred)
        .changed(
            "minimumQuantity",
            &seen.minimum_quantity,
            &next.minimum_quantity,
        )
        .changed("multiple", &seen.multiple, &next.multiple)
        .changed("validTo", &seen.valid_to, &next.valid_to);
    let event = if seen.price == next.price {
        event
    } else {
        event.set_guarded("price", next.price, COST_READ)
    };
    tx.emit(event).await?;
    Ok(next)
}

fn patched(seen: &SupplierTerm, patch: &SupplierTermPatch) -> Result<SupplierTerm> {
    let mut next = SupplierTerm {
        version: seen.version + 1,
        ..seen.clone()
    };
    let mut input = Input::new();
    match &patch.supplier_code {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => next.supplier_code = None,
        MaybeUndefined::Value(code) => {
            next.supplier_code = input.take("patch.supplierCode", check::optional(Some(code), 60));
        }
    }
    next.price = patch.price.unwrap_or(seen.price);
    next.minimum_quantity = patch.minimum_quantity.unwrap_or(seen.minimum_quantity);
    next.multiple = patch.multiple.unwrap_or(seen.multiple);
    next.over_receipt_percent = patch
        .over_receipt_percent
        .unwrap_or(seen.over_receipt_percent);
    next.preferred = patch.preferred.unwrap_or(seen.preferred);
    if !patch.lead_time_days.is_undefined() {
        next.lead_time_days = patch.lead_time_days.take();
    }
    if !patch.valid_to.is_undefined() {
        next.valid_to = patch.valid_to.take();
    }
    check_values(&mut input, &next, "patch.");
    input.finish()?;
    Ok(next)
}

fn check_values(input: &mut Input, row: &SupplierTerm, under: &str) {
    let at = |field: &str| format!("{under}{field}");
    let path = |field: &str| -> Vec<String> { at(field).split('.').map(str::to_owned).collect() };
    input.check(
        row.price.0 >= Decimal::ZERO && known::is_quantity(row.price.0),
        || Fault::invalid(fault::PRICE_OUT_OF_RANGE).at(path("price")),
    );
    input.check(
        row.minimum_quantity.0 >= Decimal::ZERO && known::is_quantity(row.minimum_quantity.0),
        || Fault::invalid(fault::QUANTITY_OUT_OF_RANGE).at(path("minimumQuantity")),
    );
    input.check(
        row.multiple.0 > Decimal::ZERO && known::is_quantity(row.multiple.0),
        || Fault::invalid(fault::QUANTITY_OUT_OF_RANGE).at(path("multiple")),
    );
    let days = row.lead_time_days.unwrap_or_default();
    input.check((0..=730).contains(&days), || {
        Fault::invalid(fault::LEAD_TIME_OUT_OF_RANGE).at(path("leadTimeDays"))
    });
    let percent = row.over_receipt_percent.0;
    input.check(
        (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&percent)
            && percent.normalize().scale() <= 2,
        || Fault::invalid(fault::PERCENT_OUT_OF_RANGE).at(path("overReceiptPercent")),
    );
    input.check(row.valid_to.is_none_or(|to| to >= row.valid_from), || {
        Fault::invalid("kernel.dates_out_of_order").at(path("validTo"))
    });
}

fn told(error: kernel::Error, under: &str) -> kernel::Error {
    let at = if under.is_empty() {
        "validFrom"
    } else {
        "patch.validTo"
    };
    let error = taken(error, "supplier_term_overlap", fault::TERMS_OVERLAP, at);
    taken(error, "supplier_term_pkey", "kernel.id_taken", "id")
}

fn event(action: &'static str, row: &SupplierTerm) -> Event {
    Event::new(action, "SupplierTerm", row.id, REPLENISHMENT_READ)
        .company(row.company_id)
        .set("item", row.item_id)
}
