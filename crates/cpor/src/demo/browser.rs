//! The customer's browser in the demo: opens the consent page and sends its form.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// An HTTP client for the consent page.
pub(crate) struct Browser(Client<HttpConnector, Full<Bytes>>);

impl Browser {
    /// Creates a client.
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Opens a consent link, which changes nothing. Returns the page.
    ///
    /// # Errors
    /// Returns an error if the page does not load.
    pub(crate) async fn open(&self, link: &str) -> anyhow::Result<String> {
        let request = Request::builder().method(Method::GET).uri(link).body(Full::default())?;
        self.send(request).await
    }

    /// Sends the form of the consent page with a confirmed decline. Returns the resulting page.
    ///
    /// # Errors
    /// Returns an error if the form is refused.
    pub(crate) async fn decline(&self, link: &str, comment: &str) -> anyhow::Result<String> {
        let form = format!("decision=decline&confirm=yes&comment={}", comment.replace(' ', "+"));
        let request = Request::builder()
            .method(Method::POST)
            .uri(link)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))?;
        self.send(request).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<String> {
        let response = self.0.request(request).await.context("the consent page does not respond")?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "the consent page responds with {status}");
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}
