//! Reordering: the nightly job that looks at every item a warehouse keeps by a policy, proposes what
//! to order and says why, raises or withdraws what stands, opens and closes alerts, and tells the
//! people who care, once each.
//!
//! One item of the job is one item in one warehouse; thousands go in one transaction. Round trips
//! of a chunk: facts 12 a company, proposals 1 to 3 a thousand, alerts 3, events, marks. What can't be
//! told, for want of a supplier's lead time, fails alone with its reason; that it runs out is told
//! all the same.

mod facts;
mod outcome;
mod record;
pub(crate) mod rules;
#[cfg(test)]
mod rules_tests;
mod tell;
mod unkept;
mod wanted;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use directory::calendar::Working;
use futures::FutureExt;
use kernel::ids::{CompanyId, ItemCategoryId, JobId, WarehouseId};
use kernel::job::{Job, JobRun};
use kernel::{CurrencyCode, Date, Fault, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use facts::{Day, Facts};
use outcome::{Outcome, Standing};
use record::Seen;
use rules::Look;

use crate::alert;
use crate::permission::REPLENISHMENT_MANAGE;
use crate::proposal::{self, ProposalStatus};
use crate::purchase::PurchaseOrderStatus;

pub use rules::{Explanation, RULE_VERSION, SupplierChoice};
pub use wanted::{ReplenishmentRunInput, enqueue_run};

/// Items in one transaction.
const CHUNK: usize = 5_000;

/// Looks at what warehouses keep and proposes what to order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reorder {
    /// The company; all of them when absent.
    pub company: Option<CompanyId>,
    /// The warehouse; all of them when absent.
    pub warehouse: Option<WarehouseId>,
    /// The category of items; all of them when absent.
    pub category: Option<ItemCategoryId>,
    /// The day as of whose end it looks; each company's today when absent.
    pub as_of: Option<Date>,
}

impl Job for Reorder {
    const KIND: &'static str = "inventory.reorder";
    const QUEUE: &'static str = "inventory";
    const PERMISSION: Permission = REPLENISHMENT_MANAGE;
    const SCHEDULABLE: bool = true;

    fn company(&self) -> Option<CompanyId> {
        self.company
    }

    async fn run(self, job: JobRun) -> Result<Value> {
        let wish = self.clone();
        let plan = job
            .read(move |tx| async move { Plan::of(tx, wish).await }.boxed())
            .await?;
        let plan = Arc::new(plan);
        if job.is_dry_run() {
            return rehearse(&job, &plan).await;
        }
        let open = job.pending(&plan.policies).await?;
        let id = job.id();
        for chunk in open.chunks(CHUNK) {
            let (plan, keys) = (plan.clone(), chunk.to_vec());
            job.items(chunk, move |tx| {
                async move { plan.write(tx, &keys, id).await }.boxed()
            })
            .await?;
        }
        let since = job.row().created_at;
        job.finish(move |tx| async move { plan.settle(tx, id, since).await }.boxed())
            .await
    }
}

/// Looks at everything and writes nothing.
async fn rehearse(job: &JobRun, plan: &Arc<Plan>) -> Result<Value> {
    let mut tally = Tally::default();
    let total = i64::try_from(plan.policies.len()).unwrap_or(i64::MAX);
    let mut done = 0;
    for chunk in plan.policies.chunks(CHUNK) {
        let (own, keys) = (plan.clone(), chunk.to_vec());
        let (seen, failed) = job
            .read(move |tx| async move { own.look(tx, &keys).await }.boxed())
            .await?;
        tally.failed += failed.len();
        seen.iter().for_each(|seen| tally.add(seen));
        done += i64::try_from(chunk.len()).unwrap_or_default();
        job.progress(done, total).await?;
    }
    let own = plan.clone();
    let unkept = job
        .read(move |tx| async move { unkept::proposals(tx, &own.reach()).await }.boxed())
        .await?;
    tally.withdrawn += unkept.len();
    Ok(tally.told(plan.policies.len()))
}

/// A company as the look needs it.
#[derive(Clone, Debug)]
struct Books {
    day: Day,
    currency: CurrencyCode,
    working: Working,
}

/// What all chunks of a run need.
#[derive(Debug)]
struct Plan {
    wish: Reorder,
    books: HashMap<CompanyId, Books>,
    policies: Vec<Uuid>,
    companies: HashMap<Uuid, CompanyId>,
}

type Failed = Vec<(Uuid, Vec<Fault>)>;

