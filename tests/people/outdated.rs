//! A calculated run that no longer fits what is known: it is calculated anew before it goes on. And
//! whoever had a hand in whom it pays approves nothing.

use serde_json::{Value, json};

use super::apart::Apart;
use super::stage::{Month, RUN, act, amount, done, employee, follow, reasons, text};
use crate::app::{App, run, system};

/// Gives an employee a concept of the month.
async fn give(month: &Month, employee: &str, concept: Value, item: Value) {
    let mut input = json!({
        "company": month.tenant.demo.company.to_string(), "nameEs": "Concepto",
    });
    merge(&mut input, concept);
    let payload = done(&month.clerk, "payConceptCreate", input, "payConcept { id }").await;
    let mut input = json!({
        "employee": employee, "concept": payload["payConcept"]["id"], "year": 2026, "month": 11,
    });
    merge(&mut input, item);
    done(&month.clerk, "payItemCreate", input, "payItem { id }").await;
}

fn merge(into: &mut Value, from: Value) {
    let more = from.as_object().expect("an object").clone();
    into.as_object_mut().expect("an object").extend(more);
}

async fn hire(app: &App, month: &Month) {
    let manager = month.tenant.login(app, "carmen.molina").await;
    let input = json!({
        "company": month.tenant.demo.company.to_string(), "firstName": "Nora",
        "lastName": "Joven Prat", "taxId": "90000001N",
        "socialSecurityNumber": "281999999991", "birthDate": "1996-02-03",
        "contract": {
            "startsOn": "2026-11-16", "salary": "21000", "contributionGroup": 7,
            "occupation": "Auxiliar", "accidentRate": "1.50",
        },
    });
    done(&manager, "employeeHire", input, "employee { id }").await;
}

#[test]
fn what_changed_since_the_calculation_is_calculated_again_before_it_is_approved() {
    run(|app| async {
        let month = Month::calculated(app).await;
        let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
        let bonus = json!({ "code": "BON", "kind": "EARNING" });
        give(&month, &hugo, bonus, json!({ "amount": "100" })).await;
        hire(app, &month).await;
        let submit = json!({ "id": month.run });
        let refused = act(&month.clerk, "payrollRunSubmit", submit.clone(), RUN).await;
        assert_eq!(reasons(&refused), ["people.outdated"], "{refused}");
        let said = text(&refused["userErrors"][0]["message"]);
        assert!(
            said.contains("2 empleados") && said.contains("calcular"),
            "{said}"
        );
        month.calculate().await;
        month.act("payrollRunSubmit").await;
        let later = json!({ "code": "MAS", "kind": "EARNING" });
        give(&month, &hugo, later, json!({ "amount": "1" })).await;
        let approver = month.tenant.login_proved(app, "javier.ortega").await;
        let late = act(&approver, "payrollRunApprove", submit, RUN).await;
        assert_eq!(reasons(&late), ["people.outdated"], "{late}");
        let input = json!({ "id": month.run, "comment": "Falta un concepto" });
        done(&approver, "payrollRunReject", input, RUN).await;
        month.calculate().await;
        month.approve(app).await;
    });
}

#[test]
fn who_chose_whom_a_run_pays_does_not_approve_it() {
    run(|app| async {
        let month = Month::calculated(app).await;
        let owner = month.tenant.login_proved(app, "elena.campos").await;
        let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
        let input = json!({ "run": month.run, "employee": hugo, "reason": "Se paga aparte" });
        done(&owner, "payrollEmployeeExclude", input, RUN).await;
        let input = json!({ "run": month.run, "employee": hugo });
        done(&owner, "payrollEmployeeInclude", input, RUN).await;
        month.calculate().await;
        month.act("payrollRunSubmit").await;
        let input = json!({ "id": month.run });
        let refused = act(&owner, "payrollRunApprove", input, RUN).await;
        assert_eq!(
            reasons(&refused),
            ["processes.prepared_by_you"],
            "{refused}"
        );
        let approver = month.tenant.login_proved(app, "javier.ortega").await;
        let input = json!({ "id": month.run });
        let payload = done(&approver, "payrollRunApprove", input, RUN).await;
        assert_eq!(payload["payrollRun"]["status"], "APPROVED");
    });
}

