//! Batches without waiting: what a request's loaders are asked for until its resolvers have nothing
//! left to do is read together.
//!
//! A loader gathers keys until its task runs. A timer would begin too early under load, so that one
//! list is read in many pieces, and too late without, because it can't wait for less than a
//! millisecond. In a request the tasks are run here instead, each time the resolvers wait.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::runtime::Timer;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesUnordered};
use futures::task::{FutureObj, Spawn, SpawnError};
use futures::{FutureExt as _, StreamExt as _};

tokio::task_local! {
    /// The tasks that the loaders of the request at hand have begun.
    static BEGUN: Arc<Begun>;
}

type Begun = Mutex<Vec<FutureObj<'static, ()>>>;

/// Runs the tasks of loaders: in the request's own turns; outside of a request as tasks of their
/// own, after a delay.
#[derive(Clone, Copy, Debug)]
pub struct InTurn;

impl Spawn for InTurn {
    fn spawn_obj(&self, task: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        match BEGUN.try_with(Arc::clone) {
            Ok(begun) => begun
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(task),
            Err(_) => drop(tokio::spawn(task)),
        }
        Ok(())
    }
}

impl Timer for InTurn {
    fn delay(&self, duration: Duration) -> BoxFuture<'static, ()> {
        match BEGUN.try_with(|_| ()) {
            Ok(()) => futures::future::ready(()).boxed(),
            Err(_) => tokio::time::sleep(duration).boxed(),
        }
    }
}

/// A request or a stream of answers, and the tasks of its loaders.
struct Turns<W> {
    work: W,
    begun: Arc<Begun>,
    tasks: FuturesUnordered<FutureObj<'static, ()>>,
}

impl<W> Turns<W> {
    fn new(work: W) -> Self {
        Self {
            work,
            begun: Arc::default(),
            tasks: FuturesUnordered::new(),
        }
    }

    /// Lets the work go on until it waits, then its loaders, by turns.
    fn turn<T>(
        &mut self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut W, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        loop {
            let (work, begun) = (&mut self.work, self.begun.clone());
            if let Poll::Ready(done) = BEGUN.sync_scope(begun, || poll(work, context)) {
                return Poll::Ready(done);
            }
            loop {
                let begun =
                    std::mem::take(&mut *self.begun.lock().unwrap_or_else(PoisonError::into_inner));
                let fresh = !begun.is_empty();
                self.tasks.extend(begun);
                let tasks = &mut self.tasks;
                let polled =
                    BEGUN.sync_scope(self.begun.clone(), || tasks.poll_next_unpin(context));
                match polled {
                    Poll::Ready(Some(())) => break,
                    Poll::Ready(None) | Poll::Pending if fresh => {}
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        }
    }
}

/// A request whose loaders run in its turns.
pub fn in_turns<T>(work: BoxFuture<'_, T>) -> impl Future<Output = T> + Send {
    let mut turns = Turns::new(work);
    std::future::poll_fn(move |context| {
        turns.turn(context, |work, context| work.poll_unpin(context))
    })
}

/// A stream of answers whose loaders run in its turns.
pub fn stream_in_turns<T: 'static>(work: BoxStream<'static, T>) -> BoxStream<'static, T> {
    let mut turns = Turns::new(work);
    futures::stream::poll_fn(move |context| {
        turns.turn(context, |work, context| work.poll_next_unpin(context))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::dataloader::{DataLoader, Loader};
    use std::collections::HashMap;

    /// Remembers the sizes of its batches.
    #[derive(Clone, Default)]
    struct Counting(Arc<Mutex<Vec<usize>>>);

    impl Loader<u32> for Counting {
        type Value = u32;
        type Error = ();

        async fn load(&self, keys: &[u32]) -> Result<HashMap<u32, u32>, ()> {
            self.0.lock().unwrap().push(keys.len());
            tokio::task::yield_now().await;
            Ok(keys.iter().map(|key| (*key, key * 2)).collect())
        }
    }

    async fn two_levels(loader: &DataLoader<Counting>) -> u32 {
        let twice = |key: u32| async move {
            tokio::task::yield_now().await;
            let once = loader.load_one(key).await.unwrap().unwrap();
            loader.load_one(once + 1_000).await.unwrap().unwrap()
        };
        futures::future::join_all((0..100).map(twice))
            .await
            .iter()
            .sum()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_level_of_a_request_is_one_batch() {
        for _ in 0..50 {
            let counting = Counting::default();
            let loader = DataLoader::new(counting.clone(), InTurn, InTurn);
            let sum = in_turns(two_levels(&loader).boxed()).await;
            assert_eq!(sum, (0..100).map(|key| (key * 2 + 1_000) * 2).sum::<u32>());
            assert_eq!(*counting.0.lock().unwrap(), [100, 100]);
        }
    }

    #[tokio::test]
    async fn a_stream_and_what_is_no_request_are_served_too() {
        let loader = Arc::new(DataLoader::new(Counting::default(), InTurn, InTurn));
        assert_eq!(loader.load_one(4_u32).await, Ok(Some(8)));
        let of = loader.clone();
        let answers = futures::stream::iter(0..3_u32).then(move |key| {
            let of = of.clone();
            async move { of.load_one(key).await.unwrap().unwrap() }
        });
        let seen: Vec<u32> = stream_in_turns(answers.boxed()).collect().await;
        assert_eq!(seen, [0, 2, 4]);
    }
}
