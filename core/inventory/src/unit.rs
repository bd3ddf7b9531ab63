//! Units of measure, by what they measure; and how quantities convert, exactly or not at all.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{OrganisationId, UnitId};
use kernel::page::{Page, PageRequest};
use kernel::{Dec, Event, Fault, Predicate, Result, Tx, listing};
use rust_decimal::Decimal;
use rust_decimal::dec;

use crate::fault;
use crate::permission::{ITEM_MANAGE, ITEM_READ};
use crate::schema::unit;

/// Decimal places of a quantity at most.
pub const PLACES: u32 = 6;

kernel::text_enum! {
    /// What a unit measures.
    pub enum UnitKind {
        /// Pieces, dozens.
        Count = "COUNT",
        /// Boxes, pallets: how much is in one depends on the item.
        Package = "PACKAGE",
        /// Mass; the base is the gram.
        Mass = "MASS",
        /// Volume; the base is the millilitre.
        Volume = "VOLUME",
        /// Length; the base is the millimetre.
        Length = "LENGTH",
        /// Area; the base is the square centimetre.
        Area = "AREA",
        /// Time; the base is the minute.
        Time = "TIME",
    }
}

kernel::enum_filter! {
    /// Conditions on what a unit measures.
    UnitKindFilter of UnitKind
}

/// A unit of measure of an organisation.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = unit, check_for_backend(diesel::pg::Pg))]
pub struct Unit {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The unit.
    pub id: UnitId,
    /// Its code, unique in the organisation.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// What it measures.
    pub kind: UnitKind,
    /// How many of the base unit of its kind one of it is; none for packages.
    pub factor: Option<Dec>,
    /// Decimal places that a quantity in it may have.
    pub places: i16,
    /// Since when it is not offered any more.
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

listing! {
    /// Conditions on units.
    filter UnitFilter {
        /// By id.
        id: IdFilter => id,
        /// By code.
        code: TextFilter => code,
        /// By what they measure.
        kind: UnitKindFilter => kind,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of units.
    sort UnitSort;
    /// What units can be sorted by.
    by UnitSortField {
        /// By code.
        Code = "CODE" => code,
        /// By name in Spanish.
        Name = "NAME" => name_es,
    }
    default Code Asc;
    search [code, name_es, name_en];
    archived archived_at;
    from "inventory" unit as Unit;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    tx.require(ITEM_READ)?;
    let column = kernel::page::quoted("inventory", "unit", "organisation_id");
    Ok(Predicate::equal(&column, tx.organisation().0))
}

/// A page of the units.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<UnitFilter, UnitSortField>,
) -> Result<Page<Unit>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many units there are.
pub async fn count(tx: &mut Tx, request: PageRequest<UnitFilter, UnitSortField>) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// Some units, by id.
pub async fn by_ids(tx: &mut Tx, ids: &[UnitId]) -> Result<Vec<Unit>> {
    let visible = visible(tx)?;
    Ok(unit::table
        .filter(unit::organisation_id.eq(tx.organisation()))
        .filter(unit::id.eq_any(ids))
        .filter(visible)
        .select(Unit::as_select())
        .load(tx.conn())
        .await?)
}

/// Every unit of the organisation, for a command; there are few.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<Unit>> {
    Ok(unit::table
        .filter(unit::organisation_id.eq(tx.organisation()))
        .order(unit::code)
        .select(Unit::as_select())
        .load(tx.conn())
        .await?)
}

/// Makes a unit of the organisation's own.
#[derive(Clone, Debug, InputObject)]
pub struct UnitCreateInput {
    /// An id made by the client, `uom_…`.
    pub id: Option<UnitId>,
    /// A code, unique in the organisation: capitals, digits and hyphens.
    pub code: String,
    /// The name in Spanish.
    pub name_es: String,
    /// The name in English.
    pub name_en: String,
    /// What it measures.
    pub kind: UnitKind,
    /// How many of the base unit of its kind one of it is; absent for packages.
    pub factor: Option<Dec>,
    /// Decimal places that a quantity in it may have, 0 to 6; 0 when absent.
    #[graphql(default)]
    pub places: i16,
}

