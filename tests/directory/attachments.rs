//! The rights of a record decide the rights of its files: to list, to open, to attach, to archive.

use serde_json::{Value, json};

use super::papers::{FILE, attached, status_of, try_attach, upload};
use crate::app::{App, run};
use crate::client::{Client, Tenant};
use crate::finance::stage::Office;
use crate::people::stage::{act, done, employee, mutation_of, reasons, text};

/// The contract of somebody as a client sees it.
async fn contract_of(client: &Client, name: &str) -> String {
    let person = employee(client, name).await;
    let query = "query ($id: ID!) { employee(id: $id) { contract { id } } }";
    let data = client.run(query, json!({ "id": person })).await;
    text(&data["employee"]["contract"]["id"])
}

/// Every way to a file, each as a client finds it: by itself, by any id, by its list, by its
/// contract, by its name.
async fn ways(client: &Client, file: &str, contract: &str) -> [bool; 5] {
    let query = "query ($file: ID!, $contract: ID!) { file(id: $file) { id } \
        node(id: $file) { id } files(filter: { subject: { eq: $contract } }) { totalCount } \
        contract(id: $contract) { attachments { totalCount nodes { id } } } \
        named: files(search: \"secreto\") { totalCount } }";
    let variables = json!({ "file": file, "contract": contract });
    let data = client.run(query, variables).await;
    let attachments = &data["contract"]["attachments"];
    [
        data["file"]["id"] == file,
        data["node"]["id"] == file,
        data["files"]["totalCount"] == 1,
        attachments["totalCount"] == 1 && attachments["nodes"][0]["id"] == file,
        data["named"]["totalCount"] == 1,
    ]
}

/// Gives somebody one more role, in a department alone when one is named.
async fn give(app: &App, tenant: &Tenant, user: &str, role: &str, department: Option<&str>) {
    let owner = tenant.login_proved(app, "elena.campos").await;
    let query = "query ($name: String!) { users(search: $name) { nodes { id } } \
        roles { nodes { id key } } departments { nodes { id code } } }";
    let data = owner.run(query, json!({ "name": user })).await;
    let of = |list: &str, field: &str, value: &str| {
        let nodes = data[list]["nodes"].as_array().unwrap();
        let found = nodes.iter().find(|node| node[field] == value);
        text(&found.unwrap_or_else(|| panic!("{value}: {data}"))["id"])
    };
    let input = json!({
        "role": of("roles", "key", role),
        "user": data["users"]["nodes"][0]["id"],
        "company": department.map(|_| tenant.demo.company.to_string()),
        "department": department.map(|code| of("departments", "code", code)),
    });
    done(&owner, "roleAssign", input, "roleAssignment { id }").await;
}

#[test]
fn who_does_not_see_a_contract_finds_its_files_nowhere() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let people = tenant.login(app, "carmen.molina").await;
        let contract = contract_of(&people, "Hugo Santos Bravo").await;
        let file = attached(&people, "secreto.pdf", "contract", &contract).await;
        let seen = [
            ("carmen.molina", true),
            ("marta.ruiz", true),
            ("raquel.iglesias", true),
            // It is his own.
            ("hugo.santos", true),
            // He heads the department, and may not see pay.
            ("diego.navarro", false),
            // She manages files, and sees no contracts of others.
            ("lucia.fernandez", false),
            ("ines.roldan", false),
            ("pablo.serrano", false),
        ];
        for (name, sees) in seen {
            let viewer = tenant.login(app, name).await;
            let found = ways(&viewer, &file, &contract).await;
            assert_eq!(found, [sees; 5], "{name}");
        }
        let diego = tenant.login(app, "diego.navarro").await;
        let hugo = employee(&people, "Hugo Santos Bravo").await;
        let query = "query ($id: ID!) { employee(id: $id) { attachments { totalCount } \
            redactedFields } }";
        let data = diego.run(query, json!({ "id": hugo })).await;
        assert_eq!(data["employee"]["attachments"], Value::Null);
        let hidden = data["employee"]["redactedFields"].as_array().unwrap();
        assert!(hidden.contains(&json!("attachments")), "{data}");
    });
}

#[test]
fn a_link_dies_with_the_right_that_it_was_made_by() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let people = tenant.login(app, "carmen.molina").await;
        let contract = contract_of(&people, "Hugo Santos Bravo").await;
        let file = attached(&people, "contrato.pdf", "contract", &contract).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let query = "query ($id: ID!) { file(id: $id) { download { path } } }";
        let data = clerk.run(query, json!({ "id": file })).await;
        let path = text(&data["file"]["download"]["path"]);
        assert_eq!(status_of(&clerk, &path).await, 200);
        let owner = tenant.login_proved(app, "elena.campos").await;
        let data = owner
            .ask(
                "{ users(search: \"Marta\") { nodes { id } } \
                 roleAssignments { nodes { id user { id } } } }",
            )
            .await;
        let marta = &data["users"]["nodes"][0]["id"];
        let given = data["roleAssignments"]["nodes"].as_array().unwrap();
        let hers: Vec<&Value> = given
            .iter()
            .filter(|one| one["user"]["id"] == *marta)
            .collect();
        assert!(!hers.is_empty(), "{data}");
        for one in hers {
            done(
                &owner,
                "roleUnassign",
                json!({ "id": one["id"] }),
                "deletedId",
            )
            .await;
        }
        assert_eq!(status_of(&clerk, &path).await, 404);
    });
}

