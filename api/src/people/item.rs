//! Pay items through the API: a concept for an employee, every month or once.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::filter::IdFilter;
use kernel::ids::{EmployeeId, PayItemId};
use kernel::{Date, Dec, Tx};
use people::item::{
    self, PayItem as ItemRow, PayItemCreateInput, PayItemDeleteInput, PayItemFilter, PayItemSort,
    PayItemSortField,
};

use crate::act::{Current, Kept, Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::people::belonging::Belonging;
use crate::people::concept::PayConcept;
use crate::people::contract::may_change_pay;
use crate::people::employee::Employee;
use crate::people::shown::{shown, shown_payload};
use crate::permission::Permission;

noun! {
    /// A concept given to an employee.
    PayItem of crate::people::reach::items as ItemRow, PayItemId;
    listed by PayItemFilter, PayItemSortField
}

impl Belonging for PayItem {
    fn employee(&self) -> EmployeeId {
        self.0.employee_id
    }

    fn of(employees: IdFilter) -> PayItemFilter {
        PayItemFilter {
            employee: Some(employees),
            ..PayItemFilter::default()
        }
    }
}

/// What the viewer may do with a pay item. Its field is no `delete`, which languages reserve.
#[derive(SimpleObject)]
pub struct PayItemViewerCan {
    /// Take it back.
    remove: Permission,
}

/// A concept given to an employee, every month from one on, or in one month.
#[Object]
impl PayItem {
    /// The item.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// The concept. Needs `people.pay.read`, or to be the employee.
    async fn concept(&self, graph: &Context<'_>) -> Result<Option<PayConcept>> {
        Call::of(graph)?.load(self.0.concept_id).await
    }

    /// Whether it comes every month.
    async fn recurring(&self) -> bool {
        self.0.recurring
    }

    /// The first day of its first month.
    async fn starts_on(&self) -> Date {
        self.0.starts_on
    }

    /// The last day of its last month.
    async fn ends_on(&self) -> Option<Date> {
        self.0.ends_on
    }

    /// What the concept's formula calls `amount`.
    async fn amount(&self) -> Option<Dec> {
        self.0.amount
    }

    /// What the concept's formula calls `quantity`.
    async fn quantity(&self) -> Option<Dec> {
        self.0.quantity
    }

    /// A remark.
    async fn memo(&self) -> Option<&str> {
        self.0.memo.as_deref()
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<PayItemViewerCan> {
        let remove = may_change_pay(graph, self.0.company_id, self.0.employee_id).await?;
        Ok(PayItemViewerCan { remove })
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

shown_payload! {
    /// What giving a concept to an employee gives.
    PayItemCreatePayload {
        /// The item.
        pay_item: PayItem
    }
}

/// The id of an item that was taken back.
pub struct Gone(PayItemId);

impl Kept for Gone {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.0)
    }

    fn again<'t>(
        _: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move { Ok(Self(serde_json::from_value(kept.clone())?)) }.boxed()
    }
}

/// What taking an item back gives.
#[derive(SimpleObject)]
pub struct PayItemDeletePayload {
    /// The item, when it was not deleted because it had changed.
    pay_item: Option<PayItem>,
    /// The id that is gone.
    deleted_id: Option<ID>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for PayItemDeletePayload {
    type Record = Gone;

    fn done(gone: Gone) -> Self {
        Self {
            pay_item: None,
            deleted_id: Some(gone.0.into()),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            pay_item: None,
            deleted_id: None,
            user_errors,
        }
    }

    async fn beside(self, current: &Current<'_>) -> Self {
        Self {
            pay_item: current.of::<PayItem>().await,
            ..self
        }
    }
}

/// Looks at pay items.
#[derive(Default)]
pub struct PayItemQuery;

#[Object]
impl PayItemQuery {
    /// A pay item. Needs `people.pay.read`, or to be one's own.
    async fn pay_item(&self, graph: &Context<'_>, id: PayItemId) -> Result<Option<PayItem>> {
        find(graph, id).await
    }

    /// Pay items. Needs `people.pay.read`; without it one sees one's own alone.
    async fn pay_items(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PayItemFilter>,
        sort: Option<PayItemSort>,
        search: Option<String>,
    ) -> Result<Connection<PayItem>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on pay items.
#[derive(Default)]
pub struct PayItemMutation;

#[Object]
impl PayItemMutation {
    /// Gives a concept to an employee, in one month or every month from one on. Needs
    /// `people.pay.manage`.
    async fn pay_item_create(
        &self,
        graph: &Context<'_>,
        input: PayItemCreateInput,
    ) -> Result<PayItemCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = item::create(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// Takes an item back; payslips that were made keep what it gave. Needs `people.pay.manage`.
    async fn pay_item_delete(
        &self,
        graph: &Context<'_>,
        input: PayItemDeleteInput,
    ) -> Result<PayItemDeletePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Gone(item::delete(tx, input).await?)) })
        })
        .await
    }
}
