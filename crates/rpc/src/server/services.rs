//! The set of gRPC services that a process hosts.
use std::convert::Infallible;

use cpor_types::Service;
use tonic::{body::Body, server::NamedService, service::Routes};

/// The gRPC services of one process, each with the service that owns it.
#[derive(Debug, Default)]
pub struct GrpcServices {
    router: axum::Router,
    /// The full name of each gRPC service, and the service that owns it. Shared gRPC services have
    /// no owner.
    grpc_services: Vec<(&'static str, Option<Service>)>,
}

impl GrpcServices {
    /// Adds a gRPC service that belongs to `owner`. The token of a service that calls it must have
    /// `owner` as its audience.
    #[must_use]
    pub fn add<S>(self, owner: Service, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.merge(Some(owner), &[S::NAME], Routes::new(service))
    }

    /// Adds a gRPC service that the hosted services share, for example the event service: each
    /// request contains the name of the hosted service that handles it.
    #[must_use]
    pub fn add_shared<S>(self, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.merge(None, &[S::NAME], Routes::new(service))
    }

    /// Adds the gRPC services of `owner` as prepared routes. `names` must contain the full name of
    /// every gRPC service in the routes; the server refuses calls to others.
    #[must_use]
    pub fn add_routes(self, owner: Service, names: &[&'static str], routes: Routes) -> Self {
        self.merge(Some(owner), names, routes)
    }

    /// Adds routes with the names of their gRPC services and their owner, if they have one.
    fn merge(mut self, owner: Option<Service>, names: &[&'static str], routes: Routes) -> Self {
        self.grpc_services.extend(names.iter().map(|name| (*name, owner)));
        // Each set of routes has a fallback for unknown paths, and a router can have only one.
        self.router = self.router.merge(routes.into_axum_router().reset_fallback());
        self
    }

    /// Returns the services that the process hosts, sorted.
    #[must_use]
    pub fn hosted(&self) -> Vec<Service> {
        let mut hosted: Vec<Service> = self.grpc_services.iter().filter_map(|(_, owner)| *owner).collect();
        hosted.sort_unstable();
        hosted.dedup();
        hosted
    }

    /// Returns the full name of each gRPC service, and the service that owns it. Shared gRPC
    /// services have no owner.
    pub(super) fn grpc_services(&self) -> &[(&'static str, Option<Service>)] {
        &self.grpc_services
    }

    /// Returns the full name of each gRPC service with the accepted audiences: the token of a
    /// calling service must be issued for one of them.
    pub(super) fn audiences(&self) -> Vec<(&str, Vec<Service>)> {
        let all = self.hosted();
        let audiences = |owner: &Option<Service>| owner.map_or_else(|| all.clone(), |owner| vec![owner]);
        self.grpc_services.iter().map(|(name, owner)| (*name, audiences(owner))).collect()
    }

    pub(super) fn into_router(self) -> axum::Router {
        self.router
    }
}
