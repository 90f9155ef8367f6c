use super::*;
use crate::domain::StateKind;
use crate::domain::samples::{every_consent, in_state, reported_approval, settled, terms};

fn languages() -> Languages {
    Languages::shipped().unwrap()
}

fn status(languages: &Languages, translation: &Translation, consent: &Consent) -> String {
    let view = ConsentView { consent, terms: &terms(), can_approve: true };
    StatusPage::new(PageLanguage { languages, translation }, view).render().unwrap()
}

fn in_english(consent: &Consent) -> String {
    let languages = languages();
    status(&languages, languages.english(), consent)
}

#[test]
fn every_placeholder_of_every_page_is_filled() {
    let languages = languages();
    for translation in languages.all() {
        for consent in every_consent() {
            let mut pages = vec![status(&languages, translation, &consent)];
            for decision in [Decision::Approve, Decision::Decline] {
                let view = ConsentView { consent: &consent, terms: &terms(), can_approve: false };
                let language = PageLanguage { languages: &languages, translation };
                pages.push(ConfirmPage::new(language, view, decision, "", Some(Alert::Unconfirmed)).render().unwrap());
            }
            for page in pages {
                let text = page.replace(STYLE, "");
                assert!(!text.contains(['{', '}']), "{text}");
                assert!(text.contains(&format!("<html lang=\"{}\">", translation.language)), "{text}");
            }
        }
    }
}

/// The main part of a page, without empty lines.
fn content(page: &str) -> String {
    let (_, main) = page.split_once(r#"<div class="card">"#).unwrap();
    let (main, _) = main.split_once("<footer").unwrap();
    main.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(
        "
",
    )
}

#[test]
fn r40_r42_the_status_page_of_every_state() {
    for state in StateKind::ALL {
        insta::assert_snapshot!(format!("status_{state:?}"), content(&in_english(&in_state(state))));
    }
}

#[test]
fn the_status_page_in_every_language() {
    let languages = languages();
    for translation in languages.all() {
        let page = status(&languages, translation, &in_state(StateKind::WindowOpen));
        insta::assert_snapshot!(format!("window_open_{}", translation.language), content(&page));
    }
}

#[test]
fn the_confirmation_and_problem_pages() {
    let languages = languages();
    let language = PageLanguage { languages: &languages, translation: languages.english() };
    let consent = in_state(StateKind::WindowOpen);
    let view = ConsentView { consent: &consent, terms: &terms(), can_approve: true };
    for decision in [Decision::Approve, Decision::Decline] {
        let page = ConfirmPage::new(language, view, decision, "", None).render().unwrap();
        insta::assert_snapshot!(format!("confirm_{}", decision.as_str()), content(&page));
    }
    for (name, problem) in
        [("unknown", Problem::Unknown), ("form", Problem::Form), ("foreign", Problem::Foreign), ("busy", Problem::Busy)]
    {
        let page = ProblemPage::new(language, problem).render().unwrap();
        insta::assert_snapshot!(format!("problem_{name}"), content(&page));
    }
}

#[test]
fn reported_approvals_are_not_called_silence() {
    let open = settled(&reported_approval());
    for consent in [reported_approval(), open.clone(), open.with_deadlines_applied(crate::domain::samples::day(20))] {
        let page = in_english(&consent);
        assert!(page.contains("The claim is approved and Contoso Consulting is on record"), "{page}");
        assert!(!page.contains("without a decision"), "{page}");
    }
}

#[test]
fn the_language_switch_keeps_the_decision() {
    let languages = languages();
    let consent = in_state(StateKind::WindowOpen);
    let view = ConsentView { consent: &consent, terms: &terms(), can_approve: true };
    let language = PageLanguage { languages: &languages, translation: languages.by_tag("pl").unwrap() };
    let page = ConfirmPage::new(language, view, Decision::Decline, "", None).render().unwrap();
    for translation in languages.all().filter(|translation| translation.language != "pl") {
        assert!(page.contains(&format!("decision=decline&#38;lang={}", translation.language)), "{page}");
    }
    assert!(page.contains("aria-current=\"true\">Polski"), "{page}");
}