/// Makes a unit.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: UnitCreateInput) -> Result<Unit> {
    tx.require(ITEM_MANAGE)?;
    let mut input = Input::new();
    let fits = match command.factor {
        Some(factor) => command.kind != UnitKind::Package && is_factor(factor.0),
        None => command.kind == UnitKind::Package,
    };
    input.check(fits, || Fault::invalid(fault::UNIT_FACTOR).at(["factor"]));
    input.check((0..=6).contains(&command.places), || {
        Fault::invalid(fault::NUMBER_OUT_OF_RANGE).at(["places"])
    });
    let row = Unit {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(UnitId::generate),
        code: input.take("code", check::code(&command.code)),
        name_es: input.take("nameEs", check::text(&command.name_es, 100)),
        name_en: input.take("nameEn", check::text(&command.name_en, 100)),
        kind: command.kind,
        factor: command.factor,
        places: command.places,
        archived_at: None,
        version: 1,
    };
    input.finish()?;
    diesel::insert_into(unit::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| taken(error.into(), "unit_code", fault::CODE_TAKEN, "code"))
        .map_err(|error| taken(error, "unit_pkey", "kernel.id_taken", "id"))?;
    tx.emit(made(&row)).await?;
    Ok(row)
}

/// Brings the standard units that the organisation lacks, and gives all of its units.
#[tracing::instrument(skip_all, err)]
pub async fn install(tx: &mut Tx) -> Result<Vec<Unit>> {
    tx.require(ITEM_MANAGE)?;
    ensure_standard(tx).await
}

/// Every unit, the standard ones made first where they are missing.
pub(crate) async fn ensure_standard(tx: &mut Tx) -> Result<Vec<Unit>> {
    let seen = all(tx).await?;
    let missing: Vec<Unit> = STANDARD
        .iter()
        .filter(|standard| !seen.iter().any(|unit| unit.code == standard.0))
        .map(|standard| standard_unit(tx.organisation(), standard))
        .collect();
    if missing.is_empty() {
        return Ok(seen);
    }
    let added: Vec<Unit> = diesel::insert_into(unit::table)
        .values(&missing)
        .on_conflict_do_nothing()
        .returning(Unit::as_returning())
        .get_results(tx.conn())
        .await?;
    tx.emit_all(added.iter().map(made).collect()).await?;
    all(tx).await
}

fn made(row: &Unit) -> Event {
    Event::new("inventory.unit.created", "Unit", row.id, ITEM_READ).set("code", &row.code)
}

/// A standard unit: code, names, kind, factor, places.
type Standard = (
    &'static str,
    &'static str,
    &'static str,
    UnitKind,
    Option<Decimal>,
    i16,
);

/// The units that every organisation can use: metric, and the usual counts and packages.
const STANDARD: &[Standard] = &[
    ("UN", "Unidad", "Unit", UnitKind::Count, Some(dec!(1)), 0),
    ("PAR", "Par", "Pair", UnitKind::Count, Some(dec!(2)), 0),
    ("DOC", "Docena", "Dozen", UnitKind::Count, Some(dec!(12)), 0),
    (
        "MIL",
        "Millar",
        "Thousand",
        UnitKind::Count,
        Some(dec!(1000)),
        3,
    ),
    ("BOX", "Caja", "Box", UnitKind::Package, None, 0),
    ("PACK", "Paquete", "Pack", UnitKind::Package, None, 0),
    ("PALLET", "Palé", "Pallet", UnitKind::Package, None, 0),
    ("G", "Gramo", "Gram", UnitKind::Mass, Some(dec!(1)), 3),
    (
        "KG",
        "Kilogramo",
        "Kilogram",
        UnitKind::Mass,
        Some(dec!(1000)),
        6,
    ),
    (
        "T",
        "Tonelada",
        "Tonne",
        UnitKind::Mass,
        Some(dec!(1000000)),
        6,
    ),
    (
        "ML",
        "Mililitro",
        "Millilitre",
        UnitKind::Volume,
        Some(dec!(1)),
        3,
    ),
    ("L", "Litro", "Litre", UnitKind::Volume, Some(dec!(1000)), 6),
    (
        "HL",
        "Hectolitro",
        "Hectolitre",
        UnitKind::Volume,
        Some(dec!(100000)),
        6,
    ),
    (
        "MM",
        "Milímetro",
        "Millimetre",
        UnitKind::Length,
        Some(dec!(1)),
        3,
    ),
    (
        "CM",
        "Centímetro",
        "Centimetre",
        UnitKind::Length,
        Some(dec!(10)),
        4,
    ),
    ("M", "Metro", "Metre", UnitKind::Length, Some(dec!(1000)), 6),
    (
        "CM2",
        "Centímetro cuadrado",
        "Square centimetre",
        UnitKind::Area,
        Some(dec!(1)),
        2,
    ),
    (
        "M2",
        "Metro cuadrado",
        "Square metre",
        UnitKind::Area,
        Some(dec!(10000)),
        6,
    ),
    ("MIN", "Minuto", "Minute", UnitKind::Time, Some(dec!(1)), 0),
    ("H", "Hora", "Hour", UnitKind::Time, Some(dec!(60)), 4),
];