/// The job that waits when somebody is taken back in knows nothing of them; and what an earlier
/// attempt had to give up is no failure once it succeeds.
#[test]
fn a_calculation_is_void_once_somebody_is_taken_back_in() {
    run(|shared| async {
        let apart = Apart::new(shared).await;
        let app = &apart.app;
        let worker = apart.worker();
        let month = Month::calculated(app).await;
        let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
        let input = json!({ "run": month.run, "employee": hugo, "reason": "Se paga aparte" });
        done(&month.clerk, "payrollEmployeeExclude", input, RUN).await;
        worker.hold();
        let void = wanted(&month).await;
        let input = json!({ "run": month.run, "employee": hugo });
        done(&month.clerk, "payrollEmployeeInclude", input, RUN).await;
        worker.release();
        follow(&month.clerk, &void).await;
        assert_eq!(month.look("status").await["status"], "DRAFT");
        worker.hold();
        let job = wanted(&month).await;
        give_up(app, &month, &hugo).await;
        worker.release();
        follow(&month.clerk, &job).await;
        let seen = month
            .look("status failureCount totals { employeeCount }")
            .await;
        let expected = json!({
            "status": "CALCULATED", "failureCount": 0, "totals": { "employeeCount": 24 },
        });
        assert_eq!(seen, expected);
        drop(worker);
        apart.end(shared).await;
    });
}

/// Wants the calculation; the id of its job.
async fn wanted(month: &Month) -> String {
    let selection = format!("{RUN} job {{ id }}");
    let input = json!({ "id": month.run });
    let payload = done(&month.clerk, "payrollRunCalculate", input, &selection).await;
    text(&payload["job"]["id"])
}

/// Leaves a failure as an attempt does that was called off afterwards.
async fn give_up(app: &App, month: &Month, employee: &str) {
    let id: ::kernel::ids::EmployeeId = ::kernel::id::parse(employee).expect("an id");
    let text = format!(
        "INSERT INTO people.payroll_failure \
             (organisation_id, run_id, employee_id, faults, failed_at) \
         SELECT r.organisation_id, r.id, '{}', '[]', now() FROM people.payroll_run r",
        id.0
    );
    sql(app, month, &text).await;
}

