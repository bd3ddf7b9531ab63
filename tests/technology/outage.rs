//! A system that goes down and up again leaves one incident, however often it is looked at.

use ::kernel::Date;
use ::kernel::report::{ReportCell, ReportParameters};
use chrono::TimeDelta;
use rust_decimal::Decimal;
use trastienda_core::technology::availability;
use trastienda_core::technology::check::{
    self, CheckStatus, HttpProbeInput, ProbeInput, SystemCheckPatch, SystemCheckPauseInput,
    SystemCheckResumeInput, SystemCheckUpdateInput,
};
use trastienda_core::technology::fault;
use trastienda_core::technology::health::{self, SystemHealth};
use trastienda_core::technology::incident::{IncidentNoteKind, IncidentStatus, notes_of};

use super::{Server, Watch};
use crate::app::run;

#[test]
fn a_server_that_fails_and_recovers_opens_one_incident_and_closes_it() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        let check = watch.check("Portada", server.probe()).await;
        let row = watch.look().await;
        let result = row.result.unwrap();
        assert_eq!((&result["due"], &result["passed"]), (&1.into(), &1.into()));
        watch.look().await;
        let up = watch.clock.now();

        server.answer(503);
        watch.look_times(2).await;
        assert!(watch.incidents().await.is_empty(), "two failures open none");
        assert_eq!(health_of(&watch).await, SystemHealth::Degraded);
        watch.look().await;
        let open = watch.incidents().await;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].began_at, up, "it began with the first failure");
        assert_eq!(open[0].reason.as_deref(), Some(fault::SEEN_STATUS));
        assert_eq!(open[0].args["status"], "503");
        assert_eq!(health_of(&watch).await, SystemHealth::Down);
        watch.look_times(4).await;
        let open = watch.incidents().await;
        assert_eq!(
            (open.len(), open[0].failures),
            (1, 7),
            "the same one goes on"
        );

        server.answer(200);
        watch.look().await;
        assert_eq!(watch.incidents().await[0].status, IncidentStatus::Open);
        watch.look().await;
        let over = watch.incidents().await;
        assert_eq!((over.len(), over[0].status), (1, IncidentStatus::Resolved));
        assert_eq!(over[0].resolved_by, None);
        assert_eq!(health_of(&watch).await, SystemHealth::Up);
        let seen = watch.look_at(check).await;
        assert_eq!((seen.status, seen.failures), (CheckStatus::Passing, 0));
        let results = watch.results().await;
        assert_eq!(results.len(), 11);
        assert_eq!(results.iter().filter(|one| !one.passed).count(), 7);
        assert!(results.iter().all(|one| one.latency_ms.is_some()));
        let mut tx = watch.begin().await;
        let notes = notes_of(&mut tx, &[over[0].id]).await.unwrap();
        let kinds: Vec<_> = notes.iter().map(|note| note.kind).collect();
        assert_eq!(
            kinds,
            [IncidentNoteKind::Opened, IncidentNoteKind::Resolved]
        );
        let told = watch.told(watch.owner).await;
        assert_eq!(
            told,
            ["technology.incident_resolved", "technology.incident_opened"]
        );
    });
}

async fn health_of(watch: &Watch) -> SystemHealth {
    let mut tx = watch.begin().await;
    health::of(&mut tx, &[watch.system]).await.unwrap()[0].1
}

#[test]
fn availability_is_the_time_without_the_union_of_outages() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        watch.check("Portada", server.probe()).await;
        watch.check("Portada otra vez", server.probe()).await;
        server.answer(500);
        watch.look_times(30).await;
        server.answer(200);
        watch.look_times(30).await;
        assert_eq!(watch.incidents().await.len(), 2, "one a check");
        let day = Date("2027-02-01".parse().unwrap());
        let mut tx = watch.begin().await;
        let found = availability::of(&mut tx, &[watch.system], day, day)
            .await
            .unwrap();
        assert_eq!(found[0].incidents, 2);
        assert_eq!(found[0].watched_seconds, 3_600);
        assert_eq!(
            found[0].down_seconds,
            31 * 60,
            "until the second recovery, once"
        );
        assert_eq!(found[0].percent(), Some(Decimal::new(48_333, 3)));
        let asked = ReportParameters {
            company: Some(watch.tenant.demo.company),
            from: Some(day),
            to: Some(day),
            ..ReportParameters::default()
        };
        let reports = trastienda_core::reports();
        let report = reports.find("technology.availability").unwrap();
        let table = report.run(&mut tx, &asked).await.unwrap();
        let row = &table.rows[0];
        assert_eq!(row.cells[0], ReportCell::from("Tienda en línea"));
        assert_eq!(row.cells[4], ReportCell::Number(Decimal::new(48_333, 3)));
        let after = Date("2027-02-02".parse().unwrap());
        let found = availability::of(&mut tx, &[watch.system], after, after)
            .await
            .unwrap();
        assert_eq!(found[0].percent(), None);
    });
}

