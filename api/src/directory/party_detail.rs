//! Addresses and bank accounts of parties through the API. Account numbers are masked for those
//! who may not see them.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use directory::party::{
    self, Address as AddressRow, AddressAddInput, AddressPurpose, AddressRemoveInput,
    AddressUpdateInput, BankAccount as BankAccountRow, BankAccountAddInput, BankAccountRemoveInput,
    addresses_of, bank_accounts_of,
};
use directory::permission::PARTY_READ;
use kernel::ids::{AddressId, BankAccountId, PartyId};

use crate::act::{Current, Payload, act};
use crate::call::Call;
use crate::directory::children::children;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::directory::sealed::Removed;
use crate::failure::UserError;
use crate::noun;

/// What addresses are loaded by.
mod addresses {
    pub use directory::party::addresses_by_ids as by_ids;
}

/// What bank accounts are loaded by.
mod accounts {
    pub use directory::party::bank_accounts_by_ids as by_ids;
}

noun! {
    /// A postal address of a party.
    Address of self::addresses as AddressRow, AddressId
}

noun! {
    /// A bank account of a party.
    BankAccount of self::accounts as BankAccountRow, BankAccountId
}

children! {
    AddressesOfParty: Address of PartyId; by addresses_of, |row| Some(row.party_id)
}

children! {
    AccountsOfParty: BankAccount of PartyId; by bank_accounts_of, |row| Some(row.party_id)
}

/// A postal address of a party.
#[Object]
impl Address {
    /// The address.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Whose it is.
    async fn party(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, Some(self.0.party_id)).await
    }

    /// What it is for.
    async fn purpose(&self) -> AddressPurpose {
        self.0.purpose
    }

    /// Street and number.
    async fn street(&self) -> &str {
        &self.0.street
    }

    /// The postal code.
    async fn postal_code(&self) -> Option<&str> {
        self.0.postal_code.as_deref()
    }

    /// The city.
    async fn city(&self) -> &str {
        &self.0.city
    }

    /// The region or province.
    async fn region(&self) -> Option<&str> {
        self.0.region.as_deref()
    }

    /// The country, ISO 3166-1.
    async fn country(&self) -> &str {
        &self.0.country
    }
}

/// A bank account of a party.
#[Object]
impl BankAccount {
    /// The account.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Whose it is.
    async fn party(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, Some(self.0.party_id)).await
    }

    /// The number; masked without `directory.bank_account.read`.
    async fn iban(&self, graph: &Context<'_>) -> Result<String> {
        Ok(self.0.iban_for(Call::of(graph)?.actor()))
    }

    /// The BIC of the bank.
    async fn bic(&self) -> Option<&str> {
        self.0.bic.as_deref()
    }

    /// The holder's name as the bank has it.
    async fn holder(&self) -> &str {
        &self.0.holder
    }

    /// The fields that the viewer sees masked or not at all.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let shown = self.0.iban_for(Call::of(graph)?.actor());
        Ok(if shown == self.0.iban {
            Vec::new()
        } else {
            vec!["iban"]
        })
    }
}

/// Declares the payload of an act on a party and something of it that stays.
macro_rules! of_party {
    ($(#[$meta:meta])* $name:ident { $field:ident: $thing:ty }) => {
        $(#[$meta])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// The party, whose version has moved.
            party: Option<Party>,
            /// What was added or changed.
            $field: Option<$thing>,
            /// What a person can mend; empty when it was done.
            user_errors: Vec<UserError>,
        }

        impl Payload for $name {
            type Record = (Party, $thing);

            fn done((party, thing): Self::Record) -> Self {
                Self { party: Some(party), $field: Some(thing), user_errors: Vec::new() }
            }

            fn refused(user_errors: Vec<UserError>) -> Self {
                Self { party: None, $field: None, user_errors }
            }

            async fn beside(self, current: &Current<'_>) -> Self {
                let $field = current.of::<$thing>().await;
                let party = match &$field {
                    Some(thing) => current.load::<Party>(thing.0.party_id).await,
                    None => current.of::<Party>().await,
                };
                Self { party, $field, ..self }
            }
        }
    };
}

/// Declares the payload of an act that takes something away from a party.
macro_rules! from_party {
    ($(#[$meta:meta])* $name:ident of $id:ty) => {
        $(#[$meta])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// The party, whose version has moved.
            party: Option<Party>,
            /// The id that is gone.
            deleted_id: Option<ID>,
            /// What a person can mend; empty when it was done.
            user_errors: Vec<UserError>,
        }

        impl Payload for $name {
            type Record = Removed<Party, $id>;

            fn done(record: Self::Record) -> Self {
                let deleted_id = Some(record.gone.into());
                Self { party: record.owner, deleted_id, user_errors: Vec::new() }
            }

            fn refused(user_errors: Vec<UserError>) -> Self {
                Self { party: None, deleted_id: None, user_errors }
            }
        }
    };
}

of_party! {
    /// What adding an address gives.
    AddressAddPayload { address: Address }
}

of_party! {
    /// What changing an address gives.
    AddressUpdatePayload { address: Address }
}

of_party! {
    /// What adding a bank account gives.
    BankAccountAddPayload { bank_account: BankAccount }
}

from_party! {
    /// What removing an address gives.
    AddressRemovePayload of AddressId
}

from_party! {
    /// What removing a bank account gives.
    BankAccountRemovePayload of BankAccountId
}

/// Acts on addresses and bank accounts of parties.
#[derive(Default)]
pub struct PartyDetailMutation;

#[Object]
impl PartyDetailMutation {
    /// Adds an address to a party. Needs `directory.party.manage`.
    async fn address_add(
        &self,
        graph: &Context<'_>,
        input: AddressAddInput,
    ) -> Result<AddressAddPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (party, row) = party::add_address(tx, input).await?;
                Ok((Party(party), Address(row)))
            })
        })
        .await
    }

    /// Changes an address. Needs `directory.party.manage`.
    async fn address_update(
        &self,
        graph: &Context<'_>,
        input: AddressUpdateInput,
    ) -> Result<AddressUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (party, row) = party::update_address(tx, input).await?;
                Ok((Party(party), Address(row)))
            })
        })
        .await
    }

    /// Removes an address. Needs `directory.party.manage`.
    async fn address_remove(
        &self,
        graph: &Context<'_>,
        input: AddressRemoveInput,
    ) -> Result<AddressRemovePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (party, gone) = party::remove_address(tx, input).await?;
                Ok(Removed {
                    owner: Some(Party(party)),
                    gone,
                })
            })
        })
        .await
    }

    /// Adds a bank account to a party. Needs `directory.bank_account.manage`,
    /// `directory.party.manage` and a fresh proof of identity.
    async fn bank_account_add(
        &self,
        graph: &Context<'_>,
        input: BankAccountAddInput,
    ) -> Result<BankAccountAddPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (party, row) = party::add_bank_account(tx, input).await?;
                Ok((Party(party), BankAccount(row)))
            })
        })
        .await
    }

    /// Removes a bank account. Needs `directory.bank_account.manage`, `directory.party.manage` and
    /// a fresh proof of identity.
    async fn bank_account_remove(
        &self,
        graph: &Context<'_>,
        input: BankAccountRemoveInput,
    ) -> Result<BankAccountRemovePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (party, gone) = party::remove_bank_account(tx, input).await?;
                Ok(Removed {
                    owner: Some(Party(party)),
                    gone,
                })
            })
        })
        .await
    }
}
