//! Many records acted on at once: what became of each, and what an idempotency key keeps of it.

use std::collections::HashMap;

use futures::future::BoxFuture;
use kernel::id::TypedId;
use kernel::{Fault, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::act::Kept;
use crate::call::Call;
use crate::failure::UserError;
use crate::loader::Noun;

/// What became of one of many.
#[derive(Clone, Debug)]
pub struct One<N> {
    /// Its place in the input, from 0.
    pub index: usize,
    /// The record, when it was done.
    pub record: Option<N>,
    /// What was wrong with it.
    pub user_errors: Vec<UserError>,
}

/// What became of many, in the order of the input.
pub struct Many<N>(pub Vec<One<N>>);

impl<N> Many<N> {
    /// What became of each, its faults spoken to the caller under `input.<list>.<index>`.
    pub fn spoken(
        call: &Call,
        list: &str,
        outcomes: impl IntoIterator<Item = (usize, Option<N>, Vec<Fault>)>,
    ) -> Self {
        let speak = |index: usize, fault: Fault| {
            let fault = fault.under([list.to_owned(), index.to_string()]);
            UserError::of(&call.core().speaker, call.context().locale, &fault)
        };
        let one = |(index, record, faults): (usize, Option<N>, Vec<Fault>)| One {
            index,
            record,
            user_errors: faults
                .into_iter()
                .map(|fault| speak(index, fault))
                .collect(),
        };
        Self(outcomes.into_iter().map(one).collect())
    }

    /// Each one's own among the errors of a batch that was refused whole.
    pub fn told_apart(errors: &[UserError], list: &str, count: usize) -> Self {
        let own = |index: usize| One {
            index,
            record: None,
            user_errors: errors
                .iter()
                .filter(|error| place_of(error, list) == Some(index))
                .cloned()
                .collect(),
        };
        Self((0..count).map(own).collect())
    }
}

/// Which of a list an error is about, by `input.<list>.<index>`.
fn place_of(error: &UserError, list: &str) -> Option<usize> {
    match error.field.as_deref()? {
        [input, name, index, ..] if input == "input" && name == list => index.parse().ok(),
        _ => None,
    }
}

/// What a key keeps of one.
#[derive(Serialize, Deserialize)]
struct KeptOne {
    index: usize,
    record: Option<Uuid>,
    errors: Vec<UserError>,
}

impl<N: Noun> Kept for Many<N> {
    fn kept(&self) -> serde_json::Value {
        let kept = |one: &One<N>| KeptOne {
            index: one.index,
            record: one.record.as_ref().map(|record| record.key().uuid()),
            errors: one.user_errors.clone(),
        };
        serde_json::json!(self.0.iter().map(kept).collect::<Vec<_>>())
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move {
            let kept: Vec<KeptOne> = serde_json::from_value(kept.clone())?;
            let ids: Vec<Uuid> = kept.iter().filter_map(|one| one.record).collect();
            let mut found: HashMap<Uuid, N> = Records::<N>::found(tx, &ids).await?;
            let one = |one: KeptOne| One {
                index: one.index,
                record: one.record.and_then(|id| found.remove(&id)),
                user_errors: one.errors,
            };
            Ok(Self(kept.into_iter().map(one).collect()))
        })
    }
}

/// The records that an act touched, in its order.
pub struct Records<N>(pub Vec<N>);

impl<N: Noun> Records<N> {
    async fn found(tx: &mut Tx, ids: &[Uuid]) -> kernel::Result<HashMap<Uuid, N>> {
        let ids: Vec<N::Id> = ids.iter().copied().map(N::Id::from_uuid).collect();
        let found = N::by_ids(tx, &ids).await?;
        Ok(found
            .into_iter()
            .map(|record| (record.key().uuid(), record))
            .collect())
    }
}

impl<N: Noun> Kept for Records<N> {
    fn kept(&self) -> serde_json::Value {
        let ids: Vec<Uuid> = self.0.iter().map(|record| record.key().uuid()).collect();
        serde_json::json!(ids)
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move {
            let ids: Vec<Uuid> = serde_json::from_value(kept.clone())?;
            let mut found = Self::found(tx, &ids).await?;
            Ok(Self(ids.iter().filter_map(|id| found.remove(id)).collect()))
        })
    }
}

/// Declares the payload of a mutation that does the same with many records of a list.
///
/// `bulk_payload! { /// What posting gives. EntryBulkPostPayload { /// What became of one.
/// EntryBulkPostResult { /// The entry, when it was posted. entry: Entry } in "entries" } }`
#[macro_export]
macro_rules! bulk_payload {
    ($(#[$meta:meta])* $payload:ident { $(#[$result_meta:meta])* $result:ident {
        $(#[$field_meta:meta])* $field:ident: $record:ty
    } in $list:literal }) => {
        $(#[$result_meta])*
        #[derive(Clone, Debug, async_graphql::SimpleObject)]
        pub struct $result {
            /// Its place in the input, from 0.
            index: usize,
            $(#[$field_meta])*
            $field: Option<$record>,
            /// What was wrong with it.
            user_errors: Vec<$crate::failure::UserError>,
        }

        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            /// What became of each, in the order of the input.
            results: Vec<$result>,
            /// What a person can mend when nothing was done; empty when it was, though single
            /// ones may have failed.
            user_errors: Vec<$crate::failure::UserError>,
        }

        impl From<$crate::many::One<$record>> for $result {
            fn from(one: $crate::many::One<$record>) -> Self {
                Self {
                    index: one.index,
                    $field: one.record,
                    user_errors: one.user_errors,
                }
            }
        }

        impl $crate::act::Payload for $payload {
            type Record = $crate::many::Many<$record>;

            fn done(record: Self::Record) -> Self {
                Self {
                    results: record.0.into_iter().map(Into::into).collect(),
                    user_errors: Vec::new(),
                }
            }

            fn refused(user_errors: Vec<$crate::failure::UserError>) -> Self {
                Self {
                    results: Vec::new(),
                    user_errors,
                }
            }
        }

        impl $payload {
            /// Tells each of so many its own errors when nothing was done.
            fn told_apart(mut self, count: usize) -> Self {
                if self.results.is_empty() && !self.user_errors.is_empty() {
                    let own = $crate::many::Many::told_apart(&self.user_errors, $list, count);
                    self.results = own.0.into_iter().map(Into::into).collect();
                }
                self
            }
        }
    };
}
