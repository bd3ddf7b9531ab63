//! What certificate a host shows. The handshake is carried through, so that the host proves that
//! it holds the certificate's key; whether the certificate is trusted is not asked here, because an
//! expired one is to be read, not refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;
use x509_cert::der::Decode;

use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::target::Target;
use crate::{tcp, within};

/// A certificate as a host shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// From when it counts.
    pub begins_at: DateTime<Utc>,
    /// Until when it counts.
    pub expires_at: DateTime<Utc>,
    /// Whether it was issued for the host's name.
    pub names_host: bool,
}

/// Looks at the certificate of a host.
///
/// # Errors
/// A forbidden address; no connection; no TLS there; a certificate that can't be read.
pub async fn look(policy: &Policy, target: &Target, timeout: Duration) -> Result<Certificate> {
    within(timeout, async {
        let resolved = target.resolve(policy).await?;
        let stream = tcp::connect(&resolved).await?;
        let name = ServerName::try_from(resolved.host.clone())
            .map_err(|_| Error::Malformed("no name for TLS"))?;
        let seen = Arc::new(Seen::new());
        let connector = TlsConnector::from(Arc::new(config(seen.clone())?));
        let shaken = connector.connect(name, stream).await;
        shaken.map_err(|error| Error::Tls(error.to_string()))?;
        seen.certificate()
    })
    .await
}

fn config(seen: Arc<Seen>) -> Result<ClientConfig> {
    let provider = seen.provider.clone();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?;
    Ok(config
        .dangerous()
        .with_custom_certificate_verifier(seen)
        .with_no_client_auth())
}

/// Keeps the certificate that a host shows.
#[derive(Debug)]
struct Seen {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Option<Result<Certificate>>>,
}

impl Seen {
    fn new() -> Self {
        Self {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            shown: Mutex::default(),
        }
    }

    fn certificate(&self) -> Result<Certificate> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || Err(Error::Tls("no certificate was shown".to_owned()));
        shown.clone().unwrap_or_else(none)
    }
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let read = read(end_entity, server_name);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

fn read(shown: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<Certificate> {
    let unreadable = || Error::Tls("the certificate can't be read".to_owned());
    let certificate = x509_cert::Certificate::from_der(shown).map_err(|_| unreadable())?;
    let validity = certificate.tbs_certificate().validity();
    let instant = |time: &x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
        DateTime::from_timestamp(seconds, 0)
    };
    let parsed = rustls::server::ParsedCertificate::try_from(shown).map_err(|_| unreadable())?;
    Ok(Certificate {
        begins_at: instant(&validity.not_before).ok_or_else(unreadable)?,
        expires_at: instant(&validity.not_after).ok_or_else(unreadable)?,
        names_host: rustls::client::verify_server_name(&parsed, name).is_ok(),
    })
}

#[cfg(test)]
mod tests {
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../fixtures/certificate.der");
    const KEY: &[u8] = include_bytes!("../fixtures/key.der");

    async fn serve() -> u16 {
        crate::use_crypto();
        let chain = vec![CertificateDer::from(CERTIFICATE)];
        let key = PrivateKeyDer::try_from(KEY).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(acceptor.accept(stream).await);
            }
        });
        port
    }

    #[tokio::test]
    async fn a_certificate_tells_its_end_and_whether_it_names_the_host() {
        let port = serve().await;
        let policy = Policy::listing(["127.0.0.0/8", "::1"]).unwrap();
        let timeout = Duration::from_secs(5);
        let by_name = Target::parse(&format!("localhost:{port}"), None).unwrap();
        let seen = look(&policy, &by_name, timeout).await.unwrap();
        let expected: DateTime<Utc> = "2081-08-27T00:06:03Z".parse().unwrap();
        assert_eq!(seen.expires_at, expected);
        assert!(seen.names_host && seen.begins_at < seen.expires_at);
        let by_address = Target::parse(&format!("127.0.0.1:{port}"), None).unwrap();
        let seen = look(&policy, &by_address, timeout).await.unwrap();
        assert!(!seen.names_host);
    }

    #[tokio::test]
    async fn what_speaks_no_tls_and_what_is_silent_end_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let policy = Policy::listing(["127.0.0.1"]).unwrap();
        let target = Target::parse(&format!("127.0.0.1:{port}"), None).unwrap();
        let timeout = Duration::from_millis(200);
        let seen = look(&policy, &target, timeout).await;
        assert_eq!(seen, Err(Error::TimedOut));
        drop(listener);
        let seen = look(&policy, &target, timeout).await;
        assert_eq!(seen, Err(Error::Unreachable));
        let seen = look(&Policy::public(), &target, timeout).await;
        assert!(seen.unwrap_err().is_refusal());
    }
}
