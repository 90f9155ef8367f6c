//! The customer's browser, as far as the consent page needs one.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// A browser without a window.
#[derive(Debug)]
pub struct Browser(Client<HttpConnector, Full<Bytes>>);

/// What came back.
#[derive(Debug)]
pub struct Page {
    /// How it went.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The page.
    pub html: String,
}

impl Default for Browser {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Browser {
    /// Asks for a page by any method, without a form.
    pub async fn send(&self, method: Method, link: &str) -> Page {
        self.ask(Request::builder().method(method).uri(link).body(Full::default()).unwrap()).await
    }

    /// Opens a link.
    pub async fn open(&self, link: &str) -> Page {
        self.send(Method::GET, link).await
    }

    /// Sends the page's form.
    pub async fn submit(&self, link: &str, form: &str) -> Page {
        let request = Request::builder().method(Method::POST).uri(link);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request.body(Full::from(form.to_owned())).unwrap()).await
    }

    /// Approves on the page, and confirms it.
    pub async fn approve(&self, link: &str) -> Page {
        self.submit(link, "decision=approve&confirm=yes").await
    }

    /// Declines on the page, and confirms it.
    pub async fn decline(&self, link: &str, comment: &str) -> Page {
        self.submit(link, &format!("decision=decline&confirm=yes&comment={}", comment.replace(' ', "+"))).await
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Page {
        let response = self.0.request(request).await.expect("the consent page answers");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole page").to_bytes();
        Page { status: head.status, headers: head.headers, html: String::from_utf8_lossy(&body).into_owned() }
    }
}
