//! Changes of a party, and the lock that changes of its addresses and accounts take too.

use async_graphql::{InputObject, MaybeUndefined};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::PartyId;
use kernel::{Event, Fault, Locale, Result, Tx};

use super::{Party, tax, told};
use crate::check::{self, Input};
use crate::permission::{PARTY_MANAGE, PARTY_READ};
use crate::schema::party;

/// Changes a party.
#[derive(Clone, Debug, InputObject)]
pub struct PartyUpdateInput {
    /// The party.
    pub id: PartyId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: PartyPatch,
}

/// What of a party may change: absent fields stay, null ones are cleared.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PartyPatch {
    /// The full or registered name.
    pub name: Option<String>,
    /// The name on the door.
    pub trade_name: MaybeUndefined<String>,
    /// The country of the tax id.
    pub tax_country: Option<String>,
    /// The tax id.
    pub tax_id: MaybeUndefined<String>,
    /// What an integrator calls it.
    pub external_id: MaybeUndefined<String>,
    /// The e-mail address.
    pub email: MaybeUndefined<String>,
    /// The telephone number.
    pub phone: MaybeUndefined<String>,
    /// The language of documents to it.
    pub locale: Option<Locale>,
    /// Whether it is archived.
    pub archived: Option<bool>,
}

/// Changes a party.
pub async fn update(tx: &mut Tx, command: PartyUpdateInput) -> Result<Party> {
    let seen = lock(tx, command.id, "id").await?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(tx, &seen, &command.patch)?;
    save(tx, &next).await?;
    let changed = Event::new("directory.party.updated", "Party", next.id, PARTY_READ)
        .changed("name", &seen.name, &next.name)
        .changed("tradeName", &seen.trade_name, &next.trade_name)
        .changed("taxId", &seen.tax_id, &next.tax_id)
        .changed("externalId", &seen.external_id, &next.external_id)
        .changed("email", &seen.email, &next.email)
        .changed("phone", &seen.phone, &next.phone)
        .changed("locale", &seen.locale, &next.locale)
        .changed("archivedAt", &seen.archived_at, &next.archived_at);
    tx.emit(changed).await?;
    Ok(next)
}

/// A party to be changed, locked; `field` is where the input names it.
pub(super) async fn lock(tx: &mut Tx, id: PartyId, field: &str) -> Result<Party> {
    tx.require(PARTY_MANAGE)?;
    party::table
        .find((tx.organisation(), id))
        .select(Party::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| {
            Fault::not_found("directory.party_unknown")
                .at([field])
                .into()
        })
}

pub(super) async fn save(tx: &mut Tx, row: &Party) -> Result<()> {
    diesel::update(party::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch."))?;
    Ok(())
}

fn patched(tx: &Tx, seen: &Party, patch: &PartyPatch) -> Result<Party> {
    let mut next = seen.clone();
    let mut input = Input::new();
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", check::text(name, 200));
    }
    let texts = [
        (
            &patch.trade_name,
            &mut next.trade_name,
            "patch.tradeName",
            200,
        ),
        (
            &patch.external_id,
            &mut next.external_id,
            "patch.externalId",
            100,
        ),
        (&patch.phone, &mut next.phone, "patch.phone", 40),
    ];
    for (value, target, field, most) in texts {
        if !value.is_undefined() {
            let value = value.as_opt_ref().flatten().map(String::as_str);
            *target = input.take(field, check::optional(value, most));
        }
    }
    if !patch.email.is_undefined() {
        let email = patch.email.as_opt_ref().flatten().map(String::as_str);
        next.email = input.take("patch.email", check::each(email, check::email));
    }
    if !patch.tax_id.is_undefined() || patch.tax_country.is_some() {
        let country = patch.tax_country.as_deref().or(seen.tax_country.as_deref());
        let kept = patch
            .tax_id
            .is_undefined()
            .then_some(seen.tax_id.as_deref())
            .flatten();
        let id = patch
            .tax_id
            .as_opt_ref()
            .flatten()
            .map(String::as_str)
            .or(kept);
        let id = tax(&mut input, "patch.", country, id);
        next.tax_country = id.as_ref().map(|(country, _)| country.clone());
        next.tax_id = id.map(|(_, text)| text);
    }
    next.locale = patch.locale.unwrap_or(seen.locale);
    if let Some(archived) = patch.archived {
        next.archived_at = archived.then(|| seen.archived_at.unwrap_or(tx.now()));
    }
    input.finish()?;
    next.version += 1;
    Ok(next)
}
