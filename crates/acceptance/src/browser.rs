//! An HTTP client for the consent page.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use sha2::{Digest as _, Sha256};

/// An HTTP client that acts like the customer's browser.
#[derive(Debug)]
pub struct Browser(Client<HttpConnector, Full<Bytes>>);

/// The data that a browser keeps after it has opened a consent link.
#[derive(Clone, Debug)]
pub struct Session {
    /// The address that the link led to.
    pub url: String,
    /// The name and the value of the cookie.
    pub cookie: String,
}

impl Session {
    /// Computes the secret in the forms of this session, also of forms that the page does not show
    /// any more.
    #[must_use]
    pub fn form_secret(&self) -> String {
        let (_, value) = self.cookie.split_once('=').expect("a cookie");
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("form {value}")))
    }
}

/// The response to a request.
#[derive(Debug)]
pub struct Page {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub html: String,
}

impl Page {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Browser {
    /// Sends one request without a body, and follows no redirect.
    pub async fn send(&self, method: Method, url: &str) -> Page {
        self.request(Request::builder().method(method).uri(url).body(Full::default()).unwrap()).await
    }

    /// Opens a link with GET, and returns the page that it leads to.
    pub async fn open(&self, link: &str) -> Page {
        match self.start_session(link).await {
            Ok(session) => self.visit(&session).await,
            Err(page) => page,
        }
    }

    /// Opens a link, and sends a URL-encoded form from the page that it leads to.
    pub async fn submit(&self, link: &str, form: &str) -> Page {
        match self.start_session(link).await {
            Ok(session) => self.post(&session, &format!("{form}&session={}", session.form_secret())).await,
            Err(page) => page,
        }
    }

    /// Opens a link with GET. Returns the session that it starts, or else the page that it shows.
    ///
    /// # Errors
    /// Returns the page if the link does not work.
    pub async fn start_session(&self, link: &str) -> Result<Session, Page> {
        let page = self.send(Method::GET, link).await;
        let (Some(location), Some(cookie)) = (page.header("location"), page.header("set-cookie")) else {
            return Err(page);
        };
        let (origin, _) = ["/consent/", "/statement/"].iter().find_map(|path| link.split_once(path)).unwrap();
        let url = format!("{origin}/{}", location.trim_start_matches("../"));
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Ok(Session { url, cookie })
    }

    /// Opens the page of a session with GET.
    pub async fn visit(&self, session: &Session) -> Page {
        let request = Request::builder().uri(&session.url).header(header::COOKIE, &session.cookie);
        self.request(request.body(Full::default()).unwrap()).await
    }

    /// Sends a form to the page of a session.
    pub async fn post(&self, session: &Session, form: &str) -> Page {
        let request = Request::builder().method(Method::POST).uri(&session.url).header(header::COOKIE, &session.cookie);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.request(request.body(Full::from(form.to_owned())).unwrap()).await
    }

    /// Submits the form with a confirmed approval.
    pub async fn approve(&self, link: &str) -> Page {
        self.submit(link, "decision=approve&confirm=yes").await
    }

    /// Submits the form with a confirmed decline.
    pub async fn decline(&self, link: &str, comment: &str) -> Page {
        self.submit(link, &format!("decision=decline&confirm=yes&comment={}", comment.replace(' ', "+"))).await
    }

    async fn request(&self, request: Request<Full<Bytes>>) -> Page {
        let response = self.0.request(request).await.expect("a response of the consent page");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole page").to_bytes();
        Page { status: head.status, headers: head.headers, html: String::from_utf8_lossy(&body).into_owned() }
    }
}
