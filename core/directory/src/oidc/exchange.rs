//! What is said with a provider: its addresses, and the code for an identity.

use chrono::{DateTime, Utc};
use kernel::{Error, Fault, Result};
use openidconnect::core::{CoreClient, CoreGenderClaim, CoreProviderMetadata};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, EmptyAdditionalClaims, HttpRequest,
    IdTokenClaims, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeVerifier, RedirectUrl,
    TokenResponse,
};

use super::Outbound;

/// A provider as the flow needs it.
pub(super) struct Settings {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) secret: Option<String>,
}

/// What a provider says of somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) subject: String,
    pub(super) email: Option<String>,
}

/// What proves that it is the same log-in that left.
pub(super) struct Proof {
    pub(super) code: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

type Claims = IdTokenClaims<EmptyAdditionalClaims, CoreGenderClaim>;

/// Exchanges the code for the identity, with every check of the standard: issuer, audience,
/// signature by a published key, time by our clock, nonce, hash of the access token.
pub(super) async fn exchange(
    outbound: Outbound,
    settings: &Settings,
    callback: &str,
    proof: Proof,
    now: DateTime<Utc>,
) -> Result<Identity> {
    let metadata = discover(outbound, settings).await?;
    let client = client_of(metadata, settings).set_redirect_uri(redirect(callback)?);
    let http = move |request: HttpRequest| outbound.call(request);
    let answer = client
        .exchange_code(AuthorizationCode::new(proof.code))
        .map_err(|error| failed("token endpoint", &error))?
        .set_pkce_verifier(PkceCodeVerifier::new(proof.verifier))
        .request_async(&http)
        .await
        .map_err(|error| failed("code", &error))?;
    let token = answer
        .id_token()
        .ok_or_else(|| failed("id token", &"there is none"))?;
    let verifier = client.id_token_verifier().set_time_fn(move || now);
    let claims = token
        .claims(&verifier, &Nonce::new(proof.nonce))
        .map_err(|error| failed("id token", &error))?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = token
            .signing_alg()
            .map_err(|error| failed("algorithm", &error))?;
        let key = token
            .signing_key(&verifier)
            .map_err(|error| failed("key", &error))?;
        let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key)
            .map_err(|error| failed("access token", &error))?;
        if actual != *expected {
            return Err(failed("access token", &"its hash differs"));
        }
    }
    Ok(identity_of(claims))
}

/// An address counts only when the provider has verified it.
fn identity_of(claims: &Claims) -> Identity {
    let verified = claims.email_verified() == Some(true);
    let email = claims
        .email()
        .filter(|_| verified)
        .map(|email| email.trim().to_lowercase());
    Identity {
        subject: claims.subject().as_str().to_owned(),
        email,
    }
}

pub(super) async fn discover(
    outbound: Outbound,
    settings: &Settings,
) -> Result<CoreProviderMetadata> {
    let issuer =
        IssuerUrl::new(settings.issuer.clone()).map_err(|error| failed("issuer", &error))?;
    let http = move |request: HttpRequest| outbound.call(request);
    CoreProviderMetadata::discover_async(issuer, &http)
        .await
        .map_err(|error| failed("discovery", &error))
}

/// A client of a provider whose token endpoint may be known.
pub(super) type Client = openidconnect::core::CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

pub(super) fn client_of(metadata: CoreProviderMetadata, settings: &Settings) -> Client {
    let secret = settings.secret.clone().map(ClientSecret::new);
    CoreClient::from_provider_metadata(metadata, ClientId::new(settings.client_id.clone()), secret)
}

pub(super) fn redirect(callback: &str) -> Result<RedirectUrl> {
    RedirectUrl::new(callback.to_owned()).map_err(|error| Error::bug(format!("callback: {error}")))
}

/// A refusal that tells the user little and the log more.
fn failed(what: &str, error: &dyn std::fmt::Display) -> Error {
    tracing::warn!(what, error = %error, "log-in through an identity provider failed");
    Fault::invalid("directory.identity_failed").into()
}

#[cfg(test)]
#[path = "local_issuer.rs"]
mod tests;
