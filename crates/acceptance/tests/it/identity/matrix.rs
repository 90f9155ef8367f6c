//! Every method × every role × {own, other's, none}.

use std::collections::BTreeMap;

use cpor_acceptance::{Actor, Method, TestSystem, both_databases, call, decode, encode, methods, reason};
use cpor_types::{ActorSide, Role};
use prost_reflect::Value;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{Estate, Names, bodies::body};

both_databases![each_role_reaches_only_its_methods, every_method_requires_a_token];

/// What came of a call: how many things were listed, or a refusal.
type Outcome = Result<usize, Status>;

async fn each_role_reaches_only_its_methods(system: &TestSystem) {
    let estate = Estate::in_world(system).await;
    let methods = methods();
    let (mut let_in, mut kept_out) = (0, 0);
    for method in &methods {
        for role in Role::ALL {
            let actor = system.actor_with_role(*role);
            if method.roles.contains(role) {
                comes_in(&actor, method, *role, &estate).await;
                let_in += 1;
            } else {
                is_kept_out(&actor, method, *role, &estate).await;
                kept_out += 1;
            }
        }
    }
    let declared: usize = methods.iter().map(|method| method.roles.len()).sum();
    assert_eq!((let_in, kept_out), (declared, methods.len() * Role::ALL.len() - declared));
    assert!(
        methods.len() > 50 && declared > 150,
        "the descriptors are read: {} methods, {declared} grants",
        methods.len()
    );
}

async fn ask(actor: &Actor, method: &Method, names: &Names) -> Outcome {
    let (_, messages) = call(actor, method, encode(&method.input, &body(method, names))).await?;
    let lists = messages.iter().map(|message| decode(&method.output, message));
    let count = |value: &Value| value.as_list().map_or(0, <[Value]>::len);
    Ok(lists.flat_map(|message| message.fields().map(|(_, value)| count(value)).collect::<Vec<_>>()).sum())
}

async fn is_kept_out(actor: &Actor, method: &Method, role: Role, estate: &Estate) {
    for names in [&estate.own, &estate.other, &estate.nothing] {
        let status = ask(actor, method, names).await.expect_err("a role that is not declared");
        let wanted = (Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        assert_eq!((status.code(), reason(&status).as_str()), wanted, "{role} at {}: {status:?}", method.path);
    }
}

/// The declared reasons for which a caller who came in is still denied.
const AFTER_THE_DOOR: [&str; 4] = ["NOT_CASE_REVIEWER", "USAGE_NOT_OPEN", "STREAM_NOT_FOUND", "DRAFTS_ONLY"];

async fn comes_in(actor: &Actor, method: &Method, role: Role, estate: &Estate) {
    let own = ask(actor, method, &estate.own).await;
    if let Err(status) = &own {
        let fits = matches!(status.code(), Code::FailedPrecondition | Code::Aborted)
            || AFTER_THE_DOOR.contains(&reason(status).as_str());
        assert!(fits, "{role} at its own {}: {status:?}", method.path);
    }
    let other = ask(actor, method, &estate.other).await;
    let nothing = ask(actor, method, &estate.nothing).await;
    let about = |names| body(method, names);
    if about(&estate.own) == about(&estate.other) {
        return;
    }
    match role.side() {
        ActorSide::Partner | ActorSide::Customer => {
            let (other, nothing) = (shown(other, &estate.other), shown(nothing, &estate.nothing));
            assert_eq!(other, nothing, "{role} can tell another's {} from none", method.path);
            let unseen =
                matches!(&other, Ok(0)) || matches!(&other, Err((Code::NotFound | Code::PermissionDenied, ..)));
            // Whether usage is open answers no, whatever the key.
            assert!(unseen || method.name == "CheckUsageAccess", "{role} at another's {}: {other:?}", method.path);
        }
        ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => {
            assert_eq!(door(&other), door(&own), "{role} at {}: {other:?}", method.path);
            let found = nothing.err().map(|status| (status.code(), reason(&status)));
            // The cases of an arbitration are named within it, and so is what stands in its way.
            let unknown = |reason: &str| reason == "AWARDS_NOT_POSSIBLE";
            let fits = found.as_ref().is_none_or(|(code, reason)| *code == Code::NotFound || unknown(reason));
            assert!(fits, "{role} at a {} that does not exist: {found:?}", method.path);
        }
    }
}

fn door(outcome: &Outcome) -> Option<Code> {
    outcome.as_ref().err().map(Status::code).filter(|code| matches!(code, Code::PermissionDenied | Code::NotFound))
}

/// What the caller is shown, with the names that it asked for taken out: code, message, reason and metadata.
type Shown = (Code, String, String, BTreeMap<String, String>);

fn shown(outcome: Outcome, names: &Names) -> Result<usize, Shown> {
    outcome.map_err(|status| {
        let plain = |text: &str| names.all().iter().fold(text.to_owned(), |text, name| text.replace(name, "<name>"));
        let info = status.get_details_error_info().expect("every refusal has its ErrorInfo");
        let metadata = info.metadata.iter().map(|(key, value)| (key.clone(), plain(value))).collect();
        (status.code(), plain(status.message()), info.reason, metadata)
    })
}

async fn every_method_requires_a_token(system: &TestSystem) {
    let estate = Estate::in_world(system).await;
    let methods = methods();
    for method in &methods {
        for names in [&estate.own, &estate.nothing] {
            let status = ask(&system.anonymous, method, names).await.expect_err("no token");
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::Unauthenticated, "UNAUTHENTICATED"),
                "{}",
                method.path
            );
        }
    }
}