impl Plan {
    async fn of(tx: &mut Tx, wish: Reorder) -> Result<Self> {
        let policies = policies(tx, &wish).await?;
        let mut companies: Vec<CompanyId> = policies.iter().map(|row| row.company_id).collect();
        companies.extend(waiting(tx, &wish).await?);
        companies.sort_unstable();
        companies.dedup();
        let mut books = HashMap::with_capacity(companies.len());
        for id in companies {
            let company = directory::company::load(tx, id).await?;
            let today = Date(tx.now().with_timezone(&company.tz()).date_naive());
            let day = wish.as_of.unwrap_or(today);
            let working = directory::calendar::working(tx, company.calendar_id).await?;
            let day = Day {
                day,
                is_past: day < today,
            };
            let currency = company.currency;
            books.insert(
                id,
                Books {
                    day,
                    currency,
                    working,
                },
            );
        }
        let companies = policies
            .iter()
            .map(|row| (row.id, row.company_id))
            .collect();
        let policies = policies.into_iter().map(|row| row.id).collect();
        Ok(Self {
            wish,
            books,
            policies,
            companies,
        })
    }

    /// Looks at some policies; gives the faults of those of which it can't be told what to order.
    async fn look(&self, tx: &mut Tx, keys: &[Uuid]) -> Result<(Vec<Seen>, Failed)> {
        let mut by_company: BTreeMap<CompanyId, Vec<Uuid>> = BTreeMap::new();
        for key in keys {
            if let Some(company) = self.companies.get(key) {
                by_company.entry(*company).or_default().push(*key);
            }
        }
        let mut facts = Vec::with_capacity(keys.len());
        for (company, keys) in by_company {
            if let Some(books) = self.books.get(&company) {
                facts.extend(facts::load(tx, company, &keys, books.day).await?);
            }
        }
        let mut seen = Vec::with_capacity(facts.len());
        let mut failed = Failed::new();
        for facts in facts {
            let key = facts.policy.0;
            let one = self.look_at(facts)?;
            if let Err(fault) = &one.finding.order {
                let fault = fault.clone().with("item", &one.facts.item_code);
                failed.push((key, vec![fault]));
            }
            seen.push(one);
        }
        Ok((seen, failed))
    }

    /// Looks at one: pure.
    fn look_at(&self, facts: Facts) -> std::result::Result<Seen, Fault> {
        let unknown = || Fault::not_found(crate::fault::POLICY_NOT_FOUND);
        let books = self.books.get(&facts.company).ok_or_else(unknown)?;
        let look = Look {
            day: books.day.day.0,
            working: &books.working,
            currency: books.currency,
            unit: facts.unit,
            places: facts.places,
        };
        let finding = rules::look(&facts.keeping, &facts.position, &facts.offers, look);
        let standing: Option<&Standing> = facts.standing.as_ref().map(|(_, _, it)| it);
        let outcome = match &finding.order {
            Ok(order) => outcome::settle(order.as_ref(), standing, facts.dismissed_until, look.day),
            Err(_) => Outcome::Unknown,
        };
        Ok(Seen {
            day: books.day.day,
            is_past: books.day.is_past,
            facts,
            finding,
            outcome,
        })
    }

    /// The companies whose present is looked at, with their day.
    fn today(&self) -> Vec<(CompanyId, Date)> {
        let now = self.books.iter().filter(|(_, books)| !books.day.is_past);
        now.map(|(id, books)| (*id, books.day.day)).collect()
    }

    /// A look at the past leaves alone what is kept now.
    fn reach(&self) -> Reach {
        Reach {
            companies: self.today().into_iter().map(|(id, _)| id).collect(),
            warehouse: self.wish.warehouse,
            category: self.wish.category,
        }
    }

    async fn write(&self, tx: &mut Tx, keys: &[Uuid], job: JobId) -> Result<Failed> {
        let (seen, failed) = self.look(tx, keys).await?;
        record::record(tx, &seen, job).await?;
        Ok(failed)
    }

    /// The end of a run: what is not kept any more, orders that are late, whose task it is, what
    /// people are told, and the figures.
    async fn settle(
        &self,
        tx: &mut Tx,
        job: JobId,
        since: chrono::DateTime<chrono::Utc>,
    ) -> Result<Value> {
        unkept::clear(tx, &self.reach(), job).await?;
        let today = self.today();
        if self.wish.category.is_none() {
            alert::settle_late(tx, &today, self.wish.warehouse, job).await?;
        }
        let companies: Vec<CompanyId> = self.books.keys().copied().collect();
        proposal::task::ask(tx, &companies, job).await?;
        tell::finish(tx, job, since, self.policies.len()).await
    }
}

/// What a run at its end answers for, beside what it has looked at.
struct Reach {
    companies: Vec<CompanyId>,
    warehouse: Option<WarehouseId>,
    category: Option<ItemCategoryId>,
}

#[derive(diesel::QueryableByName)]
struct Wanted {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    company_id: CompanyId,
    #[diesel(sql_type = sql::Uuid)]
    item_id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: Uuid,
}

