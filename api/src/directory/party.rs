//! Parties through the API: the persons and organisations that business is done with.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::party::{
    self, Party as PartyRow, PartyCreateInput, PartyFilter, PartyKind, PartySort, PartySortField,
    PartyUpdateInput,
};
use directory::permission::{BANK_ACCOUNT_MANAGE, PARTY_MANAGE};
use kernel::Locale;
use kernel::ids::PartyId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::children::connected;
use crate::directory::file::File;
use crate::directory::party_detail::{AccountsOfParty, Address, AddressesOfParty, BankAccount};
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A person or organisation that business is done with.
    Party of directory::party as PartyRow, PartyId; listed by PartyFilter, PartySortField
}

/// What the viewer may do with a party.
#[derive(SimpleObject)]
pub struct PartyViewerCan {
    /// Change it and its addresses.
    update: Permission,
    /// Change its bank accounts; needs a fresh proof of identity too.
    update_bank_accounts: Permission,
}

/// A person or organisation that business is done with.
#[Object]
impl Party {
    /// The party.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Person or organisation.
    async fn kind(&self) -> PartyKind {
        self.0.kind
    }

    /// The full or registered name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The name on the door.
    async fn trade_name(&self) -> Option<&str> {
        self.0.trade_name.as_deref()
    }

    /// The country of the tax id, ISO 3166-1.
    async fn tax_country(&self) -> Option<&str> {
        self.0.tax_country.as_deref()
    }

    /// The tax id in its compact form.
    async fn tax_id(&self) -> Option<&str> {
        self.0.tax_id.as_deref()
    }

    /// What an integrator calls it.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// The e-mail address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The telephone number.
    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    /// The language of documents to it.
    async fn locale(&self) -> Locale {
        self.0.locale
    }

    /// Its addresses.
    async fn addresses(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Address>> {
        let slice = Slice::new(first, after, last, before);
        connected::<AddressesOfParty>(graph, self.0.id, slice).await
    }

    /// Its bank accounts; their numbers are masked without `directory.bank_account.read`.
    async fn bank_accounts(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<BankAccount>> {
        let slice = Slice::new(first, after, last, before);
        connected::<AccountsOfParty>(graph, self.0.id, slice).await
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, which moves with its addresses and accounts; for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<PartyViewerCan> {
        let call = Call::of(graph)?;
        let held = |permission| Permission::held(call, permission, |scope| !scope.is_nowhere());
        let update = held(PARTY_MANAGE);
        let update_bank_accounts = update.clone().and(|| held(BANK_ACCOUNT_MANAGE));
        Ok(PartyViewerCan {
            update,
            update_bank_accounts,
        })
    }

    /// The files attached to it, the latest first. Needs `directory.file.read`.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
    }

    /// What happened to it, its addresses and its accounts.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

payload! {
    /// What making a party gives.
    PartyCreatePayload {
        /// The party.
        party: Party
    }
    /// What changing a party gives.
    PartyUpdatePayload {
        /// The party.
        party: Party
    }
}

/// Looks at parties.
#[derive(Default)]
pub struct PartyQuery;

#[Object]
impl PartyQuery {
    /// A party. Needs `directory.party.read`.
    async fn party(&self, graph: &Context<'_>, id: PartyId) -> Result<Option<Party>> {
        find(graph, id).await
    }

    /// Parties. Needs `directory.party.read`.
    async fn parties(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PartyFilter>,
        sort: Option<PartySort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Party>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on parties.
#[derive(Default)]
pub struct PartyMutation;

#[Object]
impl PartyMutation {
    /// Makes a party. Needs `directory.party.manage`.
    async fn party_create(
        &self,
        graph: &Context<'_>,
        input: PartyCreateInput,
    ) -> Result<PartyCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Party(party::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a party. Needs `directory.party.manage`.
    async fn party_update(
        &self,
        graph: &Context<'_>,
        input: PartyUpdateInput,
    ) -> Result<PartyUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Party(party::update(tx, input).await?)) })
        })
        .await
    }
}
