//! The first thing every RPC does: who calls, is the message sound, and is the resource the caller's.
mod check;
mod plan;
mod walk;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use cpor_types::ActorSide;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, ReflectMessage as _};
use tonic::{Request, Status, Streaming};

use plan::Plans;
pub use plan::UnsupportedRule;

use crate::{
    auth::{Access, Caller, Method},
    descriptors,
    status::{self, FieldViolation},
};

/// The constraints of every message of ours, compiled once.
static PLANS: LazyLock<(Plans, Vec<UnsupportedRule>)> = LazyLock::new(|| Plans::compile(descriptors::pool(), "cpor."));

/// Takes a unary request apart once it is sound: its constraints hold and its resource may be the caller's.
///
/// # Errors
/// INVALID_ARGUMENT (`INVALID_FIELDS`) names every violation at once. NOT_FOUND when the declared owner field names
/// another's resource, as if it did not exist. INTERNAL when no auth layer stands before the service.
pub fn open<T: Message + Name>(request: Request<T>) -> Result<(Caller, T), Status> {
    let opened = Opened::of(&request)?;
    let message = request.into_inner();
    opened.check(&message)?;
    Ok((Arc::unwrap_or_clone(opened.caller), message))
}

/// What is wrong with the rows of a request, by their place; without the sound ones.
pub type RowViolations = BTreeMap<usize, Vec<FieldViolation>>;

/// As [`open`], for a request whose repeated field `rows` is judged row by row: what a row breaks is told beside the message, its fields named
/// within the row, and does not refuse the others.
///
/// # Errors
/// As [`open`], for what is wrong with the request as a whole.
pub fn open_rows<T: Message + Name>(request: Request<T>, rows: &str) -> Result<(Caller, T, RowViolations), Status> {
    let opened = Opened::of(&request)?;
    let message = request.into_inner();
    let read = dynamic(&message)?;
    let plan = PLANS.0.get(&T::full_name());
    let violations = plan.map(|plan| walk::violations(&PLANS.0, plan, &read)).unwrap_or_default();
    let (mut of_rows, mut of_request) = (RowViolations::new(), Vec::new());
    for violation in violations {
        match row_field(&violation.field, rows) {
            Some((place, field)) => {
                let field = field.to_owned();
                of_rows.entry(place).or_default().push(FieldViolation { field, ..violation });
            }
            None => of_request.push(violation),
        }
    }
    if !of_request.is_empty() {
        return Err(status::invalid(of_request));
    }
    opened.check_owner_in(&read)?;
    Ok((Arc::unwrap_or_clone(opened.caller), message, of_rows))
}

/// `rows[3].month` is the field `month` of row 3, and `rows[3]` all of it.
fn row_field<'p>(path: &'p str, rows: &str) -> Option<(usize, &'p str)> {
    let (place, field) = path.strip_prefix(rows)?.strip_prefix('[')?.split_once(']')?;
    Some((place.parse().ok()?, field.trim_start_matches('.')))
}

/// Takes a client-streaming request apart. Its messages are checked one by one as they come, by [`Opened::check`].
///
/// # Errors
/// INTERNAL when no auth layer stands before the service.
pub fn open_stream<T>(request: Request<Streaming<T>>) -> Result<(Opened, Streaming<T>), Status> {
    let opened = Opened::of(&request)?;
    Ok((opened, request.into_inner()))
}

/// Who calls which method.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Who calls.
    pub caller: Arc<Caller>,
    method: Arc<Method>,
}

impl Opened {
    fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let caller = request.extensions().get::<Arc<Caller>>().cloned();
        let method = request.extensions().get::<Arc<Method>>().cloned();
        let (Some(caller), Some(method)) = (caller, method) else {
            return Err(status::internal("a request came by another way than through the auth layer"));
        };
        Ok(Self { caller, method })
    }

    /// Checks one message: its constraints, then the owner that the method declares.
    ///
    /// # Errors
    /// As [`open`].
    pub fn check<T: Message + Name>(&self, message: &T) -> Result<(), Status> {
        let plan = PLANS.0.get(&T::full_name());
        if plan.is_none() && self.owner_field().is_empty() {
            return Ok(());
        }
        let message = dynamic(message)?;
        if let Some(plan) = plan {
            let violations = walk::violations(&PLANS.0, plan, &message);
            if !violations.is_empty() {
                return Err(status::invalid(violations));
            }
        }
        self.check_owner_in(&message)
    }

    fn owner_field(&self) -> &[String] {
        match &self.method.access {
            Access::Open => &[],
            Access::Declared { owner_field, .. } => owner_field,
        }
    }

    fn is_customer_by_tenant(&self) -> bool {
        match &self.method.access {
            Access::Open => false,
            Access::Declared { skip_owner_check_for_customers, .. } => {
                *skip_owner_check_for_customers
                    && self.caller.service.is_none()
                    && self.caller.side() == ActorSide::Customer
            }
        }
    }

    fn check_owner_in(&self, message: &DynamicMessage) -> Result<(), Status> {
        match self.owner_field() {
            [] => Ok(()),
            _ if self.is_customer_by_tenant() => Ok(()),
            path => self.check_owner(&string_at(message, path).unwrap_or_default()),
        }
    }

    /// Checks that a resource may be the caller's, going by its name; for methods whose owner is in no fixed field.
    ///
    /// # Errors
    /// NOT_FOUND, as if it did not exist.
    pub fn check_owner(&self, resource: &str) -> Result<(), Status> {
        if self.caller.may_touch(resource) { Ok(()) } else { Err(status::not_found(resource)) }
    }
}

/// Every constraint that a message breaks; empty when it is sound.
///
/// # Errors
/// INTERNAL when the message is not among the built-in descriptors.
pub fn violations<T: Message + Name>(message: &T) -> Result<Vec<FieldViolation>, Status> {
    match PLANS.0.get(&T::full_name()) {
        Some(plan) => Ok(walk::violations(&PLANS.0, plan, &dynamic(message)?)),
        None => Ok(Vec::new()),
    }
}

/// Says whether the protos use only constraints that are enforced here. Asked at start: a rule that is published
/// and not kept would be worse than none.
///
/// # Errors
/// Every rule that is not.
pub fn check_rules() -> Result<(), Vec<UnsupportedRule>> {
    if PLANS.1.is_empty() { Ok(()) } else { Err(PLANS.1.clone()) }
}

pub(crate) fn dynamic<T: Message + Name>(message: &T) -> Result<DynamicMessage, Status> {
    let descriptor = descriptors::pool().get_message_by_name(&T::full_name());
    let mut dynamic =
        DynamicMessage::new(descriptor.ok_or_else(|| status::internal("a message without a descriptor"))?);
    dynamic.transcode_from(message).map_err(|error| status::internal(&error))?;
    Ok(dynamic)
}

/// The string at a path of singular fields; `None` where a message on the way is absent.
fn string_at(message: &DynamicMessage, path: &[String]) -> Option<String> {
    let (first, rest) = path.split_first()?;
    let field = message.descriptor().get_field_by_name(first)?;
    let value = message.get_field(&field);
    match rest {
        [] => value.as_str().map(str::to_owned),
        _ if !message.has_field(&field) => None,
        rest => string_at(value.as_message()?, rest),
    }
}

#[cfg(test)]
mod tests;
