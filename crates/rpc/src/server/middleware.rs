//! The steps through which every request passes before its handler, in one function. As a layer of
//! its own, each step would cost every request several allocations.
use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use cpor_auth::Authorizer;

use super::{
    admission::{self, Admission},
    body_drain, connection,
    deadline::{self, Deadlines},
    directory::{KnownOwners, check_owner},
    error_translation,
    observe::{self, Observer},
    panic,
};

/// The dependencies of the steps.
pub(super) struct Middleware {
    pub(super) observer: Observer,
    pub(super) deadlines: Deadlines,
    pub(super) authorizer: Authorizer,
    pub(super) admission: Admission,
    /// The partners and tenants that exist, if the process has a directory.
    pub(super) owners: Option<KnownOwners>,
}

/// Passes a request through all steps to its handler.
pub(super) async fn handle(State(middleware): State<Arc<Middleware>>, request: Request, next: Next) -> Response {
    let handle = |request| async {
        let limited = deadline::limit(middleware.deadlines, request, |request| middleware.admit(request, next));
        panic::catch(async { error_translation::translate(limited.await) }).await
    };
    let request = body_drain::drain_body(connection::expose(request));
    observe::observe(&middleware.observer, request, handle).await
}

impl Middleware {
    /// Runs the handler if the caller may make the call and there is capacity for it.
    async fn admit(&self, request: Request, next: Next) -> Response {
        let (mut parts, body) = request.into_parts();
        let caller = match self.authorizer.authorize_request(&parts).await {
            Ok(caller) => caller,
            Err(status) => return status.into_http(),
        };
        if let Some(caller) = &caller {
            parts.extensions.insert(Arc::clone(caller));
        }
        let run = |request| async move {
            let owner_check = match (&self.owners, &caller) {
                (Some(owners), Some(caller)) => check_owner(owners, caller).await,
                (None, _) | (_, None) => Ok(()),
            };
            match owner_check {
                Ok(()) => next.run(request).await,
                Err(status) => status.into_http(),
            }
        };
        admission::admit(&self.admission, Request::from_parts(parts, body), run).await
    }
}
