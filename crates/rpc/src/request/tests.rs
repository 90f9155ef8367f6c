use cpor_proto::{
    claims::v1::{
        BatchCreateClaimsRequest, BatchCreateClaimsRow, ClaimLine, CreateClaimRequest, GetClaimRequest,
        UpdateClaimRequest,
    },
    operations::v1::{AdvanceClockRequest, ListStreamsRequest, advance_clock_request::Target},
};
use cpor_types::{Actor, ActorSide, Service};
use serde_json::{Value, json};
use tonic::Code;

use super::*;
use cpor_auth::MethodTable;
use cpor_call::status::reason;

/// One message with every kind of constraint, compiled by `cargo xtask proto --generate`.
const ALL_RULES: &[u8] = include_bytes!("testdata/all_rules.binpb");

/// Constraints that the server does not enforce, compiled in the same way.
const UNSUPPORTED_RULES: &[u8] = include_bytes!("testdata/unsupported_rules.binpb");

fn compiled(schema: &[u8]) -> (prost_reflect::DescriptorPool, RuleSet, Vec<UnsupportedRule>) {
    let pool = prost_reflect::DescriptorPool::decode(schema).unwrap();
    let (rule_set, unsupported) = RuleSet::compile(&pool, "t.");
    (pool, rule_set, unsupported)
}

/// A `t.All` that keeps every constraint, as JSON.
fn valid() -> Value {
    json!({
        "min": "ab", "max": "äö", "pattern": "abc", "email": "a.b@example.com",
        "uuid": "0a1b2c3d-0000-4000-8000-000000000001", "only": "x", "among": "b", "notAmong": "a",
        "defined": "RED", "given": "BLUE", "oneOf": "RED", "gt": 1, "gte": 1, "lt": 4, "lte": 0.5,
        "short": "YQ==", "long": "YQ==", "few": ["a"], "many": ["a"], "pairs": {"k": "v"},
        "needed": {"name": "n"}, "inner": [{"name": "n"}], "left": "", "time": "1970-01-01T00:00:01Z",
        "behavior": "b", "maybe": "m", "innerByName": {"k": {"name": "n"}},
    })
}

/// The valid message with one field replaced.
fn valid_but(field: &str, value: Value) -> Value {
    let mut message = valid();
    message[field] = value;
    message
}

/// The violations of a `t.All` given as JSON, each as `field REASON`. `seconds` and `nanos`, if
/// given, replace its `time`: JSON cannot express an invalid one.
fn violations_of(message: &Value, time: Option<(i64, i32)>) -> Vec<String> {
    let (pool, rule_set, unsupported) = compiled(ALL_RULES);
    assert_eq!(unsupported, []);
    let descriptor = pool.get_message_by_name("t.All").unwrap();
    let mut message = DynamicMessage::deserialize(descriptor, message).unwrap();
    if let Some((seconds, nanos)) = time {
        message.set_field_by_name("time", {
            let descriptor = pool.get_message_by_name("google.protobuf.Timestamp").unwrap();
            let mut time = DynamicMessage::new(descriptor);
            time.set_field_by_name("seconds", prost_reflect::Value::I64(seconds));
            time.set_field_by_name("nanos", prost_reflect::Value::I32(nanos));
            prost_reflect::Value::Message(time)
        });
    }
    let found = evaluate::violations(&rule_set, rule_set.get("t.All").unwrap(), &message);
    found.into_iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect()
}

#[test]
fn a_valid_message_has_no_violations() {
    assert_eq!(violations_of(&valid(), None), Vec::<String>::new());
}

#[test]
fn every_broken_constraint_is_reported_at_once() {
    let message = json!({
        "min": "a", "max": "äöü", "pattern": "ABC", "email": "a.example.com",
        "uuid": "0a1b2c3d000040008000000000000001", "only": "y", "among": "c", "notAmong": "b", "defined": 77,
        "oneOf": "BLUE", "lt": 5, "lte": 0.75, "long": "YWI=", "many": ["", "a", "a"],
        "pairs": {"": "vv", "k": "v"}, "inner": [{"name": "n"}, {}], "maybe": "", "passedOver": "",
        "ignoredZero": "x", "ignored": "x", "innerByName": {"k": {}},
    });
    let mut found = violations_of(&message, Some((1, -1)));
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
fn nan_is_within_no_bound() {
    assert_eq!(violations_of(&valid_but("lte", json!("NaN")), None), ["lte DOUBLE_LTE"]);
}

#[test]
fn times_outside_the_years_1_to_9999_are_refused() {
    for seconds in [253_402_300_800, -62_135_596_801] {
        assert_eq!(violations_of(&valid(), Some((seconds, 0))), ["time TIMESTAMP_VALID"]);
    }
}

/// PostgreSQL cannot store NUL, so it is refused whether or not the field has other constraints.
#[test]
fn text_with_nul_is_refused() {
    for (field, value, expected) in [
        ("left", json!("l\0"), "left STRING_NUL"),
        ("behavior", json!("\0"), "behavior STRING_NUL"),
        ("few", json!(["a", "\0"]), "few[1] STRING_NUL"),
    ] {
        assert_eq!(violations_of(&valid_but(field, value), None), [expected]);
    }
}

#[test]
fn message_types_without_rules_are_removed() {
    let (_, rule_set, _) = compiled(ALL_RULES);
    assert!(rule_set.get("t.Plain").is_none());
}

#[test]
fn names_constraints_that_are_not_enforced() {
    let (_, _, unsupported) = compiled(UNSUPPORTED_RULES);
    let named: Vec<String> = unsupported.iter().map(|rule| format!("{} {}", rule.element, rule.rule)).collect();
    assert_eq!(named, ["t.A cel", "t.A.ip string.ipv4", "t.A.cel cel", "t.A.bad string.pattern"]);
}

#[test]
fn cpor_protos_use_only_enforced_constraints() {
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
        subject: "alice".into(),
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
fn refuses_a_resource_of_another_owner() {
    let (caller, message) = validate(request(GET, ActorSide::Partner, get(CLAIM))).unwrap();
    assert_eq!((caller.subject.expose(), message.name.as_str()), ("alice", CLAIM));
    let foreign = CLAIM.replace("contoso", "fabrikam");
    let refused = validate(request(GET, ActorSide::Partner, get(&foreign))).unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::NotFound, Some("RESOURCE_NOT_FOUND")));
    assert!(validate(request(GET, ActorSide::Reviewer, get(&foreign))).is_ok());
}

