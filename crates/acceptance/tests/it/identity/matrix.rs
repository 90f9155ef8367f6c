//! Calls every method as every role and every service, for own resources, for resources of others,
//! for resources that do not exist, and with tokens that are not valid.
//!
//! What a caller may do follows from the access that the method declares.

use std::{fmt::Debug, sync::Arc, time::Duration};

use cpor_acceptance::{Actor, CONTOSO, FABRIKAM, Method, TestSystem, both_databases, metadata, methods};
use cpor_auth::{ServiceSigner, ServiceSigners, TokenSigner, UserToken};
use cpor_types::{ActorSide, Clock, Role, Service, SystemClock, VirtualClock};
use futures_util::future::join_all;
use tonic::Code;

use super::{fixture::AccessFixture, outcome::Outcome, requests::request_for};

both_databases![callers_reach_only_what_is_theirs];

/// A role or a service that calls.
#[derive(Clone, Copy, Debug)]
enum CallerKind {
    Role(Role),
    Service(Service),
}

/// A column of the matrix: whose resources are requested, or how the token is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// The token is valid; the resources belong to the caller's company or tenant.
    Own,
    /// The token is valid; the resources belong to another company and another tenant.
    Other,
    /// The token is valid; the resources do not exist.
    Nothing,
    /// The token has expired.
    Expired,
    /// The token is signed with an unknown key.
    Forged,
    /// A service signed the token of a user, or the token is for another service.
    OtherService,
}

const CONDITIONS: [Condition; 6] = [
    Condition::Own,
    Condition::Other,
    Condition::Nothing,
    Condition::Expired,
    Condition::Forged,
    Condition::OtherService,
];

/// The signers of wrong tokens.
struct Signers {
    /// Signs as the issuer of the users' tokens did in 2020.
    past_issuer: TokenSigner,
    /// Sign as the services did in 2020, in the order of [`Service::ALL`].
    past_services: Vec<ServiceSigner>,
    /// Signs users' tokens with the key of a service.
    service_as_issuer: TokenSigner,
    unknown_issuer: TokenSigner,
    unknown_services: ServiceSigners,
}

impl Signers {
    fn new(system: &TestSystem) -> Self {
        let folder = system.store().directory(0);
        let past: Arc<dyn Clock> = Arc::new(VirtualClock::new("2020-01-01T00:00:00Z".parse().unwrap()));
        let now: Arc<dyn Clock> = Arc::new(SystemClock);
        let issuer_file = folder.join("matrix-issuer.pem");
        system.issuer().save(&issuer_file).unwrap();
        let file = |service: Service| folder.join(format!("matrix-{service}.pem"));
        let in_the_past = |service: &Service| {
            system.keys().service(*service).save(&file(*service)).unwrap();
            ServiceSigner::from_file(*service, &file(*service), past.clone()).unwrap()
        };
        Self {
            past_issuer: TokenSigner::from_file(&issuer_file, "cpor", past.clone()).unwrap(),
            past_services: Service::ALL.iter().map(in_the_past).collect(),
            service_as_issuer: TokenSigner::from_file(&file(Service::ClaimIntake), "cpor", now.clone()).unwrap(),
            unknown_issuer: TokenSigner::generate("cpor", now.clone()).unwrap(),
            unknown_services: ServiceSigners::generate(&now).unwrap(),
        }
    }

    /// The caller with the token of a condition.
    fn actor(&self, system: &TestSystem, caller: CallerKind, method: &Method, condition: Condition) -> Actor {
        let token = match (caller, condition) {
            (CallerKind::Role(role), Condition::Own | Condition::Other | Condition::Nothing) => {
                return system.actor_with_role(role);
            }
            (CallerKind::Service(service), Condition::Own | Condition::Other | Condition::Nothing) => {
                return system.service(service, method.service);
            }
            (CallerKind::Role(role), Condition::Expired) => self.past_issuer.user_token(&user_token(role)),
            (CallerKind::Role(role), Condition::Forged) => self.unknown_issuer.user_token(&user_token(role)),
            (CallerKind::Role(role), Condition::OtherService) => self.service_as_issuer.user_token(&user_token(role)),
            (CallerKind::Service(from), Condition::Expired) => {
                let signer = self.past_services.iter().find(|signer| signer.service() == from).unwrap();
                signer.token(method.service, None)
            }
            (CallerKind::Service(from), Condition::Forged) => {
                self.unknown_services.get(from).unwrap().token(method.service, None)
            }
            (CallerKind::Service(from), Condition::OtherService) => {
                let called = Service::ALL.iter().find(|service| **service != method.service).unwrap();
                return system.service(from, *called);
            }
        };
        system.actor_with_token(&token.unwrap())
    }
}

