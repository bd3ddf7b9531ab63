//! What belongs to one organisation is not there for another: not in a list, not by an id, not in
//! the feed, not by an act.

mod catalogue;
mod crossing;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::app::App;
use crate::client::{Client, Tenant};
use catalogue::Catalogue;

/// An account that the first organisation posts its payroll to.
pub const OWN_ACCOUNT: &str = "4777";

static PAIR: OnceCell<Pair> = OnceCell::const_new();

/// Two organisations that know nothing of each other; the first one has been busy.
pub struct Pair {
    pub a: Tenant,
    pub owner_a: Client,
    pub owner_b: Client,
    pub catalogue: Catalogue,
    /// Everything of the first one that its owner finds: type and id.
    pub records: Vec<(String, String)>,
}

/// The pair, made once for all tests.
pub async fn pair(app: &'static App) -> &'static Pair {
    PAIR.get_or_init(|| make(app)).await
}

async fn make(app: &'static App) -> Pair {
    let (a, b) = (Tenant::new(app).await, Tenant::new(app).await);
    let owner_a = a.login(app, "elena.campos").await;
    let owner_b = b.login(app, "elena.campos").await;
    stir(&a, &owner_a).await;
    let catalogue = Catalogue::read(&owner_a).await;
    let mut records = Vec::new();
    for list in &catalogue.lists {
        for id in list.ids(&owner_a).await {
            records.push((list.item.clone(), id));
        }
    }
    Pair {
        a,
        owner_a,
        owner_b,
        catalogue,
        records,
    }
}

/// Makes records of kinds that a new organisation lacks.
async fn stir(tenant: &Tenant, owner: &Client) {
    let company = tenant.demo.company.to_string();
    let line = |code: &str, side: &str| {
        json!({
            "accountCode": code, side: "10.00", "currencyCode": "EUR",
        })
    };
    let entry = json!({
        "companyId": company, "date": "2026-03-10", "memo": "Venta",
        "lines": [line("4300", "debit"), line("100", "credit")],
    });
    done(owner, "entryPost", "EntryPostInput", entry).await;
    let party = json!({ "kind": "ORGANISATION", "name": "Secreta, S.A." });
    done(owner, "partyCreate", "PartyCreateInput", party).await;
    let draft = json!({ "company": company, "year": 2026, "month": 10 });
    done(owner, "payrollRunDraft", "PayrollRunDraftInput", draft).await;
    let accounts = json!({
        "company": company, "accounts": [{ "purpose": "WAGES", "account": OWN_ACCOUNT }],
    });
    done(
        owner,
        "payrollAccountsSet",
        "PayrollAccountsSetInput",
        accounts,
    )
    .await;
    let data = owner.ask("{ schedules { nodes { id } } }").await;
    let schedule = data["schedules"]["nodes"][0]["id"].clone();
    let run = json!({ "id": schedule, "dryRun": true });
    done(owner, "scheduleRun", "ScheduleRunInput", run).await;
}

/// Performs a mutation that must succeed.
async fn done(client: &Client, name: &str, input: &str, value: Value) {
    let text = format!(
        "mutation ($input: {input}!) {{ {name}(input: $input) {{ \
         userErrors {{ code reason message field }} }} }}"
    );
    let data = client.run(&text, json!({ "input": value })).await;
    assert_eq!(data[name]["userErrors"], json!([]), "{name}: {data}");
}
