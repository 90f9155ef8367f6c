//! The customer's browser in the demo: opens the consent page and sends its form.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// An HTTP client for the consent page.
pub(crate) struct Browser(Client<HttpConnector, Full<Bytes>>);

impl Browser {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Opens a consent link, which changes nothing. Returns the page.
    ///
    /// # Errors
    /// Returns an error if the page does not load.
    pub(crate) async fn open(&self, link: &str) -> anyhow::Result<String> {
        let (url, cookie) = self.start_session(link).await?;
        self.send(Request::builder().uri(url).header(header::COOKIE, cookie).body(Full::default())?).await
    }

    /// Sends the form of the consent page with a confirmed decline. Returns the resulting page.
    ///
    /// # Errors
    /// Returns an error if the form is refused.
    pub(crate) async fn decline(&self, link: &str, comment: &str) -> anyhow::Result<String> {
        let (url, cookie) = self.start_session(link).await?;
        let page = Request::builder().uri(format!("{url}?decision=decline")).header(header::COOKIE, &cookie);
        let page = self.send(page.body(Full::default())?).await?;
        let (_, secret) = page.split_once("name=\"session\" value=\"").context("the page has no form")?;
        let secret = secret.split('"').next().unwrap_or_default();
        let form = format!("session={secret}&decision=decline&confirm=yes&comment={}", comment.replace(' ', "+"));
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))?;
        self.send(request).await
    }

    /// Opens a link. Returns the address that it leads to, and the cookie that it sets.
    async fn start_session(&self, link: &str) -> anyhow::Result<(String, String)> {
        let response = self.0.get(link.parse()?).await.context("the consent page does not respond")?;
        let location = header_text(&response, header::LOCATION)?.trim_start_matches("../");
        let cookie = header_text(&response, header::SET_COOKIE)?;
        let (origin, _) = link.split_once("/consent/").context("not a consent link")?;
        Ok((format!("{origin}/{location}"), cookie.split(';').next().unwrap_or_default().to_owned()))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<String> {
        let response = self.0.request(request).await.context("the consent page does not respond")?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "the consent page responds with {status}");
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

fn header_text<B>(response: &Response<B>, name: header::HeaderName) -> anyhow::Result<&str> {
    let value = response.headers().get(&name).with_context(|| format!("the consent page sends no header {name}"))?;
    Ok(value.to_str()?)
}
