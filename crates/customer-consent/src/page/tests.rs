//! Tests of the responses of the public listener to browsers, mail scanners and other sites.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cpor_proto::events::v1::event::Payload;
use cpor_testing::on_both_databases;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use super::*;
use crate::domain::StateKind;
use crate::test_system::{TestSystem, due};

on_both_databases![
    r43_opening_or_prefetching_changes_nothing,
    r43_only_a_confirmed_decision_acts,
    r43_a_form_from_another_site_is_refused,
    r26_a_decline_by_link_reports_the_comment,
    r26a_approval_by_link_before_claim_approval,
    r43_an_early_approval_can_be_taken_back_by_link,
    r43_an_early_approval_stands_after_the_window,
    r43_the_page_shows_that_the_window_passed,
    invalid_links_get_the_same_page,
    every_response_has_the_security_headers,
    partner_texts_are_escaped,
    r29_an_earlier_link_can_only_decline,
    language_of_the_browser_then_of_the_calendar,
    r43_the_token_leaves_the_address,
    r43_two_links_are_open_in_one_browser,
    r43_replicas_share_sessions_and_rotate_keys,
    r43_an_expired_session_decides_nothing,
    r43_a_form_without_the_secret_is_refused,
    r43_links_and_addresses_are_limited,
];

/// A client of the page.
struct Browser(Router);

/// What a browser keeps after it has opened a link.
struct OpenSession {
    path: String,
    cookie: String,
}

impl OpenSession {
    /// The secret in the forms of the session.
    fn secret(&self) -> String {
        let (_, value) = self.cookie.split_once('=').unwrap();
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("form {value}")))
    }
}

/// A line of a file with keys for sessions.
fn key_line(id: &str) -> String {
    format!("{id} {}\n", STANDARD.encode(cpor_types::Entropy::secret(&cpor_types::SystemEntropy)))
}

struct PageResponse {
    code: StatusCode,
    headers: HeaderMap,
    page: String,
}

impl Browser {
    fn new(system: &TestSystem) -> Self {
        Self::with(system, &key_line("a"), None)
    }

    /// A client of a replica that has these keys, and trusts this header of its proxy.
    fn with(system: &TestSystem, keys: &str, client_address_header: Option<&'static str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        std::fs::write(&file, keys).unwrap();
        let context = PageContext::new(
            system.consents.clone(),
            system.holders.clone(),
            system.links.clone(),
            Arc::new(Languages::shipped().unwrap()),
            PageSettings {
                origin: "https://consent.example".into(),
                session_keys: SessionKeys::load(&file).unwrap(),
                client_address_header: client_address_header.map(HeaderName::from_static),
            },
        );
        Self(router(context))
    }

    /// Opens a link as a browser does, and sends the request to the page that it leads to. Returns
    /// the response to the link if it leads nowhere. Other paths are requested as they are.
    async fn request(&self, method: Method, path: &str, form: Option<&str>, headers: &[(&str, &str)]) -> PageResponse {
        if !path.starts_with("/consent/") {
            return self.send(method, path, form, headers).await;
        }
        match self.open(path).await {
            Ok(session) => {
                let form = form.map(|form| format!("{form}&session={}", session.secret()));
                let headers = [&[("cookie", session.cookie.as_str())], headers].concat();
                self.send(method, &session.path, form.as_deref(), &headers).await
            }
            Err(response) => response,
        }
    }

    /// Opens a link, and returns the session that it starts.
    async fn open(&self, link: &str) -> Result<OpenSession, PageResponse> {
        let response = self.send(Method::GET, link, None, &[]).await;
        let header = |name: header::HeaderName| Some(response.headers.get(name)?.to_str().unwrap().to_owned());
        match (response.code, header(header::LOCATION), header(header::SET_COOKIE)) {
            (StatusCode::SEE_OTHER, Some(location), Some(cookie)) => Ok(OpenSession {
                path: location.strip_prefix("..").unwrap().to_owned(),
                cookie: cookie.split(';').next().unwrap().to_owned(),
            }),
            (_, _, _) => Err(response),
        }
    }

