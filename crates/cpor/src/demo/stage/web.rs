//! The customer's browser, as far as the story needs one: it opens the page and sends its form.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// A browser without a window.
pub(crate) struct Web(Client<HttpConnector, Full<Bytes>>);

impl Web {
    /// A browser.
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Opens a link, which changes nothing.
    ///
    /// # Errors
    /// When the page does not come.
    pub(crate) async fn open(&self, link: &str) -> anyhow::Result<String> {
        let request = Request::builder().method(Method::GET).uri(link).body(Full::default())?;
        self.send(request).await
    }

    /// Declines on the page behind the link, and confirms it.
    ///
    /// # Errors
    /// When the page does not take it.
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
        let response = self.0.request(request).await.context("the page does not answer")?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "the page answers {status}");
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}
