//! The validation of requests, which is the first step of every RPC implementation. It checks the
//! constraints that the protos declare (`buf.validate`, `google.api.field_behavior`). It also
//! checks, by the name of the resource in the request, that the caller may access the resource.
mod compile;
mod constraint;
mod evaluate;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use cpor_types::ActorSide;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, ReflectMessage as _};
use tonic::{Request, Status, Streaming};

use compile::RuleSet;
pub use compile::UnsupportedRule;

use cpor_auth::{Access, Caller, Method};
use cpor_call::status::{self, FieldViolation};
use cpor_proto::descriptors;

/// The compiled constraints of all `cpor` messages, and the constraints that could not be compiled.
static RULES: LazyLock<(RuleSet, Vec<UnsupportedRule>)> =
    LazyLock::new(|| RuleSet::compile(descriptors::pool(), "cpor."));

/// Validates a unary request and returns the caller and the message.
///
/// # Errors
/// - INVALID_ARGUMENT (`INVALID_FIELDS`) with all violations, if the message violates constraints.
/// - NOT_FOUND if the owner field that the method declares names a resource of another partner or
///   tenant.
/// - INTERNAL if the request did not pass the authorization middleware.
pub fn validate<T: Message + Name>(request: Request<T>) -> Result<(Caller, T), Status> {
    let call = AuthorizedCall::from_request(&request)?;
    let message = request.into_inner();
    call.check(&message)?;
    Ok((Arc::unwrap_or_clone(call.caller), message))
}

/// The violations of the rows of a request, by row index. Valid rows have no entry. The field paths
/// are relative to the row.
pub type RowViolations = BTreeMap<usize, Vec<FieldViolation>>;

/// Validates a unary request whose repeated field `rows_field` is validated row by row. Returns the
/// violations of rows together with the message, so that the valid rows of a request with invalid
/// rows can be processed.
///
/// # Errors
/// - INVALID_ARGUMENT (`INVALID_FIELDS`) with all violations outside of the rows, if there are any.
/// - NOT_FOUND if the owner field that the method declares names a resource of another partner or
///   tenant.
/// - INTERNAL if the request did not pass the authorization middleware.
pub fn validate_rows<T: Message + Name>(
    request: Request<T>,
    rows_field: &str,
) -> Result<(Caller, T, RowViolations), Status> {
    let call = AuthorizedCall::from_request(&request)?;
    let message = request.into_inner();
    let dynamic = to_dynamic(&message)?;
    let (mut row_violations, mut request_violations) = (RowViolations::new(), Vec::new());
    for violation in evaluate_rules::<T>(&dynamic) {
        match split_row_path(&violation.field, rows_field) {
            Some((index, field)) => {
                let field = field.to_owned();
                row_violations.entry(index).or_default().push(FieldViolation { field, ..violation });
            }
            None => request_violations.push(violation),
        }
    }
    if !request_violations.is_empty() {
        return Err(status::invalid_fields(request_violations));
    }
    call.check_declared_owner(&dynamic)?;
    Ok((Arc::unwrap_or_clone(call.caller), message, row_violations))
}

/// Splits a field path into row index and field: `rows[3].month` is the field `month` of row 3, and
/// `rows[3]` is row 3 itself, with an empty field. Returns `None` for paths outside `rows_field`.
fn split_row_path<'p>(path: &'p str, rows_field: &str) -> Option<(usize, &'p str)> {
    let (index, field) = path.strip_prefix(rows_field)?.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, field.trim_start_matches('.')))
}

/// Returns the call and the message stream of a client-streaming request. Validates nothing: the
/// caller must pass each message that arrives to [`AuthorizedCall::check`].
///
/// # Errors
/// Returns INTERNAL if the request did not pass the authorization middleware.
pub fn validate_stream<T>(request: Request<Streaming<T>>) -> Result<(AuthorizedCall, Streaming<T>), Status> {
    let call = AuthorizedCall::from_request(&request)?;
    Ok((call, request.into_inner()))
}

/// A call that passed the authorization middleware.
#[derive(Clone, Debug)]
pub struct AuthorizedCall {
    /// The authenticated caller.
    pub caller: Arc<Caller>,
    method: Arc<Method>,
}

