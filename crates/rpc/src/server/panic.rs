//! The middleware that turns panics into errors.
use std::panic::AssertUnwindSafe;

use axum::response::Response;
use futures_util::FutureExt as _;

use cpor_call::status;

/// Catches a panic while a request is handled and responds with INTERNAL. Other requests are not
/// affected.
pub(super) async fn catch(response: impl Future<Output = Response>) -> Response {
    match AssertUnwindSafe(response).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => status::internal(&format_args!("panic: {}", panic_message(&*panic))).into_http(),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown payload")
}
