//! Subscriptions over a real WebSocket: a job to its end, the feed without a gap.

use serde_json::{Value, json};

use super::socket::Socket;
use crate::app::run;
use crate::client::{Client, Tenant};

const JOB: &str = "subscription ($id: ID!) { jobProgressed(id: $id) { id status finishedAt \
    progress { done total percent } userErrors { reason message } } }";
const FEED: &str = "subscription ($after: String, $types: [String!]) { \
    recordChanged(after: $after, types: $types) { cursor kind subjectKind subjectId at \
    subject { __typename id } } }";

/// The job of a rehearsed run of the payroll's schedule.
async fn rehearsal(owner: &Client) -> Value {
    let data = owner.ask("{ schedules { nodes { id } } }").await;
    let schedule = data["schedules"]["nodes"][0]["id"].clone();
    let data = owner
        .run(
            "mutation ($input: ScheduleRunInput!) { scheduleRun(input: $input) { \
             job { id } userErrors { code reason message } } }",
            json!({ "input": { "id": schedule, "dryRun": true } }),
        )
        .await;
    let job = data["scheduleRun"]["job"]["id"].clone();
    assert!(job.is_string(), "{data}");
    job
}

async fn party(owner: &Client, name: &str) -> String {
    let data = owner
        .run(
            "mutation ($input: PartyCreateInput!) { partyCreate(input: $input) { \
             party { id } userErrors { code reason message } } }",
            json!({ "input": { "kind": "ORGANISATION", "name": name } }),
        )
        .await;
    data["partyCreate"]["party"]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// Reads the feed until all of some records were told of; gives them in the order they came, and
/// the last cursor.
async fn told(socket: &mut Socket, wanted: &[String]) -> (Vec<String>, String) {
    let mut came = Vec::new();
    loop {
        let message = socket.next().await;
        assert_eq!(message["type"], "next", "{message}");
        let event = &message["payload"]["data"]["recordChanged"];
        let id = event["subjectId"]
            .as_str()
            .unwrap_or_else(|| panic!("{message}"))
            .to_owned();
        assert_eq!(
            event["subjectKind"], "Party",
            "only what was asked for: {message}"
        );
        if wanted.contains(&id) {
            assert_eq!(event["subject"], json!({ "__typename": "Party", "id": id }));
            came.push(id);
        }
        if came.len() == wanted.len() {
            return (came, event["cursor"].as_str().expect("a cursor").to_owned());
        }
    }
}

#[test]
fn a_job_is_followed_to_its_end() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let mut socket = Socket::of(&owner).await;
        let job = rehearsal(&owner).await;
        socket.subscribe("1", JOB, json!({ "id": job })).await;
        let mut last = Value::Null;
        loop {
            let message = socket.next().await;
            if message["type"] == "complete" {
                break;
            }
            assert_eq!(message["type"], "next", "{message}");
            last = message["payload"]["data"]["jobProgressed"].clone();
            assert_eq!(last["id"], job, "{message}");
        }
        assert_eq!(last["status"], "SUCCEEDED", "{last}");
        assert!(last["finishedAt"].is_string(), "{last}");
    });
}

#[test]
fn a_job_of_others_is_not_followed() {
    run(|app| async move {
        let (tenant, other) = (Tenant::new(app).await, Tenant::new(app).await);
        let owner = tenant.login(app, "elena.campos").await;
        let stranger = other.login(app, "elena.campos").await;
        let job = rehearsal(&owner).await;
        let mut socket = Socket::of(&stranger).await;
        socket.subscribe("1", JOB, json!({ "id": job })).await;
        assert_eq!(socket.next().await["type"], "complete");
    });
}

#[test]
fn the_feed_goes_on_from_a_cursor_and_loses_nothing() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let start = owner.ask("{ changes(first: 1) { cursor } }").await;
        let after = json!({ "after": start["changes"]["cursor"], "types": ["Party"] });
        let mut socket = Socket::of(&owner).await;
        socket.subscribe("feed", FEED, after).await;
        let first = vec![party(&owner, "Uno").await];
        let (came, cursor) = told(&mut socket, &first).await;
        assert_eq!(came, first);
        drop(socket);
        let mut missed = Vec::new();
        for name in ["Dos", "Tres", "Cuatro"] {
            missed.push(party(&owner, name).await);
        }
        let mut socket = Socket::of(&owner).await;
        let after = json!({ "after": cursor, "types": ["Party"] });
        socket.subscribe("feed", FEED, after).await;
        missed.push(party(&owner, "Cinco").await);
        let (came, last) = told(&mut socket, &missed).await;
        assert_eq!(came, missed, "all of them, once, in order");
        assert!(last.parse::<i64>().unwrap() > cursor.parse::<i64>().unwrap());
    });
}

#[test]
fn silent_streams_hold_no_connection_and_still_tell() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        // More streams than the pool has connections.
        let mut sockets = Vec::new();
        for _ in 0..3 {
            let mut socket = Socket::of(&owner).await;
            for id in 0..20 {
                let wanted = json!({ "types": ["Party"] });
                socket.subscribe(&id.to_string(), FEED, wanted).await;
            }
            sockets.push(socket);
        }
        // Each has looked up where the feed stands by the time that a party is told to all.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let made = party(&owner, "Aviso").await;
        for socket in &mut sockets {
            for _ in 0..20 {
                let message = socket.next().await;
                let event = &message["payload"]["data"]["recordChanged"];
                assert_eq!(event["subject"]["id"], json!(made), "{message}");
            }
        }
    });
}

#[test]
fn a_socket_of_nobody_is_told_nothing() {
    run(|app| async move {
        let anonymous = Client::anonymous(app).await;
        let mut socket = Socket::open(&anonymous).await;
        socket.subscribe("1", FEED, json!({})).await;
        assert_eq!(
            socket.next().await,
            json!({ "type": "closed", "code": 4401 })
        );
    });
}
