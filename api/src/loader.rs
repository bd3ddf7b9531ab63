//! Nouns of the API: newtypes over the domain's rows, loaded in batches and listed in pages.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use async_graphql::OutputType;
use async_graphql::dataloader::Loader;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::error::{Error, Result};
use kernel::filter::FilterInput;
use kernel::id::TypedId;
use kernel::page::{Page, PageRequest};

use crate::call::Reader;

/// A record that has an id and can be loaded by it, as far as the actor may see it.
pub trait Noun: OutputType + Clone + Send + Sync + Sized + 'static {
    /// Its id.
    type Id: TypedId;

    /// Its GraphQL type.
    const NAME: &'static str;

    /// Its id.
    fn key(&self) -> Self::Id;

    /// The visible ones of some ids, in one statement.
    fn by_ids<'t>(tx: &'t mut Tx, ids: &'t [Self::Id]) -> BoxFuture<'t, Result<Vec<Self>>>;
}

/// A noun with a root list.
pub trait Listed: Noun {
    /// Its filter.
    type Filter: FilterInput + Clone + 'static;
    /// What it can be sorted by.
    type Field: Copy + Send + Sync + 'static;

    /// A page.
    fn page(
        tx: &mut Tx,
        request: PageRequest<Self::Filter, Self::Field>,
    ) -> BoxFuture<'_, Result<Page<Self>>>;

    /// How many there are in all pages.
    fn count(
        tx: &mut Tx,
        request: PageRequest<Self::Filter, Self::Field>,
    ) -> BoxFuture<'_, Result<i64>>;
}

/// Declares a noun: a newtype over its row, its loader, and (with `listed`) its pages.
///
/// `noun! { /// An employee. Employee of people::employee as EmployeeRow, EmployeeId; listed by
/// EmployeeFilter, EmployeeSortField }` expects `by_ids`, `page` and `count` in the module.
#[macro_export]
macro_rules! noun {
    ($(#[$meta:meta])* $name:ident of $module:path as $row:ty, $id:ty
        $(; listed by $filter:ty, $field:ty)?) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name(pub $row);

        impl $crate::loader::Noun for $name {
            type Id = $id;
            const NAME: &'static str = stringify!($name);

            fn key(&self) -> $id {
                self.0.id
            }

            fn by_ids<'t>(
                tx: &'t mut kernel::Tx,
                ids: &'t [$id],
            ) -> futures::future::BoxFuture<'t, kernel::Result<Vec<Self>>> {
                use $module as module;
                Box::pin(async move {
                    Ok(module::by_ids(tx, ids).await?.into_iter().map(Self).collect())
                })
            }
        }

        $(impl $crate::loader::Listed for $name {
            type Filter = $filter;
            type Field = $field;

            fn page(
                tx: &mut kernel::Tx,
                request: kernel::page::PageRequest<$filter, $field>,
            ) -> futures::future::BoxFuture<'_, kernel::Result<kernel::page::Page<Self>>> {
                use $module as module;
                Box::pin(async move { Ok(module::page(tx, request).await?.map(Self)) })
            }

            fn count(
                tx: &mut kernel::Tx,
                request: kernel::page::PageRequest<$filter, $field>,
            ) -> futures::future::BoxFuture<'_, kernel::Result<i64>> {
                use $module as module;
                Box::pin(module::count(tx, request))
            }
        })?
    };
}

/// Loads a noun in batches through the request's reader.
pub struct NounLoader<N> {
    reader: Arc<Reader>,
    noun: PhantomData<fn() -> N>,
}

impl<N> NounLoader<N> {
    pub(crate) fn new(reader: Arc<Reader>) -> Self {
        Self {
            reader,
            noun: PhantomData,
        }
    }
}

impl<N: Noun> Loader<N::Id> for NounLoader<N> {
    type Value = N;
    type Error = Arc<Error>;

    /// What the actor may not see at all is as if it were not there.
    async fn load(&self, keys: &[N::Id]) -> std::result::Result<HashMap<N::Id, N>, Self::Error> {
        let keys = keys.to_vec();
        let found = self
            .reader
            .read(move |tx| Box::pin(async move { N::by_ids(tx, &keys).await }))
            .await;
        let found = match found {
            Err(Error::Denied(_)) => Vec::new(),
            other => other.map_err(Arc::new)?,
        };
        Ok(found.into_iter().map(|noun| (noun.key(), noun)).collect())
    }
}

/// Parts on their way, each with the id of the record that it belongs to.
pub type Parts<'t, Id, Part> = BoxFuture<'t, Result<Vec<(Id, Part)>>>;

/// What belongs to records of one kind and is no record of its own: the steps of an approval, the
/// name of a user. Loaded in batches by the ids of the records.
pub trait Part: Clone + Send + Sync + Sized + 'static {
    /// The id of the record that it belongs to.
    type Of: TypedId;

    /// The parts of some records in one statement, in their order within each record.
    fn of<'t>(tx: &'t mut Tx, ids: &'t [Self::Of]) -> Parts<'t, Self::Of, Self>;
}

/// Loads parts in batches through the request's reader.
pub struct PartLoader<P> {
    reader: Arc<Reader>,
    part: PhantomData<fn() -> P>,
}

impl<P> PartLoader<P> {
    pub(crate) fn new(reader: Arc<Reader>) -> Self {
        Self {
            reader,
            part: PhantomData,
        }
    }
}

impl<P: Part> Loader<P::Of> for PartLoader<P> {
    type Value = Vec<P>;
    type Error = Arc<Error>;

    async fn load(
        &self,
        keys: &[P::Of],
    ) -> std::result::Result<HashMap<P::Of, Vec<P>>, Self::Error> {
        let keys = keys.to_vec();
        let found = self
            .reader
            .read(move |tx| Box::pin(async move { P::of(tx, &keys).await }))
            .await
            .map_err(Arc::new)?;
        let mut parts: HashMap<P::Of, Vec<P>> = HashMap::new();
        for (of, part) in found {
            parts.entry(of).or_default().push(part);
        }
        Ok(parts)
    }
}
