//! Dimensions of analysis and their values: projects, cost centres, whatever a company wants.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{IdFilter, TextFilter};
use kernel::ids::{CompanyId, DimensionId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Faults, Result, Tx};

use crate::fault;
use crate::journal::is_code;
use crate::permission::{ACCOUNT_MANAGE, ACCOUNT_READ, visible};
use crate::schema::{dimension, dimension_value};

kernel::typed_id! {
    /// A value of a dimension.
    DimensionValueId = "dmv";
}

/// A dimension of analysis.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = dimension, check_for_backend(diesel::pg::Pg))]
pub struct Dimension {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The dimension.
    pub id: DimensionId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code, unique in the company.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// Counts its changes.
    pub version: i32,
}

/// A value of a dimension.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = dimension_value, check_for_backend(diesel::pg::Pg))]
pub struct DimensionValue {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The value.
    pub id: DimensionValueId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its dimension.
    pub dimension_id: DimensionId,
    /// Its code, unique in the dimension.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Since when it takes no more lines.
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

kernel::listing! {
    /// Conditions on dimensions.
    filter DimensionFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
    }
    /// An order of dimensions.
    sort DimensionSort;
    /// What dimensions can be sorted by.
    by DimensionSortField {
        /// By code.
        Code = "CODE" => code,
        /// By name in Spanish.
        Name = "NAME" => name_es,
    }
    default Code Asc;
    search [code, name_es, name_en];
    from "ledger" dimension as Dimension;
}

/// A new dimension.
#[derive(Clone, Debug, InputObject)]
pub struct DimensionCreateInput {
    /// Its id, when the client makes it.
    pub id: Option<DimensionId>,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code: 1 to 20 capitals, digits and underscores.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
}

/// A new value of a dimension.
#[derive(Clone, Debug, InputObject)]
pub struct DimensionValueCreateInput {
    /// Its id, when the client makes it.
    pub id: Option<DimensionValueId>,
    /// Its dimension.
    pub dimension_id: DimensionId,
    /// Its code.
    pub code: String,
    /// Its name; no name of a person.
    pub name: String,
}

/// The dimensions of a request that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<DimensionFilter, DimensionSortField>,
) -> Result<Page<Dimension>> {
    let visible = visible(tx, ACCOUNT_READ, "dimension")?;
    list(tx, request, visible).await
}

/// How many dimensions of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<DimensionFilter, DimensionSortField>,
) -> Result<i64> {
    let visible = visible(tx, ACCOUNT_READ, "dimension")?;
    tally(tx, request, visible).await
}

/// The visible ones among some dimensions.
pub async fn by_ids(tx: &mut Tx, ids: &[DimensionId]) -> Result<Vec<Dimension>> {
    let visible = visible(tx, ACCOUNT_READ, "dimension")?;
    Ok(dimension::table
        .filter(dimension::organisation_id.eq(tx.organisation()))
        .filter(dimension::id.eq_any(ids))
        .filter(visible)
        .select(Dimension::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible ones among some values.
pub async fn values_by_ids(tx: &mut Tx, ids: &[DimensionValueId]) -> Result<Vec<DimensionValue>> {
    let visible = visible(tx, ACCOUNT_READ, "dimension_value")?;
    Ok(dimension_value::table
        .filter(dimension_value::organisation_id.eq(tx.organisation()))
        .filter(dimension_value::id.eq_any(ids))
        .filter(visible)
        .select(DimensionValue::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible values of some dimensions, by code.
pub async fn values_of(tx: &mut Tx, dimensions: &[DimensionId]) -> Result<Vec<DimensionValue>> {
    let visible = visible(tx, ACCOUNT_READ, "dimension_value")?;
    Ok(dimension_value::table
        .filter(dimension_value::organisation_id.eq(tx.organisation()))
        .filter(dimension_value::dimension_id.eq_any(dimensions))
        .filter(visible)
        .order(dimension_value::code)
        .select(DimensionValue::as_select())
        .load(tx.conn())
        .await?)
}

/// Creates a dimension.
pub async fn create(tx: &mut Tx, command: DimensionCreateInput) -> Result<Dimension> {
    tx.require_in(ACCOUNT_MANAGE, command.company_id, None)?;
    crate::chart::require_book(tx, command.company_id).await?;
    let mut faults = Faults::new();
    faults.check(is_code(&command.code, 20), || bad_code(&command.code));
    for (field, name) in [("nameEs", &command.name_es), ("nameEn", &command.name_en)] {
        fault::name(field, name, 100)
            .into_iter()
            .for_each(|fault| faults.push(fault));
    }
    faults.finish()?;
    let created = Dimension {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(DimensionId::generate),
        company_id: command.company_id,
        code: command.code,
        name_es: command.name_es,
        name_en: command.name_en,
        version: 1,
    };
    diesel::insert_into(dimension::table)
        .values(&created)
        .execute(tx.conn())
        .await?;
    let event = Event::new(
        "ledger.dimension.created",
        "Dimension",
        created.id,
        ACCOUNT_READ,
    );
    tx.emit(event.company(created.company_id).set("code", &created.code))
        .await?;
    Ok(created)
}

/// Creates a value of a dimension.
pub async fn create_value(
    tx: &mut Tx,
    command: DimensionValueCreateInput,
) -> Result<DimensionValue> {
    tx.require(ACCOUNT_MANAGE)?;
    let above: Option<Dimension> = dimension::table
        .find((tx.organisation(), command.dimension_id))
        .select(Dimension::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let scope = tx.actor().scope(ACCOUNT_MANAGE);
    let above = above
        .filter(|above| scope.covers(Some(above.company_id), None))
        .ok_or_else(|| Fault::not_found("ledger.dimension_unknown").at(["dimensionId"]))?;
    let mut faults = Faults::new();
    fault::name("code", &command.code, 20)
        .into_iter()
        .for_each(|fault| faults.push(fault));
    fault::name("name", &command.name, 100)
        .into_iter()
        .for_each(|fault| faults.push(fault));
    faults.finish()?;
    let created = DimensionValue {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(DimensionValueId::generate),
        company_id: above.company_id,
        dimension_id: above.id,
        code: command.code,
        name: command.name,
        archived_at: None,
        version: 1,
    };
    diesel::insert_into(dimension_value::table)
        .values(&created)
        .execute(tx.conn())
        .await?;
    let event = Event::new(
        "ledger.dimension_value.created",
        "DimensionValue",
        created.id,
        ACCOUNT_READ,
    );
    tx.emit(event.company(created.company_id).set("code", &created.code))
        .await?;
    Ok(created)
}

fn bad_code(code: &str) -> Fault {
    Fault::invalid("ledger.code_invalid")
        .at(["code"])
        .with("code", code)
}
