//! R59a: sheets as spreadsheet programs write them, and bulk operations on existing claims.

use std::{fs, path::Path};

use cpor_acceptance::{ClaimStage, PDF, TestClaim, TestSystem, both_databases};
use cpor_proto::claims::v1::{Claim, ClaimLine, ClaimState, DeleteClaimRequest};
use serde_json::Value;

use super::command_line::{claims, export, import, run_with_results};

both_databases![
    r59a_sheets_of_usual_programs_are_imported,
    r59a_a_fault_of_the_file_creates_nothing,
    r59a_a_fault_of_a_row_is_its_result,
    r59a_what_is_exported_comes_back_the_same,
    r59a_a_row_updates_the_draft_that_it_names,
    r59a_a_corrected_row_updates_its_draft,
    r59a_a_reused_file_name_changes_no_other_draft,
    r59a_a_column_that_is_absent_changes_nothing,
    r59a_a_validation_predicts_the_import,
    r59a_evidence_is_added_to_many_claims,
    r59a_many_drafts_are_submitted,
];

/// The rows of a sheet with two claims, of which the first one has two lines.
const ROWS: [&[&str]; 4] = [
    &["claim", "Display_Name", "mpn_id", "activities", "product"],
    &["lit", "Litware Dvořák", "1002", "usage", "teams"],
    &["lit ", "", "", "", "exchange-online"],
    &["b", "Litware Exchange\u{a0}", "1002", "usage", "sharepoint-online"],
];

fn sheet(separator: &str, line_end: &str) -> String {
    ROWS.map(|cells| cells.join(separator) + line_end).concat()
}

/// Returns the display names, MPN ids and numbers of lines of all claims.
async fn shown(system: &TestSystem) -> Vec<(String, String, usize)> {
    let claims = claims(system).await.into_iter();
    claims.map(|claim| (claim.display_name, claim.mpn_id, claim.lines.len())).collect()
}

fn results(results: &[Value]) -> Vec<(u64, &str)> {
    results.iter().map(|result| (result["line"].as_u64().unwrap(), result["result"].as_str().unwrap())).collect()
}

async fn r59a_sheets_of_usual_programs_are_imported(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let semicolons = sheet(";", "\r\n").replace('\u{a0}', "");
    let windows_1250 = semicolons.chars().map(|c| match c {
        'ř' => 0xf8,
        'á' => 0xe1,
        other => u8::try_from(other).unwrap(),
    });
    let blank = sheet(",", ",,\r\n").replacen("\r\n", "\r\n , \u{a0},,,,,\r\n", 2);
    let workbook: &[u8] = include_bytes!("../../data/claims.xlsx");
    let mut expected = Vec::new();
    for (name, content, options) in [
        ("commas.csv", sheet(",", "\n").into_bytes(), &[][..]),
        ("excel-de.CSV", format!("\u{feff}{}", sheet(";", "\r\n")).into_bytes(), &[]),
        ("unicode-text.txt", utf16(&format!("\u{feff}{}", sheet("\t", "\r\n"))), &[]),
        ("sep.csv", format!("sep=|\r\n{}", sheet("|", "\r\n")).into_bytes(), &[]),
        ("code-page.csv", windows_1250.collect(), &["--encoding", "windows-1250"]),
        ("blank.csv", blank.into_bytes(), &[]),
        ("workbook.XLSX", workbook.to_vec(), &[]),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        // All files have the same rows, so the claims of the first file are recognized.
        let (success, output, results) =
            run_with_results(system, &[&["import", "--partner", "contoso"], options].concat(), &file).await;
        assert!(success && output.contains("2 claims:"), "{name}: {output}");
        let claims: Vec<Value> = results.iter().map(|result| result["claim"].clone()).collect();
        if expected.is_empty() {
            expected.clone_from(&claims);
        }
        assert_eq!(claims, expected, "{name}");
    }
    let expected = [("Litware Dvořák", "1002", 2), ("Litware Exchange", "1002", 1)];
    assert_eq!(shown(system).await, expected.map(|(name, mpn, lines)| (name.to_owned(), mpn.to_owned(), lines)));
}

