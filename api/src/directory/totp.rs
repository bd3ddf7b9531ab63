//! The second factor through the API: set up, confirmed, taken away.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use directory::secret::Sensitive;
use directory::totp::{self, Enrolment};
use directory::{check, user};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;

use crate::act::{Current, Kept, Payload};
use crate::directory::sealed::sealed_act;
use crate::directory::user::User;
use crate::failure::UserError;
use crate::payload;

/// Begins to set up a second factor of one's own.
#[derive(InputObject)]
pub struct UserTotpEnrolInput {
    /// The version of one's user that the wish was made on.
    expected_version: Option<i32>,
}

/// Confirms a second factor of one's own.
#[derive(InputObject)]
pub struct UserTotpConfirmInput {
    /// The code that the authenticator app shows.
    code: Sensitive,
}

/// Takes one's own second factor away.
#[derive(InputObject)]
pub struct UserTotpDisableInput {
    /// The version of one's user that the wish was made on.
    expected_version: Option<i32>,
}

/// A user with what is shown to them once; a repeated request gives the user alone.
pub struct Shown {
    user: User,
    enrolment: Option<Enrolment>,
    codes: Vec<Sensitive>,
}

impl Shown {
    fn user(user: User) -> Self {
        Self {
            user,
            enrolment: None,
            codes: Vec::new(),
        }
    }
}

impl Kept for Shown {
    fn kept(&self) -> serde_json::Value {
        self.user.kept()
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move { Ok(Self::user(User::again(tx, kept).await?)) }.boxed()
    }
}

/// What beginning to set up a second factor gives.
#[derive(SimpleObject)]
pub struct UserTotpEnrolPayload {
    /// The user; nothing counts until the first code is confirmed.
    user: Option<User>,
    /// The `otpauth://` URL for a QR code; shown this once.
    otpauth_url: Option<String>,
    /// The secret in Base32, to be typed; shown this once.
    secret: Option<String>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for UserTotpEnrolPayload {
    type Record = Shown;

    fn done(shown: Shown) -> Self {
        let (url, secret) = match shown.enrolment {
            Some(enrolment) => (Some(enrolment.url.0), Some(enrolment.secret.0)),
            None => (None, None),
        };
        Self {
            user: Some(shown.user),
            otpauth_url: url,
            secret,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            user: None,
            otpauth_url: None,
            secret: None,
            user_errors,
        }
    }

    async fn beside(self, current: &Current<'_>) -> Self {
        Self {
            user: current.of::<User>().await,
            ..self
        }
    }
}

/// What confirming a second factor gives.
#[derive(SimpleObject)]
pub struct UserTotpConfirmPayload {
    /// The user, from now on with a second factor.
    user: Option<User>,
    /// Codes for the day the device is lost, each good once; shown this once.
    recovery_codes: Vec<String>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for UserTotpConfirmPayload {
    type Record = Shown;

    fn done(shown: Shown) -> Self {
        let recovery_codes = shown.codes.into_iter().map(|code| code.0).collect();
        Self {
            user: Some(shown.user),
            recovery_codes,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            user: None,
            recovery_codes: Vec::new(),
            user_errors,
        }
    }
}

payload! {
    /// What taking one's second factor away gives.
    UserTotpDisablePayload {
        /// The user.
        user: User
    }
}

/// Acts on one's own second factor.
#[derive(Default)]
pub struct TotpMutation;

#[Object]
impl TotpMutation {
    /// Begins to set up a second factor of one's own. Needs a fresh proof of identity.
    async fn user_totp_enrol(
        &self,
        graph: &Context<'_>,
        input: UserTotpEnrolInput,
    ) -> Result<UserTotpEnrolPayload> {
        sealed_act(graph, move |tx, keys| {
            Box::pin(async move {
                let user = own(tx, input.expected_version).await?;
                let enrolment = Some(totp::enrol(tx, keys).await?);
                Ok(Shown {
                    enrolment,
                    ..Shown::user(user)
                })
            })
        })
        .await
    }

    /// Confirms one's second factor by its first code, and gives the recovery codes.
    async fn user_totp_confirm(
        &self,
        graph: &Context<'_>,
        input: UserTotpConfirmInput,
    ) -> Result<UserTotpConfirmPayload> {
        sealed_act(graph, move |tx, keys| {
            Box::pin(async move {
                let codes = totp::confirm(tx, keys, &input.code).await?;
                Ok(Shown {
                    codes,
                    ..Shown::user(own(tx, None).await?)
                })
            })
        })
        .await
    }

    /// Takes one's own second factor away. Needs a fresh proof of identity.
    async fn user_totp_disable(
        &self,
        graph: &Context<'_>,
        input: UserTotpDisableInput,
    ) -> Result<UserTotpDisablePayload> {
        sealed_act(graph, move |tx, _| {
            Box::pin(async move {
                own(tx, input.expected_version).await?;
                totp::disable(tx).await?;
                own(tx, None).await
            })
        })
        .await
    }
}

/// The user who acts, as the caller saw them.
async fn own(tx: &mut Tx, expected: Option<i32>) -> kernel::Result<User> {
    let nobody = || kernel::Error::Denied("directory.user");
    let row = user::viewer(tx).await?.ok_or_else(nobody)?;
    check::version(row.version, expected)?;
    Ok(User(row))
}
