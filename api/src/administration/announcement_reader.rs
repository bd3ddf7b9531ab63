//! Who has read an announcement, and who has not: for readers their own receipt, for those who
//! manage it everybody's.

use std::sync::Arc;

use administration::announcement::{
    self, Progress as ProgressRow, ReadersRequest, Receipt as ReceiptRow,
};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::AnnouncementId;

use crate::call::Call;
use crate::connection::{Listing, Rows, Slice};
use crate::loader::Part;
use crate::processes::named::NamedUser;

/// When the viewer read and acknowledged an announcement. It is never taken back.
#[derive(Clone, Debug, SimpleObject)]
pub struct AnnouncementReceipt {
    /// When they read it.
    read_at: DateTime<Utc>,
    /// When they acknowledged it.
    acknowledged_at: Option<DateTime<Utc>>,
}

impl Part for AnnouncementReceipt {
    type Of = AnnouncementId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [AnnouncementId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(AnnouncementId, Self)>>> {
        async move {
            let mine = announcement::mine(tx, ids).await?;
            let receipt = |(id, read_at, acknowledged_at)| {
                let receipt = Self {
                    read_at,
                    acknowledged_at,
                };
                (id, receipt)
            };
            Ok(mine.into_iter().map(receipt).collect())
        }
        .boxed()
    }
}

/// How far an announcement has come.
#[derive(Clone, Debug, SimpleObject)]
pub struct AnnouncementProgress {
    /// How many it addresses.
    addressed_count: i32,
    /// How many of them have read it.
    read_count: i32,
    /// How many of them have acknowledged it.
    acknowledged_count: i32,
}

impl From<ProgressRow> for AnnouncementProgress {
    fn from(row: ProgressRow) -> Self {
        let count = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            addressed_count: count(row.addressed),
            read_count: count(row.read),
            acknowledged_count: count(row.acknowledged),
        }
    }
}

/// The progress of an announcement that the viewer manages.
#[derive(Clone, Debug)]
pub struct Progressed(pub AnnouncementProgress);

impl Part for Progressed {
    type Of = AnnouncementId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [AnnouncementId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(AnnouncementId, Self)>>> {
        async move {
            let made = announcement::progress(tx, ids).await?;
            Ok(made
                .into_iter()
                .map(|(id, progress)| (id, Self(progress.into())))
                .collect())
        }
        .boxed()
    }
}

/// That the viewer manages an announcement.
#[derive(Clone, Debug)]
pub struct Managed;

impl Part for Managed {
    type Of = AnnouncementId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [AnnouncementId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(AnnouncementId, Self)>>> {
        async move {
            let managed = announcement::managed(tx, ids).await?;
            Ok(managed.into_iter().map(|id| (id, Self)).collect())
        }
        .boxed()
    }
}

/// Somebody whom an announcement addresses, with what they have done.
#[derive(Clone, Debug)]
pub struct AnnouncementReader(ReceiptRow);

/// Somebody whom an announcement addresses, with what they have done.
#[Object]
impl AnnouncementReader {
    /// Who.
    async fn reader(&self) -> NamedUser {
        NamedUser(self.0.user_id)
    }

    /// When they read it.
    async fn read_at(&self) -> Option<DateTime<Utc>> {
        self.0.read_at
    }

    /// When they acknowledged it.
    async fn acknowledged_at(&self) -> Option<DateTime<Utc>> {
        self.0.acknowledged_at
    }
}

/// A page of those whom an announcement addresses.
pub(super) async fn reader_rows(
    graph: &Context<'_>,
    announcement: AnnouncementId,
    outstanding: bool,
    slice: Slice,
) -> Result<Rows<AnnouncementReader>> {
    let Slice {
        first,
        after,
        last,
        before,
    } = slice;
    let request = ReadersRequest {
        announcement,
        outstanding,
        first,
        after,
        last,
        before,
    };
    let counted = request.clone();
    let page = Call::of(graph)?
        .read(move |tx| async move { announcement::readers(tx, &request).await }.boxed())
        .await?;
    let count = move |call: Call| -> BoxFuture<'static, Result<i64>> {
        let request = counted.clone();
        async move {
            call.read(move |tx| {
                async move { announcement::readers_count(tx, &request).await }.boxed()
            })
            .await
        }
        .boxed()
    };
    Ok(Listing::new(page.map(AnnouncementReader), Arc::new(count)).into())
}
