//! Where a provider sends users back to, as the installation's settings say.

use kernel::{Fault, Result};
use url::Url;

use super::{Outbound, Reach};
use crate::session::SessionKind;

/// The path that providers send browsers back to.
pub const CALLBACK: &str = "/auth/oidc/callback";

/// How a log-in through a provider leaves this installation and comes back to it.
#[derive(Clone, Debug)]
pub struct Landing {
    outbound: Outbound,
    base: Option<Url>,
    app: Option<String>,
    home: String,
}

impl Landing {
    /// A landing at the installation's public address, for apps at an address of their own, after
    /// which a browser goes to `home`, a path or an address.
    pub fn new(base: Option<Url>, app: Option<String>, home: String) -> Self {
        Self {
            outbound: Outbound {
                reach: Reach::Public,
            },
            base,
            app,
            home,
        }
    }

    /// The same, with providers anywhere: for tests with a local issuer.
    #[must_use]
    pub fn reaching_anywhere(self) -> Self {
        let outbound = Outbound {
            reach: Reach::Anywhere,
        };
        Self { outbound, ..self }
    }

    /// How requests to providers are made.
    pub fn outbound(&self) -> Outbound {
        self.outbound
    }

    /// Where a browser goes once it is logged in.
    pub fn home(&self) -> &str {
        &self.home
    }

    /// Whether browsers reach this installation by HTTPS.
    pub fn is_secure(&self) -> bool {
        self.base
            .as_ref()
            .is_some_and(|base| base.scheme() == "https")
    }

    /// Where a provider sends a client of a kind back to; a fault where nobody has said what the
    /// public address is.
    pub(super) fn callback(&self, kind: SessionKind) -> Result<String> {
        if let (SessionKind::Mobile, Some(app)) = (kind, &self.app) {
            return Ok(app.clone());
        }
        let unset = || Fault::not_allowed("directory.identity_no_address");
        let base = self.base.as_ref().ok_or_else(unset)?;
        let root = base.as_str().trim_end_matches('/');
        Ok(format!("{root}{CALLBACK}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landing(base: &str, app: Option<&str>) -> Landing {
        let base = Url::parse(base).unwrap();
        Landing::new(Some(base), app.map(str::to_owned), "/".to_owned())
    }

    #[test]
    fn browsers_land_here_and_apps_where_they_say() {
        let plain = landing("https://oficina.ejemplo.es/", None);
        let ours = "https://oficina.ejemplo.es/auth/oidc/callback";
        assert_eq!(plain.callback(SessionKind::Browser).unwrap(), ours);
        assert_eq!(plain.callback(SessionKind::Mobile).unwrap(), ours);
        let own = landing("https://oficina.ejemplo.es", Some("es.ejemplo.app:/back"));
        let app = own.callback(SessionKind::Mobile).unwrap();
        assert_eq!(app, "es.ejemplo.app:/back");
        assert_eq!(own.callback(SessionKind::Browser).unwrap(), ours);
    }

    #[test]
    fn without_a_public_address_nobody_is_sent_away() {
        let none = Landing::new(None, None, "/".to_owned());
        assert!(none.callback(SessionKind::Browser).is_err());
        assert!(!none.is_secure());
    }
}
