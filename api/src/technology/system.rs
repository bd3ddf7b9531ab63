//! Systems through the API: what a company depends on and how it stands.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use futures::future::FutureExt;
use kernel::filter::IdFilter;
use kernel::ids::SystemId;
use kernel::{Date, Dec, Fault, Tx};
use technology::availability::{self, Availability};
use technology::check::{SystemCheckFilter, SystemCheckSort};
use technology::fault;
use technology::health::{self, SystemHealth};
use technology::incident::{IncidentFilter, IncidentSort};
use technology::permission::{INCIDENT_MANAGE, INCIDENT_READ, SYSTEM_MANAGE};
use technology::system::{
    self, System as SystemRow, SystemCreateInput, SystemCriticality, SystemEnvironment,
    SystemFilter, SystemKind, SystemRetireInput, SystemSort, SystemSortField, SystemUpdateInput,
};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::{Part, Parts};
use crate::permission::Permission;
use crate::processes::named::NamedUser;
use crate::technology::check::SystemCheck;
use crate::technology::incident::Incident;
use crate::technology::link::link;
use crate::{noun, payload};

noun! {
    /// Something that a company depends on.
    System of crate::technology::reach::systems as SystemRow, SystemId;
    listed by SystemFilter, SystemSortField
}

/// How a system stands, loaded for all systems of a request at once.
#[derive(Clone, Copy, Debug)]
struct Health(SystemHealth);

impl Part for Health {
    type Of = SystemId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [SystemId]) -> Parts<'t, SystemId, Self> {
        async move {
            let found = health::of(tx, ids).await?;
            Ok(found
                .into_iter()
                .map(|(id, health)| (id, Self(health)))
                .collect())
        }
        .boxed()
    }
}

/// How much of a time a system was up.
#[derive(SimpleObject)]
pub struct SystemAvailability {
    /// The first day.
    from_date: Date,
    /// The last day.
    to_date: Date,
    /// Of a hundred, to three places; null when the system was not registered in that time.
    percent: Option<Dec>,
    /// Minutes of the time that count: those in which it was registered, and that are over.
    watched_minutes: i64,
    /// Minutes of them in which it was down.
    down_minutes: i64,
    /// Major and critical incidents in the time.
    incident_count: i64,
}

impl SystemAvailability {
    fn of(found: Option<&Availability>, from_date: Date, to_date: Date) -> Self {
        let seconds = |of: fn(&Availability) -> i64| found.map(of).unwrap_or_default();
        Self {
            from_date,
            to_date,
            percent: found.and_then(Availability::percent).map(Dec),
            watched_minutes: seconds(|it| it.watched_seconds) / 60,
            down_minutes: seconds(|it| it.down_seconds) / 60,
            incident_count: seconds(|it| it.incidents),
        }
    }
}

/// What the viewer may do with a system.
#[derive(SimpleObject)]
pub struct SystemViewerCan {
    /// Change it, and set up its checks.
    update: Permission,
    /// Retire it.
    retire: Permission,
    /// Open an incident of it.
    open_incident: Permission,
}

