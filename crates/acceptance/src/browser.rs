//! An HTTP client for the consent page.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// An HTTP client that acts like the customer's browser.
#[derive(Debug)]
pub struct Browser(Client<HttpConnector, Full<Bytes>>);

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

impl Default for Browser {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Browser {
    /// Sends a request without a body.
    pub async fn send(&self, method: Method, link: &str) -> Page {
        self.request(Request::builder().method(method).uri(link).body(Full::default()).unwrap()).await
    }

    /// Opens a link with GET.
    pub async fn open(&self, link: &str) -> Page {
        self.send(Method::GET, link).await
    }

    /// Submits a URL-encoded form with POST.
    pub async fn submit(&self, link: &str, form: &str) -> Page {
        let request = Request::builder().method(Method::POST).uri(link);
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
