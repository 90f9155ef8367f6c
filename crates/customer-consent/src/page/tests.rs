//! What a browser, a scanner and a stranger get from the public listener.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use cpor_proto::events::v1::event::Payload;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::domain::StateKind;
use crate::harness::{House, due, on_both};

/// A visitor of the page.
struct Browser(Router);

struct Seen {
    code: StatusCode,
    headers: HeaderMap,
    page: String,
}

impl Browser {
    fn at(house: &House) -> Self {
        let languages = Arc::new(Languages::shipped().unwrap());
        let web = Web::new(house.consents.clone(), house.links.clone(), languages, "https://consent.example".into());
        Self(router(web))
    }

    async fn asks(&self, method: Method, path: &str, form: Option<&str>, headers: &[(&str, &str)]) -> Seen {
        let mut request = Request::builder().method(method).uri(path);
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if !path.contains("lang=") && headers.iter().all(|(name, _)| *name != "accept-language") {
            request = request.header(header::ACCEPT_LANGUAGE, "en");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(form.unwrap_or_default().to_owned());
        let response: Response = self.0.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let page = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Seen { code: parts.status, headers: parts.headers, page }
    }

    async fn opens(&self, path: &str) -> Seen {
        self.asks(Method::GET, path, None, &[]).await
    }

    async fn sends(&self, path: &str, form: &str) -> Seen {
        self.asks(Method::POST, path, Some(form), &[("sec-fetch-site", "same-origin"), ("origin", "null")]).await
    }
}

async fn state(house: &House) -> StateKind {
    house.consent().await.state.kind()
}

#[tokio::test]
async fn r43_opening_prefetching_and_scanning_change_nothing() {
    on_both(async |house| {
        house.submitted().await;
        house.approved().await;
        let (before, browser) = (house.consent().await, Browser::at(&house));
        let link = format!("/consent/{}", house.mailbox.token());
        for query in ["", "?decision=approve", "?decision=decline", "?decision=decline&confirm=yes", "?x=%ff"] {
            for (method, hint) in [(Method::GET, "prefetch"), (Method::HEAD, "prefetch"), (Method::GET, "none")] {
                let seen =
                    browser.asks(method.clone(), &format!("{link}{query}"), None, &[("sec-purpose", hint)]).await;
                assert_eq!(seen.code, StatusCode::OK, "{method} {query}");
                assert_eq!(seen.page.is_empty(), method == Method::HEAD);
            }
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let seen = browser.asks(method, &link, Some("decision=decline&confirm=yes"), &[]).await;
            assert_eq!(seen.code, StatusCode::METHOD_NOT_ALLOWED);
        }
        assert_eq!(house.consent().await, before);
    })
    .await;
}

#[tokio::test]
async fn r43_only_a_confirmed_decision_acts() {
    on_both(async |house| {
        house.submitted().await;
        let (before, browser) = (house.consent().await, Browser::at(&house));
        let link = format!("/consent/{}", house.mailbox.token());
        for form in [
            "decision=decline",
            "decision=decline&confirm=no",
            "decision=approve&confirm=",
            "decision=decline&comment=x",
        ] {
            let seen = browser.sends(&link, form).await;
            assert_eq!(seen.code, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
            assert!(seen.page.contains("Please tick the box"), "{form}");
        }
        for form in ["", "confirm=yes", "decision=maybe&confirm=yes", "decision=decline&decision=approve&confirm=yes"] {
            assert_eq!(browser.sends(&link, form).await.code, StatusCode::BAD_REQUEST, "{form}");
        }
        let long = format!("decision=decline&confirm=yes&comment={}", "%E2%82%AC".repeat(2001));
        let seen = browser.sends(&link, &long).await;
        assert_eq!(seen.code, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(seen.page.contains("shorten your comment") && seen.page.contains("€€€"));
        let huge = format!("decision=decline&confirm=yes&comment={}", "x".repeat(64 << 10));
        assert_eq!(browser.sends(&link, &huge).await.code, StatusCode::BAD_REQUEST);
        let json = [("content-type", "application/json")];
        let seen = browser.asks(Method::POST, &link, None, &json).await;
        assert_eq!(seen.code, StatusCode::BAD_REQUEST);
        assert_eq!(house.consent().await, before);
    })
    .await;
}

#[tokio::test]
async fn r43_a_form_from_another_site_does_nothing() {
    on_both(async |house| {
        house.submitted().await;
        let (before, browser) = (house.consent().await, Browser::at(&house));
        let link = format!("/consent/{}", house.mailbox.token());
        for foreign in
            [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
        {
            let seen = browser.asks(Method::POST, &link, Some("decision=decline&confirm=yes"), &[foreign]).await;
            assert_eq!(seen.code, StatusCode::FORBIDDEN);
        }
        assert_eq!(house.consent().await, before);
    })
    .await;
}

#[tokio::test]
async fn r26_a_customer_declines_by_link_and_the_reason_reaches_the_partner() {
    on_both(async |house| {
        house.submitted().await;
        house.approved().await;
        let (browser, link) = (Browser::at(&house), format!("/consent/{}", house.mailbox.token()));
        let first = browser.opens(&link).await;
        assert!(first.page.contains("?decision=decline") && first.page.contains("?decision=approve"));
        let confirm = browser.opens(&format!("{link}?decision=decline")).await;
        assert!(confirm.page.contains("name=\"confirm\" value=\"yes\"") && confirm.page.contains("method=\"post\""));
        let declined =
            browser.sends(&link, "decision=decline&confirm=yes&comment=+We+do+not+%3Cknow%3E+them.%0D%0A").await;
        assert_eq!(declined.code, StatusCode::OK);
        assert!(declined.page.contains("You have declined"), "{}", declined.page);
        let again = browser.sends(&link, "decision=decline&confirm=yes&comment=Another").await;
        assert_eq!((again.code, again.page), (StatusCode::OK, declined.page), "repeating gets the first answer");
        let late = browser.sends(&link, "decision=approve&confirm=yes").await;
        assert_eq!(late.code, StatusCode::CONFLICT);
        assert!(late.page.contains("You have declined"));

        let told = house.facts().await.into_iter().filter_map(|fact| {
            let Payload::CustomerDeclined(declined) = fact else { return None };
            Some((declined.channel, declined.comment))
        });
        assert_eq!(told.collect::<Vec<_>>(), [("link".to_owned(), "We do not <know> them.".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn r26a_a_customer_approves_by_link_before_the_claim_is_approved() {
    on_both(async |house| {
        house.submitted().await;
        let (browser, link) = (Browser::at(&house), format!("/consent/{}", house.mailbox.token()));
        let approved = browser.sends(&link, "decision=approve&confirm=yes").await;
        assert!(approved.page.contains("You approved this claim on Monday, 2 March 2026, 09:30"), "{}", approved.page);
        assert!(!approved.page.contains("?decision=approve") && approved.page.contains("?decision=decline"));
        assert!(approved.page.contains("until 7 calendar days after the e-mail"), "{}", approved.page);
        house.approved().await;
        assert_eq!(state(&house).await, StateKind::GrantedInWindow);
        assert_eq!(house.mailbox.taken.lock().unwrap().len(), 2, "the contact is told of the approval all the same");
    })
    .await;
}

#[tokio::test]
async fn r43_an_early_approval_can_be_taken_back_by_link() {
    on_both(async |house| {
        house.submitted().await;
        let (browser, asked) = (Browser::at(&house), format!("/consent/{}", house.mailbox.token()));
        browser.sends(&asked, "decision=approve&confirm=yes").await;
        *house.mailbox.refusing.lock().unwrap() = 1;
        house.approved().await;
        assert_eq!(state(&house).await, StateKind::GrantedAwaitingDelivery);
        let waiting = browser.opens(&asked).await.page;
        for said in ["You approved this claim on", "is on record as your partner", "after our e-mail has reached"] {
            assert!(waiting.contains(said), "{said} is missing in {waiting}");
        }
        assert!(!waiting.contains("?decision=approve") && waiting.contains("?decision=decline"));
        let confirm = browser.opens(&format!("{asked}?decision=decline")).await.page;
        assert!(confirm.contains("the access of Contoso Consulting to your usage figures ends"), "{confirm}");
        let declined = browser.sends(&asked, "decision=decline&confirm=yes").await;
        assert_eq!(declined.code, StatusCode::OK);
        assert_eq!(state(&house).await, StateKind::Declined);
    })
    .await;
}

#[tokio::test]
async fn r43_an_early_approval_stands_once_the_window_has_passed() {
    on_both(async |house| {
        house.submitted().await;
        let browser = Browser::at(&house);
        let asked = format!("/consent/{}", house.mailbox.token());
        browser.sends(&asked, "decision=approve&confirm=yes").await;
        house.approved().await;
        let link = format!("/consent/{}", house.mailbox.token());
        let open = browser.opens(&link).await.page;
        assert!(open.contains("You can decline until the end of Monday, 9 March 2026"), "{open}");
        assert!(!open.contains("?decision=approve") && open.contains("?decision=decline"));
        house.host.advance(due()).await.unwrap();
        let late = browser.sends(&link, "decision=decline&confirm=yes").await;
        assert_eq!(late.code, StatusCode::CONFLICT);
        assert!(late.page.contains("You approved this claim on") && late.page.contains("too late to decline"));
        let facts = house.facts().await;
        let passed = facts.iter().filter(|fact| matches!(fact, Payload::ConsentWindowPassed(_))).count();
        assert_eq!(passed, 1, "R56: that it can be declined no more is told too");
    })
    .await;
}

#[tokio::test]
async fn r43_after_the_window_the_page_says_so_in_plain_words() {
    on_both(async |house| {
        house.submitted().await;
        house.approved().await;
        let (browser, link) = (Browser::at(&house), format!("/consent/{}", house.mailbox.token()));
        let open = browser.opens(&link).await;
        assert!(
            open.page.contains("the end of Monday, 9 March 2026: midnight, Europe/Berlin time (UTC+01:00)"),
            "{}",
            open.page
        );
        // The deadline has passed, whether or not it has fired.
        house.host.advance(due()).await.unwrap();
        let late = browser.sends(&link, "decision=decline&confirm=yes").await;
        assert_eq!(late.code, StatusCode::CONFLICT);
        assert!(late.page.contains("is on record as your partner") && late.page.contains("too late to decline"));
        assert!(!browser.opens(&format!("{link}?decision=decline")).await.page.contains("<form"));
        assert_eq!(state(&house).await, StateKind::Granted);
    })
    .await;
}

#[tokio::test]
async fn links_that_lead_nowhere_look_alike() {
    on_both(async |house| {
        house.submitted().await;
        let (browser, token) = (Browser::at(&house), house.mailbox.token());
        let mut pages = vec![];
        let other = format!("{}{}", &token[..42], if token.ends_with('A') { 'E' } else { 'A' });
        for path in [
            "/".into(),
            "/consent".into(),
            "/consent/x".into(),
            format!("/consent/{other}"),
            format!("/consent/{token}="),
        ] {
            let seen = browser.opens(&path).await;
            assert_eq!(seen.code, StatusCode::NOT_FOUND, "{path}");
            pages.push(seen.page);
        }
        let seen = browser.sends(&format!("/consent/{other}"), "decision=decline&confirm=yes").await;
        assert_eq!(seen.code, StatusCode::NOT_FOUND);
        pages.push(seen.page);
        house.clock.advance_by(chrono::TimeDelta::days(181));
        pages.push(browser.opens(&format!("/consent/{token}")).await.page);
        pages.dedup();
        assert_eq!(pages.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn every_answer_is_kept_by_nobody_framed_by_nobody_and_needs_nothing_from_elsewhere() {
    on_both(async |house| {
        house.submitted().await;
        let (browser, link) = (Browser::at(&house), format!("/consent/{}", house.mailbox.token()));
        for path in [link.clone(), format!("{link}?decision=approve"), "/nowhere".into()] {
            let Seen { headers, page, .. } = browser.opens(&path).await;
            assert_eq!(headers[header::CACHE_CONTROL], "no-store");
            assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
            assert_eq!(headers["x-robots-tag"], "noindex, nofollow, noarchive");
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
            let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
            let hash = view::STYLE_HASH.as_str();
            assert!(policy.contains(hash) && !style.is_empty());
            for foreign in ["<script", "src=", "url(", "@import", "http://", "https://", "onclick", "style=\""] {
                assert!(!page.contains(foreign), "{foreign} in {path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_partner_writes_is_text_on_the_page() {
    on_both(async |house| {
        let mut snapshot = crate::harness::snapshot();
        snapshot.claim_display_name = "<script>alert(1)</script> {due} \"&".into();
        let submitted = cpor_proto::events::v1::ClaimSubmitted { snapshot: Some(snapshot) };
        house.told(Payload::ClaimSubmitted(submitted)).await;
        house.sender.drain().await.unwrap();
        let seen = Browser::at(&house).opens(&format!("/consent/{}", house.mailbox.token())).await;
        assert!(!seen.page.contains("<script>") && seen.page.contains("&#60;script&#62;"), "{}", seen.page);
    })
    .await;
}

#[tokio::test]
async fn r29_an_earlier_link_can_only_decline_and_says_where_to_approve() {
    on_both(async |house| {
        house.submitted().await;
        let (browser, earlier) = (Browser::at(&house), format!("/consent/{}", house.mailbox.token()));
        let mut claim = crate::harness::snapshot();
        claim.lines.pop();
        let edited =
            cpor_proto::events::v1::ClaimEdited { snapshot: Some(claim), renotify: true, previous_contact: None };
        house.told(Payload::ClaimEdited(edited)).await;
        house.sender.drain().await.unwrap();
        let latest = format!("/consent/{}", house.mailbox.token());
        assert_ne!(earlier, latest);
        let page = browser.opens(&earlier).await.page;
        assert!(page.contains("use the link in the newest e-mail") && page.contains("?decision=decline"), "{page}");
        assert!(!page.contains("?decision=approve") && page.contains("No longer claimed: Exchange Online."), "{page}");
        let refused = browser.sends(&earlier, "decision=approve&confirm=yes").await;
        assert_eq!((refused.code, house.consent().await.approval), (StatusCode::CONFLICT, None));
        assert!(browser.opens(&latest).await.page.contains("?decision=approve"));
        assert_eq!(browser.sends(&latest, "decision=approve&confirm=yes").await.code, StatusCode::OK);
        assert!(house.consent().await.approval.is_some());
        assert_eq!(browser.sends(&earlier, "decision=decline&confirm=yes").await.code, StatusCode::OK);
        assert_eq!(state(&house).await, StateKind::Declined);
    })
    .await;
}

#[tokio::test]
async fn the_page_speaks_the_readers_language_else_that_of_the_tenants_calendar() {
    on_both(async |house| {
        house.submitted().await;
        let (browser, link) = (Browser::at(&house), format!("/consent/{}", house.mailbox.token()));
        let language = async |path: &str, accepts: &str| {
            let seen = browser.asks(Method::GET, path, None, &[("accept-language", accepts)]).await;
            assert!(
                seen.page.contains(&format!("<html lang=\"{}\">", seen.headers["content-language"].to_str().unwrap()))
            );
            seen.headers["content-language"].to_str().unwrap().to_owned()
        };
        assert_eq!(language(&link, "fr-CA,en;q=0.1").await, "fr");
        assert_eq!(language(&link, "ja").await, "de", "the sample tenant's calendar is German");
        assert_eq!(language(&format!("{link}?lang=ru"), "fr").await, "ru");
        assert_eq!(language(&format!("{link}?decision=decline&lang=hu"), "fr").await, "hu");
        assert_eq!(language(&format!("{link}?lang=xx"), "fr").await, "fr");
        assert_eq!(language("/nowhere", "es").await, "es");
        assert_eq!(language("/nowhere", "ja").await, "en");
        let declined = browser.sends(&format!("{link}?lang=cs"), "decision=decline&confirm=yes").await;
        assert!(declined.page.contains("Odmítli jste"), "{}", declined.page);
    })
    .await;
}