/// The content of the token of [`TestSystem::actor_with_role`].
fn user_token(role: Role) -> UserToken {
    let (partner, tenant) = match role.side() {
        ActorSide::Partner => (Some(CONTOSO.trim_start_matches("partners/").parse().unwrap()), None),
        ActorSide::Customer => (None, Some(FABRIKAM.parse().unwrap())),
        ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => (None, None),
    };
    let subject = format!("{role}@test.example");
    UserToken { subject, roles: vec![role], partner, tenant, lifetime: Duration::from_secs(60) }
}

/// The answers to one caller of one method, in the order of [`CONDITIONS`].
struct Row<'m> {
    method: &'m Method,
    caller: CallerKind,
    names: AccessFixture,
    outcomes: Vec<Outcome>,
}

/// The methods that refuse every caller, because the resources of the fixture are not in the state
/// that they need, or because the request names nothing that they could change.
const REFUSED_BY_STATE: [&str; 18] = [
    "ActivateProgramGuide",
    "ArbitrateHolds",
    "ArbitrateLines",
    "AssignReviewCase",
    "CreatePayout",
    "DeclinePayment",
    "DeliverEvents",
    "EraseLegacyHolder",
    "ErasePersonalData",
    "PlaceHold",
    "ReleaseReviewCase",
    "RequestStatement",
    "RetryStream",
    "ReversePayout",
    "SendPayout",
    "SimulateProgramGuide",
    "StartReview",
    "TakeReviewCase",
];

async fn callers_reach_only_what_is_theirs(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    let (signers, methods) = (Signers::new(system), methods());
    let roles = Role::ALL.iter().map(|role| CallerKind::Role(*role));
    let callers: Vec<_> = roles.chain(Service::ALL.iter().map(|service| CallerKind::Service(*service))).collect();
    let (mut cells, mut findings) = (0, Findings::default());
    for method in &methods {
        let rows = callers.iter().map(|caller| call_as(system, &signers, method, *caller, &fixture));
        let rows = join_all(rows).await;
        for row in &rows {
            row.check(&mut findings);
            cells += row.outcomes.len();
        }
        let is_answered = rows.iter().any(|row| row.refusal(Condition::Own).is_none());
        let is_expected = !REFUSED_BY_STATE.contains(&method.name.as_str());
        findings.expect_equal(&method.path, "is any caller answered", &is_answered, &is_expected);
        let anonymous = Outcome::of(&system.anonymous, method, &request_for(method, &fixture.own)).await.refusal();
        findings.expect_equal(&method.path, "without a token", &anonymous, &UNAUTHENTICATED.map(owned));
    }
    assert!(findings.0.is_empty(), "{} findings:\n{}", findings.0.len(), findings.0.join("\n"));
    assert_eq!(cells, methods.len() * callers.len() * CONDITIONS.len());
}

const UNAUTHENTICATED: Option<(Code, &str)> = Some((Code::Unauthenticated, "UNAUTHENTICATED"));

fn owned((code, reason): (Code, &str)) -> (Code, String) {
    (code, reason.to_owned())
}

/// The differences between the answers and what the declarations allow. They are collected, so that
/// one run shows them all.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn expect_equal<T: PartialEq + Debug>(&mut self, place: &str, what: &str, actual: &T, expected: &T) {
        if actual != expected {
            self.0.push(format!("{place}, {what}: {actual:?} instead of {expected:?}"));
        }
    }
}

async fn call_as<'m>(
    system: &TestSystem,
    signers: &Signers,
    method: &'m Method,
    caller: CallerKind,
    fixture: &AccessFixture,
) -> Row<'m> {
    let names = match caller {
        CallerKind::Role(role) => fixture.for_role(role),
        CallerKind::Service(_) => fixture.clone(),
    };
    // One after the other, because the number of a company's concurrent uploads is limited.
    let mut outcomes = Vec::with_capacity(CONDITIONS.len());
    for condition in CONDITIONS {
        let actor = signers.actor(system, caller, method, condition);
        outcomes.push(Outcome::of(&actor, method, &request(method, &names, condition)).await);
    }
    Row { method, caller, names, outcomes }
}

