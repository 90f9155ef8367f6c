use std::convert::Infallible;

use cpor_types::Service;
use tonic::{body::Body, server::NamedService, service::Routes};

/// The gRPC services of one process, and whose they are.
#[derive(Debug, Default)]
pub struct Services {
    router: axum::Router,
    named: Vec<(&'static str, Option<Service>)>,
}

impl Services {
    /// Adds a gRPC service that belongs to `owner`: a service's token must name it as its audience.
    #[must_use]
    pub fn add<S>(self, owner: Service, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.merge(Some(owner), &[S::NAME], Routes::new(service))
    }

    /// Adds a gRPC service that dispatches to whichever of the process's services a request names, such as the one for events.
    #[must_use]
    pub fn add_shared<S>(self, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.merge(None, &[S::NAME], Routes::new(service))
    }

    /// Adds the gRPC services of `owner` that somebody has made routes of. `names` are their full names, all of them:
    /// what is not named is not served.
    #[must_use]
    pub fn add_routes(self, owner: Service, names: &[&'static str], routes: Routes) -> Self {
        self.merge(Some(owner), names, routes)
    }

    fn merge(mut self, owner: Option<Service>, names: &[&'static str], routes: Routes) -> Self {
        self.named.extend(names.iter().map(|name| (*name, owner)));
        // Every set of routes brings the same answer to unknown paths; one router can have it once.
        self.router = self.router.merge(routes.into_axum_router().reset_fallback());
        self
    }

    /// The services that this process hosts.
    #[must_use]
    pub fn hosted(&self) -> Vec<Service> {
        let mut hosted: Vec<Service> = self.named.iter().filter_map(|(_, owner)| *owner).collect();
        hosted.sort_unstable();
        hosted.dedup();
        hosted
    }

    /// Full names, each with its owner; none for the shared ones.
    pub(super) fn named(&self) -> &[(&'static str, Option<Service>)] {
        &self.named
    }

    /// Full names, each with the services that a token's audience may name.
    pub(super) fn callees(&self) -> Vec<(&str, Vec<Service>)> {
        let all = self.hosted();
        let callees = |owner: &Option<Service>| owner.map_or_else(|| all.clone(), |owner| vec![owner]);
        self.named.iter().map(|(name, owner)| (*name, callees(owner))).collect()
    }

    pub(super) fn into_router(self) -> axum::Router {
        self.router
    }
}
