//! What a mutation gives back: the record it touched, read again as far as the actor may see it.
//! Who may change pay without seeing it learns nothing from the reply.

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::id::TypedId;
use kernel::{Result, Tx};

use crate::act::Kept;
use crate::loader::Noun;

/// A record that an act touched.
pub struct Shown<N: Noun> {
    id: N::Id,
    /// The record; `None` for those who may not see it.
    pub record: Option<N>,
}

/// Reads a record that an act touched.
pub async fn shown<N: Noun>(tx: &mut Tx, id: N::Id) -> Result<Shown<N>> {
    let record = N::by_ids(tx, &[id]).await?.into_iter().next();
    Ok(Shown { id, record })
}

impl<N: Noun> Kept for Shown<N> {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.id.uuid())
    }

    fn again<'t>(tx: &'t mut Tx, kept: &'t serde_json::Value) -> BoxFuture<'t, Result<Self>> {
        async move { shown(tx, N::Id::from_uuid(serde_json::from_value(kept.clone())?)).await }
            .boxed()
    }
}

/// Declares the payload of a mutation that gives one record as far as it may be seen.
macro_rules! shown_payload {
    ($($(#[$meta:meta])* $name:ident { $(#[$field_meta:meta])* $field:ident: $noun:ty })*) => {$(
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$field_meta])*
            $field: Option<$noun>,
            /// What a person can mend; empty when it was done.
            user_errors: Vec<$crate::failure::UserError>,
        }

        impl $crate::act::Payload for $name {
            type Record = $crate::people::shown::Shown<$noun>;

            fn done(shown: Self::Record) -> Self {
                Self { $field: shown.record, user_errors: Vec::new() }
            }

            fn refused(user_errors: Vec<$crate::failure::UserError>) -> Self {
                Self { $field: None, user_errors }
            }

            async fn beside(self, current: &$crate::act::Current<'_>) -> Self {
                Self { $field: current.of::<$noun>().await, ..self }
            }
        }
    )*};
}

/// Declares the payload of a mutation that gives two records as far as they may be seen.
macro_rules! shown_pair_payload {
    ($($(#[$meta:meta])* $name:ident {
        $(#[$one_meta:meta])* $one:ident: $one_noun:ty,
        $(#[$two_meta:meta])* $two:ident: $two_noun:ty $(,)?
    })*) => {$(
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$one_meta])*
            $one: Option<$one_noun>,
            $(#[$two_meta])*
            $two: Option<$two_noun>,
            /// What a person can mend; empty when it was done.
            user_errors: Vec<$crate::failure::UserError>,
        }

        impl $crate::act::Payload for $name {
            type Record = (
                $crate::people::shown::Shown<$one_noun>,
                $crate::people::shown::Shown<$two_noun>,
            );

            fn done((one, two): Self::Record) -> Self {
                Self { $one: one.record, $two: two.record, user_errors: Vec::new() }
            }

            fn refused(user_errors: Vec<$crate::failure::UserError>) -> Self {
                Self { $one: None, $two: None, user_errors }
            }

            async fn beside(self, current: &$crate::act::Current<'_>) -> Self {
                Self {
                    $one: current.of::<$one_noun>().await,
                    $two: current.of::<$two_noun>().await,
                    ..self
                }
            }
        }
    )*};
}
pub(super) use {shown_pair_payload, shown_payload};
