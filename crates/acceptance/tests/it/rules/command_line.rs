//! R59: the commands `cpor import` and `cpor export`.

use std::{fs, path::Path, process::Command};

use cpor_acceptance::{CONTOSO, TestSystem, both_databases};
use cpor_auth::UserToken;
use cpor_proto::claims::v1::{Claim, ListClaimsRequest};
use cpor_types::Role;
use serde_json::Value;

both_databases![
    r59_a_corrected_file_can_be_imported_again,
    r59_an_export_can_be_imported,
    r59_a_refused_export_leaves_the_file_unchanged,
];

/// Runs a command of `cpor` for Contoso. Returns whether it succeeded, its standard output and its
/// standard error.
pub(super) async fn run(system: &TestSystem, args: &[&str]) -> (bool, String, String) {
    run_as(system, Role::IncentivesAdmin, Some("contoso"), args).await
}

/// Runs a command of `cpor` for a user with this role, of this partner.
pub(super) async fn run_as(
    system: &TestSystem,
    role: Role,
    partner: Option<&str>,
    args: &[&str],
) -> (bool, String, String) {
    let binary = std::env::var("CPOR_TEST_BINARY").expect("CPOR_TEST_BINARY is not set: run `cargo xtask test`");
    let token = UserToken {
        subject: "command@example.com".to_owned(),
        roles: vec![role],
        partner: partner.map(|partner| partner.parse().unwrap()),
        tenant: None,
        lifetime: std::time::Duration::from_secs(3600),
    };
    let token = system.issuer().user_token(&token).unwrap();
    let mut command = Command::new(binary);
    command.args(args).args(["--server", &system.nodes()[0].grpc.url()]);
    command.env("CPOR_TOKEN", token);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// Runs a command of `cpor` that reads a file. Returns whether it succeeded, its output, and the
/// results that it wrote.
pub(super) async fn run_with_results(system: &TestSystem, args: &[&str], file: &Path) -> (bool, String, Vec<Value>) {
    let suffix = if args[0] == "import" { "results".to_owned() } else { format!("{}-results", args[0]) };
    let path = format!("{}.{suffix}.jsonl", file.display());
    fs::remove_file(&path).ok();
    let args = [args, &[file.to_str().unwrap()]].concat();
    let (success, stdout, stderr) = run(system, &args).await;
    let results = fs::read_to_string(path).unwrap_or_default();
    let results = results.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (success, stdout + &stderr, results)
}

/// Runs `cpor import`.
pub(super) async fn import(system: &TestSystem, file: &Path) -> (bool, String, Vec<Value>) {
    run_with_results(system, &["import", "--partner", "contoso"], file).await
}

/// Exports the claims of Contoso to a file.
pub(super) async fn export(system: &TestSystem, file: &Path) {
    let args = ["export", "--partner", "contoso", "--order-by", "display_name", "--output", file.to_str().unwrap()];
    let (success, stdout, stderr) = run(system, &args).await;
    assert_eq!((success, stdout.as_str(), stderr.as_str()), (true, "", ""));
}

pub(super) async fn claims(system: &TestSystem) -> Vec<Claim> {
    let request =
        ListClaimsRequest { parent: CONTOSO.into(), order_by: "display_name".into(), ..ListClaimsRequest::default() };
    system.contoso.claims().list_claims(request).await.unwrap().into_inner().claims
}

async fn r59_a_corrected_file_can_be_imported_again(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    let header = "claim,display_name,mpn_id,activities,product";
    let invalid = format!("{header}\n1,One,1001,usage,teams\n1,,,,intune\n2,Two,2001,,\n3,Three,,driving,\n");
    fs::write(&file, &invalid).unwrap();
    let (success, output, results) = import(system, &file).await;
    assert!(!success && output.contains("3 claims: 1 imported, 2 refused;"), "{output}");
    let lines: Vec<_> = results.iter().map(|result| result["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 4, 5]);
    let reasons: Vec<_> = results.iter().map(|result| result["error"]["reason"].as_str().unwrap_or("")).collect();
    assert_eq!(reasons, ["", "LOCATION_NOT_OF_PARTNER", "MALFORMED"]);
    assert_eq!(results[2]["error"]["fields"][0]["field"], "activities");
    let first = results[0]["claim"].as_str().unwrap();
    assert!(!results[0]["violations"].as_array().unwrap().is_empty(), "the draft has violations");

    fs::write(&file, invalid.replace("2001", "1002").replace("driving", "usage")).unwrap();
    let (success, output, results) = import(system, &file).await;
    assert!(success && output.contains("3 claims: 2 imported, 1 already imported;"), "{output}");
    assert_eq!((results[0]["claim"].as_str(), &results[0]["repeated"]), (Some(first), &Value::Bool(true)));
    let claims = claims(system).await;
    let shown: Vec<_> = claims.iter().map(|claim| (claim.display_name.as_str(), claim.lines.len())).collect();
    assert_eq!(shown, [("One", 2), ("Three", 0), ("Two", 0)]);

    fs::write(&file, "display_name,colour\nOne,red\n").unwrap();
    let (success, output, _) = import(system, &file).await;
    assert!(!success && output.contains("`colour`"), "{output}");
}

#[test]
fn a_token_in_the_environment_is_no_configuration() {
    let binary = std::env::var("CPOR_TEST_BINARY").expect("CPOR_TEST_BINARY is not set: run `cargo xtask test`");
    let output = Command::new(binary).args(["config", "print"]).env("CPOR_TOKEN", "token").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn r59_an_export_can_be_imported(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let lines = vec![cpor_acceptance::line("teams", ""), cpor_acceptance::line("intune", "")];
    let sales = system.presales().await;
    for claim in [sales, Claim { display_name: "=Two, \"quoted\"".into(), lines, ..Claim::default() }] {
        cpor_acceptance::TestClaim::create_draft(system, claim).await.unwrap();
    }
    let entered = |claims: Vec<Claim>| -> Vec<Claim> {
        let entered = |claim: Claim| Claim {
            name: String::new(),
            create_time: None,
            update_time: None,
            etag: String::new(),
            lines: claim
                .lines
                .into_iter()
                .map(|line| cpor_acceptance::line(line.product.trim_start_matches("products/"), &line.subscription_id))
                .collect(),
            ..claim
        };
        claims.into_iter().map(entered).collect()
    };
    let original = claims(system).await;
    for name in ["claims.csv", "claims.jsonl"] {
        let file = folder.path().join(name);
        export(system, &file).await;
        let (success, output, _) = import(system, &file).await;
        assert!(success && output.contains("2 claims: 2 unchanged;"), "{output}");
        assert_eq!(claims(system).await, original, "{name}");
    }
    // Without the names of the claims, the rows are new claims, and the same ones in both formats.
    for (name, summary) in [("claims.csv", ": 2 imported;"), ("claims.jsonl", ": 2 already imported;")] {
        let file = folder.path().join(name);
        let text = fs::read_to_string(&file).unwrap();
        let without_names = match name {
            "claims.csv" => text.replace("partners/contoso/claims/", ""),
            _ => original.iter().fold(text, |text, claim| text.replace(&claim.name, "")),
        };
        fs::write(&file, without_names).unwrap();
        let (success, output, _) = import(system, &file).await;
        assert!(success && output.contains(summary), "{output}");
        let mut all = entered(claims(system).await);
        assert_eq!(all.len(), 4, "{name}");
        all.dedup();
        assert_eq!(all, entered(original.clone()), "{name}");
    }
    let args = ["export", "--partner", "contoso", "--filter", "products:intune", "--format", "jsonl"];
    let (success, stdout, _) = run(system, &args).await;
    let exported: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(
        success && !exported.is_empty() && exported.iter().all(|claim| claim["display_name"] == "=Two, \"quoted\""),
        "{stdout}"
    );
}

async fn r59_a_refused_export_leaves_the_file_unchanged(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    fs::write(&file, "old content").unwrap();
    let (success, stdout, stderr) = run(
        system,
        &["export", "--partner", "contoso", "--filter", "colour = red", "--output", file.to_str().unwrap()],
    )
    .await;
    assert!(!success && stdout.is_empty() && stderr.contains("colour") && stderr.contains("filter"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "old content");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
