//! Tests of the proof-of-execution form (R13).
use super::*;
use crate::domain::tests::fixtures::TestClaim;
use std::io::{Cursor, Read as _};

/// Reads one part of a document.
fn part(docx: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn r13_the_form_contains_the_values_of_the_claim() {
    let claim = TestClaim::draft().claim;
    let docx = docx(&claim, Activity::Usage).unwrap();
    assert!(part(&docx, "[Content_Types].xml").contains("wordprocessingml.document.main+xml"));
    let document = part(&docx, "word/document.xml");
    for value in
        ["Usage, Microsoft 365", "Fabrikam", "fabrikam.example", "Contoso", "4711", ">teams<", ">Ada<", ">Ben<"]
    {
        assert!(document.contains(value), "{value}");
    }
    assert!(part(&docx, "word/footer1.xml").contains(&claim.name.to_string()));
    assert!(part(&docx, "docProps/core.xml").contains("Proof of execution: Teams at Fabrikam"));
    assert_eq!(file_name(&claim, Activity::PreSales), "poe-pre-sales-fabrikam.docx");
}

#[test]
fn r13_missing_values_are_left_blank() {
    let mut claim = TestClaim::draft().claim;
    claim.content = crate::domain::Content::default();
    claim.registry_data = crate::domain::ClaimRegistryData::default();
    let document = part(&docx(&claim, Activity::PreSales).unwrap(), "word/document.xml");
    assert_eq!(document.matches(r#"<w:trHeight w:val="1200""#).count(), BLANK_WORK_ROWS);
    assert!(document.contains("The customer confirms that the partner did the work"));
    assert_eq!(file_name(&claim, Activity::PreSales), "poe-pre-sales.docx");
}

#[test]
fn r13_names_with_markup_are_escaped() {
    let mut claim = TestClaim::draft().claim;
    claim.content.customer_contact.name = "<w:t>&\"'\u{1}\u{ffff}".into();
    let document = part(&docx(&claim, Activity::Usage).unwrap(), "word/document.xml");
    assert!(document.contains("&#60;w:t&#62;&#38;&#34;&#39;\u{fffd}\u{fffd}<"), "{document}");
}