async fn r59a_a_fault_of_the_file_creates_nothing(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let valid = sheet(",", "\r\n");
    for (name, content, expected) in [
        ("quote.csv", valid.replace("b,Litware", "\"b,Litware").into_bytes(), "line 4: a quotation mark"),
        ("column.csv", valid.replace("mpn_id", "mpn").into_bytes(), "`mpn`"),
        ("separator.csv", sheet("|", "\n").into_bytes(), "separator"),
        ("encoding.csv", [valid.as_bytes(), b"c,M\xfcller,,,\r\n"].concat(), "line 5 is not in UTF-8"),
        ("workbook.xlsx", valid.clone().into_bytes(), "not a workbook"),
        ("claims.jsonl", b"{}\n\"M\xfcller\"".to_vec(), "line 2 is not in UTF-8"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let (success, output, results) = import(system, &file).await;
        assert!(!success && output.contains(expected) && results.is_empty(), "{name}: {output}");
    }
    assert!(claims(system).await.is_empty());
}

async fn r59a_a_fault_of_a_row_is_its_result(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    let rows = [
        "display_name,mpn_id,activities",
        "One,1001,usage",
        "",
        "Two,x,usage",
        ",,",
        "Three,1001,driving",
        "Four,1001,,5",
    ];
    fs::write(&file, rows.join("\r\n") + "\r\nFive\r\n").unwrap();
    let (success, output, lines) = import(system, &file).await;
    assert!(!success && output.contains("5 claims: 2 imported, 3 refused;"), "{output}");
    assert_eq!(results(&lines), [(2, "done"), (4, "refused"), (6, "refused"), (7, "refused"), (8, "done")]);
    let fields: Vec<_> = lines.iter().map(|result| result["error"]["fields"][0]["field"].as_str()).collect();
    assert_eq!(fields, [None, Some("claim.mpn_id"), Some("activities"), Some(""), None]);
}

async fn r59a_what_is_exported_comes_back_the_same(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "=1+1",
        "+420",
        "-x",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "\u{a0}=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(A1)",
        "'=1",
        "''=1",
        "'tis",
        " padded ",
        "=HYPERLINK(\"http://x.example\")",
        "a;=1;b",
        "say \"hi\", twice",
        "x\ty",
    ];
    let json = folder.path().join("names.jsonl");
    let line = |name: &&str| serde_json::json!({ "display_name": name, "customer_name": name }).to_string() + "\n";
    fs::write(&json, names.iter().map(line).collect::<String>()).unwrap();
    let (success, output, _) = import(system, &json).await;
    assert!(success && output.contains("19 claims: 19 imported"), "{output}");
    let original = claims(system).await;

    let file = folder.path().join("names.csv");
    export(system, &file).await;
    let text = fs::read_to_string(&file).unwrap();
    for cell in csv_cells(&text).iter().flat_map(|cell| cell.split(['\n', '\r', '\t', ';'])) {
        assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{cell:?}");
    }
    let (success, output, _) = import(system, &file).await;
    assert!(success && output.contains("19 unchanged"), "{output}");
    assert_eq!(claims(system).await, original);
    // As rows without names they are still the rows of the first file.
    fs::write(&file, text.replace("partners/contoso/claims/", "")).unwrap();
    let (success, output, _) = import(system, &file).await;
    assert!(success && output.contains("19 already imported"), "{output}");
    assert_eq!(claims(system).await, original);
}

