//! Acting on findings through the API.

use async_graphql::{Context, Object, Result, SimpleObject};
use compliance::acceptance::{self, FindingAcceptInput, FindingAcceptanceDecideInput};
use compliance::finding::{self, FindingAssignInput, FindingCommentInput};

use crate::act::{Payload, act};
use crate::compliance::acceptance::Acceptance;
use crate::compliance::finding::Finding;
use crate::failure::UserError;
use crate::payload;

payload! {
    /// What giving a finding to somebody gives.
    FindingAssignPayload {
        /// The finding.
        finding: Finding
    }
    /// What saying something about a finding gives.
    FindingCommentPayload {
        /// The finding with its comments.
        finding: Finding
    }
}

/// Declares the payload of a mutation that gives a finding and an acceptance.
macro_rules! acceptance_payload {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// The finding.
            finding: Option<Finding>,
            /// The acceptance.
            acceptance: Option<Acceptance>,
            /// What a person can mend; empty when it was done.
            user_errors: Vec<UserError>,
        }

        impl Payload for $name {
            type Record = (Finding, Acceptance);

            fn done((finding, acceptance): (Finding, Acceptance)) -> Self {
                Self {
                    finding: Some(finding),
                    acceptance: Some(acceptance),
                    user_errors: Vec::new(),
                }
            }

            fn refused(user_errors: Vec<UserError>) -> Self {
                Self {
                    finding: None,
                    acceptance: None,
                    user_errors,
                }
            }
        }
    };
}

acceptance_payload! {
    /// What proposing to live with a finding gives.
    FindingAcceptPayload
}

acceptance_payload! {
    /// What granting or refusing an acceptance gives.
    FindingAcceptanceDecidePayload
}

/// Acts on findings.
#[derive(Default)]
pub struct FindingMutation;

#[Object]
impl FindingMutation {
    /// Gives a finding to somebody, who gets its task. Needs `compliance.finding.manage`.
    async fn finding_assign(
        &self,
        graph: &Context<'_>,
        input: FindingAssignInput,
    ) -> Result<FindingAssignPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Finding(finding::assign(tx, input).await?)) })
        })
        .await
    }

    /// Proposes to live with an open finding, for a reason and a time; a second person decides.
    /// Needs `compliance.finding.manage`.
    async fn finding_accept(
        &self,
        graph: &Context<'_>,
        input: FindingAcceptInput,
    ) -> Result<FindingAcceptPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (finding, acceptance) = acceptance::propose(tx, input).await?;
                Ok((Finding(finding), Acceptance(acceptance)))
            })
        })
        .await
    }

    /// Grants or refuses the acceptance of a finding that somebody else proposed. Needs
    /// `compliance.finding.accept`, and what the approval asks for.
    async fn finding_acceptance_decide(
        &self,
        graph: &Context<'_>,
        input: FindingAcceptanceDecideInput,
    ) -> Result<FindingAcceptanceDecidePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (finding, acceptance) = acceptance::decide(tx, input).await?;
                Ok((Finding(finding), Acceptance(acceptance)))
            })
        })
        .await
    }

    /// Says something about a finding. Needs `compliance.finding.manage`, or to work it off.
    async fn finding_comment(
        &self,
        graph: &Context<'_>,
        input: FindingCommentInput,
    ) -> Result<FindingCommentPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Finding(finding::comment(tx, input).await?)) })
        })
        .await
    }
}
