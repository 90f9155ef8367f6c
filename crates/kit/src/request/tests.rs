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

/// A schema with every kind of constraint there is.
const SCHEMA: &str = r#"
syntax = "proto3";
package t;
import "buf/validate/validate.proto";
import "google/api/field_behavior.proto";
import "google/protobuf/timestamp.proto";
enum Color { COLOR_UNSPECIFIED = 0; RED = 1; BLUE = 2; }
message Inner { string name = 1 [(buf.validate.field).string.min_len = 1]; }
message All {
  string min = 1 [(buf.validate.field).string.min_len = 2];
  string max = 2 [(buf.validate.field).string.max_len = 2];
  string pattern = 3 [(buf.validate.field).string.pattern = "^[a-z]+$"];
  string email = 4 [(buf.validate.field).string.email = true];
  string uuid = 5 [(buf.validate.field).string.uuid = true];
  string only = 6 [(buf.validate.field).string.const = "x"];
  string among = 7 [(buf.validate.field).string = {in: ["a", "b"]}];
  string not_among = 8 [(buf.validate.field).string = {not_in: ["", "b"]}];
  Color defined = 9 [(buf.validate.field).enum.defined_only = true];
  Color given = 10 [(buf.validate.field).enum = {not_in: [0]}];
  Color one_of = 11 [(buf.validate.field).enum = {in: [1]}];
  int32 gt = 12 [(buf.validate.field).int32.gt = 0];
  int64 gte = 13 [(buf.validate.field).int64.gte = 1];
  uint32 lt = 14 [(buf.validate.field).uint32.lt = 5];
  double lte = 15 [(buf.validate.field).double.lte = 0.5];
  bytes short = 16 [(buf.validate.field).bytes.min_len = 1];
  bytes long = 17 [(buf.validate.field).bytes.max_len = 1];
  repeated string few = 18 [(buf.validate.field).repeated.min_items = 1];
  repeated string many = 19 [(buf.validate.field).repeated = {max_items: 1, unique: true, items: {string: {min_len: 1}}}];
  map<string, string> pairs = 20 [(buf.validate.field).map = {max_pairs: 1, keys: {string: {min_len: 1}}, values: {string: {max_len: 1}}}];
  Inner needed = 21 [(buf.validate.field).required = true];
  repeated Inner inner = 22;
  oneof choice { option (buf.validate.oneof).required = true; string left = 23; string right = 24; }
  google.protobuf.Timestamp time = 25;
  string behavior = 26 [(google.api.field_behavior) = REQUIRED];
  string passed_over = 27 [(google.api.field_behavior) = OUTPUT_ONLY, (buf.validate.field).string.min_len = 1];
  string ignored_zero = 28 [(buf.validate.field).string.uuid = true, (buf.validate.field).ignore = IGNORE_IF_ZERO_VALUE];
  string ignored = 29 [(buf.validate.field).string.uuid = true, (buf.validate.field).ignore = IGNORE_ALWAYS];
  optional string maybe = 30 [(buf.validate.field).string.min_len = 1];
  map<string, Inner> inner_by_name = 31;
  Color not_given = 32;
}
message Plain { bool flag = 1; Plain again = 2; }
"#;

fn compiled(schema: &str) -> (prost_reflect::DescriptorPool, Plans, Vec<UnsupportedRule>) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("t.proto"), schema).unwrap();
    let vendor = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/vendor");
    let mut compiler = protox::Compiler::new([directory.path(), vendor.as_path()]).unwrap();
    let set = compiler.include_imports(true).open_file("t.proto").unwrap().encode_file_descriptor_set();
    let pool = prost_reflect::DescriptorPool::decode(set.as_slice()).unwrap();
    let (plans, unsupported) = Plans::compile(&pool, "t.");
    (pool, plans, unsupported)
}

/// What is wrong with a message in text format, as `field REASON`.
fn wrong(text: &str) -> Vec<String> {
    let (pool, plans, unsupported) = compiled(SCHEMA);
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
    let (_, plans, _) = compiled(SCHEMA);
    assert!(plans.get("t.Plain").is_none());
}

#[test]
fn rules_that_are_not_enforced_are_named() {
    let (_, _, unsupported) = compiled(
        r#"syntax = "proto3"; package t; import "buf/validate/validate.proto";
        message A {
          option (buf.validate.message).cel = {id: "a", expression: "true"};
          string ip = 1 [(buf.validate.field).string.ipv4 = true];
          int32 cel = 2 [(buf.validate.field).cel = {id: "b", expression: "true"}];
          string bad = 3 [(buf.validate.field).string.pattern = "("];
        }"#,
    );
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