fn standard_unit(organisation_id: OrganisationId, standard: &Standard) -> Unit {
    let (code, name_es, name_en, kind, factor, places) = *standard;
    Unit {
        organisation_id,
        id: UnitId::generate(),
        code: code.to_owned(),
        name_es: name_es.to_owned(),
        name_en: name_en.to_owned(),
        kind,
        factor: factor.map(Dec),
        places,
        archived_at: None,
        version: 1,
    }
}

/// Whether a number can be a factor: above zero, with nine decimals at most, within the column.
pub(crate) fn is_factor(value: Decimal) -> bool {
    value > Decimal::ZERO && value.normalize().scale() <= 9 && value < dec!(10000000000)
}

/// How a unit becomes another one: times the first, divided by the second. Two numbers, for a third
/// or a dozenth is no decimal.
pub type Factor = (Decimal, Decimal);

/// How a unit becomes another one. `own` is what the item says of the unit, which counts before what
/// the unit says of itself.
pub fn factor(from: &Unit, into: &Unit, own: Option<Decimal>) -> Option<Factor> {
    if from.id == into.id {
        return Some((Decimal::ONE, Decimal::ONE));
    }
    if let Some(own) = own {
        return Some((own, Decimal::ONE));
    }
    match (from.factor, into.factor) {
        (Some(many), Some(few)) if from.kind == into.kind => Some((many.0, few.0)),
        _ => None,
    }
}

/// A quantity of one unit in another, exactly: `None` when it does not come out in the decimals
/// that the unit takes.
pub fn convert(quantity: Decimal, factor: Factor, into: &Unit) -> Option<Decimal> {
    exactly(quantity, factor, u32::try_from(into.places).ok()?)
}

/// A quantity times a factor, exactly: `None` when it does not come out in so many decimals.
pub(crate) fn exactly(quantity: Decimal, (many, few): Factor, places: u32) -> Option<Decimal> {
    let product = quantity.checked_mul(many)?;
    let result = product.checked_div(few)?.normalize();
    (result.scale() <= places && result.checked_mul(few)? == product).then_some(result)
}

/// A quantity times a factor, as exactly as a quantity is kept.
pub(crate) fn nearly(quantity: Decimal, (many, few): Factor) -> Decimal {
    let product = quantity.saturating_mul(many);
    kernel::money::round(product.checked_div(few).unwrap_or_default(), PLACES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(code: &str) -> Unit {
        let standard = STANDARD.iter().find(|unit| unit.0 == code).unwrap();
        standard_unit(OrganisationId::generate(), standard)
    }

    fn converted(
        quantity: Decimal,
        from: &str,
        into: &str,
        own: Option<Decimal>,
    ) -> Option<Decimal> {
        let (from, into) = (unit(from), unit(into));
        convert(quantity, factor(&from, &into, own)?, &into)
    }

    #[test]
    fn units_of_a_kind_convert_and_others_do_not() {
        assert_eq!(converted(dec!(1.5), "KG", "G", None), Some(dec!(1500)));
        assert_eq!(converted(dec!(3), "DOC", "UN", None), Some(dec!(36)));
        assert_eq!(converted(dec!(1), "KG", "L", None), None);
        assert_eq!(converted(dec!(1), "BOX", "UN", None), None);
        assert_eq!(
            converted(dec!(2), "BOX", "UN", Some(dec!(12))),
            Some(dec!(24))
        );
    }

    #[test]
    fn what_does_not_come_out_exactly_is_refused() {
        assert_eq!(converted(dec!(1), "UN", "DOC", None), None);
        assert_eq!(converted(dec!(0.5), "DOC", "UN", None), Some(dec!(6)));
        assert_eq!(converted(dec!(0.3), "BOX", "UN", Some(dec!(12))), None);
    }

    #[test]
    fn standard_codes_are_unique_and_packages_have_no_factor() {
        for (at, one) in STANDARD.iter().enumerate() {
            assert!(STANDARD.iter().skip(at + 1).all(|other| other.0 != one.0));
            assert_eq!(one.3 == UnitKind::Package, one.4.is_none(), "{}", one.0);
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(thousandths in 1i64..1_000_000_000) {
            let kilograms = Decimal::new(thousandths, 3);
            let grams = converted(kilograms, "KG", "G", None).unwrap();
            prop_assert_eq!(converted(grams, "G", "KG", None), Some(kilograms));
        }
    }
}
