//! The ear: what Postgres notifies on a channel, or the next beat.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::{FutureExt, StreamExt};
use kernel::error::{Error, Result};
use kernel::tx::Wake;

use crate::Bench;

/// Why one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Somebody notified.
    Word,
    /// Nobody did for a beat.
    Beat,
}

/// A connection that listens.
pub(crate) struct Ear {
    connection: AsyncPgConnection,
}

impl Ear {
    /// Begins to listen, in the relay's role.
    pub(crate) async fn open(bench: &Bench, wake: Wake) -> Result<Self> {
        let away =
            |error: diesel::ConnectionError| Error::Unavailable(format!("listener: {error}"));
        let connection = AsyncPgConnection::establish(&bench.settings.relay_url).await;
        let mut connection = connection.map_err(away)?;
        let listen = format!("LISTEN {}", wake.channel());
        connection.batch_execute(&listen).await?;
        Ok(Self { connection })
    }

    /// Waits for a word that counts, or for the beat; `None` when the process is to stop. What else
    /// has been said by then is covered by it.
    pub(crate) async fn hear(
        &mut self,
        bench: &Bench,
        counts: fn(&str) -> bool,
    ) -> Result<Option<Heard>> {
        let mut beat = std::pin::pin!(tokio::time::sleep(bench.settings.beat));
        let mut told = std::pin::pin!(self.connection.notifications_stream());
        loop {
            let word = tokio::select! {
                () = bench.stop.cancelled() => return Ok(None),
                () = &mut beat => return Ok(Some(Heard::Beat)),
                word = told.next() => word,
            };
            match word {
                Some(Ok(word)) if counts(&word.payload) => break,
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return Err(Error::Unavailable(format!("listener: {error}")));
                }
                None => return Err(Error::Unavailable("the listener's end".to_owned())),
            }
        }
        while let Some(Some(Ok(_))) = told.next().now_or_never() {}
        Ok(Some(Heard::Word))
    }
}