impl AuthorizedCall {
    fn from_request<T>(request: &Request<T>) -> Result<Self, Status> {
        let caller = request.extensions().get::<Arc<Caller>>().cloned();
        let method = request.extensions().get::<Arc<Method>>().cloned();
        let (Some(caller), Some(method)) = (caller, method) else {
            return Err(status::internal("the request did not pass the authorization middleware"));
        };
        Ok(Self { caller, method })
    }

    /// Checks the constraints of one message, and then the owner in the field that the method
    /// declares.
    ///
    /// # Errors
    /// - INVALID_ARGUMENT (`INVALID_FIELDS`) with all violations, if the message violates
    ///   constraints.
    /// - NOT_FOUND if the owner field that the method declares names a resource of another partner
    ///   or tenant.
    pub fn check<T: Message + Name>(&self, message: &T) -> Result<(), Status> {
        if !has_rules::<T>() && self.owner_field().is_empty() {
            return Ok(());
        }
        let dynamic = to_dynamic(message)?;
        let violations = evaluate_rules::<T>(&dynamic);
        if !violations.is_empty() {
            return Err(status::invalid_fields(violations));
        }
        self.check_declared_owner(&dynamic)
    }

    fn owner_field(&self) -> &[String] {
        match &self.method.access {
            Access::Public => &[],
            Access::Restricted { owner_field, .. } => owner_field,
        }
    }

    /// Returns true if the caller is a customer and the method declares that it checks the
    /// customer's tenant itself.
    fn skips_owner_check(&self) -> bool {
        match &self.method.access {
            Access::Public => false,
            Access::Restricted { skip_owner_check_for_customers, .. } => {
                *skip_owner_check_for_customers
                    && self.caller.service.is_none()
                    && self.caller.side() == ActorSide::Customer
            }
        }
    }

    fn check_declared_owner(&self, message: &DynamicMessage) -> Result<(), Status> {
        match self.owner_field() {
            [] => Ok(()),
            _ if self.skips_owner_check() => Ok(()),
            path => self.check_owner(&string_at(message, path).unwrap_or_default()),
        }
    }

    /// Checks by the owner in the name of a resource that the caller may access the resource. Use
    /// it in methods whose requests do not have the name in a fixed field.
    ///
    /// # Errors
    /// Returns NOT_FOUND, the same error as for a resource that does not exist.
    pub fn check_owner(&self, resource: &str) -> Result<(), Status> {
        if self.caller.may_access(resource) { Ok(()) } else { Err(status::not_found(resource)) }
    }
}

/// Returns all constraint violations of a message.
///
/// # Errors
/// Returns INTERNAL if the message type is not among the built-in descriptors.
pub fn find_violations<T: Message + Name>(message: &T) -> Result<Vec<FieldViolation>, Status> {
    if has_rules::<T>() { Ok(evaluate_rules::<T>(&to_dynamic(message)?)) } else { Ok(Vec::new()) }
}

/// Checks that the protos use only constraints that this module enforces. The server calls it at
/// start, because clients rely on the constraints that the protos publish.
///
/// # Errors
/// Returns every constraint that is not supported.
pub fn check_rules() -> Result<(), Vec<UnsupportedRule>> {
    if RULES.1.is_empty() { Ok(()) } else { Err(RULES.1.clone()) }
}

fn has_rules<T: Name>() -> bool {
    RULES.0.get(&T::full_name()).is_some()
}

/// Returns the violations of a message of the type `T`.
fn evaluate_rules<T: Name>(message: &DynamicMessage) -> Vec<FieldViolation> {
    let rules = RULES.0.get(&T::full_name());
    rules.map(|rules| evaluate::violations(&RULES.0, rules, message)).unwrap_or_default()
}

/// Converts a message to its dynamic form, in which fields can be read by name.
///
/// # Errors
/// Returns INTERNAL if the message type is not among the built-in descriptors.
pub(crate) fn to_dynamic<T: Message + Name>(message: &T) -> Result<DynamicMessage, Status> {
    let descriptor = descriptors::pool().get_message_by_name(&T::full_name());
    let mut dynamic =
        DynamicMessage::new(descriptor.ok_or_else(|| status::internal("the message type has no descriptor"))?);
    dynamic.transcode_from(message).map_err(|error| status::internal(&error))?;
    Ok(dynamic)
}

/// Returns the string at a path of singular fields, or `None` if a message on the path is not set.
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
mod fuzz_request;
#[cfg(test)]
mod tests;
