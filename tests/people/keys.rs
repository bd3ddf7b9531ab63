//! What an automation sees of itself and fetches; and what everybody sees of themselves.

use serde_json::{Value, json};

use super::importing::{import, people};
use super::stage::{count, done, end_of, fetch_by, text};
use crate::app::run;
use crate::client::{Client, Tenant};

/// Makes an API key; gives its id and a client that speaks by it.
async fn key(maker: &Client, name: &str, scopes: &[&str]) -> (String, Client) {
    let expires = ::kernel::Clock::System.now() + chrono::TimeDelta::days(30);
    let input = json!({ "name": name, "scopes": scopes, "expiresAt": expires });
    let payload = done(maker, "apiKeyCreate", input, "apiKey { id } secret").await;
    let id = text(&payload["apiKey"]["id"]);
    (id, maker.clone().bearing(&text(&payload["secret"])))
}

#[test]
fn a_key_sees_itself_and_no_other() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login_proved(app, "elena.campos").await;
        let (id, robot) = key(&owner, "Nóminas", &["people.payroll.read"]).await;
        let (other, _) = key(&owner, "Almacén", &["people.payroll.read"]).await;
        let data = robot
            .ask("{ viewer { kind apiKey { id name } employee { id } } apiKeys { totalCount } }")
            .await;
        assert_eq!(data["viewer"]["kind"], "API_KEY");
        assert_eq!(
            data["viewer"]["apiKey"],
            json!({ "id": id, "name": "Nóminas" })
        );
        assert_eq!(data["viewer"]["employee"], Value::Null);
        assert_eq!(data["apiKeys"]["totalCount"], 1, "{data}");
        let query = "query ($id: ID!) { apiKey(id: $id) { id } }";
        let data = robot.run(query, json!({ "id": other })).await;
        assert_eq!(data["apiKey"], Value::Null);
    });
}

#[test]
fn the_file_link_of_a_key_opens_as_that_key_and_ends_with_it() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login_proved(app, "elena.campos").await;
        let csv = people(3).replace(";VEN", ";LUNA");
        let job = import(&owner, &tenant.demo.company.to_string(), &csv, false).await;
        assert_eq!(end_of(&owner, &job).await, "FAILED");
        let scopes = ["people.employee.manage", "kernel.job.read"];
        let (id, robot) = key(&owner, "Altas", &scopes).await;
        let query = "query ($id: ID!) { job(id: $id) { results { nodes { \
                     download { path } } } } }";
        let data = robot.run(query, json!({ "id": job })).await;
        let file = &data["job"]["results"]["nodes"][0];
        assert!(!fetch_by(&robot, file).await.is_empty());
        let opened = "kernel.event WHERE action = 'directory.file.downloaded' \
                      AND actor_kind = 'api_key'";
        assert_eq!(count(app, &tenant, opened).await, 1);
        done(&owner, "apiKeyRevoke", json!({ "id": id }), "apiKey { id }").await;
        let host = robot.url().trim_end_matches("/graphql");
        let url = format!("{host}{}", text(&file["download"]["path"]));
        let answer = reqwest::get(&url).await.expect("a response");
        assert_eq!(answer.status().as_u16(), 404, "a revoked key opens nothing");
    });
}

#[test]
fn everybody_sees_their_own_roles_and_who_may_sees_all() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let query = "{ viewer { employee { fullName } } roleAssignments(first: 50) { totalCount \
                     nodes { user { displayName } } } }";
        let pablo = tenant.login(app, "pablo.serrano").await;
        let own = pablo.ask(query).await;
        assert_eq!(own["viewer"]["employee"]["fullName"], "Pablo Serrano Cano");
        assert_eq!(own["roleAssignments"]["totalCount"], 1, "{own}");
        let owner = tenant.login(app, "elena.campos").await;
        let all = owner.ask(query).await;
        let rows = count(app, &tenant, "directory.role_assignment").await;
        assert_eq!(all["roleAssignments"]["totalCount"], rows);
        let marta = tenant.login(app, "marta.ruiz").await;
        let id = &marta.ask("{ viewer { user { id } } }").await["viewer"]["user"]["id"];
        let query = "query ($user: ID!) { roleAssignments(filter: { user: { eq: $user } }) { \
                     nodes { role { key } company { code } } } }";
        let data = owner.run(query, json!({ "user": id })).await;
        let given = data["roleAssignments"]["nodes"].as_array().expect("roles");
        let keys: Vec<String> = given.iter().map(|it| text(&it["role"]["key"])).collect();
        assert_eq!(keys.len(), 2, "{data}");
        assert!(keys.contains(&"payroll_clerk".to_owned()), "{data}");
    });
}