/// The policies to look at, item by item, as far as the actor's right reaches.
async fn policies(tx: &mut Tx, wish: &Reorder) -> Result<Vec<Wanted>> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let allowed: Option<Vec<Uuid>> =
        (!scope.everywhere).then(|| scope.companies.iter().map(|company| company.0).collect());
    let mut rows: Vec<Wanted> = diesel::sql_query(
        "SELECT id, company_id, item_id, warehouse_id FROM inventory.stock_policy \
         WHERE organisation_id = $1 AND active \
            AND ($2 IS NULL OR company_id = ANY($2)) \
            AND ($3 IS NULL OR company_id = $3) AND ($4 IS NULL OR warehouse_id = $4) \
         ORDER BY item_id, warehouse_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Nullable<sql::Array<sql::Uuid>>, _>(allowed)
    .bind::<sql::Nullable<sql::Uuid>, _>(wish.company)
    .bind::<sql::Nullable<sql::Uuid>, _>(wish.warehouse)
    .load(tx.conn())
    .await?;
    let items = items_in_use(tx, wish.category).await?;
    let warehouses = warehouses_in_use(tx).await?;
    rows.retain(|row| items.contains(&row.item_id) && warehouses.contains(&row.warehouse_id));
    Ok(rows)
}

/// The items in use, perhaps of a category. Items and warehouses are read by themselves, and not
/// joined; see [`facts`].
async fn items_in_use(tx: &mut Tx, category: Option<ItemCategoryId>) -> Result<HashSet<Uuid>> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    let rows: Vec<Found> = diesel::sql_query(
        "SELECT id FROM inventory.item WHERE organisation_id = $1 AND is_tracked \
            AND archived_at IS NULL AND ($2 IS NULL OR category_id = $2)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Nullable<sql::Uuid>, _>(category)
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// The warehouses in use.
async fn warehouses_in_use(tx: &mut Tx) -> Result<HashSet<Uuid>> {
    use diesel::{ExpressionMethods, QueryDsl};

    use crate::schema::warehouse;
    let ids: Vec<WarehouseId> = warehouse::table
        .filter(warehouse::organisation_id.eq(tx.organisation()))
        .filter(warehouse::archived_at.is_null())
        .select(warehouse::id)
        .load(tx.conn())
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// The companies that wait for orders, or have open alerts or proposals, as far as the actor's right
/// reaches.
async fn waiting(tx: &mut Tx, wish: &Reorder) -> Result<Vec<CompanyId>> {
    use diesel::{ExpressionMethods, QueryDsl};

    use crate::schema_replenishment::{proposal, purchase_order, stock_alert};
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let open = [
        PurchaseOrderStatus::Ordered,
        PurchaseOrderStatus::PartiallyReceived,
    ];
    let mut companies: Vec<CompanyId> = purchase_order::table
        .filter(purchase_order::organisation_id.eq(tx.organisation()))
        .filter(purchase_order::status.eq_any(open))
        .select(purchase_order::company_id)
        .distinct()
        .load(tx.conn())
        .await?;
    let told: Vec<CompanyId> = stock_alert::table
        .filter(stock_alert::organisation_id.eq(tx.organisation()))
        .filter(stock_alert::closed_at.is_null())
        .select(stock_alert::company_id)
        .distinct()
        .load(tx.conn())
        .await?;
    let proposed: Vec<CompanyId> = proposal::table
        .filter(proposal::organisation_id.eq(tx.organisation()))
        .filter(proposal::status.eq(ProposalStatus::Open))
        .select(proposal::company_id)
        .distinct()
        .load(tx.conn())
        .await?;
    companies.extend(told.into_iter().chain(proposed));
    let asked = |id: &CompanyId| wish.company.is_none_or(|company| company == *id);
    Ok(companies
        .into_iter()
        .filter(|id| asked(id) && scope.covers(Some(*id), None))
        .collect())
}

/// What a rehearsal found.
#[derive(Debug, Default)]
struct Tally {
    proposed: usize,
    raised: usize,
    withdrawn: usize,
    standing: usize,
    dismissed: usize,
    without_supplier: usize,
    alerts: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, seen: &Seen) {
        match seen.outcome {
            Outcome::Nothing | Outcome::Unknown => {}
            Outcome::Dismissed => self.dismissed += 1,
            Outcome::Proposed => self.proposed += 1,
            Outcome::Stands => self.standing += 1,
            Outcome::Renewed => self.raised += 1,
            Outcome::Withdrawn => self.withdrawn += 1,
        }
        let orphan = seen.order().is_some_and(|order| order.from.is_none());
        self.without_supplier += usize::from(orphan && seen.outcome == Outcome::Proposed);
        let on_hand = seen.facts.position.on_hand;
        let alarm = outcome::alarm(&seen.facts.keeping, &seen.finding, on_hand);
        self.alerts += usize::from(alarm.is_some() && !seen.is_past);
    }

    fn told(&self, looked_at: usize) -> Value {
        json!({
            "lookedAt": looked_at,
            "proposed": self.proposed,
            "raised": self.raised,
            "withdrawn": self.withdrawn,
            "standing": self.standing,
            "dismissed": self.dismissed,
            "withoutSupplier": self.without_supplier,
            "alerts": self.alerts,
            "failed": self.failed,
        })
    }
}
