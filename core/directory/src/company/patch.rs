//! Changes of a company: what may change, and what that takes.

use async_graphql::{InputObject, MaybeUndefined};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CalendarId, CompanyId};
use kernel::{Event, Fault, Locale, Result, Tx};

use super::{Company, told};
use crate::check::{self, Input};
use crate::permission::{COMPANY_MANAGE, COMPANY_READ};
use crate::schema::company;

/// Changes a company.
#[derive(Clone, Debug, InputObject)]
pub struct CompanyUpdateInput {
    /// The company.
    pub id: CompanyId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: CompanyPatch,
}

/// What of a company may change: absent fields stay, null ones are cleared. Currency and tax id
/// stay for ever: books were kept in them.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CompanyPatch {
    /// The name in the register.
    pub legal_name: Option<String>,
    /// The name on the door.
    pub trade_name: MaybeUndefined<String>,
    /// The IANA time zone.
    pub zone: Option<String>,
    /// The language of its documents.
    pub locale: Option<Locale>,
    /// Street and number.
    pub street: MaybeUndefined<String>,
    /// The postal code.
    pub postal_code: MaybeUndefined<String>,
    /// The city.
    pub city: MaybeUndefined<String>,
    /// The region or province.
    pub region: MaybeUndefined<String>,
    /// The Spanish contribution account.
    pub ccc: MaybeUndefined<String>,
    /// The account that it pays from; needs a fresh proof of identity.
    pub iban: MaybeUndefined<String>,
    /// The BIC of that account's bank.
    pub bic: MaybeUndefined<String>,
    /// The working calendar.
    pub calendar: MaybeUndefined<CalendarId>,
    /// Whether it is archived.
    pub archived: Option<bool>,
}

/// Changes a company. The account that it pays from changes only after a fresh proof of identity.
pub async fn update(tx: &mut Tx, command: CompanyUpdateInput) -> Result<Company> {
    tx.require_in(COMPANY_MANAGE, command.id, None)?;
    let seen: Company = company::table
        .find((tx.organisation(), command.id))
        .select(Company::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.company_unknown").at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(tx, &seen, &command.patch)?;
    if next.iban != seen.iban {
        crate::auth::require_proof(tx)?;
    }
    diesel::update(company::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch."))?;
    tx.emit(changes(&seen, &next)).await?;
    Ok(next)
}

fn patched(tx: &Tx, seen: &Company, patch: &CompanyPatch) -> Result<Company> {
    let mut next = seen.clone();
    let mut input = Input::new();
    if let Some(name) = &patch.legal_name {
        next.legal_name = input.take("patch.legalName", check::text(name, 200));
    }
    if let Some(zone) = &patch.zone {
        next.zone = input.take("patch.zone", check::zone(zone));
    }
    next.locale = patch.locale.unwrap_or(seen.locale);
    let texts = [
        (
            &patch.trade_name,
            &mut next.trade_name,
            "patch.tradeName",
            200,
        ),
        (&patch.street, &mut next.street, "patch.street", 200),
        (
            &patch.postal_code,
            &mut next.postal_code,
            "patch.postalCode",
            20,
        ),
        (&patch.city, &mut next.city, "patch.city", 100),
        (&patch.region, &mut next.region, "patch.region", 100),
    ];
    for (value, target, field, most) in texts {
        if !value.is_undefined() {
            let value = value.as_opt_ref().flatten().map(String::as_str);
            *target = input.take(field, check::optional(value, most));
        }
    }
    type Check = fn(&str) -> Result<String, Fault>;
    let checked: [(_, _, _, Check); 3] = [
        (&patch.ccc, &mut next.ccc, "patch.ccc", check::ccc),
        (&patch.iban, &mut next.iban, "patch.iban", check::iban),
        (&patch.bic, &mut next.bic, "patch.bic", check::bic),
    ];
    for (value, target, field, check) in checked {
        if !value.is_undefined() {
            let value = value.as_opt_ref().flatten().map(String::as_str);
            *target = input.take(field, check::each(value, check));
        }
    }
    patch.calendar.update_to(&mut next.calendar_id);
    if let Some(archived) = patch.archived {
        next.archived_at = archived.then(|| seen.archived_at.unwrap_or(tx.now()));
    }
    input.finish()?;
    next.version += 1;
    Ok(next)
}

fn changes(seen: &Company, next: &Company) -> Event {
    let masked = |company: &Company| company.iban.as_deref().map(check::masked_iban);
    Event::new(
        "directory.company.updated",
        "Company",
        next.id,
        COMPANY_READ,
    )
    .company(next.id)
    .changed("legalName", &seen.legal_name, &next.legal_name)
    .changed("tradeName", &seen.trade_name, &next.trade_name)
    .changed("zone", &seen.zone, &next.zone)
    .changed("locale", &seen.locale, &next.locale)
    .changed("street", &seen.street, &next.street)
    .changed("postalCode", &seen.postal_code, &next.postal_code)
    .changed("city", &seen.city, &next.city)
    .changed("region", &seen.region, &next.region)
    .changed("ccc", &seen.ccc, &next.ccc)
    .changed("iban", &masked(seen), &masked(next))
    .changed("bic", &seen.bic, &next.bic)
    .changed("calendar", &seen.calendar_id, &next.calendar_id)
    .changed("archivedAt", &seen.archived_at, &next.archived_at)
}