#[test]
fn a_right_in_a_department_reaches_the_files_of_that_department_alone() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let people = tenant.login(app, "carmen.molina").await;
        let mine = contract_of(&people, "Hugo Santos Bravo").await;
        let other = contract_of(&people, "Manuel Reyes Flores").await;
        let near = attached(&people, "secreto.pdf", "contract", &mine).await;
        let far = attached(&people, "secreto.pdf", "contract", &other).await;
        give(app, &tenant, "Leo", "hr_manager", Some("VEN")).await;
        let leo = tenant.login(app, "leo.marin").await;
        assert_eq!(ways(&leo, &near, &mine).await, [true; 5]);
        assert_eq!(
            ways(&leo, &far, &other).await,
            [false, false, false, false, true],
            "by name he finds the other one alone"
        );
        let made = attached(&leo, "anexo.pdf", "contract", &mine).await;
        let refused = try_attach(&leo, "anexo.pdf", "contract", &other).await;
        assert_eq!(reasons(&refused), ["kernel.not_found"], "{refused}");
        let payload = act(&leo, "fileArchive", json!({ "id": made }), "file { id }").await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        let payload = act(&leo, "fileArchive", json!({ "id": far }), "file { id }").await;
        assert_eq!(reasons(&payload), ["kernel.not_found"], "{payload}");
    });
}

#[test]
fn who_may_only_look_neither_attaches_nor_archives() {
    run(|app| async move {
        let office = Office::new(app).await;
        let party = office.party("Papeles SL").await;
        let input = office.supplied(&party, "PP-1", &[("10", &[])]);
        let invoice = office.drafted(input).await;
        let id = text(&invoice["id"]);
        let file = attached(&office.accountant, "factura.pdf", "invoice", &id).await;
        give(app, &office.tenant, "Nora", "auditor", None).await;
        let nora = office.tenant.login(app, "nora.ibarra").await;
        let query = "query ($id: ID!) { invoice(id: $id) { attachments { nodes { \
            id viewerCan { archive { allowed } } } } } }";
        let data = nora.run(query, json!({ "id": id })).await;
        let node = &data["invoice"]["attachments"]["nodes"][0];
        assert_eq!(node["id"], file, "{data}");
        assert_eq!(node["viewerCan"]["archive"]["allowed"], false, "{data}");
        let upload = upload(&nora, "falsa.pdf").await;
        let input = json!({ "input": { "upload": upload, "subject": { "invoice": id } } });
        let document = mutation_of("attachmentCreate", FILE);
        assert_eq!(nora.refused(&document, input).await, "FORBIDDEN");
        let archived = act(&nora, "fileArchive", json!({ "id": file }), "file { id }").await;
        assert_eq!(reasons(&archived), ["kernel.not_found"], "{archived}");
        assert_eq!(
            office.look(&invoice, "attachments { totalCount }").await["attachments"]["totalCount"],
            1
        );
    });
}

#[test]
fn a_record_remembers_what_was_attached_and_archived() {
    run(|app| async move {
        let office = Office::new(app).await;
        let party = office.party("Recuerdos SL").await;
        let input = office.supplied(&party, "RR-1", &[("10", &[])]);
        let invoice = office.drafted(input).await;
        let id = text(&invoice["id"]);
        let client = &office.accountant;
        let first = attached(client, "primera.pdf", "invoice", &id).await;
        let second = attached(client, "segunda.pdf", "invoice", &id).await;
        let seen = office
            .look(
                &invoice,
                "attachments(first: 1) { totalCount nodes { id } pageInfo { endCursor } }",
            )
            .await;
        assert_eq!(seen["attachments"]["totalCount"], 2);
        assert_eq!(
            seen["attachments"]["nodes"][0]["id"], second,
            "the latest first"
        );
        let after = text(&seen["attachments"]["pageInfo"]["endCursor"]);
        let rest = office
            .look(
                &invoice,
                &format!("attachments(first: 5, after: \"{after}\") {{ nodes {{ id }} }}"),
            )
            .await;
        assert_eq!(rest["attachments"]["nodes"], json!([{ "id": first }]));
        done(
            client,
            "fileArchive",
            json!({ "id": first }),
            "file { archivedAt }",
        )
        .await;
        let seen = office
            .look(
                &invoice,
                "attachments { nodes { id } } history(first: 20) { nodes { action } }",
            )
            .await;
        assert_eq!(seen["attachments"]["nodes"], json!([{ "id": second }]));
        let actions: Vec<&str> = seen["history"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|node| node["action"].as_str())
            .filter(|action| action.starts_with("directory.attachment"))
            .collect();
        let count = |wanted: &str| actions.iter().filter(|action| **action == wanted).count();
        assert_eq!(count("directory.attachment.created"), 2, "{seen}");
        assert_eq!(count("directory.attachment.archived"), 1, "{seen}");
    });
}

#[test]
fn a_file_of_ones_own_stays_ones_own() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let people = tenant.login(app, "carmen.molina").await;
        let upload = upload(&people, "notas.pdf").await;
        let payload = done(
            &people,
            "attachmentCreate",
            json!({ "upload": upload }),
            FILE,
        )
        .await;
        let file = text(&payload["file"]["id"]);
        let query = "query ($id: ID!) { file(id: $id) { id } }";
        let own = people.run(query, json!({ "id": file })).await;
        assert_eq!(own["file"]["id"], file);
        let pablo = tenant.login(app, "pablo.serrano").await;
        let other = pablo.run(query, json!({ "id": file })).await;
        assert_eq!(other["file"], Value::Null);
        let again = act(
            &people,
            "attachmentCreate",
            json!({ "upload": upload }),
            FILE,
        )
        .await;
        assert_eq!(reasons(&again), ["directory.upload_over"], "{again}");
    });
}
