//! Rules through the API: what is looked for, why, and as what a tenant has set it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use compliance::permission::RULE_MANAGE;
use compliance::rule::{
    self, ComplianceRule as RuleRow, ComplianceRuleFilter, ComplianceRuleSort,
    ComplianceRuleUpdateInput, ParameterKind, ParameterValue, Severity,
};
use futures::FutureExt;
use kernel::ids::ComplianceRuleId;
use kernel::{Date, Locale};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Listing, Slice, find};
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::processes::named::NamedUser;
use crate::{noun, payload};

noun! {
    /// A rule of compliance.
    ComplianceRule of crate::compliance::reach::rules as RuleRow, ComplianceRuleId
}

/// The law or policy that a rule comes from.
#[derive(SimpleObject)]
pub struct ComplianceSource {
    /// The norm, with its article.
    norm: &'static str,
    /// Where it was published.
    reference: &'static str,
    /// Since when it is in force.
    in_force_date: Date,
}

/// What of a rule can be tuned.
#[derive(SimpleObject)]
pub struct ComplianceParameter {
    /// Its name.
    name: &'static str,
    /// What it is, in the viewer's language.
    title: String,
    /// What it holds.
    kind: ParameterKind,
    /// Its value as text; null for a list.
    value: Option<String>,
    /// Its values; one, or those of a list.
    values: Vec<String>,
    /// Its values as the rule says.
    usual_values: Vec<String>,
    /// Whether it is not as the rule says.
    is_changed: bool,
}

/// What the viewer can do with a rule.
#[derive(SimpleObject)]
pub struct ComplianceRuleViewerCan {
    /// Turn it on or off, change its severity and parameters.
    update: Permission,
}

/// A rule of compliance: what is looked for, why it matters, by which law or policy. Its query is
/// part of the program; a tenant changes whether it is on, its severity and its parameters.
#[Object]
impl ComplianceRule {
    /// The rule, as it is in the organisation.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its key, `domain.what`.
    async fn key(&self) -> &str {
        &self.0.rule.key
    }

    /// Its version; changes with its meaning.
    async fn rule_version(&self) -> &str {
        &self.0.rule.version
    }

    /// The domain that it looks at.
    async fn domain(&self) -> &str {
        &self.0.rule.domain
    }

    /// The GraphQL type of what it looks at.
    async fn subject_kind(&self) -> &str {
        &self.0.rule.subject
    }

    /// Whether a scan of one company can take it.
    async fn is_per_company(&self) -> bool {
        self.0.rule.per_company
    }

    /// What it is called, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(self.0.rule.title.of(Call::of(graph)?.context().locale))
    }

    /// What a breach means and how to mend it, in the viewer's language.
    async fn explanation(&self, graph: &Context<'_>) -> Result<&str> {
        let locale = Call::of(graph)?.context().locale;
        Ok(self.0.rule.explanation.of(locale))
    }

    /// The law or policy that it comes from.
    async fn source(&self) -> ComplianceSource {
        let source = &self.0.rule.source;
        ComplianceSource {
            norm: &source.norm,
            reference: &source.reference,
            in_force_date: source.in_force,
        }
    }

    /// Whether scans take it.
    async fn is_enabled(&self) -> bool {
        self.0.enabled
    }

    /// How grave a breach is here.
    async fn severity(&self) -> Severity {
        self.0.severity
    }

    /// How grave a breach is as the rule says.
    async fn usual_severity(&self) -> Severity {
        self.0.rule.severity
    }

    /// What can be tuned.
    async fn parameters(&self, graph: &Context<'_>) -> Result<Vec<ComplianceParameter>> {
        Ok(shown(&self.0, Call::of(graph)?.context().locale))
    }

    /// Who last changed it.
    async fn updated_by(&self) -> Option<NamedUser> {
        self.0.updated_by.map(NamedUser)
    }

    /// When it was last changed; null while it is as it was written.
    async fn updated_at(&self) -> Option<DateTime<Utc>> {
        self.0.updated_at
    }

    /// What the viewer can do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ComplianceRuleViewerCan> {
        let call = Call::of(graph)?;
        Ok(ComplianceRuleViewerCan {
            update: Permission::held(call, RULE_MANAGE, |scope| scope.everywhere),
        })
    }

    /// What happened to it in this organisation.
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

    /// Its version in this organisation, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

fn shown(row: &RuleRow, locale: Locale) -> Vec<ComplianceParameter> {
    let parameters = row.rule.parameters.iter().map(|parameter| {
        let values = row
            .parameters
            .get(&parameter.name)
            .map(ParameterValue::shown)
            .unwrap_or_default();
        let one = values.first().cloned();
        ComplianceParameter {
            name: &parameter.name,
            title: parameter.title(locale).to_owned(),
            kind: parameter.kind,
            value: one.filter(|_| parameter.kind != ParameterKind::TextList),
            values,
            usual_values: parameter.usual().map(|it| it.shown()).unwrap_or_default(),
            is_changed: row.changed.contains(&parameter.name),
        }
    });
    parameters.collect()
}

payload! {
    /// What changing a rule gives.
    ComplianceRuleUpdatePayload {
        /// The rule as it is in force.
        rule: ComplianceRule
    }
}

/// Looks at rules.
#[derive(Default)]
pub struct ComplianceRuleQuery;

#[Object]
impl ComplianceRuleQuery {
    /// A rule. Needs `compliance.rule.read`.
    async fn compliance_rule(
        &self,
        graph: &Context<'_>,
        id: ComplianceRuleId,
    ) -> Result<Option<ComplianceRule>> {
        find(graph, id).await
    }

    /// Rules, by key unless another order is asked for. Needs `compliance.rule.read`.
    async fn compliance_rules(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ComplianceRuleFilter>,
        sort: Option<ComplianceRuleSort>,
        search: Option<String>,
    ) -> Result<Connection<ComplianceRule>> {
        let request = Slice::new(first, after, last, before).of(filter, sort, search);
        let (page, total) = Call::of(graph)?
            .read(move |tx| Box::pin(rule::page(tx, request)))
            .await?;
        let count = move |_: Call| futures::future::ready(Ok(total)).boxed();
        Ok(Listing::new(page.map(ComplianceRule), Arc::new(count)).into())
    }
}

/// Acts on rules.
#[derive(Default)]
pub struct ComplianceRuleMutation;

#[Object]
impl ComplianceRuleMutation {
    /// Turns a rule on or off, changes its severity or its parameters, from the next scan on.
    /// Needs `compliance.rule.manage` in the whole organisation.
    async fn compliance_rule_update(
        &self,
        graph: &Context<'_>,
        input: ComplianceRuleUpdateInput,
    ) -> Result<ComplianceRuleUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(ComplianceRule(rule::update(tx, input).await?)) })
        })
        .await
    }
}
