//! What may not be asked is not asked, and fails alone; and Trastienda watches itself.

use ::kernel::job::{self, Enqueue};
use ::kernel::schedule::{self, CatchUp, ScheduleCreateInput};
use chrono::TimeDelta;
use serde_json::json;
use trastienda_core::people::payroll::{PayrollMonth, WhichMonth};
use trastienda_core::technology::check::{
    CheckStatus, ProbeInput, QueueProbeInput, ScheduleProbeInput, TcpProbeInput,
};
use trastienda_core::technology::fault;

use super::{FORBIDDEN, Server, Watch, failures};
use crate::app::run;
use crate::people::stage::{act, done, reasons};

fn queue(most_waiting: i32) -> ProbeInput {
    ProbeInput::Queue(QueueProbeInput {
        queue: Some("people".into()),
        most_waiting,
        most_minutes: 30,
    })
}

#[test]
fn a_forbidden_address_fails_its_item_with_its_reason_and_leaves_the_rest_unharmed() {
    run(|app| async move {
        let watch = Watch::new(app, &[]).await;
        let server = Server::start().await;
        let forbidden = watch.check("Prohibida", server.probe()).await;
        let knock = ProbeInput::Tcp(TcpProbeInput {
            target: format!("0x7f.1:{}", server.port),
        });
        watch.check("Disfrazada", knock).await;
        let allowed = watch.check("Colas", queue(5)).await;
        let row = watch.look().await;
        assert_eq!((row.done, row.total), (3, 3));
        assert_eq!(failures(&watch, &row).await, [FORBIDDEN, FORBIDDEN]);
        let result = row.result.unwrap();
        assert_eq!(
            (&result["refused"], &result["passed"]),
            (&2.into(), &1.into())
        );
        let results = watch.results().await;
        assert_eq!(results.len(), 1, "a refusal says nothing about the system");
        assert_eq!(results[0].check_id, allowed);
        watch.look_times(4).await;
        assert!(watch.incidents().await.is_empty());
        let seen = watch.look_at(forbidden).await;
        assert_eq!((seen.status, seen.failures), (CheckStatus::Refused, 0));
        assert!(
            seen.next_due_at >= watch.clock.now(),
            "it waits for its next turn"
        );
    });
}

#[test]
fn a_crowded_queue_is_an_incident_until_it_is_empty() {
    run(|app| async move {
        let watch = Watch::new(app, &[]).await;
        watch.check("Colas", queue(2)).await;
        let how = |minutes| Enqueue {
            run_at: Some(watch.clock.now() - TimeDelta::minutes(minutes)),
            ..Enqueue::default()
        };
        let wanted = PayrollMonth {
            company: watch.tenant.demo.company,
            month: WhichMonth::default(),
        };
        let mut jobs = Vec::new();
        let mut tx = watch.begin().await;
        for minutes in [1, 2, 3] {
            jobs.push(job::enqueue(&mut tx, &wanted, how(minutes)).await.unwrap());
        }
        tx.commit().await.unwrap();
        watch.look_times(3).await;
        let open = watch.incidents().await;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].reason.as_deref(), Some(fault::SEEN_WAITING));
        assert_eq!(open[0].args, json!({ "waiting": "3", "most": "2" }));
        for row in jobs {
            let mut tx = watch.begin().await;
            job::cancel(&mut tx, row.id).await.unwrap();
            tx.commit().await.unwrap();
        }
        watch.look_times(2).await;
        assert!(watch.incidents().await[0].is_resolved());
    });
}

#[test]
fn a_schedule_that_stands_still_is_an_incident() {
    run(|app| async move {
        let watch = Watch::new(app, &[]).await;
        let input = ScheduleCreateInput {
            id: None,
            name: "Revisión".into(),
            kind: "technology.check".into(),
            payload: "{}".into(),
            company_id: None,
            cron: "0 12 * * *".into(),
            zone: "UTC".into(),
            catch_up: CatchUp::Once,
            expected_within_minutes: None,
        };
        let mut tx = watch.begin().await;
        let row = schedule::create(&mut tx, &trastienda_core::registry(), input)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let probe = ProbeInput::Schedule(ScheduleProbeInput {
            schedule: row.id,
            most_minutes: 30,
        });
        watch.check("Ritmo", probe).await;
        watch.look_times(3).await;
        assert!(
            watch.incidents().await.is_empty(),
            "its tick is not due yet"
        );
        watch.clock.advance(TimeDelta::hours(3));
        watch.look_times(3).await;
        let open = watch.incidents().await;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].reason.as_deref(), Some(fault::SEEN_NO_TICK));
        assert_eq!(open[0].args["schedule"], "Revisión");
    });
}

#[test]
fn every_fault_of_a_check_is_told_at_once() {
    run(|app| async move {
        let watch = Watch::new(app, &[]).await;
        let owner = watch.tenant.login(app, "elena.campos").await;
        let input = json!({
            "system": watch.system.to_string(),
            "name": " ",
            "everyMinutes": 0,
            "probe": { "http": {
                "url": "http://[::ffff:169.254.169.254]/latest/meta-data/",
                "method": "HEAD", "expectedText": "ok",
            } },
        });
        let payload = act(&owner, "systemCheckCreate", input, "systemCheck { id }").await;
        let mut told = reasons(&payload);
        told.sort();
        assert_eq!(
            told,
            [
                "kernel.required",
                "technology.address_forbidden",
                "technology.out_of_bounds",
                "technology.text_needs_get",
            ]
        );
        let said = payload["userErrors"].to_string();
        assert!(said.contains("metadatos de la nube"), "{said}");
        let fields = json!(["input", "probe", "http", "url"]);
        let errors = payload["userErrors"].as_array().unwrap();
        assert!(
            errors.iter().any(|error| error["field"] == fields),
            "{payload}"
        );
    });
}

#[test]
fn who_may_only_look_at_systems_changes_none() {
    run(|app| async move {
        let watch = Watch::new(app, &[]).await;
        let input = json!({ "id": watch.system.to_string(), "patch": { "name": "Otro" } });
        let auditor = watch.tenant.login(app, "raquel.iglesias").await;
        let document = crate::people::stage::mutation_of("systemUpdate", "system { id }");
        let variables = json!({ "input": input });
        assert_eq!(
            auditor.refused(&document, variables.clone()).await,
            "FORBIDDEN"
        );
        let employee = watch.tenant.login(app, "pablo.serrano").await;
        let data = employee
            .run(
                "query ($id: ID!) { system(id: $id) { id } node(id: $id) { id } }",
                json!({ "id": watch.system.to_string() }),
            )
            .await;
        assert_eq!(data, json!({ "system": null, "node": null }));
        let support = watch.tenant.login(app, "leo.marin").await;
        let input = variables["input"].clone();
        let payload = done(&support, "systemUpdate", input, "system { name version }").await;
        assert_eq!(payload["system"], json!({ "name": "Otro", "version": 2 }));
    });
}