    /// Sends one request.
    async fn send(&self, method: Method, path: &str, form: Option<&str>, headers: &[(&str, &str)]) -> PageResponse {
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
        let raw: Response = self.0.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = raw.into_parts();
        let page = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        PageResponse { code: parts.status, headers: parts.headers, page }
    }

    async fn get(&self, path: &str) -> PageResponse {
        self.request(Method::GET, path, None, &[]).await
    }

    async fn post(&self, path: &str, form: &str) -> PageResponse {
        self.request(Method::POST, path, Some(form), &[("sec-fetch-site", "same-origin"), ("origin", "null")]).await
    }
}

async fn state(system: &TestSystem) -> StateKind {
    system.consent().await.state.kind()
}

async fn r43_opening_or_prefetching_changes_nothing(system: TestSystem) {
    system.submit_claim().await;
    system.approve_claim().await;
    let (before, browser) = (system.consent().await, Browser::new(&system));
    let link = format!("/consent/{}", system.consent_token());
    for query in ["", "?decision=approve", "?decision=decline", "?decision=decline&confirm=yes", "?x=%ff"] {
        for (method, hint) in [(Method::GET, "prefetch"), (Method::HEAD, "prefetch"), (Method::GET, "none")] {
            let response =
                browser.request(method.clone(), &format!("{link}{query}"), None, &[("sec-purpose", hint)]).await;
            assert_eq!(response.code, StatusCode::OK, "{method} {query}");
            assert_eq!(response.page.is_empty(), method == Method::HEAD);
        }
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let response = browser.request(method, &link, Some("decision=decline&confirm=yes"), &[]).await;
        assert_eq!(response.code, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(system.consent().await, before);
}

async fn r43_only_a_confirmed_decision_acts(system: TestSystem) {
    system.submit_claim().await;
    let (before, browser) = (system.consent().await, Browser::new(&system));
    let link = format!("/consent/{}", system.consent_token());
    for form in
        ["decision=decline", "decision=decline&confirm=no", "decision=approve&confirm=", "decision=decline&comment=x"]
    {
        let response = browser.post(&link, form).await;
        assert_eq!(response.code, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(response.page.contains("Please tick the box"), "{form}");
    }
    for form in ["", "confirm=yes", "decision=maybe&confirm=yes", "decision=decline&decision=approve&confirm=yes"] {
        assert_eq!(browser.post(&link, form).await.code, StatusCode::BAD_REQUEST, "{form}");
    }
    let long = format!("decision=decline&confirm=yes&comment={}", "%E2%82%AC".repeat(2001));
    let response = browser.post(&link, &long).await;
    assert_eq!(response.code, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(response.page.contains("shorten your comment") && response.page.contains("€€€"));
    let huge = format!("decision=decline&confirm=yes&comment={}", "x".repeat(64 << 10));
    assert_eq!(browser.post(&link, &huge).await.code, StatusCode::BAD_REQUEST);
    let json = [("content-type", "application/json")];
    let response = browser.request(Method::POST, &link, None, &json).await;
    assert_eq!(response.code, StatusCode::BAD_REQUEST);
    assert_eq!(system.consent().await, before);
}

async fn r43_a_form_from_another_site_is_refused(system: TestSystem) {
    system.submit_claim().await;
    let (before, browser) = (system.consent().await, Browser::new(&system));
    let link = format!("/consent/{}", system.consent_token());
    for foreign in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        let response = browser.request(Method::POST, &link, Some("decision=decline&confirm=yes"), &[foreign]).await;
        assert_eq!(response.code, StatusCode::FORBIDDEN);
    }
    assert_eq!(system.consent().await, before);
}

async fn r26_a_decline_by_link_reports_the_comment(system: TestSystem) {
    system.submit_claim().await;
    system.approve_claim().await;
    let (browser, link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    let first = browser.get(&link).await;
    assert!(first.page.contains("?decision=decline") && first.page.contains("?decision=approve"));
    let confirm = browser.get(&format!("{link}?decision=decline")).await;
    assert!(confirm.page.contains("name=\"confirm\" value=\"yes\"") && confirm.page.contains("method=\"post\""));
    let declined = browser.post(&link, "decision=decline&confirm=yes&comment=+We+do+not+%3Cknow%3E+them.%0D%0A").await;
    assert_eq!(declined.code, StatusCode::OK);
    assert!(declined.page.contains("You have declined"), "{}", declined.page);
    let again = browser.post(&link, "decision=decline&confirm=yes&comment=Another").await;
    assert_eq!((again.code, again.page), (StatusCode::OK, declined.page), "repeating gets the first answer");
    let late = browser.post(&link, "decision=approve&confirm=yes").await;
    assert_eq!(late.code, StatusCode::CONFLICT);
    assert!(late.page.contains("You have declined"));

    let reported = system.sent_events().await.into_iter().filter_map(|event| {
        let Payload::CustomerDeclined(declined) = event else { return None };
        Some((declined.channel(), declined.comment))
    });
    assert_eq!(
        reported.collect::<Vec<_>>(),
        [(cpor_proto::r#type::v1::ConsentChannel::Link, "We do not <know> them.".to_owned())]
    );
}

async fn r26a_approval_by_link_before_claim_approval(system: TestSystem) {
    system.submit_claim().await;
    let (browser, link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    let approved = browser.post(&link, "decision=approve&confirm=yes").await;
    assert!(approved.page.contains("You approved this claim on Monday, 2 March 2026, 09:30"), "{}", approved.page);
    assert!(!approved.page.contains("?decision=approve") && approved.page.contains("?decision=decline"));
    assert!(approved.page.contains("until 7 calendar days after the e-mail"), "{}", approved.page);
    system.sender.send_due_mails().await.unwrap();
    assert_eq!(system.mailbox.accepted().len(), 2, "the approval is confirmed by mail (R43a)");
    system.approve_claim().await;
    assert_eq!(state(&system).await, StateKind::GrantedInWindow);
    assert_eq!(system.mailbox.accepted().len(), 3, "the contact is still notified of the approval");
}

async fn r43_an_early_approval_can_be_taken_back_by_link(system: TestSystem) {
    system.submit_claim().await;
    let (browser, first_link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    browser.post(&first_link, "decision=approve&confirm=yes").await;
    system.sender.send_due_mails().await.unwrap();
    system.mailbox.refuse_next(1);
    system.approve_claim().await;
    assert_eq!(state(&system).await, StateKind::GrantedAwaitingDelivery);
    let waiting = browser.get(&first_link).await.page;
    for expected in ["You approved this claim on", "is on record as your partner", "after our e-mail has reached"] {
        assert!(waiting.contains(expected), "{expected} is missing in {waiting}");
    }
    assert!(!waiting.contains("?decision=approve") && waiting.contains("?decision=decline"));
    let confirm = browser.get(&format!("{first_link}?decision=decline")).await.page;
    assert!(confirm.contains("the access of Contoso Consulting to your usage figures ends"), "{confirm}");
    let declined = browser.post(&first_link, "decision=decline&confirm=yes").await;
    assert_eq!(declined.code, StatusCode::OK);
    assert_eq!(state(&system).await, StateKind::Declined);
}

async fn r43_an_early_approval_stands_after_the_window(system: TestSystem) {
    system.submit_claim().await;
    let browser = Browser::new(&system);
    let first_link = format!("/consent/{}", system.consent_token());
    browser.post(&first_link, "decision=approve&confirm=yes").await;
    system.approve_claim().await;
    let link = format!("/consent/{}", system.consent_token());
    let open = browser.get(&link).await.page;
    assert!(open.contains("You can decline until the end of Monday, 9 March 2026"), "{open}");
    assert!(!open.contains("?decision=approve") && open.contains("?decision=decline"));
    system.host.advance_clock(due()).await.unwrap();
    let late = browser.post(&link, "decision=decline&confirm=yes").await;
    assert_eq!(late.code, StatusCode::CONFLICT);
    assert!(late.page.contains("You approved this claim on") && late.page.contains("too late to decline"));
    let events = system.sent_events().await;
    let passed = events.iter().filter(|event| matches!(event, Payload::ConsentWindowPassed(_))).count();
    assert_eq!(passed, 1, "R56: the end of the window is reported too");
}

async fn r43_the_page_shows_that_the_window_passed(system: TestSystem) {
    system.submit_claim().await;
    system.approve_claim().await;
    let (browser, link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    let open = browser.get(&link).await;
    assert!(
        open.page.contains("the end of Monday, 9 March 2026: midnight, Europe/Berlin time (UTC+01:00)"),
        "{}",
        open.page
    );
    // The deadline has passed, even if it has not been processed yet.
    system.host.advance_clock(due()).await.unwrap();
    let late = browser.post(&link, "decision=decline&confirm=yes").await;
    assert_eq!(late.code, StatusCode::CONFLICT);
    assert!(late.page.contains("is on record as your partner") && late.page.contains("too late to decline"));
    assert!(!browser.get(&format!("{link}?decision=decline")).await.page.contains("<form"));
    assert_eq!(state(&system).await, StateKind::Granted);
}

async fn invalid_links_get_the_same_page(system: TestSystem) {
    system.submit_claim().await;
    let (browser, token) = (Browser::new(&system), system.consent_token());
    let start = browser.get("/").await;
    assert_eq!(start.code, StatusCode::OK);
    assert!(start.page.contains("Please open the link from the e-mail that you received"), "{}", start.page);
    let mut pages = vec![];
    let other = format!("{}{}", &token[..42], if token.ends_with('A') { 'E' } else { 'A' });
    for path in ["/consent".into(), "/consent/x".into(), format!("/consent/{other}"), format!("/consent/{token}=")] {
        let response = browser.get(&path).await;
        assert_eq!(response.code, StatusCode::NOT_FOUND, "{path}");
        pages.push(response.page);
    }
    let response = browser.post(&format!("/consent/{other}"), "decision=decline&confirm=yes").await;
    assert_eq!(response.code, StatusCode::NOT_FOUND);
    pages.push(response.page);
    system.clock.advance_by(chrono::TimeDelta::days(181));
    pages.push(browser.get(&format!("/consent/{token}")).await.page);
    pages.dedup();
    assert_eq!(pages.len(), 1);
}

async fn every_response_has_the_security_headers(system: TestSystem) {
    system.submit_claim().await;
    let (browser, link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    for path in [link.clone(), format!("{link}?decision=approve"), "/nowhere".into()] {
        let PageResponse { headers, page, .. } = browser.get(&path).await;
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
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
}

async fn partner_texts_are_escaped(system: TestSystem) {
    let mut snapshot = crate::test_system::snapshot();
    snapshot.claim_display_name = "<script>alert(1)</script> {due} \"&".into();
    let submitted = cpor_proto::events::v1::ClaimSubmitted { snapshot: Some(snapshot) };
    system.receive(Payload::ClaimSubmitted(submitted)).await;
    system.sender.send_due_mails().await.unwrap();
    let response = Browser::new(&system).get(&format!("/consent/{}", system.consent_token())).await;
    assert!(!response.page.contains("<script>") && response.page.contains("&#60;script&#62;"), "{}", response.page);
}

async fn r29_an_earlier_link_can_only_decline(system: TestSystem) {
    system.submit_claim().await;
    let (browser, earlier) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    let mut claim = crate::test_system::snapshot();
    claim.lines.pop();
    let edited = cpor_proto::events::v1::ClaimEdited { snapshot: Some(claim), renotify: true, ..Default::default() };
    system.receive(Payload::ClaimEdited(edited)).await;
    system.sender.send_due_mails().await.unwrap();
    let latest = format!("/consent/{}", system.consent_token());
    assert_ne!(earlier, latest);
    let page = browser.get(&earlier).await.page;
    assert!(page.contains("use the link in the newest e-mail") && page.contains("?decision=decline"), "{page}");
    assert!(!page.contains("?decision=approve") && page.contains("No longer claimed: Exchange Online."), "{page}");
    let refused = browser.post(&earlier, "decision=approve&confirm=yes").await;
    assert_eq!((refused.code, system.consent().await.approval), (StatusCode::CONFLICT, None));
    assert!(browser.get(&latest).await.page.contains("?decision=approve"));
    assert_eq!(browser.post(&latest, "decision=approve&confirm=yes").await.code, StatusCode::OK);
    assert!(system.consent().await.approval.is_some());
    assert_eq!(browser.post(&earlier, "decision=decline&confirm=yes").await.code, StatusCode::OK);
    assert_eq!(state(&system).await, StateKind::Declined);
}

async fn language_of_the_browser_then_of_the_calendar(system: TestSystem) {
    system.submit_claim().await;
    let (browser, link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    let language = async |path: &str, accepts: &str| {
        let response = browser.request(Method::GET, path, None, &[("accept-language", accepts)]).await;
        assert!(
            response
                .page
                .contains(&format!("<html lang=\"{}\">", response.headers["content-language"].to_str().unwrap()))
        );
        response.headers["content-language"].to_str().unwrap().to_owned()
    };
    assert_eq!(language(&link, "fr-CA,en;q=0.1").await, "fr");
    assert_eq!(language(&link, "ja").await, "de", "the sample tenant's calendar is German");
    assert_eq!(language(&format!("{link}?lang=ru"), "fr").await, "ru");
    assert_eq!(language(&format!("{link}?decision=decline&lang=hu"), "fr").await, "hu");
    assert_eq!(language(&format!("{link}?lang=xx"), "fr").await, "fr");
    assert_eq!(language("/nowhere", "es").await, "es");
    assert_eq!(language("/nowhere", "ja").await, "en");
    let declined = browser.post(&format!("{link}?lang=cs"), "decision=decline&confirm=yes").await;
    assert!(declined.page.contains("Odmítli jste"), "{}", declined.page);
}

async fn r43_the_token_leaves_the_address(system: TestSystem) {
    system.submit_claim().await;
    let (browser, token) = (Browser::new(&system), system.consent_token());
    let before = system.consent().await;
    let notice = before.notices[0].id;
    for (method, query) in [(Method::GET, ""), (Method::HEAD, ""), (Method::GET, "?lang=de")] {
        let opened = browser.send(method, &format!("/consent/{token}{query}"), None, &[]).await;
        assert_eq!(opened.code, StatusCode::SEE_OTHER);
        assert_eq!(opened.headers[header::LOCATION], format!("../decision/{notice}{query}"));
        let cookie = opened.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with(&format!("__Host-cpor-decision-{notice}=a.")), "{cookie}");
        assert!(cookie.ends_with("; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        assert!(!format!("{:?}{}", opened.headers, opened.page).contains(&token));
        assert_eq!(opened.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(opened.headers[header::CACHE_CONTROL], "no-store");
    }
    let session = browser.open(&format!("/consent/{token}")).await.ok().unwrap();
    let page = browser.send(Method::GET, &session.path, None, &[("cookie", &session.cookie)]).await;
    assert_eq!(page.code, StatusCode::OK);
    assert!(!page.page.contains(&token) && !page.page.contains("/consent/"), "{}", page.page);
    let form = Some("decision=decline&confirm=yes");
    let direct = browser.send(Method::POST, &format!("/consent/{token}"), form, &[]).await;
    assert_eq!(direct.code, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(system.consent().await, before, "nothing is consumed");
}

async fn r43_two_links_are_open_in_one_browser(system: TestSystem) {
    system.submit_claim().await;
    let (browser, first) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    system.approve_claim().await;
    let second = format!("/consent/{}", system.consent_token());
    let (first, second) = (browser.open(&first).await.ok().unwrap(), browser.open(&second).await.ok().unwrap());
    let both = format!("other=x; {}; {}", first.cookie, second.cookie);
    for session in [&first, &second] {
        assert_eq!(browser.send(Method::GET, &session.path, None, &[("cookie", &both)]).await.code, StatusCode::OK);
    }
    let (_, value) = first.cookie.split_once('=').unwrap();
    let (name, _) = second.cookie.split_once('=').unwrap();
    for cookie in [first.cookie.clone(), format!("{name}={value}")] {
        let response = browser.send(Method::GET, &second.path, None, &[("cookie", &cookie)]).await;
        assert_eq!(response.code, StatusCode::FORBIDDEN, "a session opens only the page of its link");
    }
}

async fn r43_replicas_share_sessions_and_rotate_keys(system: TestSystem) {
    system.submit_claim().await;
    let (old, new) = (key_line("old"), key_line("new"));
    let link = format!("/consent/{}", system.consent_token());
    let session = Browser::with(&system, &old, None).open(&link).await.ok().unwrap();
    for (keys, code) in
        [(&old, StatusCode::OK), (&format!("{new}{old}"), StatusCode::OK), (&new, StatusCode::FORBIDDEN)]
    {
        let replica = Browser::with(&system, keys, None);
        assert_eq!(replica.send(Method::GET, &session.path, None, &[("cookie", &session.cookie)]).await.code, code);
    }
    let rotated = Browser::with(&system, &format!("{new}{old}"), None).open(&link).await.ok().unwrap();
    assert!(rotated.cookie.contains("=new."), "the first key seals: {}", rotated.cookie);
}

async fn r43_an_expired_session_decides_nothing(system: TestSystem) {
    system.submit_claim().await;
    let (browser, link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    let (before, session) = (system.consent().await, browser.open(&link).await.ok().unwrap());
    system.clock.advance_by(chrono::TimeDelta::hours(2));
    let form = format!("decision=decline&confirm=yes&session={}", session.secret());
    let cookie = [("cookie", session.cookie.as_str())];
    let mut pages = vec![
        browser.send(Method::GET, &session.path, None, &cookie).await,
        browser.send(Method::POST, &session.path, Some(&form), &cookie).await,
        browser.send(Method::GET, &session.path, None, &[]).await,
        browser.send(Method::GET, &format!("/decision/{}", uuid::Uuid::nil()), None, &[]).await,
        browser.send(Method::GET, "/answer/x", None, &[]).await,
    ];
    assert!(pages.iter().all(|response| response.code == StatusCode::FORBIDDEN));
    assert!(pages[0].page.contains("Please open the link from the e-mail again"), "{}", pages[0].page);
    pages.dedup_by(|one, other| one.page == other.page);
    assert_eq!((pages.len(), system.consent().await), (1, before));
    assert_eq!(browser.get(&link).await.code, StatusCode::OK, "the link still works");
}

async fn r43_a_form_without_the_secret_is_refused(system: TestSystem) {
    system.submit_claim().await;
    let (browser, link) = (Browser::new(&system), format!("/consent/{}", system.consent_token()));
    let (before, session) = (system.consent().await, browser.open(&link).await.ok().unwrap());
    let confirm = browser.get(&format!("{link}?decision=decline")).await.page;
    assert!(confirm.contains("<input type=\"hidden\" name=\"session\" value=\""), "{confirm}");
    // An old browser says nothing about the site that sent the form.
    for secret in ["".to_owned(), "&session=".to_owned(), format!("&session={}", "A".repeat(43))] {
        let form = format!("decision=decline&confirm=yes{secret}");
        let response = browser.send(Method::POST, &session.path, Some(&form), &[("cookie", &session.cookie)]).await;
        assert_eq!(response.code, StatusCode::FORBIDDEN, "{secret}");
    }
    assert_eq!(system.consent().await, before);
}

async fn r43_links_and_addresses_are_limited(system: TestSystem) {
    system.submit_claim().await;
    let browser = Browser::with(&system, &key_line("a"), Some("x-forwarded-for"));
    let get =
        async |path: &str, address: &str| browser.send(Method::GET, path, None, &[("x-forwarded-for", address)]).await;
    let link = format!("/consent/{}", system.consent_token());
    // Each link may be opened 60 times at once. The addresses are different ones.
    let mut opened = 0;
    let refused = loop {
        opened += 1;
        let response = get(&link, &format!("10.0.0.{opened}")).await;
        if response.code != StatusCode::SEE_OTHER {
            break response;
        }
    };
    assert_eq!(refused.code, StatusCode::TOO_MANY_REQUESTS);
    assert!((61..120).contains(&opened), "{opened}");
    assert!(refused.headers[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert!(refused.page.contains("Please try again in a moment"), "{}", refused.page);
    // One address tries tokens. What it claims to be is ignored; the last entry is that of the
    // proxy.
    let mut tried = 0;
    while get(&format!("/consent/{tried}"), &format!("10.1.{tried}.1, 192.0.2.7")).await.code == StatusCode::NOT_FOUND {
        tried += 1;
    }
    assert!((300..2_000).contains(&tried), "{tried}");
    assert_eq!(get("/", "192.0.2.7").await.code, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(get("/", "192.0.2.8").await.code, StatusCode::OK, "other addresses are served");
}
