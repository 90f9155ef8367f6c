use cpor_proto::{
    claims::v1::{
        BatchCreateClaimsRequest, BatchCreateClaimsRow, ClaimLine, CreateClaimRequest, GetClaimRequest,
        UpdateClaimRequest,
    },
    operations::v1::{AdvanceClockRequest, ListStreamsRequest, advance_clock_request::Target},
};
use cpor_types::{Actor, ActorSide, Service};
use tonic::Code;

use super::*;
use crate::{auth::MethodTable, status::reason};

/// One message with every kind of constraint, compiled by `cargo xtask proto --generate`.
const ALL_RULES: &[u8] = include_bytes!("testdata/all_rules.binpb");

/// Constraints that the server does not enforce, compiled in the same way.
const UNSUPPORTED_RULES: &[u8] = include_bytes!("testdata/unsupported_rules.binpb");

fn compiled(schema: &[u8]) -> (prost_reflect::DescriptorPool, Plans, Vec<UnsupportedRule>) {
    let pool = prost_reflect::DescriptorPool::decode(schema).unwrap();
    let (plans, unsupported) = Plans::compile(&pool, "t.");
    (pool, plans, unsupported)
}

/// What is wrong with a message in text format, as `field REASON`.
fn wrong(text: &str) -> Vec<String> {
    let (pool, plans, unsupported) = compiled(ALL_RULES);
    assert_eq!(unsupported, []);
    let message = DynamicMessage::parse_text_format(pool.get_message_by_name("t.All").unwrap(), text).unwrap();
    let found = walk::violations(&plans, plans.get("t.All").unwrap(), &message);
    found.into_iter().map(|one| format!("{} {}", one.field, one.reason)).collect()
}

const SOUND: &str = r#"
    min: "ab" max: "äö" pattern: "abc" email: "a.b@example.com" uuid: "0a1b2c3d-0000-4000-8000-000000000001" only: "x" among: "b"
    not_among: "a" defined: RED given: BLUE one_of: RED gt: 1 gte: 1 lt: 4 lte: 0.5 short: "a" long: "a" few: "a" many: "a"
    pairs { key: "k" value: "v" } needed { name: "n" } inner { name: "n" } left: "" time { seconds: 1 } behavior: "b" maybe: "m"
    inner_by_name { key: "k" value { name: "n" } }
"#;

#[test]
fn a_sound_message_passes() {
    assert_eq!(wrong(SOUND), Vec::<String>::new());
}

