use super::*;
use crate::sheet::{FileKind, SheetArgs};

fn sheet(file: &str) -> anyhow::Result<Sheet> {
    Sheet::parse(FileKind::Csv, file.as_bytes(), &SheetArgs { encoding: None }, is_known)
}

fn parse_file(file: &str) -> Vec<Row> {
    rows(sheet(file).unwrap()).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Returns the fields and descriptions of a row's errors.
fn errors(row: &Row) -> Vec<(&str, &str)> {
    let errors = row.claim.as_ref().unwrap_err();
    errors.iter().map(|error| (error.field.as_str(), error.description.as_str())).collect()
}

#[test]
fn every_column_sets_its_field() {
    let header = COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(",");
    let cells = "\"Rollout, 2026\",1001,fabrikam.example,t,osa_sell,business_applications,usage pre_sales,power-bi,s,\
                 Jana,Head,jana@fabrikam.example,Petr,IT,petr@fabrikam.example,Erik,erik@contoso.example,Sandra,Fabrikam,Planner,TRUE";
    let row = parse_file(&format!("{header}\n{cells}\n")).remove(0);
    let contact = |name: &str, title: &str, email: &str| {
        Some(Contact { name: name.into(), title: title.into(), email: email.into() })
    };
    let expected = Claim {
        display_name: "Rollout, 2026".into(),
        mpn_id: "1001".into(),
        customer_domain: "fabrikam.example".into(),
        tenant_id: "t".into(),
        program: "osa_sell".into(),
        solution_area: SolutionArea::BusinessApplications.into(),
        activities: vec![Activity::Usage.into(), Activity::PreSales.into()],
        lines: vec![ClaimLine {
            product: "products/power-bi".into(),
            subscription_id: "s".into(),
            ..Default::default()
        }],
        customer_contact: contact("Jana", "Head", "jana@fabrikam.example"),
        customer_technical_contact: contact("Petr", "IT", "petr@fabrikam.example"),
        partner_contact: contact("Erik", "", "erik@contoso.example"),
        solution_seller_name: "Sandra".into(),
        customer_name: "Fabrikam".into(),
        isv_solution_name: "Planner".into(),
        terms_acknowledged: true,
        ..Claim::default()
    };
    assert_eq!((row.line, row.claim), (2, Ok(expected)));
}

#[test]
fn rows_with_the_same_claim_are_its_lines() {
    let rows = parse_file(
        "claim,display_name,product\n1,One,teams\n1,One,exchange\n1,,intune\n2,Two,teams\n,Three,teams\n,Three,teams\n1,One,yammer\n",
    );
    let claims: Vec<_> = rows.iter().map(|row| (row.line, row.claim.as_ref().unwrap())).collect();
    let shown: Vec<_> =
        claims.iter().map(|(line, claim)| (*line, claim.display_name.as_str(), claim.lines.len())).collect();
    assert_eq!(shown, [(2, "One", 3), (5, "Two", 1), (6, "Three", 1), (7, "Three", 1), (8, "One", 1)]);
}

#[test]
fn every_error_has_its_row_and_column() {
    let file = "claim,display_name,solution_area,activities,terms_acknowledged\n\
                1,One,azure,usage driving,maybe\n\
                1,Uno,,usage,\n\
                2,Two,,,,more\n\
                3,Three,microsoft_365,usage,false\n";
    let rows = parse_file(file);
    let first = errors(&rows[0]);
    assert_eq!(rows[0].line, 2);
    assert_eq!(
        first.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
        ["solution_area", "activities", "terms_acknowledged", ""]
    );
    assert_eq!(first[0].1, "must be microsoft_365 or business_applications, not `azure`");
    assert_eq!(first[3].1, "line 3 differs from line 2 in the fields of the claim");
    assert_eq!((rows[1].line, errors(&rows[1])), (4, vec![("", "cell 6 has content, but its column has no name")]));
    assert!(rows[2].claim.is_ok());
}

#[test]
fn unknown_and_duplicate_columns_are_all_named() {
    let error = sheet("display_name,colour,mpn_id,mpn_id,state\n").err().unwrap().to_string();
    assert!(error.contains("`colour`, `mpn_id`. This is the file as UTF-8 with the separator comma;"), "{error}");
}

#[test]
fn a_row_with_the_name_of_a_claim_replaces_its_columns() {
    let name = "partners/contoso/claims/0198f3a0-0000-7000-8000-000000000001";
    let file = format!(
        "claim,display_name,customer_contact_email,product\n{name},New,,teams\n{name},,,intune\n\
         local,Draft,,\n{name},Again,,\npartners/contoso,x,,\n"
    );
    let rows = parse_file(&file);
    assert_eq!(
        rows.iter().map(|row| (row.line, row.existing.is_some())).collect::<Vec<_>>(),
        [(2, true), (4, false), (5, true), (6, false)]
    );
    assert_eq!(errors(&rows[2]), [("claim", "the rows of a claim must follow each other; line 2 has the same claim")]);
    assert_eq!(errors(&rows[3])[0].0, "claim");

    let contact = |email: &str| Some(Contact { name: "Jana".into(), email: email.into(), ..Contact::default() });
    let current = Claim {
        display_name: "Old".into(),
        mpn_id: "1001".into(),
        customer_contact: contact("j@x"),
        ..Claim::default()
    };
    let fields = rows[0].fields.clone();
    let merged = fields.merge(Claim { policy: "2021@1".into(), ..current.clone() }, rows[0].claim.as_ref().unwrap());
    let line = |product: &str| ClaimLine { product: format!("products/{product}"), ..ClaimLine::default() };
    let lines = vec![line("teams"), line("intune")];
    let expected = Claim { display_name: "New".into(), customer_contact: contact(""), lines, ..current.clone() };
    assert_eq!(merged, expected);
    let set = Claim { mpn_id: "1002".into(), ..Claim::default() };
    assert_eq!(Fields::present_in(&set).merge(current.clone(), &set), Claim { mpn_id: "1002".into(), ..current });
}

#[test]
fn true_and_false_are_read_as_spreadsheets_write_them() {
    let rows = parse_file("terms_acknowledged\nWAHR\nfalse\nпотом\n");
    let flags: Vec<_> = rows.iter().map(|row| row.claim.as_ref().ok().map(|claim| claim.terms_acknowledged)).collect();
    assert_eq!(flags, [Some(true), Some(false), None]);
}

#[test]
fn escaped_formulas_are_unescaped() {
    let rows = parse_file("display_name,customer_name,policy\n'=1+1,'tis,2021@1\n");
    let claim = rows[0].claim.as_ref().unwrap();
    assert_eq!((claim.display_name.as_str(), claim.customer_name.as_str()), ("=1+1", "'tis"));
}

#[test]
fn a_column_that_the_sheet_lacks_changes_nothing() {
    let name = "partners/contoso/claims/0198f3a0-0000-7000-8000-000000000001";
    let line = |product: &str, subscription: &str| ClaimLine {
        product: format!("products/{product}"),
        subscription_id: subscription.into(),
        ..ClaimLine::default()
    };
    let current = Claim {
        lines: vec![line("power-bi", "a"), line("power-bi", "b"), line("power-apps", "c")],
        ..Claim::default()
    };
    let merged = |file: &str| {
        let row = parse_file(file).remove(0);
        row.fields.merge(current.clone(), row.claim.as_ref().unwrap()).lines
    };
    assert_eq!(merged(&format!("claim,mpn_id\n{name},1001\n")), current.lines);
    assert_eq!(
        merged(&format!("claim,product\n{name},power-apps\n{name},power-bi\n{name},power-bi\n{name},power-bi\n")),
        [line("power-apps", "c"), line("power-bi", "a"), line("power-bi", "b"), line("power-bi", "")]
    );
    let both = format!("claim,product,subscription_id\n{name},power-bi,\n");
    assert_eq!(merged(&both), [line("power-bi", "")], "an empty cell clears the value");
    let error = rows(sheet(&format!("claim,subscription_id\n{name},x\n")).unwrap()).err().unwrap().to_string();
    assert!(error.contains("`subscription_id` without `product`"), "{error}");
    let row = parse_file(&format!("claim,product,subscription_id\n{name},,x\n")).remove(0);
    assert_eq!(errors(&row), [("subscription_id", "needs a product in the column `product`")]);
}
