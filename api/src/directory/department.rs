//! Departments through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::department::{
    self, Department as DepartmentRow, DepartmentCreateInput, DepartmentFilter, DepartmentSort,
    DepartmentSortField, DepartmentUpdateInput,
};
use directory::permission::{COMPANY_READ, DEPARTMENT_MANAGE};
use kernel::ids::DepartmentId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::children::{children, connected};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::directory::user::User;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A department of a company.
    Department of directory::department as DepartmentRow, DepartmentId;
    listed by DepartmentFilter, DepartmentSortField
}

children! {
    DepartmentsBelow: Department of DepartmentId; by department::children_of, |row| row.parent_id
}

/// What the viewer may do with a department.
#[derive(SimpleObject)]
pub struct DepartmentViewerCan {
    /// Change it.
    update: Permission,
}

/// A department of a company.
#[Object]
impl Department {
    /// The department.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its company; null when the viewer may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// The department above it; null at the top, and when the viewer may not see it.
    async fn parent(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        Call::of(graph)?.load_some(self.0.parent_id).await
    }

    /// The departments right below it.
    async fn children(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Department>> {
        let slice = Slice::new(first, after, last, before);
        connected::<DepartmentsBelow>(graph, self.0.id, slice).await
    }

    /// Its short code.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The user who leads it; null when there is none or the viewer may not see them.
    async fn manager(&self, graph: &Context<'_>) -> Result<Option<User>> {
        Call::of(graph)?.load_some(self.0.manager_id).await
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<DepartmentViewerCan> {
        let (company, own) = (Some(self.0.company_id), Some(self.0.id));
        let update = Permission::held(Call::of(graph)?, DEPARTMENT_MANAGE, |scope| {
            scope.covers(company, own)
        });
        Ok(DepartmentViewerCan { update })
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

payload! {
    /// What making a department gives.
    DepartmentCreatePayload {
        /// The department.
        department: Department
    }
    /// What changing a department gives.
    DepartmentUpdatePayload {
        /// The department.
        department: Department
    }
}

/// Looks at departments.
#[derive(Default)]
pub struct DepartmentQuery;

#[Object]
impl DepartmentQuery {
    /// A department. Needs `directory.department.read`.
    async fn department(
        &self,
        graph: &Context<'_>,
        id: DepartmentId,
    ) -> Result<Option<Department>> {
        find(graph, id).await
    }

    /// Departments. Needs `directory.department.read`.
    async fn departments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<DepartmentFilter>,
        sort: Option<DepartmentSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Department>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on departments.
#[derive(Default)]
pub struct DepartmentMutation;

#[Object]
impl DepartmentMutation {
    /// Makes a department. Needs `directory.department.manage` in its company.
    async fn department_create(
        &self,
        graph: &Context<'_>,
        input: DepartmentCreateInput,
    ) -> Result<DepartmentCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Department(department::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes or moves a department. Needs `directory.department.manage` for it.
    async fn department_update(
        &self,
        graph: &Context<'_>,
        input: DepartmentUpdateInput,
    ) -> Result<DepartmentUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Department(department::update(tx, input).await?)) })
        })
        .await
    }
}
