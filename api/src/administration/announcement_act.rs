//! Acting on announcements through the API: written, published, read, acknowledged.

use administration::announcement::{
    self, AnnouncementAcknowledgeInput, AnnouncementArchiveInput, AnnouncementCreateInput,
    AnnouncementPublishInput, AnnouncementReadInput, AnnouncementUpdateInput,
};
use async_graphql::{Context, Object, Result};

use crate::act::act;
use crate::administration::announcement::Announcement;
use crate::payload;

payload! {
    /// What writing an announcement gives.
    AnnouncementCreatePayload {
        /// The announcement.
        announcement: Announcement
    }
    /// What changing an announcement gives.
    AnnouncementUpdatePayload {
        /// The announcement.
        announcement: Announcement
    }
    /// What publishing an announcement gives.
    AnnouncementPublishPayload {
        /// The announcement.
        announcement: Announcement
    }
    /// What archiving an announcement gives.
    AnnouncementArchivePayload {
        /// The announcement.
        announcement: Announcement
    }
    /// What saying that one has read an announcement gives.
    AnnouncementReadPayload {
        /// The announcement.
        announcement: Announcement
    }
    /// What acknowledging an announcement gives.
    AnnouncementAcknowledgePayload {
        /// The announcement.
        announcement: Announcement
    }
}

/// Acts on announcements.
#[derive(Default)]
pub struct AnnouncementMutation;

#[Object]
impl AnnouncementMutation {
    /// Writes an announcement, as a draft. Needs `administration.announcement.manage` for all whom
    /// it addresses.
    async fn announcement_create(
        &self,
        graph: &Context<'_>,
        input: AnnouncementCreateInput,
    ) -> Result<AnnouncementCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Announcement(announcement::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes an announcement: a draft as a whole, what was published in its end and its place
    /// alone. Needs `administration.announcement.manage` for all whom it addresses.
    async fn announcement_update(
        &self,
        graph: &Context<'_>,
        input: AnnouncementUpdateInput,
    ) -> Result<AnnouncementUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Announcement(announcement::update(tx, input).await?)) })
        })
        .await
    }

    /// Publishes an announcement: those whom it addresses are told once, when its time comes. Needs
    /// `administration.announcement.manage` for all of them.
    async fn announcement_publish(
        &self,
        graph: &Context<'_>,
        input: AnnouncementPublishInput,
    ) -> Result<AnnouncementPublishPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Announcement(announcement::publish(tx, input).await?)) })
        })
        .await
    }

    /// Archives an announcement: it is shown no more, and its receipts stay. Needs
    /// `administration.announcement.manage`.
    async fn announcement_archive(
        &self,
        graph: &Context<'_>,
        input: AnnouncementArchiveInput,
    ) -> Result<AnnouncementArchivePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Announcement(announcement::archive(tx, input).await?)) })
        })
        .await
    }

    /// Says that one has read an announcement that is shown now; again changes nothing. Needs
    /// `administration.announcement.read`.
    async fn announcement_read(
        &self,
        graph: &Context<'_>,
        input: AnnouncementReadInput,
    ) -> Result<AnnouncementReadPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Announcement(announcement::read(tx, input).await?)) })
        })
        .await
    }

    /// Acknowledges an announcement that asks for it, for good; again changes nothing. Needs
    /// `administration.announcement.read`.
    async fn announcement_acknowledge(
        &self,
        graph: &Context<'_>,
        input: AnnouncementAcknowledgeInput,
    ) -> Result<AnnouncementAcknowledgePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Announcement(announcement::acknowledge(tx, input).await?)) })
        })
        .await
    }
}
