//! Tasks: given, taken, done by those whose they are; seen by nobody else; once a source; and
//! escalated once a level.

use ::kernel::id::TypedId;
use ::kernel::ids::{DepartmentId, FindingId, TaskId, UserId};
use ::kernel::{Clock, Db};
use chrono::TimeDelta;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use trastienda_core::processes::Sentence;
use trastienda_core::processes::task::{self, ForSubject, TaskPriority, TaskStatus};
use uuid::Uuid;

use crate::app::{App, run, system};
use crate::client::{Client, Tenant};
use crate::people::stage::{act, count, done, reasons, text};

const TASK: &str = "task { id status version assignee { name } pointCount checkedCount \
    checklist { nodes { id text isChecked position } } }";

async fn user(app: &App, tenant: &Tenant, name: &str) -> UserId {
    let expression = format!("SELECT id FROM directory.\"user\" WHERE display_name = '{name}'");
    UserId(one(app, tenant, &expression).await)
}

async fn one(app: &App, tenant: &Tenant, query: &str) -> Uuid {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        id: Uuid,
    }
    let context = system(tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let found: Found = diesel::sql_query(query.to_owned())
        .get_result(tx.conn())
        .await
        .unwrap();
    found.id
}

async fn task_of(client: &Client, id: &str, selection: &str) -> Value {
    let query = format!("query ($id: ID!) {{ task(id: $id) {{ {selection} }} }}");
    let mut data = client.run(&query, json!({ "id": id })).await;
    data["task"].take()
}

#[test]
fn a_task_goes_from_who_asks_to_who_does_it_and_back() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let doer = tenant.login(app, "pablo.serrano").await;
        let pablo = user(app, &tenant, "Pablo Serrano Cano").await.to_string();
        let input = json!({
            "title": "Preparar el recuento", "assigneeId": pablo,
            "companyId": tenant.demo.company.to_string(), "dueDate": "2026-12-01",
            "priority": "HIGH", "checklist": ["Imprimir hojas", "Avisar al almacén"],
        });
        let made = done(&clerk, "taskCreate", input, TASK).await;
        let id = text(&made["task"]["id"]);
        assert_eq!(made["task"]["pointCount"], 2);
        let inbox = "{ inbox(filter: { kind: { eq: TASK } }) { rows { dueAt item { \
                     ... on Task { id title isOverdue } } } } }";
        let rows = doer.ask(inbox).await;
        assert_eq!(rows["inbox"]["rows"][0]["item"]["id"], json!(id), "{rows}");
        assert_eq!(
            rows["inbox"]["rows"][0]["dueAt"],
            "2026-12-01T23:00:00+00:00"
        );
        done(&doer, "taskStart", json!({ "id": id }), TASK).await;
        let early = act(&doer, "taskComplete", json!({ "id": id }), TASK).await;
        assert_eq!(reasons(&early), ["processes.task_checklist_open"]);
        let points: Vec<String> = made["task"]["checklist"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| text(&point["id"]))
            .collect();
        let input = json!({
            "id": id, "check": points.iter().map(|id| json!({ "id": id, "checked": true }))
                .collect::<Vec<_>>(),
            "order": [points[1], points[0]],
        });
        let changed = done(&doer, "taskChecklistUpdate", input, TASK).await;
        assert_eq!(
            changed["task"]["checklist"]["nodes"][0]["id"],
            json!(points[1])
        );
        assert_eq!(changed["task"]["checkedCount"], 2);
        let ended = done(&doer, "taskComplete", json!({ "id": id }), TASK).await;
        assert_eq!(ended["task"]["status"], "DONE");
        let told = "{ notifications(filter: { kind: { eq: \"processes.task_done\" } }) { nodes { \
                    title } } }";
        let told = clerk.ask(told).await;
        let title = &told["notifications"]["nodes"][0]["title"];
        assert_eq!(title, "Tarea hecha: Preparar el recuento");
        assert_eq!(doer.ask(inbox).await["inbox"]["rows"], json!([]));
        let history = task_of(&doer, &id, "history { nodes { action } }").await;
        assert!(
            history["history"]["nodes"].as_array().unwrap().len() >= 2,
            "{history}"
        );
    });
}

