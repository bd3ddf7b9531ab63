//! Log-in through a provider: right ones get in, and every kind of wrong one stays out.

use chrono::TimeDelta;
use serde_json::{Value, json};
use trastienda_core::demo::Demo;

use super::issuer::{Back, Issuer, Person, now};
use crate::app::{App, run};
use crate::client::{Client, Tenant};

const START: &str = "mutation ($input: IdentityStartInput!) { identityStart(input: $input) { \
                     url state userErrors { reason } } }";
const FINISH: &str = "mutation ($input: IdentityFinishInput!) { identityFinish(input: $input) { \
                      accessToken refreshToken csrfToken user { displayName } \
                      userErrors { reason field } } }";

/// A tenant that trusts a provider.
struct Trust {
    tenant: Tenant,
    issuer: Issuer,
    provider: String,
    owner: Client,
}

impl Trust {
    async fn new(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let issuer = Issuer::start().await;
        let owner = tenant.login_proved(app, "elena.campos").await;
        let input = json!({
            "name": "Casa", "issuer": issuer.url(), "clientId": "trastienda",
            "clientSecret": "un secreto",
        });
        let made = owner
            .run(
                "mutation ($input: IdentityProviderCreateInput!) { \
                 identityProviderCreate(input: $input) { identityProvider { id name issuer \
                 viewerCan { update { allowed } } } userErrors { reason message field } } }",
                json!({ "input": input }),
            )
            .await;
        let made = &made["identityProviderCreate"];
        assert_eq!(made["userErrors"], json!([]), "{made}");
        let provider = made["identityProvider"]["id"].as_str().unwrap().to_owned();
        Self {
            tenant,
            issuer,
            provider,
            owner,
        }
    }

    fn input(&self, kind: &str) -> Value {
        json!({ "input": {
            "organisation": self.tenant.demo.organisation, "provider": self.provider, "kind": kind,
        } })
    }

    fn email(&self, name: &str) -> String {
        Demo::email(&self.tenant.slug, name)
    }

    /// An app sets out: where to send the user, and the state to keep.
    async fn set_out(&self, app: &App) -> (String, String) {
        let begun = Client::anonymous(app)
            .await
            .run(START, self.input("MOBILE"))
            .await;
        let begun = &begun["identityStart"];
        let text = |name: &str| begun[name].as_str().unwrap_or_else(|| panic!("{begun}"));
        (text("url").to_owned(), text("state").to_owned())
    }

    /// The whole way of an app.
    async fn log_in(&self, app: &App, person: Person) -> Value {
        let (url, kept) = self.set_out(app).await;
        let back = self.issuer.log_in(&url, person);
        finish(app, &back, &kept, None).await
    }
}

async fn finish(app: &App, back: &Back, kept: &str, totp: Option<&str>) -> Value {
    let input = json!({
        "code": back.code, "state": back.state, "keptState": kept, "totp": totp,
    });
    let mut done = Client::anonymous(app)
        .await
        .run(FINISH, json!({ "input": input }))
        .await;
    done["identityFinish"].take()
}

