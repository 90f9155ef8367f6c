//! R13: what is in a template.
use super::*;
use crate::domain::tests::story::Life;
use std::io::{Cursor, Read as _};

fn part(docx: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn r13_a_template_is_a_word_document_that_says_what_the_claim_says() {
    let claim = Life::draft().claim;
    let docx = docx(&claim, Activity::Usage).unwrap();
    assert!(part(&docx, "[Content_Types].xml").contains("wordprocessingml.document.main+xml"));
    let document = part(&docx, "word/document.xml");
    for said in ["Usage, Microsoft 365", "Fabrikam", "fabrikam.example", "Contoso", "4711", ">teams<", ">Ada<", ">Ben<"]
    {
        assert!(document.contains(said), "{said}");
    }
    assert!(part(&docx, "word/footer1.xml").contains(&claim.name.to_string()));
    assert!(part(&docx, "docProps/core.xml").contains("Proof of execution: Teams at Fabrikam"));
    assert_eq!(file_name(&claim, Activity::PreSales), "poe-pre-sales-fabrikam.docx");
}

#[test]
fn r13_what_a_draft_lacks_is_left_blank() {
    let mut claim = Life::draft().claim;
    claim.content = crate::domain::Content::default();
    claim.directory = crate::domain::Directory::default();
    let document = part(&docx(&claim, Activity::PreSales).unwrap(), "word/document.xml");
    assert_eq!(document.matches(r#"<w:trHeight w:val="1200""#).count(), BLANK_ROWS);
    assert!(document.contains("The customer confirms that the partner did the work"));
    assert_eq!(file_name(&claim, Activity::PreSales), "poe-pre-sales.docx");
}

#[test]
fn r13_names_that_are_hostile_to_xml_stay_words() {
    let mut claim = Life::draft().claim;
    claim.content.customer_contact.name = "<w:t>&\"'\u{1}\u{ffff}".into();
    let document = part(&docx(&claim, Activity::Usage).unwrap(), "word/document.xml");
    assert!(document.contains("&#60;w:t&#62;&#38;&#34;&#39;\u{fffd}\u{fffd}<"), "{document}");
}