#[test]
fn a_task_is_seen_by_its_people_and_by_who_may_read_tasks() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let stranger = tenant.login(app, "hugo.santos").await;
        let auditor = tenant.login(app, "raquel.iglesias").await;
        let company = tenant.demo.company.to_string();
        let input = json!({ "title": "Mi nota", "companyId": company });
        let made = done(&clerk, "taskCreate", input, TASK).await;
        let id = text(&made["task"]["id"]);
        assert_eq!(made["task"]["assignee"]["name"], "Marta Ruiz Soler");
        assert_eq!(task_of(&stranger, &id, "id").await, Value::Null);
        assert_eq!(task_of(&auditor, &id, "id").await["id"], json!(id));
        for mutation in ["taskStart", "taskComplete", "taskCancel", "taskReopen"] {
            let refused = act(&stranger, mutation, json!({ "id": id }), TASK).await;
            assert_eq!(
                reasons(&refused),
                ["processes.task_not_found"],
                "{mutation}"
            );
        }
        let hugo = user(app, &tenant, "Hugo Santos Bravo").await.to_string();
        let input = json!({ "id": id, "text": "¿Lo ves, Hugo?", "mentionIds": [hugo] });
        let selection = "comment { text mentions { name } } task { comments { nodes { text } } }";
        let said = done(&clerk, "taskCommentAdd", input, selection).await;
        assert_eq!(said["comment"]["mentions"][0]["name"], "Hugo Santos Bravo");
        assert_eq!(
            task_of(&stranger, &id, "id").await["id"],
            json!(id),
            "named, so a watcher"
        );
        let told = "{ notifications(filter: { kind: { eq: \"processes.task_mentioned\" } }) { \
                    totalCount } }";
        assert_eq!(stranger.ask(told).await["notifications"]["totalCount"], 1);
    });
}

#[test]
fn a_queue_is_its_roles_and_who_begins_takes_it() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let keeper = tenant.login(app, "oscar.diez").await;
        let role = one(
            app,
            &tenant,
            "SELECT id FROM directory.role WHERE key = 'storekeeper'",
        );
        let role = ::kernel::ids::RoleId(role.await).to_string();
        let company = tenant.demo.company.to_string();
        let input = json!({ "title": "Recolocar", "roleId": role, "companyId": company });
        let made = done(&clerk, "taskCreate", input, TASK).await;
        let id = text(&made["task"]["id"]);
        assert_eq!(made["task"]["assignee"], Value::Null);
        let inbox = "{ inbox(filter: { kind: { eq: TASK } }) { rows { item { ... on Task { id } \
                     } } } }";
        let rows = keeper.ask(inbox).await;
        assert_eq!(rows["inbox"]["rows"][0]["item"]["id"], json!(id), "{rows}");
        let begun = done(&keeper, "taskStart", json!({ "id": id }), TASK).await;
        assert_eq!(begun["task"]["assignee"]["name"], "Óscar Díez Parra");
        let input = json!({ "id": id, "reason": "Falta la carretilla" });
        done(&keeper, "taskBlock", input, TASK).await;
        let refused = act(&keeper, "taskComplete", json!({ "id": id }), TASK).await;
        assert_eq!(reasons(&refused), ["processes.task_not_in_state"]);
        let refused = act(&keeper, "taskCancel", json!({ "id": id }), TASK).await;
        assert_eq!(
            reasons(&refused),
            ["processes.task_not_yours"],
            "who asked gives it up"
        );
        done(&clerk, "taskCancel", json!({ "id": id }), TASK).await;
        let back = done(&clerk, "taskReopen", json!({ "id": id }), TASK).await;
        assert_eq!(back["task"]["status"], "OPEN");
    });
}

#[test]
fn every_fault_of_a_task_is_told_and_a_stale_change_refused() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let input = json!({
            "title": " ", "departmentId": DepartmentId::generate().to_string(),
            "assigneeId": UserId::generate().to_string(), "dueDate": "2026-12-01",
            "dueAt": "2026-12-01T10:00:00Z", "subject": TaskId::generate().to_string(),
            "checklist": [""],
        });
        let refused = act(&clerk, "taskCreate", input, TASK).await;
        let mut told = reasons(&refused);
        told.sort();
        assert_eq!(
            told,
            [
                "kernel.required",
                "kernel.required",
                "processes.task_department_without_company",
                "processes.task_due_twice",
                "processes.task_subject_unknown",
                "processes.user_unknown",
            ]
        );
        assert_eq!(count(app, &tenant, "processes.task").await, 0);
        let company = tenant.demo.company.to_string();
        let input = json!({ "title": "Sobre la empresa", "subject": company });
        let made = done(&clerk, "taskCreate", input, "task { id subject { id } }").await;
        assert_eq!(made["task"]["subject"]["id"], json!(company));
        let id = &made["task"]["id"];
        let change = |version: i32| json!({ "id": id, "expectedVersion": version, "patch": { "title": "Otro" } });
        done(&clerk, "taskUpdate", change(1), TASK).await;
        let stale = act(&clerk, "taskUpdate", change(1), TASK).await;
        assert_eq!(stale["userErrors"][0]["code"], "STALE");
        assert_eq!(stale["task"]["version"], 2, "the task as it is now");
    });
}

