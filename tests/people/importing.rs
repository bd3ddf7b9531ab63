//! An import is a job: everybody or nobody, every fault of every row, a file of them, a rehearsal.

use serde_json::{Value, json};

use super::stage::{act, count, done, end_of, fetch_by, follow, reasons, text};
use crate::app::run;
use crate::client::{Client, Tenant};

/// The columns that a test needs.
const COLUMNS: &str = "first_name;last_name;tax_id;social_security_number;birth_date;starts_on;\
                       salary;contribution_group;occupation;department";

/// A file of so many people who can be hired.
pub fn people(many: u32) -> String {
    let rows = (0..many).map(|at| {
        let salary = 18_000 + 250 * (at % 40);
        format!(
            "Persona {at};De Prueba;{};{};1990-01-{:02};2024-05-01;{salary};7;Auxiliar;VEN",
            tax_id(40_000_000 + at * 7),
            social_security(2_830_000_000 + u64::from(at) * 11),
            at % 28 + 1,
        )
    });
    std::iter::once(COLUMNS.to_owned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

fn tax_id(digits: u32) -> String {
    let letters = b"TRWAGMYFPDXBNJZSQVHLCKE";
    format!("{digits:08}{}", char::from(letters[digits as usize % 23]))
}

fn social_security(digits: u64) -> String {
    format!("{digits:010}{:02}", digits % 97)
}

/// Wants an import and gives its job's id.
pub async fn import(client: &Client, company: &str, csv: &str, dry_run: bool) -> String {
    let input = json!({ "company": company, "csv": csv, "dryRun": dry_run });
    let payload = done(client, "employeeImport", input, "job { id }").await;
    text(&payload["job"]["id"])
}

async fn look(client: &Client, job: &str) -> Value {
    let query = "query ($id: ID!) { job(id: $id) { status progress { done total } \
                 figures { name value } userErrors { reason message field } \
                 results { nodes { name download { path } } } } }";
    client.run(query, json!({ "id": job })).await["job"].take()
}

#[test]
fn an_import_hires_everybody_at_once() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let manager = tenant.login(app, "carmen.molina").await;
        let company = tenant.demo.company.to_string();
        let csv = people(60);
        let rehearsal = import(&manager, &company, &csv, true).await;
        follow(&manager, &rehearsal).await;
        assert_eq!(count(app, &tenant, "people.employee").await, 24);
        let job = import(&manager, &company, &csv, false).await;
        follow(&manager, &job).await;
        let seen = look(&manager, &job).await;
        assert_eq!(seen["progress"], json!({ "done": 60, "total": 60 }));
        let hired = json!({ "name": "hired", "value": "60" });
        assert!(
            seen["figures"].as_array().unwrap().contains(&hired),
            "{seen}"
        );
        for table in ["people.employee", "people.contract"] {
            assert_eq!(count(app, &tenant, table).await, 84, "{table}");
        }
        let commits = "(SELECT DISTINCT xmin::text FROM people.employee WHERE number > 24) AS t";
        assert_eq!(count(app, &tenant, commits).await, 1, "everybody at once");
        let numbers = "(SELECT DISTINCT number FROM people.employee WHERE number <= 84) AS n";
        assert_eq!(
            count(app, &tenant, numbers).await,
            84,
            "numbers without gaps"
        );
    });
}

#[test]
fn an_import_with_faults_hires_nobody_and_tells_all_of_them() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let manager = tenant.login(app, "carmen.molina").await;
        let company = tenant.demo.company.to_string();
        let csv = people(60)
            .replacen(";1990-01-03;", ";1990-13-03;", 1)
            .replacen(";VEN", ";LUNA", 1)
            .replacen(
                "Persona 7;De Prueba;40000049",
                "Persona 7;De Prueba;40000048",
                1,
            );
        for dry_run in [true, false] {
            let job = import(&manager, &company, &csv, dry_run).await;
            assert_eq!(end_of(&manager, &job).await, "FAILED");
            let seen = look(&manager, &job).await;
            let errors = seen["userErrors"].as_array().expect("errors");
            let fields: Vec<String> = errors
                .iter()
                .map(|it| {
                    let steps = it["field"].as_array().unwrap().iter();
                    steps.map(text).collect::<Vec<_>>().join(".")
                })
                .collect();
            for field in ["rows.1.department", "rows.3.birth_date", "rows.8.tax_id"] {
                assert!(fields.iter().any(|it| it == field), "{field}: {seen}");
            }
            let file = &seen["results"]["nodes"][0];
            let csv = String::from_utf8(fetch_by(&manager, file).await).expect("text");
            assert_eq!(csv.lines().count(), errors.len() + 1, "{csv}");
            assert!(csv.contains("3;birth_date;"), "{csv}");
            assert_eq!(count(app, &tenant, "people.employee").await, 24);
        }
    });
}

#[test]
fn an_import_that_nobody_can_read_is_refused_at_once() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let manager = tenant.login(app, "carmen.molina").await;
        let company = tenant.demo.company.to_string();
        let neither = json!({ "company": company });
        let payload = act(&manager, "employeeImport", neither, "job { id }").await;
        assert_eq!(reasons(&payload), ["people.import_source"], "{payload}");
        let input = json!({ "company": company, "csv": "first_name,shoe_size\nAna,38\n" });
        let payload = act(&manager, "employeeImport", input, "job { id }").await;
        assert_eq!(payload["job"], Value::Null);
        assert!(reasons(&payload).contains(&"people.column_unknown".to_owned()));
        let clerk = tenant.login(app, "pablo.serrano").await;
        let document = super::stage::mutation_of("employeeImport", "job { id }");
        let input = json!({ "input": { "company": company, "csv": people(1) } });
        assert_eq!(clerk.refused(&document, input).await, "FORBIDDEN");
        let jobs = "kernel.job WHERE kind = 'people.employee_import'";
        assert_eq!(count(app, &tenant, jobs).await, 0);
    });
}