#[test]
fn the_same_reason_again_changes_the_open_incident_and_notes_nothing() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        watch.check("Portada", server.probe()).await;
        server.answer(503);
        watch.look_times(3).await;
        server.answer(404);
        watch.look_times(2).await;
        let open = watch.incidents().await;
        assert_eq!((open.len(), open[0].notes), (1, 1), "still a wrong status");
        assert_eq!(open[0].args["status"], "404");
    });
}

/// What a probe of a server expects instead.
fn expecting(server: &Server, text: &str) -> ProbeInput {
    let ProbeInput::Http(probe) = server.probe() else {
        panic!("it asks by HTTP")
    };
    ProbeInput::Http(HttpProbeInput {
        expected_text: Some(text.into()),
        ..probe
    })
}

#[test]
fn another_reason_is_noted_in_the_open_incident() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        watch.check("Portada", expecting(&server, "abierto")).await;
        server.answer(503);
        watch.look_times(3).await;
        server.answer(200);
        watch.look_times(2).await;
        let open = watch.incidents().await;
        assert_eq!((open.len(), open[0].notes), (1, 2), "once, however often");
        let mut tx = watch.begin().await;
        let notes = notes_of(&mut tx, &[open[0].id]).await.unwrap();
        let kinds: Vec<_> = notes.iter().map(|note| note.kind).collect();
        assert_eq!(kinds, [IncidentNoteKind::Opened, IncidentNoteKind::Changed]);
        assert_ne!(notes[0].reason, notes[1].reason);
        assert_eq!(notes[1].reason, open[0].reason);
    });
}

#[test]
fn a_check_with_another_probe_counts_anew() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        let check = watch.check("Portada", server.probe()).await;
        server.answer(503);
        watch.look_times(2).await;
        let input = SystemCheckUpdateInput {
            id: check,
            expected_version: None,
            patch: SystemCheckPatch {
                probe: Some(expecting(&server, "abierto")),
                ..SystemCheckPatch::default()
            },
        };
        let mut tx = watch.begin().await;
        let changed = check::update(&mut tx, input).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((changed.failures, changed.failing_since), (0, None));
        watch.look_times(2).await;
        assert!(watch.incidents().await.is_empty(), "two of three failures");
        watch.look().await;
        assert_eq!(watch.incidents().await.len(), 1);
    });
}

#[test]
fn a_check_that_rested_counts_anew() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        let id = watch.check("Portada", server.probe()).await;
        server.answer(503);
        watch.look_times(2).await;
        let mut tx = watch.begin().await;
        let (pause, resume) = (
            SystemCheckPauseInput {
                id,
                expected_version: None,
            },
            SystemCheckResumeInput {
                id,
                expected_version: None,
            },
        );
        check::pause(&mut tx, pause).await.unwrap();
        check::resume(&mut tx, resume).await.unwrap();
        tx.commit().await.unwrap();
        watch.look_times(2).await;
        assert!(watch.incidents().await.is_empty(), "two of three failures");
        watch.look().await;
        assert_eq!(watch.incidents().await.len(), 1);
    });
}

#[test]
fn three_workers_at_once_look_once() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        watch.check("Portada", server.probe()).await;
        let mut tickets = Vec::new();
        for _ in 0..3 {
            tickets.push(watch.wanted().await);
        }
        let all = tickets.into_iter().map(|ticket| watch.work(ticket));
        futures::future::join_all(all).await;
        assert_eq!(watch.results().await.len(), 1);
    });
}

#[test]
fn nothing_is_looked_at_before_its_time_and_old_results_go() {
    run(|app| async move {
        let watch = Watch::new(app, &["127.0.0.1"]).await;
        let server = Server::start().await;
        let check = watch.check("Portada", server.probe()).await;
        let ticket = watch.wanted().await;
        watch.work(ticket).await;
        let again = watch.wanted().await;
        watch.work(again).await;
        assert_eq!(watch.results().await.len(), 1, "it is not due again");
        let due = watch.look_at(check).await.next_due_at;
        assert_eq!(due, watch.clock.now() + TimeDelta::minutes(1));
        watch.clock.advance(TimeDelta::days(91));
        let row = watch.look().await;
        assert_eq!(row.result.unwrap()["resultsRemoved"], 1);
        assert_eq!(watch.results().await.len(), 1, "the new one");
    });
}