fn reason(payload: &Value) -> &str {
    payload["userErrors"][0]["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("not refused: {payload}"))
}

#[test]
fn an_app_logs_in_through_a_provider() {
    run(|app| async move {
        let trust = Trust::new(app).await;
        let (url, kept) = trust.set_out(app).await;
        let person = Person::verified("sub-marta", &trust.email("marta.ruiz").to_uppercase());
        let back = trust.issuer.log_in(&url, person);
        assert_eq!(back.redirect, "es.ejemplo.app:/back");
        let done = finish(app, &back, &kept, None).await;
        assert_eq!(done["userErrors"], json!([]), "{done}");
        assert_eq!(done["user"]["displayName"], "Marta Ruiz Soler");
        assert!(done["refreshToken"].is_string() && done["csrfToken"].is_null());
        let marta = Client::anonymous(app)
            .await
            .bearing(done["accessToken"].as_str().unwrap());
        assert_eq!(
            marta.ask("{ viewer { name } }").await["viewer"]["name"],
            "Marta Ruiz Soler"
        );
        // From now on by the provider's own id: its address may change.
        let moved = Person::verified("sub-marta", "otra@ejemplo.es");
        assert_eq!(
            trust.log_in(app, moved).await["user"]["displayName"],
            "Marta Ruiz Soler"
        );
    });
}

#[test]
fn a_log_in_page_finds_the_providers_and_nobody_without_the_right_sees_their_settings() {
    run(|app| async move {
        let trust = Trust::new(app).await;
        let options = "query ($o: ID!) { identityOptions(organisation: $o) { \
                       providerId name } }";
        let of = json!({ "o": trust.tenant.demo.organisation });
        let anonymous = Client::anonymous(app).await;
        let found = anonymous.run(options, of.clone()).await;
        assert_eq!(
            found["identityOptions"],
            json!([{ "providerId": trust.provider, "name": "Casa" }])
        );
        let list = "{ identityProviders { nodes { name clientId } totalCount } }";
        let seen = trust.owner.ask(list).await;
        assert_eq!(seen["identityProviders"]["totalCount"], 1);
        let clerk = trust.tenant.login(app, "marta.ruiz").await;
        assert_eq!(clerk.refused(list, json!({})).await, "FORBIDDEN");
        assert_eq!(anonymous.refused(list, json!({})).await, "UNAUTHENTICATED");
        let update = "mutation ($input: IdentityProviderUpdateInput!) { \
                      identityProviderUpdate(input: $input) { identityProvider { enabled } \
                      userErrors { reason } } }";
        let off = json!({ "input": { "id": trust.provider, "patch": { "enabled": false } } });
        let off = trust.owner.run(update, off).await;
        assert_eq!(
            off["identityProviderUpdate"]["identityProvider"]["enabled"],
            false
        );
        assert_eq!(
            anonymous.run(options, of).await["identityOptions"],
            json!([])
        );
        let begun = anonymous.run(START, trust.input("MOBILE")).await;
        assert_eq!(
            reason(&begun["identityStart"]),
            "directory.identity_provider_unknown"
        );
    });
}

#[test]
fn every_wrong_token_is_refused() {
    run(|app| async move {
        let trust = Trust::new(app).await;
        let marta = Person::verified("sub-marta", &trust.email("marta.ruiz"));
        let wrong = [
            (
                "another audience",
                Person {
                    audience: Some("otro".to_owned()),
                    ..marta.clone()
                },
            ),
            (
                "another nonce",
                Person {
                    nonce: Some("otro".to_owned()),
                    ..marta.clone()
                },
            ),
            (
                "expired",
                Person {
                    issued: now() - TimeDelta::minutes(6),
                    ..marta.clone()
                },
            ),
        ];
        for (what, person) in wrong {
            let done = trust.log_in(app, person).await;
            assert_eq!(reason(&done), "directory.identity_failed", "{what}");
            assert!(done["accessToken"].is_null(), "{what}");
        }
        let unknown = [
            (
                "an unverified address",
                Person {
                    verified: false,
                    ..marta.clone()
                },
            ),
            (
                "nobody of ours",
                Person::verified("sub-x", "nadie@ejemplo.es"),
            ),
            (
                "an owner",
                Person::verified("sub-o", &trust.email("elena.campos")),
            ),
        ];
        for (what, person) in unknown {
            let done = trust.log_in(app, person).await;
            assert_eq!(reason(&done), "directory.identity_unknown_user", "{what}");
            assert!(done["accessToken"].is_null(), "{what}");
        }
        let done = trust.log_in(app, marta).await;
        assert_eq!(
            done["userErrors"],
            json!([]),
            "the right one still gets in: {done}"
        );
    });
}

#[test]
fn a_log_in_that_is_replayed_mixed_up_or_stolen_is_refused() {
    run(|app| async move {
        let trust = Trust::new(app).await;
        let marta = || Person::verified("sub-marta", &trust.email("marta.ruiz"));
        let (url, kept) = trust.set_out(app).await;
        let back = trust.issuer.log_in(&url, marta());
        let first = finish(app, &back, &kept, None).await;
        assert_eq!(first["userErrors"], json!([]), "{first}");
        let again = finish(app, &back, &kept, None).await;
        assert_eq!(reason(&again), "directory.identity_failed", "a replay");

        let (url, _) = trust.set_out(app).await;
        let back = trust.issuer.log_in(&url, marta());
        let (_, other) = trust.set_out(app).await;
        let mixed = finish(app, &back, &other, None).await;
        assert_eq!(
            reason(&mixed),
            "directory.identity_failed",
            "the state of another log-in"
        );

        // A code that was stolen on its way fits no other log-in: its challenge is another one's.
        let (url, _) = trust.set_out(app).await;
        let stolen = trust.issuer.log_in(&url, marta()).code;
        let (thief_url, kept) = trust.set_out(app).await;
        let own = trust.issuer.log_in(&thief_url, marta());
        let theft = Back {
            code: stolen,
            ..own
        };
        let done = finish(app, &theft, &kept, None).await;
        assert_eq!(reason(&done), "directory.identity_failed", "a stolen code");

        let (url, kept) = trust.set_out(app).await;
        let back = trust.issuer.log_in(&url, marta());
        let input = json!({
            "code": back.code, "state": back.state, "keptState": kept,
            "issuer": "https://otro.ejemplo.es",
        });
        let done = Client::anonymous(app)
            .await
            .run(FINISH, json!({ "input": input }))
            .await;
        let done = &done["identityFinish"];
        assert_eq!(
            reason(done),
            "directory.identity_failed",
            "another provider's answer"
        );
    });
}

/// Gives a user a second factor; gives its recovery codes.
async fn second_factor(client: &Client) -> Vec<String> {
    let begun = client
        .run(
            "mutation { userTotpEnrol(input: {}) { otpauthUrl userErrors { reason } } }",
            json!({}),
        )
        .await;
    let url = begun["userTotpEnrol"]["otpauthUrl"].as_str().unwrap();
    let totp = totp_rs::Totp::from_url(url).unwrap();
    let code = totp
        .generate(u64::try_from(now().timestamp()).unwrap())
        .to_string();
    let done = client
        .run(
            "mutation ($input: UserTotpConfirmInput!) { userTotpConfirm(input: $input) { \
             recoveryCodes userErrors { reason } } }",
            json!({ "input": { "code": code } }),
        )
        .await;
    let codes = done["userTotpConfirm"]["recoveryCodes"].as_array().unwrap();
    let codes: Vec<String> = codes
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    assert!(codes.len() > 4, "{done}");
    codes
}

#[test]
fn a_second_factor_is_wanted_behind_a_provider_too() {
    run(|app| async move {
        let trust = Trust::new(app).await;
        let codes = second_factor(&trust.tenant.login_proved(app, "marta.ruiz").await).await;
        let (url, kept) = trust.set_out(app).await;
        let marta = Person::verified("sub-marta", &trust.email("marta.ruiz"));
        let back = trust.issuer.log_in(&url, marta.clone());
        let missing = finish(app, &back, &kept, None).await;
        assert_eq!(reason(&missing), "directory.totp_required");
        assert_eq!(missing["userErrors"][0]["field"], json!(["input", "totp"]));
        let wrong = finish(app, &back, &kept, Some("000000")).await;
        assert_eq!(reason(&wrong), "directory.totp_wrong");
        let done = finish(app, &back, &kept, Some(&codes[0])).await;
        assert_eq!(done["userErrors"], json!([]), "{done}");
        assert_eq!(done["user"]["displayName"], "Marta Ruiz Soler");
        let again = finish(app, &back, &kept, Some(&codes[1])).await;
        assert_eq!(
            reason(&again),
            "directory.identity_failed",
            "a state is good once"
        );

        let (url, kept) = trust.set_out(app).await;
        let back = trust.issuer.log_in(&url, marta);
        for _ in 0..4 {
            let wrong = finish(app, &back, &kept, Some("000000")).await;
            assert_eq!(reason(&wrong), "directory.totp_wrong");
        }
        for code in ["000000", codes[2].as_str()] {
            let over = finish(app, &back, &kept, Some(code)).await;
            assert_eq!(
                reason(&over),
                "directory.identity_failed",
                "five tries and no more"
            );
        }
    });
}

/// A browser: what it is told to keep.
struct Browser {
    http: reqwest::Client,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn new() -> Self {
        Self {
            http: reqwest::Client::new(),
            cookies: Vec::new(),
        }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> (u16, String) {
        let kept: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let response = request
            .header("cookie", kept.join("; "))
            .send()
            .await
            .unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            assert!(text.contains("HttpOnly"), "{text}");
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn has(&self, name: &str) -> bool {
        self.cookies.iter().any(|(known, _)| known == name)
    }

    async fn set_out(&mut self, trust: &Trust) -> String {
        let body = json!({ "query": START, "variables": trust.input("BROWSER") });
        let request = self
            .http
            .post(trust.owner.url())
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(body.to_string());
        let (_, text) = self.send(request).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        let begun = &answer["data"]["identityStart"];
        assert!(
            begun["state"].is_null(),
            "a browser's state is in its cookie: {answer}"
        );
        begun["url"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    }

    async fn come_back(&mut self, back: &Back) -> (u16, String) {
        let asked = [("code", &back.code), ("state", &back.state)];
        let url = url::Url::parse_with_params(&back.redirect, asked).unwrap();
        let request = self.http.get(url.as_str());
        self.send(request).await
    }

    async fn name(&mut self, trust: &Trust) -> Value {
        let asked = [("query", "{ viewer { name } }")];
        let url = url::Url::parse_with_params(trust.owner.url(), asked).unwrap();
        let request = self
            .http
            .get(url.as_str())
            .header("accept", "application/json");
        let (_, text) = self.send(request).await;
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        answer["data"]["viewer"]["name"].take()
    }
}

#[test]
fn a_browser_comes_back_to_a_page_that_logs_it_in() {
    run(|app| async move {
        let trust = Trust::new(app).await;
        let marta = Person::verified("sub-marta", &trust.email("marta.ruiz"));
        let mut browser = Browser::new();
        let url = browser.set_out(&trust).await;
        assert!(browser.has("trastienda-identity"));
        let back = trust.issuer.log_in(&url, marta.clone());
        assert!(
            back.redirect.ends_with("/auth/oidc/callback"),
            "{}",
            back.redirect
        );
        let mut stranger = Browser::new();
        let (status, page) = stranger.come_back(&back).await;
        assert_eq!(status, 403, "without the cookie nobody gets in: {page}");
        let (status, page) = browser.come_back(&back).await;
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("http-equiv=\"refresh\""), "{page}");
        assert!(browser.has("trastienda") && !browser.has("trastienda-identity"));
        assert_eq!(browser.name(&trust).await, "Marta Ruiz Soler");
        assert_eq!(stranger.name(&trust).await, Value::Null);
    });
}

#[test]
fn a_browser_is_asked_for_its_second_factor_on_the_way_back() {
    run(|app| async move {
        let trust = Trust::new(app).await;
        let codes = second_factor(&trust.tenant.login_proved(app, "marta.ruiz").await).await;
        let mut browser = Browser::new();
        let url = browser.set_out(&trust).await;
        let marta = Person::verified("sub-marta", &trust.email("marta.ruiz"));
        let back = trust.issuer.log_in(&url, marta);
        let (status, page) = browser.come_back(&back).await;
        assert!(
            status == 200 && page.contains("name=\"totp\""),
            "{status} {page}"
        );
        assert!(!browser.has("trastienda"));
        let prove = |browser: &Browser, code: &str| {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("totp", code)
                .finish();
            browser
                .http
                .post(&back.redirect)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form)
        };
        let request = prove(&browser, "000000");
        let (status, page) = browser.send(request).await;
        assert!(
            status == 200 && page.contains("name=\"totp\""),
            "{status} {page}"
        );
        let request = prove(&browser, &codes[0]);
        let (status, page) = browser.send(request).await;
        assert!(status == 200 && page.contains("refresh"), "{status} {page}");
        assert_eq!(browser.name(&trust).await, "Marta Ruiz Soler");
    });
}