/// The request of a cell. If the method is about nothing that belongs to somebody, a name of
/// nothing is made from the name of the resource.
fn request(method: &Method, names: &AccessFixture, condition: Condition) -> serde_json::Value {
    let own = request_for(method, &names.own);
    match condition {
        Condition::Other => request_for(method, &names.other),
        Condition::Nothing => {
            let mut nothing = request_for(method, &names.nothing);
            if nothing == own
                && let Some((collection, _)) = own["name"].as_str().and_then(|name| name.rsplit_once('/'))
            {
                nothing["name"] = format!("{collection}/nothing").into();
            }
            nothing
        }
        Condition::Own | Condition::Expired | Condition::Forged | Condition::OtherService => own,
    }
}

impl Row<'_> {
    fn outcome(&self, condition: Condition) -> &Outcome {
        let column = CONDITIONS.iter().position(|other| *other == condition).unwrap();
        &self.outcomes[column]
    }

    fn refusal(&self, condition: Condition) -> Option<(Code, String)> {
        self.outcome(condition).refusal()
    }

    fn is_declared(&self) -> bool {
        match self.caller {
            CallerKind::Role(role) => self.method.roles.contains(&role),
            CallerKind::Service(service) => self.method.services.contains(&service),
        }
    }

    /// Compares the answers with what the declaration of the method allows.
    fn check(&self, findings: &mut Findings) {
        let place = format!("{:?} at {}", self.caller, self.method.path);
        let mut expect_refusal = |condition, expected: Option<(Code, &str)>| {
            findings.expect_equal(&place, &format!("{condition:?}"), &self.refusal(condition), &expected.map(owned));
        };
        expect_refusal(Condition::Expired, Some((Code::Unauthenticated, "TOKEN_EXPIRED")));
        expect_refusal(Condition::Forged, UNAUTHENTICATED);
        if self.is_for_one_service() {
            expect_refusal(Condition::OtherService, UNAUTHENTICATED);
        }
        if !self.is_declared() {
            return self.check_denial(&place, findings);
        }
        let request = |condition| request(self.method, &self.names, condition);
        let own = self.outcome(Condition::Own);
        let has_own_name = !["GetClock", "GetCompetition"].contains(&self.method.name.as_str());
        if self.method.name.starts_with("Get") && own.refusal().is_none() && has_own_name {
            let expected = request(Condition::Own)["name"].as_str().map(ToOwned::to_owned);
            findings.expect_equal(&place, "name of the resource", &own.resource_name(), &expected);
        }
        if request(Condition::Own) == request(Condition::Other) {
            return;
        }
        let (other, nothing) = (self.outcome(Condition::Other), self.outcome(Condition::Nothing));
        match self.caller {
            CallerKind::Role(role) if matches!(role.side(), ActorSide::Partner | ActorSide::Customer) => {
                let (other, nothing) =
                    (other.without_names(&self.names.other), nothing.without_names(&self.names.nothing));
                findings.expect_equal(
                    &place,
                    "of another owner, which must look as if it did not exist",
                    &other,
                    &nothing,
                );
            }
            // The vendor's staff works for all partners, and services act for all.
            CallerKind::Role(_) | CallerKind::Service(_) => {
                findings.expect_equal(&place, "of another owner", &other.summary(), &own.summary());
            }
        }
    }

    /// Whether a token of a service must name the service of this method. Operations and deliveries
    /// of events are for any service of the process, and here one process hosts all.
    fn is_for_one_service(&self) -> bool {
        let is_for_any =
            ["/cpor.events.", "/cpor.operations."].iter().any(|package| self.method.path.starts_with(package));
        !is_for_any || matches!(self.caller, CallerKind::Role(_))
    }

    /// A caller that the method does not declare learns who may call it, and nothing else.
    fn check_denial(&self, place: &str, findings: &mut Findings) {
        let reason = match self.caller {
            CallerKind::Role(_) => "ROLE_NOT_ALLOWED",
            CallerKind::Service(_) => "SERVICE_NOT_ALLOWED",
        };
        let denied = Some(owned((Code::PermissionDenied, reason)));
        findings.expect_equal(place, "not declared", &self.refusal(Condition::Own), &denied);
        let denial = |condition, names| self.outcome(condition).without_names(names);
        let own = denial(Condition::Own, &self.names.own);
        findings.expect_equal(place, "other", &denial(Condition::Other, &self.names.other), &own);
        findings.expect_equal(place, "nothing", &denial(Condition::Nothing, &self.names.nothing), &own);
        if let (CallerKind::Role(_), Outcome::Refused(status)) = (self.caller, self.outcome(Condition::Own)) {
            let roles: Vec<_> = self.method.roles.iter().map(|role| role.as_str()).collect();
            findings.expect_equal(place, "allowed roles", &metadata(status, "allowed_roles"), &roles.join(", "));
        }
    }
}