#[test]
fn finds_the_owner_in_a_nested_field() {
    const UPDATE: &str = "/cpor.claims.v1.ClaimService/UpdateClaim";
    let update = |name: &str| UpdateClaimRequest {
        claim: Some(cpor_proto::claims::v1::Claim { name: name.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    assert!(validate(request(UPDATE, ActorSide::Partner, update(CLAIM))).is_ok());
    let refused =
        validate(request(UPDATE, ActorSide::Partner, update(&CLAIM.replace("contoso", "fabrikam")))).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[test]
fn reports_violations_before_it_checks_the_owner() {
    const CREATE: &str = "/cpor.claims.v1.ClaimService/CreateClaim";
    let line = ClaimLine { product: "not a product id".to_owned(), ..Default::default() };
    let claim = cpor_proto::claims::v1::Claim { lines: vec![line], ..Default::default() };
    let create = CreateClaimRequest { parent: "nonsense".to_owned(), claim: Some(claim), ..Default::default() };
    let refused = validate(request(CREATE, ActorSide::Partner, create)).unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELDS")));
    let fields: Vec<String> = status::field_violations(&refused).into_iter().map(|violation| violation.field).collect();
    assert!(
        fields.contains(&"parent".to_owned()) && fields.contains(&"claim.lines[0].product".to_owned()),
        "{fields:?}"
    );
}

#[test]
fn validates_rows_one_by_one() {
    const BATCH: &str = "/cpor.claims.v1.ClaimService/BatchCreateClaims";
    let row = |display_name: String| BatchCreateClaimsRow {
        claim: Some(cpor_proto::claims::v1::Claim { display_name, ..Default::default() }),
        ..Default::default()
    };
    let validate_batch = |parent: &str, rows| {
        let message = BatchCreateClaimsRequest { parent: parent.to_owned(), rows, ..Default::default() };
        validate_rows(request(BATCH, ActorSide::Partner, message), "rows")
    };
    let rows = vec![row("x".repeat(201)), row("valid".to_owned()), BatchCreateClaimsRow::default()];
    let (_, message, violations) = validate_batch("partners/contoso", rows).unwrap();
    let fields: Vec<_> = violations.iter().map(|(index, found)| (*index, found[0].field.as_str())).collect();
    assert_eq!((message.rows.len(), fields), (3, vec![(0, "claim.display_name"), (2, "claim")]));
    let refused = validate_batch("partners/contoso", Vec::new()).unwrap_err();
    assert_eq!(status::field_violations(&refused)[0].field, "rows");
    let foreign = validate_batch("partners/fabrikam", vec![row(String::new())]).unwrap_err();
    assert_eq!(foreign.code(), Code::NotFound);
}

#[test]
fn refuses_a_request_without_authorization() {
    assert_eq!(validate(Request::new(get(CLAIM))).unwrap_err().code(), Code::Internal);
}

#[test]
fn checks_enums_and_oneofs_of_cpor_messages() {
    let no_service = find_violations(&ListStreamsRequest::default()).unwrap();
    assert!(no_service.iter().any(|violation| violation.field == "service"), "{no_service:?}");
    let no_target = find_violations(&AdvanceClockRequest::default()).unwrap();
    assert_eq!(no_target.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), ["target"]);
    let negative =
        find_violations(&AdvanceClockRequest { target: Some(Target::BySeconds(-1)), ..Default::default() }).unwrap();
    assert_eq!(negative.iter().map(|violation| violation.reason.as_str()).collect::<Vec<_>>(), ["INT64_GTE"]);
    assert_eq!(
        find_violations(&AdvanceClockRequest { target: Some(Target::BySeconds(0)), ..Default::default() }).unwrap(),
        []
    );
}
