use super::*;
use crate::domain::samples::{
    day, disputed, every_consent, explicit_approval_needed, in_state, reported_approval, settled, terms,
};
use crate::domain::{ClaimSummary, StateKind};

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
                pages.push(
                    ConfirmPage::new(language, view, decision, "", Some(Alert::Unconfirmed), "secret")
                        .render()
                        .unwrap(),
                );
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
        let page = ConfirmPage::new(language, view, decision, "", None, "secret").render().unwrap();
        insta::assert_snapshot!(format!("confirm_{}", decision.as_str()), content(&page));
    }
    for (name, problem) in [
        ("unknown", Problem::UnknownLink),
        ("no_session", Problem::NoSession),
        ("form", Problem::InvalidForm),
        ("foreign", Problem::FromOtherSite),
        ("busy", Problem::Busy),
    ] {
        let page = ProblemPage::new(language, problem).render().unwrap();
        insta::assert_snapshot!(format!("problem_{name}"), content(&page));
    }
}

#[test]
fn reported_approvals_are_not_called_silence() {
    let open = settled(&reported_approval());
    for consent in [reported_approval(), open.clone(), open.with_deadlines_applied(day(20))] {
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
    let page = ConfirmPage::new(language, view, Decision::Decline, "", None, "secret").render().unwrap();
    for translation in languages.all().filter(|translation| translation.language != "pl") {
        assert!(page.contains(&format!("decision=decline&#38;lang={}", translation.language)), "{page}");
    }
    assert!(page.contains("aria-current=\"true\">Polski"), "{page}");
}

/// Every consent, and those that wait for the confirmation of a contact (R43a): before and after an
/// approval by link that does not count yet.
fn every_situation() -> Vec<Consent> {
    let unauthorized = |consent: Consent| {
        let claim = ClaimSummary { contact_authorized: false, ..consent.claim.clone() };
        Consent { claim, ..consent }
    };
    let open = [
        StateKind::Requested,
        StateKind::AwaitingReviewInWindow,
        StateKind::AwaitingReviewWindowPassed,
        StateKind::AwaitingDelivery,
        StateKind::WindowOpen,
        StateKind::AwaitingConfirmation,
    ];
    let disputed = [disputed(), explicit_approval_needed()];
    let waiting: Vec<_> = open.into_iter().map(in_state).chain(disputed).map(unauthorized).collect();
    let approved = |consent: &Consent| consent.approve(Channel::Link, day(3)).unwrap().unwrap().next;
    let approved: Vec<_> = waiting.iter().map(approved).collect();
    every_consent().into_iter().chain(waiting).chain(approved).collect()
}

fn status_of_link(consent: &Consent, can_approve: bool) -> String {
    let languages = languages();
    let language = PageLanguage { languages: &languages, translation: languages.english() };
    StatusPage::new(language, ConsentView { consent, terms: &terms(), can_approve }).render().unwrap()
}

#[test]
fn r29_r43a_no_page_contradicts_itself() {
    for consent in every_situation() {
        for can_approve in [true, false] {
            let page = content(&status_of_link(&consent, can_approve));
            let offers = |decision: &str| page.contains(&format!("?decision={decision}&"));
            let says = |text: &str| page.contains(text);
            let approved = says("You approved this claim on");
            assert!(!says("You may approve or decline") || (offers("approve") && offers("decline")), "{page}");
            assert!(!says("You can approve or decline until") || !approved, "{page}");
            assert!(!says("you can only decline") || (offers("decline") && !offers("approve")), "{page}");
            assert!(!says("Until when you can decline") || offers("decline"), "{page}");
            assert!(!approved || !offers("approve"), "{page}");
            assert!(!approved || !says("only if you approve") && !says("Silence is not enough"), "{page}");
            assert!(can_approve || !offers("approve"), "{page}");
        }
    }
}

#[test]
fn r29_r43a_old_links_and_unconfirmed_approvals() {
    for state in [StateKind::Requested, StateKind::AwaitingDelivery, StateKind::WindowOpen] {
        insta::assert_snapshot!(format!("old_link_{state:?}"), content(&status_of_link(&in_state(state), false)));
    }
    let approved = in_state(StateKind::AwaitingConfirmation).approve(Channel::Link, day(21)).unwrap().unwrap().next;
    let languages = languages();
    for translation in languages.all() {
        let page = content(&status(&languages, translation, &approved));
        insta::assert_snapshot!(format!("unconfirmed_approval_{}", translation.language), page);
    }
}