fn wanted(key: &str, assignee: UserId) -> ForSubject {
    ForSubject {
        source_key: key.to_owned(),
        subject_kind: "Finding",
        subject_id: FindingId::generate().uuid(),
        company: None,
        department: None,
        title: Sentence::new("processes.task_done.title").with("title", "X"),
        description: None,
        assignee: Some(assignee),
        role: None,
        role_key: None,
        priority: TaskPriority::Normal,
        due_at: None,
        watchers: Vec::new(),
    }
}

#[test]
fn a_source_makes_one_task_however_many_ask_at_once() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let pablo = user(app, &tenant, "Pablo Serrano Cano").await;
        let ask = |_: usize| async {
            let context = system(tenant.demo.organisation, &app.db);
            let mut tx = app.db.begin(&context).await.unwrap();
            let made = task::for_subject(&mut tx, wanted("prueba:1", pablo)).await;
            let made = made.unwrap().unwrap();
            tx.commit().await.unwrap();
            made.id
        };
        let made = futures::future::join_all((0..12).map(ask)).await;
        assert!(made.iter().all(|id| *id == made[0]), "{made:?}");
        assert_eq!(count(app, &tenant, "processes.task").await, 1);
        let told = "processes.notification WHERE kind = 'processes.task_assigned'";
        assert_eq!(count(app, &tenant, told).await, 1);
        let context = system(tenant.demo.organisation, &app.db);
        let mut tx = app.db.begin(&context).await.unwrap();
        let keys = ["prueba:1".to_owned()];
        let ended = task::settle(&mut tx, &keys).await.unwrap();
        assert_eq!(ended[0].status, TaskStatus::Cancelled, "nobody had begun");
        assert!(task::settle(&mut tx, &keys).await.unwrap().is_empty());
    });
}

/// Runs a round of escalation at a time.
async fn escalate(db: &Db, tenant: &Tenant) -> task::Escalated {
    let mut tx = db
        .begin(&system(tenant.demo.organisation, db))
        .await
        .unwrap();
    let done = task::escalate_due(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    done
}

#[test]
fn an_overdue_task_is_escalated_once_a_level_and_presses_more() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let pablo = user(app, &tenant, "Pablo Serrano Cano").await;
        let diego = user(app, &tenant, "Diego Navarro Peña").await;
        let department = "SELECT id FROM directory.department WHERE code = 'VEN'";
        let department = DepartmentId(one(app, &tenant, department).await);
        let context = system(tenant.demo.organisation, &app.db);
        let mut tx = app.db.begin(&context).await.unwrap();
        let manages = format!(
            "UPDATE directory.department SET manager_id = '{}' WHERE id = '{}'",
            diego.0, department.0
        );
        tx.conn().batch_execute(&manages).await.unwrap();
        tx.commit().await.unwrap();
        let due = ::kernel::Clock::System.now() + TimeDelta::hours(1);
        let input = json!({
            "title": "Llamar al cliente", "assigneeId": pablo.to_string(), "dueAt": due,
            "companyId": tenant.demo.company.to_string(),
            "departmentId": department.to_string(), "priority": "LOW",
        });
        let made = done(&clerk, "taskCreate", input, "task { id }").await;
        let id = text(&made["task"]["id"]);
        let told = async |user: UserId| {
            let of = format!(
                "processes.notification WHERE kind = 'processes.task_escalated' \
                 AND user_id = '{}'",
                user.0
            );
            count(app, &tenant, &of).await
        };
        assert_eq!(escalate(&app.db, &tenant).await, task::Escalated::default());
        for (after, level, priority, of_diego) in [
            (TimeDelta::hours(2), 1, "NORMAL", 0),
            (TimeDelta::hours(74), 2, "HIGH", 1),
            (TimeDelta::hours(170), 3, "URGENT", 2),
        ] {
            let db = app.db_at(Clock::fixed(::kernel::Clock::System.now() + after));
            assert_eq!(escalate(&db, &tenant).await.escalated, 1, "{after}");
            assert_eq!(escalate(&db, &tenant).await.escalated, 0, "once a level");
            let seen = task_of(&clerk, &id, "escalationLevel priority").await;
            assert_eq!(
                seen,
                json!({ "escalationLevel": level, "priority": priority })
            );
            assert_eq!(told(pablo).await, i64::from(level));
            assert_eq!(
                told(diego).await,
                of_diego,
                "the manager from the second level on"
            );
        }
    });
}