async fn sql(app: &App, month: &Month, text: &str) {
    use diesel_async::RunQueryDsl;
    let context = system(month.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    diesel::sql_query(text).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn absurd_figures_stop_nobody_else_and_the_lists_of_the_review_have_pages() {
    run(|app| async {
        let month = Month::drafted(app).await;
        let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
        let absurd = json!({
            "code": "MAX", "kind": "EARNING", "formula": "amount * 1000000000000",
        });
        give(&month, &hugo, absurd, json!({ "amount": "99999999" })).await;
        // More than a payslip can hold, which only the database finds out.
        let raise = "UPDATE people.contract SET salary = 999999999999999, salary_period = 'MONTH', \
                    extra_pays_prorated = true WHERE employee_id = (SELECT id FROM people.employee \
                    WHERE full_name = 'Pablo Serrano Cano')";
        sql(app, &month, raise).await;
        month.calculate().await;
        let rows = "rows { employee { fullName } userErrors { reason } }";
        let page = "totalCount pageInfo { hasNextPage hasPreviousPage endCursor }";
        let seen = month
            .look(&format!(
                "status totals {{ employeeCount }} failures(first: 1) {{ {rows} {page} }}"
            ))
            .await;
        assert_eq!(
            (&seen["status"], &seen["totals"]["employeeCount"]),
            (&json!("CALCULATED"), &json!(22))
        );
        let first = &seen["failures"];
        assert_eq!(
            (&first["totalCount"], &first["pageInfo"]["hasNextPage"]),
            (&json!(2), &json!(true))
        );
        let after = text_of_cursor(first);
        let seen = month
            .look(&format!(
                "failures(first: 1, after: \"{after}\") {{ {rows} {page} }}"
            ))
            .await;
        let second = &seen["failures"];
        let info = (
            &second["pageInfo"]["hasNextPage"],
            &second["pageInfo"]["hasPreviousPage"],
        );
        assert_eq!(info, (&json!(false), &json!(true)));
        let mut told: Vec<(String, String)> = [first, second]
            .map(|page| {
                let row = &page["rows"][0];
                (
                    text(&row["employee"]["fullName"]),
                    text(&row["userErrors"][0]["reason"]),
                )
            })
            .to_vec();
        told.sort();
        let expected = [
            ("Hugo Santos Bravo", "people.item_too_large"),
            ("Pablo Serrano Cano", "people.not_calculated"),
        ];
        assert_eq!(
            told,
            expected.map(|(name, reason)| (name.to_owned(), reason.to_owned()))
        );
        pages_of_differences_join(&month).await;
    });
}

fn text_of_cursor(page: &Value) -> String {
    text(&page["pageInfo"]["endCursor"])
}

/// Pages of five, forward and backward, hold each employee once and in the order of the whole list.
async fn pages_of_differences_join(month: &Month) {
    let rows = "rows { employee { id } } pageInfo { hasNextPage endCursor }";
    let names = |page: &Value| -> Vec<String> {
        let rows = page["rows"].as_array().expect("rows").iter();
        rows.map(|row| text(&row["employee"]["id"])).collect()
    };
    let whole = month
        .look(&format!("differences(first: 50) {{ totalCount {rows} }}"))
        .await;
    let all = names(&whole["differences"]);
    assert_eq!(
        (all.len(), &whole["differences"]["totalCount"]),
        (22, &json!(22))
    );
    let (mut joined, mut after) = (Vec::new(), String::new());
    loop {
        let seen = month
            .look(&format!("differences(first: 5{after}) {{ {rows} }}"))
            .await;
        let page = &seen["differences"];
        joined.extend(names(page));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = format!(", after: \"{}\"", text_of_cursor(page));
    }
    assert_eq!(joined, all);
    let seen = month
        .look(&format!("differences(last: 3) {{ {rows} }}"))
        .await;
    assert_eq!(names(&seen["differences"]), all[19..]);
}

#[test]
fn who_has_no_account_is_warned_of() {
    run(|app| async {
        let month = Month::drafted(app).await;
        let manager = month.tenant.login(app, "carmen.molina").await;
        let hugo = employee(&manager, "Hugo Santos Bravo").await;
        let input = json!({ "id": hugo, "patch": { "iban": null } });
        done(&manager, "employeeUpdate", input, "employee { id }").await;
        month.calculate().await;
        let seen = month
            .look(
                "warningCount warnings(first: 50) { totalCount \
                 rows { employee { id } notices { code message } } }",
            )
            .await;
        let rows = seen["warnings"]["rows"].as_array().expect("rows");
        assert_eq!(seen["warnings"]["totalCount"], rows.len());
        assert_eq!(seen["warningCount"], rows.len());
        let own = rows
            .iter()
            .find(|row| row["employee"]["id"] == hugo.as_str());
        let notices = own.expect("a warning")["notices"]
            .as_array()
            .expect("notices")
            .clone();
        let warned = notices.iter().find(|it| it["code"] == "people.no_account");
        let slip = super::figures::payslip_of(&month, "Hugo Santos Bravo").await;
        let net = format!("{:.2}", amount(&slip["net"]));
        let message = text(&warned.expect("no account")["message"]);
        assert!(message.contains(&net), "{message}");
    });
}

#[test]
fn overtime_is_a_line_with_its_own_contributions() {
    run(|app| async {
        let month = Month::drafted(app).await;
        let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
        let untaxed = json!({
            "company": month.tenant.demo.company.to_string(), "nameEs": "Horas", "code": "HX",
            "kind": "OVERTIME", "taxable": false,
        });
        let refused = act(
            &month.clerk,
            "payConceptCreate",
            untaxed,
            "payConcept { id }",
        )
        .await;
        assert_eq!(reasons(&refused), ["people.overtime_untaxed"], "{refused}");
        let hours = json!({ "code": "HE", "kind": "OVERTIME", "formula": "quantity * 20" });
        give(&month, &hugo, hours, json!({ "quantity": "10" })).await;
        let flood = json!({ "code": "HF", "kind": "OVERTIME_FORCE_MAJEURE" });
        give(&month, &hugo, flood, json!({ "amount": "100" })).await;
        month.calculate().await;
        let slip = super::figures::payslip_of(&month, "Hugo Santos Bravo").await;
        let query = "query ($id: ID!) { payslip(id: $id) { commonBase { amount } \
                     professionalBase { amount } lines { code kind value } } }";
        let data = month.clerk.run(query, json!({ "id": slip["id"] })).await;
        let slip = &data["payslip"];
        let lines = slip["lines"].as_array().expect("lines");
        for (code, kind, value) in [
            ("overtime_other_pay", "EARNING", "200"),
            ("overtime_force_pay", "EARNING", "100"),
            ("overtime_other_employee", "DEDUCTION", "9.4"),
            ("overtime_force_employee", "DEDUCTION", "2"),
            ("overtime_other_employer", "EMPLOYER", "47.2"),
            ("overtime_force_employer", "EMPLOYER", "12"),
            ("HE", "INFO", "200"),
        ] {
            let line = lines.iter().find(|line| line["code"] == code);
            let line = line.unwrap_or_else(|| panic!("{code}: {slip}"));
            assert_eq!(line["kind"], kind, "{code}");
            let expected: rust_decimal::Decimal = value.parse().unwrap();
            assert_eq!(super::stage::decimal(&line["value"]), expected, "{code}");
        }
        let bases = amount(&slip["professionalBase"]) - amount(&slip["commonBase"]);
        assert_eq!(bases, rust_decimal::dec!(300));
    });
}
