//! The lines of payslips: each an amount that says which rule made it, of what, by which norm.

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::id::TypedId;
use kernel::ids::{AdvanceId, GarnishmentId, PayItemId, PayslipId};
use kernel::{CurrencyCode, Dec, Locale, Money, Tx};
use people::payslip::{
    self, PayslipLine as LineRow, PayslipLineInput, PayslipLineKind, PayslipLinePart,
};

use crate::call::Call;
use crate::loader::Part;
use crate::node::Node;
use crate::people::advance::Advance;
use crate::people::garnishment::Garnishment;
use crate::people::item::PayItem;
use crate::people::reach::none_if_denied;

/// A line of a payslip.
#[derive(Clone, Debug)]
pub struct PayslipLine {
    row: LineRow,
    currency: CurrencyCode,
}

/// Why a line is what it is.
#[derive(SimpleObject)]
pub struct PayslipLineExplanation {
    /// The rule that made it.
    rule: String,
    /// The rule's expression.
    expression: String,
    /// The version of the rules.
    version: String,
    /// The norms with their articles.
    source: String,
    /// How well the rule is attested, from A (official figures) to D.
    certainty: String,
    /// The values that entered, in order.
    inputs: Vec<PayslipLineInput>,
}

/// A line of a payslip: an amount with the rule, inputs, version and source that made it.
#[Object]
impl PayslipLine {
    /// Its place in the payslip, from 1.
    async fn position(&self) -> i32 {
        self.row.position
    }

    /// Which side of the payslip it stands on.
    async fn kind(&self) -> PayslipLineKind {
        self.row.kind
    }

    /// What it is about.
    async fn part(&self) -> PayslipLinePart {
        self.row.part
    }

    /// Its code: a rule's, or the company's concept's.
    async fn code(&self) -> &str {
        &self.row.code
    }

    /// What a person reads, in the viewer's language or another.
    async fn label(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The language; the viewer's when absent.")] locale: Option<Locale>,
    ) -> Result<&str> {
        Ok(self
            .row
            .label(locale.unwrap_or(Call::of(graph)?.context().locale)))
    }

    /// What the rate is applied to.
    async fn base(&self) -> Option<Money> {
        self.row
            .base
            .map(|base| Money::new(base.0, self.currency).rounded())
    }

    /// The rate, in per cent.
    async fn rate(&self) -> Option<Dec> {
        self.row.rate
    }

    /// The amount; null for steps of the computation, whose value need not be money.
    async fn amount(&self) -> Option<Money> {
        let money = self.row.kind != PayslipLineKind::Info;
        money.then_some(Money::new(self.row.amount.0, self.currency).rounded())
    }

    /// The amount as a number, of steps of the computation too.
    async fn value(&self) -> Dec {
        self.row.amount
    }

    /// Why it is what it is.
    async fn explanation(&self) -> PayslipLineExplanation {
        let row = &self.row;
        PayslipLineExplanation {
            rule: row.rule.clone(),
            expression: row.expression.clone(),
            version: row.rule_version.clone(),
            source: row.source.clone(),
            certainty: row.certainty.clone(),
            inputs: row.inputs(),
        }
    }

    /// The advance, garnishment or pay item that it comes from; null for those who may not see it.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        let (call, Some(id)) = (Call::of(graph)?, self.row.subject_id) else {
            return Ok(None);
        };
        Ok(match self.row.part {
            PayslipLinePart::Advance => call
                .load::<Advance>(AdvanceId::from_uuid(id))
                .await?
                .map(Node::Advance),
            PayslipLinePart::Garnishment => call
                .load::<Garnishment>(GarnishmentId::from_uuid(id))
                .await?
                .map(Node::Garnishment),
            _ => call
                .load::<PayItem>(PayItemId::from_uuid(id))
                .await?
                .map(Node::PayItem),
        })
    }
}

impl PayslipLine {
    /// Which side of the payslip it stands on.
    pub(super) fn kind_of(&self) -> PayslipLineKind {
        self.row.kind
    }
}

/// A line as its row has it; the currency is its payslip's.
#[derive(Clone)]
struct Line(LineRow);

impl Part for Line {
    type Of = PayslipId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [PayslipId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(PayslipId, Self)>>> {
        async move {
            let lines = none_if_denied(payslip::lines_of(tx, ids).await)?;
            Ok(lines
                .into_iter()
                .map(|row| (row.payslip_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// The lines of a payslip, in order.
pub(super) async fn lines(
    graph: &Context<'_>,
    payslip: PayslipId,
    currency: CurrencyCode,
) -> Result<Vec<PayslipLine>> {
    let found = Call::of(graph)?.parts::<Line>(payslip).await?;
    Ok(found
        .into_iter()
        .map(|Line(row)| PayslipLine { row, currency })
        .collect())
}