#[test]
fn every_constraint_finds_its_violation_and_all_come_at_once() {
    let found = wrong(
        r#"
        min: "a" max: "äöü" pattern: "ABC" email: "a.example.com" uuid: "0a1b2c3d000040008000000000000001" only: "y" among: "c"
        not_among: "b" defined: 77 one_of: BLUE lt: 5 lte: 0.75 long: "ab" many: "" many: "a" many: "a"
        pairs { key: "" value: "vv" } pairs { key: "k" value: "v" } inner { name: "n" } inner {} time { seconds: 1 nanos: -1 } maybe: ""
        passed_over: "" ignored_zero: "x" ignored: "x" inner_by_name { key: "k" value {} }
        "#,
    );
    let mut found = found;
    found.sort();
    let mut expected = [
        "min STRING_MIN_LEN",
        "max STRING_MAX_LEN",
        "pattern STRING_PATTERN",
        "email STRING_EMAIL",
        "uuid STRING_UUID",
        "only STRING_CONST",
        "among STRING_IN",
        "not_among STRING_NOT_IN",
        "defined ENUM_DEFINED_ONLY",
        "given ENUM_NOT_IN",
        "one_of ENUM_IN",
        "gt INT32_GT",
        "gte INT64_GTE",
        "lt UINT32_LT",
        "lte DOUBLE_LTE",
        "short BYTES_MIN_LEN",
        "long BYTES_MAX_LEN",
        "few REPEATED_MIN_ITEMS",
        "many REPEATED_MAX_ITEMS",
        "many[0] STRING_MIN_LEN",
        "many[2] REPEATED_UNIQUE",
        "pairs MAP_MAX_PAIRS",
        "pairs[\"\"] STRING_MIN_LEN",
        "pairs[\"\"] STRING_MAX_LEN",
        "needed REQUIRED",
        "inner[1].name STRING_MIN_LEN",
        "choice REQUIRED",
        "time TIMESTAMP_VALID",
        "behavior REQUIRED",
        "ignored_zero STRING_UUID",
        "maybe STRING_MIN_LEN",
        "inner_by_name[\"k\"].name STRING_MIN_LEN",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn not_a_number_is_within_no_bound() {
    assert_eq!(wrong(&SOUND.replace("lte: 0.5", "lte: nan")), ["lte DOUBLE_LTE"]);
}

#[test]
fn times_beyond_the_calendar_are_refused() {
    for seconds in ["253402300800", "-62135596801"] {
        assert_eq!(wrong(&SOUND.replace("seconds: 1", &format!("seconds: {seconds}"))), ["time TIMESTAMP_VALID"]);
    }
}

/// Whatever their own rules are, and without any.
#[test]
fn text_that_the_databases_cannot_keep_is_refused() {
    let (left, behavior) = (r#"left: """#, r#"behavior: "b""#);
    assert_eq!(wrong(&SOUND.replace(left, r#"left: "l\000""#)), ["left STRING_NUL"]);
    assert_eq!(wrong(&SOUND.replace(behavior, r#"behavior: "\000""#)), ["behavior STRING_NUL"]);
    assert_eq!(wrong(&format!(r#"{SOUND} few: "\000""#)), ["few[1] STRING_NUL"]);
}

#[test]
fn messages_without_rules_have_no_plan() {
    let (_, plans, _) = compiled(ALL_RULES);
    assert!(plans.get("t.Plain").is_none());
}

#[test]
fn rules_that_are_not_enforced_are_named() {
    let (_, _, unsupported) = compiled(UNSUPPORTED_RULES);
    let named: Vec<String> = unsupported.iter().map(|one| format!("{} {}", one.at, one.rule)).collect();
    assert_eq!(named, ["t.A cel", "t.A.ip string.ipv4", "t.A.cel cel", "t.A.bad string.pattern"]);
}

#[test]
fn our_own_protos_use_only_rules_that_are_enforced() {
    assert_eq!(check_rules(), Ok(()));
}

fn request<T>(path: &str, side: ActorSide, message: T) -> Request<T> {
    let services = [
        ("cpor.claims.v1.ClaimService", vec![Service::ClaimIntake]),
        ("cpor.operations.v1.OperationsService", vec![Service::ClaimIntake]),
        ("cpor.registry.v1.RegistryService", vec![Service::Registry]),
    ];
    let table = MethodTable::build(&services).unwrap();
    let caller = Caller {
        subject: "alice".to_owned(),
        roles: Vec::new(),
        partner: Some("contoso".parse().unwrap()),
        tenant: None,
        service: None,
        actor: Actor::new(side, "alice"),
    };
    let mut request = Request::new(message);
    request.extensions_mut().insert(Arc::new(caller));
    request.extensions_mut().insert(table.get(path).unwrap());
    request
}

fn get(name: &str) -> GetClaimRequest {
    GetClaimRequest { name: name.to_owned() }
}

const CLAIM: &str = "partners/contoso/claims/0a1b2c3d-0000-4000-8000-000000000001";
const GET: &str = "/cpor.claims.v1.ClaimService/GetClaim";

#[test]
fn the_owner_is_held_against_the_caller() {
    let (caller, message) = open(request(GET, ActorSide::Partner, get(CLAIM))).unwrap();
    assert_eq!((caller.subject.as_str(), message.name.as_str()), ("alice", CLAIM));
    let foreign = CLAIM.replace("contoso", "fabrikam");
    let refused = open(request(GET, ActorSide::Partner, get(&foreign))).unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::NotFound, Some("RESOURCE_NOT_FOUND")));
    assert!(open(request(GET, ActorSide::Reviewer, get(&foreign))).is_ok());
}

#[test]
fn the_owner_is_found_in_a_nested_field() {
    const UPDATE: &str = "/cpor.claims.v1.ClaimService/UpdateClaim";
    let update = |name: &str| UpdateClaimRequest {
        claim: Some(cpor_proto::claims::v1::Claim { name: name.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    assert!(open(request(UPDATE, ActorSide::Partner, update(CLAIM))).is_ok());
    let refused = open(request(UPDATE, ActorSide::Partner, update(&CLAIM.replace("contoso", "fabrikam")))).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[test]
fn violations_are_named_by_their_paths_before_the_owner_is_looked_at() {
    const CREATE: &str = "/cpor.claims.v1.ClaimService/CreateClaim";
    let line = ClaimLine { product: "no product".to_owned(), ..Default::default() };
    let claim = cpor_proto::claims::v1::Claim { lines: vec![line], ..Default::default() };
    let create = CreateClaimRequest { parent: "nonsense".to_owned(), claim: Some(claim), ..Default::default() };
    let refused = open(request(CREATE, ActorSide::Partner, create)).unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELDS")));
    let fields: Vec<String> = status::violations(&refused).into_iter().map(|one| one.field).collect();
    assert!(
        fields.contains(&"parent".to_owned()) && fields.contains(&"claim.lines[0].product".to_owned()),
        "{fields:?}"
    );
}

#[test]
fn rows_are_judged_apart_and_the_rest_as_a_whole() {
    const BATCH: &str = "/cpor.claims.v1.ClaimService/BatchCreateClaims";
    let row = |display_name: String| BatchCreateClaimsRow {
        claim: Some(cpor_proto::claims::v1::Claim { display_name, ..Default::default() }),
        ..Default::default()
    };
    let asked = |parent: &str, rows| {
        let message = BatchCreateClaimsRequest { parent: parent.to_owned(), rows, ..Default::default() };
        open_rows(request(BATCH, ActorSide::Partner, message), "rows")
    };
    let rows = vec![row("x".repeat(201)), row("sound".to_owned()), BatchCreateClaimsRow::default()];
    let (_, message, violations) = asked("partners/contoso", rows).unwrap();
    let told: Vec<_> = violations.iter().map(|(place, found)| (*place, found[0].field.as_str())).collect();
    assert_eq!((message.rows.len(), told), (3, vec![(0, "claim.display_name"), (2, "claim")]));
    let refused = asked("partners/contoso", Vec::new()).unwrap_err();
    assert_eq!(status::violations(&refused)[0].field, "rows");
    let foreign = asked("partners/fabrikam", vec![row(String::new())]).unwrap_err();
    assert_eq!(foreign.code(), Code::NotFound);
}

#[test]
fn a_request_that_passed_no_gate_is_refused() {
    assert_eq!(open(Request::new(get(CLAIM))).unwrap_err().code(), Code::Internal);
}

#[test]
fn enums_and_oneofs_of_our_own_messages() {
    let listed = violations(&ListStreamsRequest::default()).unwrap();
    assert!(listed.iter().any(|one| one.field == "service"), "{listed:?}");
    let none = violations(&AdvanceClockRequest::default()).unwrap();
    assert_eq!(none.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["target"]);
    let back = violations(&AdvanceClockRequest { target: Some(Target::BySeconds(-1)) }).unwrap();
    assert_eq!(back.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>(), ["INT64_GTE"]);
    assert_eq!(violations(&AdvanceClockRequest { target: Some(Target::BySeconds(0)) }).unwrap(), []);
}
