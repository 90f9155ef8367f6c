//! Calls every method as every role, for own resources, for resources of others and for resources
//! that do not exist.

use std::collections::BTreeMap;

use cpor_acceptance::{Actor, Method, TestSystem, both_databases, call, decode, encode, methods, reason};
use cpor_types::{ActorSide, Role};
use prost_reflect::Value;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{AccessFixture, ResourceNames, requests::request_for};

both_databases![each_role_reaches_only_its_methods, every_method_requires_a_token];

/// The number of entries in the response, or the refusal.
pub(crate) type CallResult = Result<usize, Status>;

async fn each_role_reaches_only_its_methods(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    let methods = methods();
    let (mut permitted, mut denied) = (0, 0);
    for method in &methods {
        for role in Role::ALL {
            let actor = system.actor_with_role(*role);
            if method.roles.contains(role) {
                assert_permitted(&actor, method, *role, &fixture.for_role(*role)).await;
                permitted += 1;
            } else {
                assert_denied(&actor, method, *role, &fixture).await;
                denied += 1;
            }
        }
    }
    let declared: usize = methods.iter().map(|method| method.roles.len()).sum();
    assert_eq!((permitted, denied), (declared, methods.len() * Role::ALL.len() - declared));
    assert!(
        methods.len() > 50 && declared > 150,
        "only {} methods and {declared} roles in the descriptors",
        methods.len()
    );
}

/// Calls a method for these resources.
async fn call_for(actor: &Actor, method: &Method, names: &ResourceNames) -> CallResult {
    let (_, messages) = call(actor, method, encode(&method.input, &request_for(method, names))).await?;
    let responses = messages.iter().map(|message| decode(&method.output, message));
    let count = |value: &Value| value.as_list().map_or(0, <[Value]>::len);
    Ok(responses.flat_map(|message| message.fields().map(|(_, value)| count(value)).collect::<Vec<_>>()).sum())
}

async fn assert_denied(actor: &Actor, method: &Method, role: Role, fixture: &AccessFixture) {
    for names in [&fixture.own, &fixture.other, &fixture.nothing] {
        let status = call_for(actor, method, names).await.expect_err("a role that is not declared");
        let expected = (Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        assert_eq!((status.code(), reason(&status).as_str()), expected, "{role} at {}: {status:?}", method.path);
    }
}

/// The reasons for which a caller with a declared role is still denied.
const REASONS_DESPITE_ROLE: [&str; 4] = ["NOT_CASE_REVIEWER", "USAGE_NOT_OPEN", "STREAM_NOT_FOUND", "DRAFTS_ONLY"];

async fn assert_permitted(actor: &Actor, method: &Method, role: Role, fixture: &AccessFixture) {
    let own = call_for(actor, method, &fixture.own).await;
    if let Err(status) = &own {
        let is_expected = matches!(status.code(), Code::FailedPrecondition | Code::Aborted)
            || REASONS_DESPITE_ROLE.contains(&reason(status).as_str())
            || is_of_missing_resource(method);
        assert!(is_expected, "{role} at its own {}: {status:?}", method.path);
    }
    let other = call_for(actor, method, &fixture.other).await;
    let nothing = call_for(actor, method, &fixture.nothing).await;
    let request = |names| request_for(method, names);
    if request(&fixture.own) == request(&fixture.other) {
        return;
    }
    match role.side() {
        ActorSide::Partner | ActorSide::Customer => {
            let (other, nothing) = (anonymized(other, &fixture.other), anonymized(nothing, &fixture.nothing));
            assert_eq!(other, nothing, "{} shows to {role} whether a resource of another owner exists", method.path);
            let is_hidden =
                matches!(&other, Ok(0)) || matches!(&other, Err((Code::NotFound | Code::PermissionDenied, ..)));
            // CheckUsageAccess returns false for any key.
            assert!(
                is_hidden || method.name == "CheckUsageAccess",
                "{role} at {} of another owner: {other:?}",
                method.path
            );
        }
        ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => {
            assert_eq!(denial(&other), denial(&own), "{role} at {}: {other:?}", method.path);
            let refusal = nothing.err().map(|status| (status.code(), reason(&status)));
            // ArbitrateLines reports unknown cases as awards that are not possible. CreatePayout
            // does not know partners: one that does not exist has no earnings.
            let is_unknown_case = |reason: &str| matches!(reason, "AWARDS_NOT_POSSIBLE" | "PAYOUT_NOTHING_DUE");
            let is_expected =
                refusal.as_ref().is_none_or(|(code, reason)| *code == Code::NotFound || is_unknown_case(reason));
            assert!(is_expected, "{role} at a {} that does not exist: {refusal:?}", method.path);
        }
    }
}

/// Whether the method is about something that the fixture does not have: a payout, which needs a
/// quarter with earnings, or a notice, whose id is not known in advance. The tests of R54a and R41b
/// create them.
fn is_of_missing_resource(method: &Method) -> bool {
    ["GetPayout", "ProcessPayout", "SendPayout", "ReversePayout", "RecordBounce"].contains(&method.name.as_str())
}

/// The code of a response that denies access.
fn denial(outcome: &CallResult) -> Option<Code> {
    outcome.as_ref().err().map(Status::code).filter(|code| matches!(code, Code::PermissionDenied | Code::NotFound))
}

/// The code, message, reason and metadata of a refusal, without the requested names.
pub(crate) type AnonymizedRefusal = (Code, String, String, BTreeMap<String, String>);

/// Removes the requested names from a refusal, so that refusals can be compared.
pub(crate) fn anonymized(outcome: CallResult, names: &ResourceNames) -> Result<usize, AnonymizedRefusal> {
    outcome.map_err(|status| {
        let without_names =
            |text: &str| names.all().iter().fold(text.to_owned(), |text, name| text.replace(name, "<name>"));
        let info = status.get_details_error_info().expect("every refusal has its ErrorInfo");
        let metadata = info.metadata.iter().map(|(key, value)| (key.clone(), without_names(value))).collect();
        // The kind of a resource that is not found follows from its name.
        let message = without_names(status.message());
        let kind = message.find("\"<name>\" does not exist").unwrap_or_default();
        (status.code(), message[kind..].to_owned(), info.reason, metadata)
    })
}

async fn every_method_requires_a_token(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    let methods = methods();
    for method in &methods {
        for names in [&fixture.own, &fixture.nothing] {
            let status = call_for(&system.anonymous, method, names).await.expect_err("no token");
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::Unauthenticated, "UNAUTHENTICATED"),
                "{}",
                method.path
            );
        }
    }
}
