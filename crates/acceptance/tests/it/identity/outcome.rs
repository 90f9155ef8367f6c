//! What a caller learns from a call.

use std::collections::{BTreeMap, BTreeSet};

use cpor_acceptance::{Actor, Method, call, decode, encode, reason};
use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::fixture::ResourceNames;

/// The answer to a call.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The responses.
    Answered(Vec<DynamicMessage>),
    /// The refusal.
    Refused(Status),
}

/// A refusal without the requested names. Two refusals are equal if a caller cannot tell them
/// apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: Code,
    message: String,
    reason: String,
    metadata: BTreeMap<String, String>,
    /// The other details.
    details: String,
    headers: BTreeSet<String>,
}

impl Outcome {
    /// Calls a method with this request.
    pub(crate) async fn of(actor: &Actor, method: &Method, request: &serde_json::Value) -> Self {
        match call(actor, method, encode(&method.input, request)).await {
            Ok((_, messages)) => {
                Self::Answered(messages.iter().map(|message| decode(&method.output, message)).collect())
            }
            Err(status) => Self::Refused(status),
        }
    }

    /// The code, and the reason of a refusal.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Answered(_) if self.entries() == Some(0) && !self.is_watch() => "OK, empty".into(),
            Self::Answered(_) => "OK".into(),
            Self::Refused(status) => format!("{:?} {}", status.code(), reason(status)),
        }
    }

    /// The code of a refusal, and its reason.
    pub(crate) fn refusal(&self) -> Option<(Code, String)> {
        match self {
            Self::Answered(_) => None,
            Self::Refused(status) => Some((status.code(), reason(status))),
        }
    }

    /// The number of list entries, bytes and messages about resources in the responses, or `None`
    /// if the method returns neither lists nor a stream.
    fn entries(&self) -> Option<usize> {
        let Self::Answered(messages) = self else { return None };
        let fields = || messages.iter().flat_map(|message| message.fields().collect::<Vec<_>>());
        let is_container = |message: &DynamicMessage| {
            message.descriptor().fields().any(|field| field.is_list())
                && message.descriptor().get_field_by_name("name").is_none()
        };
        let is_stream_part = |message: &DynamicMessage| {
            message.descriptor().fields().any(|field| matches!(field.kind(), Kind::Bytes))
                || message.descriptor().get_field_by_name("cursor").is_some()
        };
        if messages.iter().any(|message| !is_container(message) && !is_stream_part(message)) {
            return None;
        }
        let count = |value: &Value| match value {
            Value::List(entries) => entries.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Message(_) => 1,
            _ => 0,
        };
        Some(fields().map(|(_, value)| count(value)).sum())
    }

    /// Whether the response is a watch, which may end before the first change is sent.
    fn is_watch(&self) -> bool {
        let Self::Answered(messages) = self else { return false };
        messages.iter().all(|message| message.descriptor().get_field_by_name("cursor").is_some())
    }

    /// The name of the resource in the response.
    pub(crate) fn resource_name(&self) -> Option<String> {
        let Self::Answered(messages) = self else { return None };
        messages.first()?.get_field_by_name("name")?.as_str().map(ToOwned::to_owned)
    }

    /// What the caller learns about the resources with these names: the refusal, or the responses,
    /// without the names.
    pub(crate) fn without_names(&self, names: &ResourceNames) -> Result<String, Box<Refusal>> {
        let anonymize =
            |text: &str| names.all().iter().fold(text.to_owned(), |text, name| text.replace(name, "<name>"));
        match self {
            Self::Answered(_) if self.entries() == Some(0) => Ok("no entries".into()),
            Self::Answered(messages) => Ok(anonymize(&format!("{messages:?}"))),
            Self::Refused(status) => Err(Box::new(Refusal::new(status, anonymize))),
        }
    }
}

impl Refusal {
    fn new(status: &Status, anonymize: impl Fn(&str) -> String) -> Self {
        let info = status.get_details_error_info().expect("every refusal has its ErrorInfo");
        // The kind of a resource that is not found follows from its name.
        let message = anonymize(status.message());
        let kind = message.find("\"<name>\" does not exist").unwrap_or_default();
        let details = (
            status.get_details_bad_request(),
            status.get_details_precondition_failure(),
            status.get_details_resource_info(),
            status.get_details_quota_failure(),
            status.get_details_retry_info(),
            status.get_details_help(),
            status.get_details_localized_message(),
        );
        Self {
            code: status.code(),
            message: message[kind..].to_owned(),
            reason: info.reason,
            metadata: info.metadata.iter().map(|(key, value)| (key.clone(), anonymize(value))).collect(),
            details: anonymize(&format!("{details:?}")),
            headers: status.metadata().clone().into_headers().keys().map(ToString::to_string).collect(),
        }
    }
}
