//! Connections: the pages of lists in the shape that Relay knows, and plain pages of what is no
//! record.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Object, OutputType, Result, SimpleObject, TypeName};
use futures::future::BoxFuture;
use kernel::page::{Page, PageRequest};

use crate::call::Call;
use crate::loader::{Listed, Noun};

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether more follow.
    has_next_page: bool,
    /// Whether more come before.
    has_previous_page: bool,
    /// The cursor of the first item.
    start_cursor: Option<String>,
    /// The cursor of the last item.
    end_cursor: Option<String>,
}

type Count = dyn Fn(Call) -> BoxFuture<'static, Result<i64>> + Send + Sync;

/// A page of a list with its way to count: what a schema shows as a [`Connection`] or as [`Rows`].
pub struct Listing<N> {
    page: Page<N>,
    count: Arc<Count>,
}

impl<N> Listing<N> {
    /// A page with its way to count.
    pub fn new(page: Page<N>, count: Arc<Count>) -> Self {
        Self { page, count }
    }

    fn nodes(&self) -> Vec<&N> {
        self.page.rows.iter().map(|(_, node)| node).collect()
    }

    fn info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.page.has_next,
            has_previous_page: self.page.has_previous,
            start_cursor: self.page.rows.first().map(|(cursor, _)| cursor.clone()),
            end_cursor: self.page.rows.last().map(|(cursor, _)| cursor.clone()),
        }
    }

    async fn total(&self, graph: &Context<'_>) -> Result<i32> {
        let count = (self.count)(Call::of(graph)?.clone()).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// A page of a list of records.
pub struct Connection<N>(Listing<N>);

/// A page of a list of values: they are no records, so they have no id and no edges.
pub struct Rows<N>(Listing<N>);

impl<N> From<Listing<N>> for Connection<N> {
    fn from(listing: Listing<N>) -> Self {
        Self(listing)
    }
}

impl<N> From<Listing<N>> for Rows<N> {
    fn from(listing: Listing<N>) -> Self {
        Self(listing)
    }
}

/// An item of a list with its cursor.
pub struct Edge<N> {
    cursor: String,
    node: N,
}

impl<N: OutputType> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

impl<N: OutputType> TypeName for Rows<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Page", N::type_name()).into()
    }
}

impl<N: OutputType> TypeName for Edge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<N: OutputType + Clone> Connection<N> {
    /// The items with their cursors.
    async fn edges(&self) -> Vec<Edge<N>> {
        let edge = |(cursor, node): &(String, N)| Edge {
            cursor: cursor.clone(),
            node: node.clone(),
        };
        self.0.page.rows.iter().map(edge).collect()
    }

    /// The items.
    async fn nodes(&self) -> Vec<&N> {
        self.0.nodes()
    }

    /// Where this page stands.
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }

    /// How many items the whole list has. Counted only when asked for.
    async fn total_count(&self, graph: &Context<'_>) -> Result<i32> {
        self.0.total(graph).await
    }
}

/// A page of a list of values.
#[Object(name_type)]
impl<N: OutputType> Rows<N> {
    /// The values.
    async fn rows(&self) -> Vec<&N> {
        self.0.nodes()
    }

    /// Where this page stands.
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }

    /// How many values the whole list has. Counted only when asked for.
    async fn total_count(&self, graph: &Context<'_>) -> Result<i32> {
        self.0.total(graph).await
    }
}

/// An item of a list with its cursor.
#[Object(name_type)]
impl<N: OutputType> Edge<N> {
    /// The place of the item in its list; opaque.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The item.
    async fn node(&self) -> &N {
        &self.node
    }
}

/// Where a list's page begins and how long it is: the arguments that every list takes.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// How many from the front.
    pub first: Option<i32>,
    /// After which cursor.
    pub after: Option<String>,
    /// How many from the back.
    pub last: Option<i32>,
    /// Before which cursor.
    pub before: Option<String>,
}

impl Slice {
    /// The slice of the arguments, in the order of the schema.
    pub fn new(
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Self {
        Self {
            first,
            after,
            last,
            before,
        }
    }

    /// A request for this slice of what filter, sort and search choose.
    pub fn of<Filter, Field>(
        self,
        filter: Option<Filter>,
        sort: Option<impl Into<kernel::page::Sort<Field>>>,
        search: Option<String>,
    ) -> PageRequest<Filter, Field> {
        let Self {
            first,
            after,
            last,
            before,
        } = self;
        PageRequest {
            first,
            after,
            last,
            before,
            filter,
            sort: sort.map(Into::into),
            search,
            include_archived: false,
        }
    }
}

/// The connection of a noun's list.
pub async fn connect<N: Listed>(
    graph: &Context<'_>,
    request: PageRequest<N::Filter, N::Field>,
) -> Result<Connection<N>>
where
    PageRequest<N::Filter, N::Field>: Clone + Send + Sync,
{
    let call = Call::of(graph)?;
    let counted = request.clone();
    let page = call.read(move |tx| N::page(tx, request)).await?;
    let count: Arc<Count> = Arc::new(move |call: Call| {
        let request = counted.clone();
        Box::pin(async move { call.read(move |tx| N::count(tx, request)).await })
    });
    Ok(Listing::new(page, count).into())
}

/// The record of an id given by a client; `null` when it doesn't exist or may not be seen.
pub async fn find<N: Noun>(graph: &Context<'_>, id: N::Id) -> Result<Option<N>> {
    Call::of(graph)?.load(id).await
}
