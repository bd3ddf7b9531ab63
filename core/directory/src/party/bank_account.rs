//! Bank accounts of parties. Whole numbers are for those who may see them; others see them masked.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{BankAccountId, OrganisationId, PartyId};
use kernel::{Actor, Event, Fault, Result, Tx};

use super::{Party, lock, save};
use crate::check::{self, Input, masked_iban, taken};
use crate::permission::{BANK_ACCOUNT_MANAGE, BANK_ACCOUNT_READ, PARTY_READ};
use crate::schema::bank_account;

/// A bank account of a party.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_account, check_for_backend(diesel::pg::Pg))]
pub struct BankAccount {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The account.
    pub id: BankAccountId,
    /// Whose it is.
    pub party_id: PartyId,
    /// The whole number; see [`BankAccount::iban_for`].
    pub iban: String,
    /// The BIC of the bank.
    pub bic: Option<String>,
    /// The holder's name as the bank has it.
    pub holder: String,
}

impl BankAccount {
    /// The number, whole or masked, as the actor may see it.
    pub fn iban_for(&self, actor: &Actor) -> String {
        if actor.may(BANK_ACCOUNT_READ) {
            self.iban.clone()
        } else {
            masked_iban(&self.iban)
        }
    }
}

/// The bank accounts of some parties; show their numbers by [`BankAccount::iban_for`] alone.
pub async fn bank_accounts_of(tx: &mut Tx, parties: &[PartyId]) -> Result<Vec<BankAccount>> {
    tx.require(PARTY_READ)?;
    Ok(bank_account::table
        .filter(bank_account::organisation_id.eq(tx.organisation()))
        .filter(bank_account::party_id.eq_any(parties))
        .order((bank_account::party_id, bank_account::id))
        .select(BankAccount::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible ones among some accounts.
pub async fn bank_accounts_by_ids(tx: &mut Tx, ids: &[BankAccountId]) -> Result<Vec<BankAccount>> {
    tx.require(PARTY_READ)?;
    Ok(bank_account::table
        .filter(bank_account::organisation_id.eq(tx.organisation()))
        .filter(bank_account::id.eq_any(ids))
        .select(BankAccount::as_select())
        .load(tx.conn())
        .await?)
}

/// Adds a bank account to a party.
#[derive(Clone, Debug, InputObject)]
pub struct BankAccountAddInput {
    /// An id made by the client, `bac_…`.
    pub id: Option<BankAccountId>,
    /// The party.
    pub party: PartyId,
    /// The number.
    pub iban: String,
    /// The BIC of the bank.
    pub bic: Option<String>,
    /// The holder's name; the party's when absent.
    pub holder: Option<String>,
}

/// Adds a bank account to a party. Needs a fresh proof of identity: payments follow it.
pub async fn add_bank_account(
    tx: &mut Tx,
    command: BankAccountAddInput,
) -> Result<(Party, BankAccount)> {
    tx.require(BANK_ACCOUNT_MANAGE)?;
    crate::auth::require_proof(tx)?;
    let party = lock(tx, command.party, "party").await?;
    let mut input = Input::new();
    let holder = command.holder.as_deref().unwrap_or(&party.name);
    let row = BankAccount {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(BankAccountId::generate),
        party_id: party.id,
        iban: input.take("iban", check::iban(&command.iban)),
        bic: input.take("bic", check::each(command.bic.as_deref(), check::bic)),
        holder: input.take("holder", check::text(holder, 200)),
    };
    input.finish()?;
    diesel::insert_into(bank_account::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(
                error.into(),
                "bank_account_once",
                "directory.account_taken",
                "iban",
            );
            taken(error, "bank_account_pkey", "kernel.id_taken", "id")
        })?;
    let party = touched(tx, party, "directory.bank_account.added", &row).await?;
    Ok((party, row))
}

/// Removes a bank account.
#[derive(Clone, Debug, InputObject)]
pub struct BankAccountRemoveInput {
    /// The account.
    pub id: BankAccountId,
}

/// Removes a bank account. Needs a fresh proof of identity.
pub async fn remove_bank_account(
    tx: &mut Tx,
    command: BankAccountRemoveInput,
) -> Result<(Party, BankAccountId)> {
    tx.require(BANK_ACCOUNT_MANAGE)?;
    crate::auth::require_proof(tx)?;
    let seen: BankAccount = bank_account::table
        .find((tx.organisation(), command.id))
        .select(BankAccount::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]))?;
    let party = lock(tx, seen.party_id, "id").await?;
    diesel::delete(bank_account::table.find((seen.organisation_id, seen.id)))
        .execute(tx.conn())
        .await?;
    let party = touched(tx, party, "directory.bank_account.removed", &seen).await?;
    Ok((party, seen.id))
}

/// The party's version moves with its accounts; the event holds the number masked.
async fn touched(
    tx: &mut Tx,
    mut party: Party,
    action: &'static str,
    row: &BankAccount,
) -> Result<Party> {
    party.version += 1;
    save(tx, &party).await?;
    let event = Event::new(action, "Party", party.id, PARTY_READ)
        .set("iban", masked_iban(&row.iban))
        .set("holder", &row.holder);
    tx.emit(event).await?;
    Ok(party)
}