/// Something that a company depends on: a program, a site, a line, a till.
#[Object]
impl System {
    /// The system.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company that depends on it; null when the viewer may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// The team that owns it; null when there is none or the viewer may not see it.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        let may = directory::permission::DEPARTMENT_READ;
        link(graph, may, self.0.department_id).await
    }

    /// Who answers for it, and is told of incidents.
    async fn owner(&self) -> Option<NamedUser> {
        self.0.owner_id.map(NamedUser)
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is.
    async fn kind(&self) -> SystemKind {
        self.0.kind
    }

    /// How much depends on it.
    async fn criticality(&self) -> SystemCriticality {
        self.0.criticality
    }

    /// What it is for.
    async fn environment(&self) -> SystemEnvironment {
        self.0.environment
    }

    /// Where it is: a URL or a host, for people to read.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// What people should know about it.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// How it stands, by its checks and open incidents.
    async fn health(&self, graph: &Context<'_>) -> Result<SystemHealth> {
        let found = Call::of(graph)?.parts::<Health>(self.0.id).await?;
        Ok(found
            .into_iter()
            .next()
            .map_or(SystemHealth::Unknown, |health| health.0))
    }

    /// How much of a time it was up: from a day to another, both inclusive, in UTC; 366 days at
    /// most. Needs `technology.incident.read`; null without it.
    async fn availability(
        &self,
        graph: &Context<'_>,
        from_date: Date,
        to_date: Date,
    ) -> Result<Option<SystemAvailability>> {
        let (call, id) = (Call::of(graph)?, self.0.id);
        let scope = call.actor().scope(INCIDENT_READ);
        if !scope.covers(Some(self.0.company_id), None) {
            return Ok(None);
        }
        let found = call
            .read(move |tx| {
                async move { availability::of(tx, &[id], from_date, to_date).await }.boxed()
            })
            .await?;
        Ok(Some(SystemAvailability::of(
            found.first(),
            from_date,
            to_date,
        )))
    }

    /// What looks at it.
    async fn checks(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<SystemCheckFilter>,
        sort: Option<SystemCheckSort>,
    ) -> Result<Connection<SystemCheck>> {
        let own = SystemCheckFilter {
            system: Some(Box::new(self.alone())),
            and: filter.map(|filter| vec![filter]),
            ..SystemCheckFilter::default()
        };
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(Some(own), sort, None)).await
    }

    /// What went wrong with it. Needs `technology.incident.read`.
    async fn incidents(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<IncidentFilter>,
        sort: Option<IncidentSort>,
    ) -> Result<Connection<Incident>> {
        let own = IncidentFilter {
            system: Some(Box::new(self.alone())),
            and: filter.map(|filter| vec![filter]),
            ..IncidentFilter::default()
        };
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(Some(own), sort, None)).await
    }

    /// When it was retired.
    async fn retired_at(&self) -> Option<DateTime<Utc>> {
        self.0.retired_at
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<SystemViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.0.company_id);
        let held = |permission| match self.0.retired_at {
            Some(_) => Permission::refused(call, &Fault::not_allowed(fault::SYSTEM_RETIRED)),
            None => Permission::held(call, permission, |scope| scope.covers(company, None)),
        };
        Ok(SystemViewerCan {
            update: held(SYSTEM_MANAGE),
            retire: held(SYSTEM_MANAGE),
            open_incident: held(INCIDENT_MANAGE),
        })
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
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

impl System {
    /// A condition that only this system meets.
    fn alone(&self) -> SystemFilter {
        SystemFilter {
            id: Some(IdFilter {
                eq: Some(self.0.id.into()),
                ..IdFilter::default()
            }),
            ..SystemFilter::default()
        }
    }
}

payload! {
    /// What registering a system gives.
    SystemCreatePayload {
        /// The system.
        system: System
    }
    /// What changing a system gives.
    SystemUpdatePayload {
        /// The system.
        system: System
    }
    /// What retiring a system gives.
    SystemRetirePayload {
        /// The system.
        system: System
    }
}

/// Looks at systems.
#[derive(Default)]
pub struct SystemQuery;

#[Object]
impl SystemQuery {
    /// A system. Needs `technology.system.read`.
    async fn system(&self, graph: &Context<'_>, id: SystemId) -> Result<Option<System>> {
        find(graph, id).await
    }

    /// Systems. Needs `technology.system.read`.
    async fn systems(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<SystemFilter>,
        sort: Option<SystemSort>,
        search: Option<String>,
    ) -> Result<Connection<System>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on systems.
#[derive(Default)]
pub struct SystemMutation;

#[Object]
impl SystemMutation {
    /// Registers a system. Needs `technology.system.manage`.
    async fn system_create(
        &self,
        graph: &Context<'_>,
        input: SystemCreateInput,
    ) -> Result<SystemCreatePayload> {
        act(graph, false, |tx| {
            async move { Ok(System(system::create(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Changes a system. Needs `technology.system.manage`.
    async fn system_update(
        &self,
        graph: &Context<'_>,
        input: SystemUpdateInput,
    ) -> Result<SystemUpdatePayload> {
        act(graph, false, |tx| {
            async move { Ok(System(system::update(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Retires a system: its checks rest. Needs `technology.system.manage`.
    async fn system_retire(
        &self,
        graph: &Context<'_>,
        input: SystemRetireInput,
    ) -> Result<SystemRetirePayload> {
        act(graph, false, |tx| {
            async move { Ok(System(system::retire(tx, input).await?)) }.boxed()
        })
        .await
    }
}