/// Returns the cells of a CSV file.
fn csv_cells(text: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    for character in text.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' | '\r' | '\n' if !is_quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

async fn r59a_a_row_updates_the_draft_that_it_names(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    let draft = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let submitted = TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    let before = submitted.claim().await;
    export(system, &file).await;
    let text = fs::read_to_string(&file).unwrap();
    let corrected = text.replace("Jana Dvořáková", "Jana Nová").replace(",1001,", ",1002,");
    fs::write(&file, &corrected).unwrap();
    let (success, output, lines) = import(system, &file).await;
    assert!(success && output.contains("2 claims: 1 updated, 1 not a draft, which stays as it is;"), "{output}");
    let mut shown: Vec<_> =
        lines.iter().map(|row| (row["claim"].as_str().unwrap(), row["result"].as_str().unwrap())).collect();
    shown.sort_unstable();
    let mut expected = [(draft.name.as_str(), "updated"), (submitted.name.as_str(), "not_a_draft")];
    expected.sort_unstable();
    assert_eq!(shown, expected);
    let updated = draft.claim().await;
    assert_eq!((updated.mpn_id.as_str(), updated.customer_contact.unwrap().name.as_str()), ("1002", "Jana Nová"));
    assert_eq!(submitted.claim().await, before);
    let (success, output, _) = import(system, &file).await;
    assert!(success && output.contains("1 unchanged, 1 not a draft"), "{output}");
    assert_eq!(claims(system).await.len(), 2);

    fs::write(&file, format!("claim,display_name\n{},\"In two\r\nlines\"\n", draft.name)).unwrap();
    assert!(import(system, &file).await.0);
    assert_eq!(draft.claim().await.display_name, "In two lines", "a name is one line");

    // A column that the sheet does not have keeps its value; an empty cell clears it.
    let unknown = draft.name.replace(draft.id(), "0198f3a0-0000-7000-8000-000000000001");
    let foreign = draft.name.replace("contoso", "northwind");
    let rows = format!("claim,display_name,customer_name\n{},Renamed,\n{unknown},x,\n{foreign},x,\n", draft.name);
    fs::write(&file, rows).unwrap();
    let (success, output, lines) = import(system, &file).await;
    assert!(!success && output.contains("1 updated, 2 refused"), "{output}");
    assert_eq!([1, 2].map(|row: usize| lines[row]["error"]["code"].as_str().unwrap()), ["NotFound", "NotFound"]);
    let updated = draft.claim().await;
    assert_eq!((updated.display_name.as_str(), updated.mpn_id.as_str()), ("Renamed", "1002"));
    let json = folder.path().join("claims.jsonl");
    fs::write(&json, serde_json::json!({ "name": draft.name, "display_name": "Again" }).to_string()).unwrap();
    let (success, output, _) = import(system, &json).await;
    assert!(success && output.contains("1 updated"), "{output}");
    let updated = draft.claim().await;
    assert_eq!((updated.display_name.as_str(), updated.mpn_id.as_str()), ("Again", "1002"));
}

async fn r59a_a_corrected_row_updates_its_draft(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    let header = "display_name,mpn_id,customer_contact_email,activities,product";
    let rows = [
        "One,1001,jana@fabrikam.example,usage,teams",
        "Two,1001,jana@fabrikam.exmaple,usage,intune",
        "Three,1001,,usage,",
        "Four,1001,,pre_sales,",
    ];
    let import_rows = async |rows: &[&str], options: &[&str]| {
        fs::write(&file, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        let (success, output, lines) =
            run_with_results(system, &[&["import", "--partner", "contoso"], options].concat(), &file).await;
        assert!(success, "{output}");
        (output, lines)
    };
    let (output, first) = import_rows(&rows, &[]).await;
    assert!(output.contains("4 claims: 4 imported;"), "{output}");
    let name = |line: usize| first[line]["claim"].as_str().unwrap();

    // A cell of Two is corrected, Three is renamed, One is deleted, and Five is inserted before.
    let request = DeleteClaimRequest { name: name(0).into(), ..DeleteClaimRequest::default() };
    system.contoso.claims().delete_claim(request).await.unwrap();
    let corrected =
        ["Five,1002,,usage,", rows[3], "Two,1002,jana@fabrikam.example,usage,intune", "Drei,1001,,usage,", rows[0]];
    let (output, lines) = import_rows(&corrected, &["--validate-only"]).await;
    let prediction = "5 claims: 2 would be imported, 1 already imported, 2 would be updated;";
    assert!(output.contains(prediction), "{output}");
    assert_eq!(claims(system).await.len(), 3, "{lines:?}");
    let (output, lines) = import_rows(&corrected, &[]).await;
    assert!(output.contains("5 claims: 2 imported, 1 already imported, 2 updated;"), "{output}");
    assert_eq!(results(&lines), [(2, "done"), (3, "repeated"), (4, "updated"), (5, "updated"), (6, "done")]);
    let names: Vec<_> = lines.iter().map(|line| line["claim"].as_str().unwrap()).collect();
    assert_eq!(names[1..4], [name(3), name(1), name(2)]);
    assert_ne!(names[4], name(0), "the draft was deleted");
    let shown: Vec<_> = claims(system).await.into_iter().map(|claim| (claim.display_name, claim.mpn_id)).collect();
    let expected = [("Drei", "1001"), ("Five", "1002"), ("Four", "1001"), ("One", "1001"), ("Two", "1002")];
    assert_eq!(shown, expected.map(|(name, mpn_id)| (name.to_owned(), mpn_id.to_owned())));
    let (output, _) = import_rows(&corrected, &[]).await;
    assert!(output.contains("5 claims: 5 already imported;"), "{output}");
    let (output, _) = import_rows(&rows, &[]).await;
    assert!(output.contains("4 claims: 2 already imported, 2 updated;"), "{output}");
    assert_eq!(claims(system).await.len(), 5);

    // The file is of one system and partner: for others its rows are new.
    let memory = folder.path().join("claims.csv.claims.jsonl");
    let kept = fs::read_to_string(&memory).unwrap();
    fs::write(&memory, kept.replace("partners/contoso/", "partners/northwind/")).unwrap();
    let (output, _) = import_rows(&["One,1002,,usage,teams"], &[]).await;
    assert!(output.contains("1 claim: 1 imported;"), "{output}");
    fs::write(&memory, "nonsense\n").unwrap();
    let (success, output, _) = import(system, &file).await;
    assert!(!success && output.contains("claims.csv.claims.jsonl: line 1 is malformed"), "{output}");
}

/// Two files with the same name and the same values in the column `claim` are about two customers.
async fn r59a_a_reused_file_name_changes_no_other_draft(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    let import_rows = async |rows: &str, options: &[&str]| {
        fs::write(&file, format!("claim,display_name,customer_domain,mpn_id\n{rows}\n")).unwrap();
        let arguments = [&["import", "--partner", "contoso"], options].concat();
        run_with_results(system, &arguments, &file).await.1
    };
    let shown = async || -> Vec<_> {
        claims(system).await.into_iter().map(|claim| (claim.customer_domain, claim.mpn_id)).collect()
    };
    let output = import_rows("1,Rollout,fabrikam.example,1001", &[]).await;
    assert!(output.contains("1 claim: 1 imported;"), "{output}");
    let output = import_rows("1,Rollout,litware.example,1001", &[]).await;
    assert!(output.contains("1 claim: 1 imported;"), "{output}");
    let output = import_rows("1,Rollout,fabrikam.example,1002", &[]).await;
    assert!(output.contains("1 claim: 1 updated;"), "{output}");
    let of = |domain: &str, mpn_id: &str| (domain.to_owned(), mpn_id.to_owned());
    let mut drafts = shown().await;
    drafts.sort();
    assert_eq!(drafts, [of("fabrikam.example", "1002"), of("litware.example", "1001")]);

    // A crash has torn the last line.
    let memory = folder.path().join("claims.csv.claims.jsonl");
    let kept = fs::read_to_string(&memory).unwrap();
    fs::write(&memory, format!("{kept}{{\"claim\":\"par")).unwrap();
    let rows = "1,Rollout,litware.example,1002\n2,Other,litware.example,1001\n1,Rollout,litware.example,1001";
    let output = import_rows(rows, &[]).await;
    assert!(output.contains("3 claims: 2 imported, 1 already imported;"), "{output}");
}

async fn r59a_a_column_that_is_absent_changes_nothing(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let before = case.claim().await;
    let (name, product) = (&case.name, before.lines[0].product.trim_start_matches("products/"));
    let lines_after = async |text: String| {
        fs::write(&file, text).unwrap();
        let (_, output, results) = import(system, &file).await;
        (output, results, case.claim().await.lines)
    };
    let (output, _, lines) = lines_after(format!("claim,subscription_id\n{name},x\n")).await;
    assert!(output.contains("has the column `subscription_id` without `product`"), "{output}");
    assert_eq!(lines, before.lines);
    let (output, results, lines) = lines_after(format!("claim,product,subscription_id\n{name},,x\n")).await;
    assert!(output.contains("1 claim: 1 refused;"), "{output}");
    assert_eq!(results[0]["error"]["fields"][0]["field"], "subscription_id");
    assert_eq!(lines, before.lines);
    for text in [format!("claim,mpn_id\n{name},1002\n"), format!("claim,product\n{name},{product}\n")] {
        let (output, _, lines) = lines_after(text).await;
        assert!(output.contains("1 claim: 1 u"), "{output}");
        let shown = |lines: &[ClaimLine]| (lines[0].product.clone(), lines[0].subscription_id.clone());
        assert_eq!((lines.len(), shown(&lines)), (1, shown(&before.lines)));
    }
    assert_eq!(case.claim().await.mpn_id, "1002");
}

async fn r59a_a_validation_predicts_the_import(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    fs::write(&file, "display_name\nOne\nTwo\n").unwrap();
    assert!(import(system, &file).await.0);
    let named = claims(system).await[0].name.clone();
    fs::write(&file, format!("claim,display_name\n,One\n,Two\n,Three\n{named},New\n")).unwrap();
    let validate = ["import", "--partner", "contoso", "--validate-only"];
    let (success, output, lines) = run_with_results(system, &validate, &file).await;
    let prediction = "4 claims: 1 would be imported, 2 already imported, 1 would be updated;";
    assert!(success && output.contains(prediction), "{output}");
    assert_eq!(claims(system).await.len(), 2);
    let predicted: Vec<_> = results(&lines);
    assert_eq!(predicted, [(2, "repeated"), (3, "repeated"), (4, "would_be_done"), (5, "would_be_updated")]);
    let (success, output, lines) = import(system, &file).await;
    assert!(success && output.contains("4 claims: 1 imported, 2 already imported, 1 updated;"), "{output}");
    assert_eq!(results(&lines), [(2, "repeated"), (3, "repeated"), (4, "done"), (5, "updated")]);
}

async fn r59a_evidence_is_added_to_many_claims(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence.csv");
    let first = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let second = TestClaim::create_draft(system, system.usage().await).await.unwrap();
    fs::write(folder.path().join("proof.pdf"), PDF).unwrap();
    fs::write(folder.path().join("notes.txt"), "text").unwrap();
    let (a, b) = (&first.name, &second.name);
    let rows = format!(
        "claim;file;signature_date;state\n{a};proof.pdf;2026-03-01;editing\n{b};proof.pdf;;\n{b};missing.pdf;;\n\
         {b};notes.txt;;\nx;proof.pdf;soon;\n{a};;;\n"
    );
    fs::write(&file, rows).unwrap();
    let (success, output, lines) = run_with_results(system, &["evidence", "--validate-only"], &file).await;
    assert!(!success && output.contains("5 documents: 2 would be uploaded, 3 would be refused;"), "{output}");
    assert_eq!(
        results(&lines),
        [(2, "would_be_done"), (3, "would_be_done"), (4, "refused"), (5, "refused"), (6, "refused")]
    );
    assert!(first.evidence().await.is_empty());
    for expected in [": 2 uploaded, 3 refused;", ": 2 already uploaded, 3 refused;"] {
        let (success, output, lines) = run_with_results(system, &["evidence"], &file).await;
        assert!(!success && output.contains(expected), "{output}");
        let fields = lines[4]["error"]["fields"].as_array().unwrap().iter();
        assert_eq!(
            fields.map(|field| field["field"].as_str().unwrap()).collect::<Vec<_>>(),
            ["claim", "signature_date"]
        );
    }
    let evidence = first.evidence().await;
    assert_eq!((evidence.len(), evidence[0].file_name.as_str()), (1, "proof.pdf"));
    assert_eq!(evidence[0].signature_time.unwrap().to_string(), "2026-03-01T00:00:00Z");
    assert_eq!(second.evidence().await.len(), 1);
    // A document that was removed is uploaded again, each time.
    for _ in 0..2 {
        first.remove(&first.evidence().await[0].name).await.unwrap();
        let (_, output, lines) = run_with_results(system, &["evidence"], &file).await;
        assert!(output.contains(": 1 uploaded, 1 already uploaded, 3 refused;"), "{output}");
        assert_eq!(results(&lines)[..2], [(2, "done"), (3, "repeated")]);
        assert_eq!((first.evidence().await.len(), second.evidence().await.len()), (1, 1));
    }
    fs::write(&file, "claim\nx\n").unwrap();
    let (success, output, _) = run_with_results(system, &["evidence"], &file).await;
    assert!(!success && output.contains("lacks the columns `file`"), "{output}");
}

async fn r59a_many_drafts_are_submitted(system: &TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.csv");
    let complete = TestClaim::create_with_evidence(system, system.presales().await).await;
    let incomplete =
        TestClaim::create_draft(system, Claim { display_name: "z".into(), ..Claim::default() }).await.unwrap();
    export(system, Path::new(&file)).await;
    let (success, output, _) = run_with_results(system, &["submit", "--validate-only"], &file).await;
    assert!(!success && output.contains("2 claims: 1 would be submitted, 1 would be refused;"), "{output}");
    assert_eq!(complete.claim().await.state(), ClaimState::Editing);
    let (success, output, lines) = run_with_results(system, &["submit"], &file).await;
    assert!(!success && output.contains("2 claims: 1 submitted, 1 refused;"), "{output}");
    assert_eq!(complete.claim().await.state(), ClaimState::Submitted);
    assert_eq!(lines[1]["claim"], Value::String(incomplete.name.clone()));
    assert!(lines[1]["error"]["fields"].as_array().unwrap().len() > 5, "{}", lines[1]);
    let (_, output, lines) = run_with_results(system, &["submit"], &file).await;
    assert!(output.contains("2 claims: 1 not a draft, which stays as it is, 1 refused;"), "{output}");
    assert_eq!(lines[0]["result"], "not_a_draft");
}
