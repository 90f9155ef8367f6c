use super::*;
use crate::domain::StateKind;
use crate::domain::samples::{every_consent, in_state, settled, terms, told};

fn languages() -> Languages {
    Languages::shipped().unwrap()
}

fn status(languages: &Languages, texts: &Texts, consent: &Consent) -> String {
    let shown = Shown { consent, terms: &terms(), approves: true };
    StatusPage::new(Tongue { languages, texts }, shown).render().unwrap()
}

fn in_english(consent: &Consent) -> String {
    let languages = languages();
    status(&languages, languages.english(), consent)
}

#[test]
fn no_place_in_a_text_is_left_open_on_any_page_in_any_language() {
    let languages = languages();
    for texts in languages.all() {
        for consent in every_consent() {
            let mut pages = vec![status(&languages, texts, &consent)];
            for decision in [Decision::Approve, Decision::Decline] {
                let shown = Shown { consent: &consent, terms: &terms(), approves: false };
                let tongue = Tongue { languages: &languages, texts };
                pages.push(ConfirmPage::new(tongue, shown, decision, "", Some(Alert::Unconfirmed)).render().unwrap());
            }
            for page in pages {
                let words = page.replace(STYLE, "");
                assert!(!words.contains(['{', '}']), "{words}");
                assert!(words.contains(&format!("<html lang=\"{}\">", texts.language)), "{words}");
            }
        }
    }
}

#[test]
fn where_only_the_claim_knows_of_an_approval_no_page_speaks_of_silence() {
    let open = settled(&told());
    for consent in [told(), open.clone(), open.at(crate::domain::samples::day(20))] {
        let page = in_english(&consent);
        assert!(page.contains("The claim is approved and Contoso Consulting is on record"), "{page}");
        assert!(!page.contains("without a word"), "{page}");
    }
}

#[test]
fn r40_r42_an_open_page_says_who_what_is_seen_what_silence_means_and_until_when() {
    for state in
        [StateKind::Requested, StateKind::RequestedInWindow, StateKind::AwaitingDelivery, StateKind::WindowOpen]
    {
        let page = in_english(&in_state(state));
        for words in [
            "Contoso Consulting",
            "Fabrikam GmbH",
            "Teams",
            "how many seats",
            "No content",
            "If you do nothing",
            "Until when",
        ] {
            assert!(page.contains(words), "{words} is missing on the page of {state:?}");
        }
    }
}

#[test]
fn the_switch_offers_every_other_language_and_keeps_what_was_asked() {
    let languages = languages();
    let consent = in_state(StateKind::WindowOpen);
    let shown = Shown { consent: &consent, terms: &terms(), approves: true };
    let tongue = Tongue { languages: &languages, texts: languages.named("pl").unwrap() };
    let page = ConfirmPage::new(tongue, shown, Decision::Decline, "", None).render().unwrap();
    for texts in languages.all().filter(|texts| texts.language != "pl") {
        assert!(page.contains(&format!("decision=decline&#38;lang={}", texts.language)), "{page}");
    }
    assert!(page.contains("aria-current=\"true\">Polski"), "{page}");
}
