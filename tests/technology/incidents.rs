//! What people do about incidents, through the API.

use serde_json::{Value, json};

use super::{Server, Watch};
use crate::app::run;
use crate::client::Client;
use crate::people::stage::{act, done, reasons, text};

const INCIDENT: &str = "incident { id number status version assignee { name } \
    timeline { kind text } viewerCan { resolve { allowed } reopen { allowed reason } } }";

async fn opened(watch: &Watch, client: &Client) -> Value {
    let input = json!({
        "system": watch.system.to_string(), "title": "La caja 2 no imprime",
        "severity": "MINOR", "note": "Desde esta mañana.",
    });
    done(client, "incidentOpen", input, INCIDENT).await["incident"].take()
}

#[test]
fn people_open_take_on_note_resolve_and_reopen_an_incident() {
    run(|app| async move {
        let watch = Watch::new(app, &[]).await;
        let owner = watch.tenant.login(app, "elena.campos").await;
        let incident = opened(&watch, &owner).await;
        let id = text(&incident["id"]);
        assert_eq!(incident["status"], "OPEN");
        assert_eq!(incident["timeline"][0]["text"], "Desde esta mañana.");
        let input = json!({ "id": id, "expectedVersion": 1 });
        let taken = done(&owner, "incidentAcknowledge", input, INCIDENT).await;
        assert_eq!(taken["incident"]["assignee"]["name"], "Elena Campos Ruiz");
        let raquel = watch.user("raquel.iglesias").await.to_string();
        let input = json!({ "id": id, "assignee": raquel });
        done(&owner, "incidentAssign", input, INCIDENT).await;
        let input = json!({ "id": id, "text": "Pedido el cabezal." });
        done(&owner, "incidentNoteAdd", input, INCIDENT).await;
        let input = json!({ "id": id, "resolution": "Cabezal cambiado." });
        let over = done(&owner, "incidentResolve", input, INCIDENT).await;
        assert_eq!(over["incident"]["status"], "RESOLVED");
        assert_eq!(over["incident"]["viewerCan"]["resolve"]["allowed"], false);
        let input = json!({ "id": id, "reason": "Vuelve a fallar." });
        let again = done(&owner, "incidentReopen", input, INCIDENT).await;
        assert_eq!(again["incident"]["status"], "ACKNOWLEDGED");
        let timeline = again["incident"]["timeline"].as_array().unwrap();
        let kinds: Vec<_> = timeline.iter().map(|note| text(&note["kind"])).collect();
        assert_eq!(
            kinds,
            [
                "OPENED",
                "ACKNOWLEDGED",
                "ASSIGNED",
                "NOTED",
                "RESOLVED",
                "REOPENED"
            ]
        );
        let told = watch.told(watch.owner).await;
        assert_eq!(
            told,
            [
                "technology.incident_resolved",
                "technology.incident_assigned",
                "technology.incident_opened"
            ]
        );
    });
}

#[test]
fn an_incident_is_not_resolved_twice_nor_on_a_stale_version() {
    run(|app| async move {
        let watch = Watch::new(app, &[]).await;
        let owner = watch.tenant.login(app, "elena.campos").await;
        let id = text(&opened(&watch, &owner).await["id"]);
        let input =
            |version: i32| json!({ "id": id, "resolution": "Hecho.", "expectedVersion": version });
        let stale = act(&owner, "incidentResolve", input(9), INCIDENT).await;
        assert_eq!(reasons(&stale), ["kernel.stale"]);
        assert_eq!(stale["incident"]["version"], 1, "the record as it is");
        done(&owner, "incidentResolve", input(1), INCIDENT).await;
        let twice = act(&owner, "incidentResolve", input(2), INCIDENT).await;
        assert_eq!(reasons(&twice), ["technology.incident_state"]);
        let auditor = watch.tenant.login(app, "raquel.iglesias").await;
        let document = crate::people::stage::mutation_of("incidentReopen", INCIDENT);
        let variables = json!({ "input": { "id": id, "reason": "No." } });
        assert_eq!(auditor.refused(&document, variables).await, "FORBIDDEN");
    });
}

#[test]
fn a_check_counts_anew_when_people_resolve_its_incident() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        watch.check("Portada", server.probe()).await;
        server.answer(500);
        watch.look_times(4).await;
        let mut tx = watch.begin().await;
        let open = watch.incidents().await[0].clone();
        let input = trastienda_core::technology::incident::IncidentResolveInput {
            id: open.id,
            expected_version: None,
            resolution: "Ya está.".into(),
        };
        trastienda_core::technology::incident::resolve(&mut tx, input)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        watch.look_times(2).await;
        assert_eq!(
            watch.incidents().await.len(),
            1,
            "two more failures open none"
        );
        watch.look().await;
        let all = watch.incidents().await;
        assert_eq!(all.len(), 2);
        assert_eq!(all.iter().filter(|one| one.is_resolved()).count(), 1);
        let reopen = trastienda_core::technology::incident::IncidentReopenInput {
            id: open.id,
            expected_version: None,
            reason: "Era la misma.".into(),
        };
        let mut tx = watch.begin().await;
        let refused = trastienda_core::technology::incident::reopen(&mut tx, reopen).await;
        let ::kernel::Error::Refused(faults) = refused.unwrap_err() else {
            panic!("refused")
        };
        assert_eq!(faults[0].reason, "technology.incident_open");
    });
}
