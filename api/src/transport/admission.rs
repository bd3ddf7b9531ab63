//! Admission: from the parameters of a request to one that may be executed.
//!
//! In this order: find the document, parse it or find it parsed, hold it to the limits, choose the
//! operation, count its objects, charge the caller. Only then is anything validated or executed.

use super::{
    credentials::Caller,
    gate::Gate,
    guard::objects,
    parameters::Parameters,
    parsed::Document,
    rate::Standing,
    refusal::{Refusal, code},
    visit::{ResumeAfter, Visit},
};
use async_graphql::{IntrospectionMode, Request, parser::types::OperationType};
use std::sync::Arc;

/// A request that may be executed.
pub(super) struct Admitted {
    pub request: Request,
    pub kind: OperationType,
    pub document: Arc<Document>,
    /// Validation can be skipped: it passed before and these variables can't fail it.
    pub validated: bool,
}

/// One request on its way in.
pub(super) struct Entrant<'a> {
    pub visit: &'a Visit,
    pub caller: &'a Caller,
    pub resume_after: Option<ResumeAfter>,
    /// Where the caller's rate stands; kept up to date for the answer's headers.
    pub standing: Option<Standing>,
}

impl Entrant<'_> {
    /// Charges the unit that every request costs, whatever becomes of it.
    pub fn knock(&mut self, gate: &Gate) -> Result<(), Refusal> {
        self.standing = gate.rates.charge(Some(self.caller), self.visit.peer, 1)?;
        Ok(())
    }

    /// Lets the request in, or says why not.
    pub async fn admit(
        &mut self,
        gate: &Gate,
        parameters: Parameters,
    ) -> Result<Admitted, Refusal> {
        let limits = &gate.settings.limits;
        let named = gate.library.find(parameters.naming()).await?;
        let document = gate.parsed.read(&named.text, named.trusted, limits)?;
        if named.register {
            gate.library
                .register(document.hash, Arc::clone(&named.text));
        }
        let operation = document.operation(parameters.operation_name())?;
        let asked = objects(
            &document.parsed,
            operation,
            &parameters.variables,
            limits.page_size,
        );
        if asked > limits.objects {
            let what = ("objetos que se piden", "objects asked for");
            return Err(Refusal::limit(code::COST, what, limits.objects, asked));
        }
        self.charge_objects(gate, asked)?;
        let validated = document.is_settled(operation, &parameters.variables);
        let kind = operation.ty;
        let mode = introspection(gate.settings.introspection || named.trusted);
        let request = self.request(parameters, &document, kind, mode);
        Ok(Admitted {
            request,
            kind,
            document,
            validated,
        })
    }

    fn charge_objects(&mut self, gate: &Gate, asked: u64) -> Result<(), Refusal> {
        let units = gate.settings.limits.units(asked).saturating_sub(1);
        if let Some(after) = gate
            .rates
            .charge(Some(self.caller), self.visit.peer, units)?
        {
            self.standing = Some(after);
        }
        Ok(())
    }

    fn request(
        &mut self,
        parameters: Parameters,
        document: &Document,
        kind: OperationType,
        mode: IntrospectionMode,
    ) -> Request {
        let mut visit = self.visit.clone();
        visit.is_stream = kind == OperationType::Subscription;
        visit.idempotency_key = visit
            .idempotency_key
            .or_else(|| parameters.idempotency_key());
        // The text stays empty: the parsed document stands for it, and logs can't show literals.
        let mut request = Request::new(String::new());
        request.operation_name = parameters.operation_name().map(str::to_owned);
        request.variables = parameters.variables;
        request.extensions = parameters.extensions;
        request.introspection_mode = mode;
        request.set_parsed_query(document.parsed.clone());
        if let Some(after) = self.resume_after.take() {
            request.data.insert(after);
        }
        visit.tell(&mut request);
        self.caller.enrich(&mut request, &visit);
        request
    }
}

fn introspection(allowed: bool) -> IntrospectionMode {
    if allowed {
        IntrospectionMode::Enabled
    } else {
        IntrospectionMode::Disabled
    }
}
