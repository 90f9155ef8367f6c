//! Tests of client certificates with SPIFFE ids, and of certificates that are replaced.
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cpor_proto::{
    events::v1::{DeliverEventsRequest, event_service_client::EventServiceClient},
    operations::v1::{GetClockRequest, operations_service_client::OperationsServiceClient},
};
use cpor_types::Service;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::{
    ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;
use tonic::{
    Code, Status,
    transport::{Certificate, Channel, ClientTlsConfig},
};

use super::fixture::{TestServer, code_and_reason, expected, start};
use crate::{
    Peers,
    config::{Limits, PeersConfig, TlsConfig},
    server::install_crypto_provider,
};

const CLAIM_INTAKE: &str = "spiffe://cpor.example/ns/cpor/sa/claim-intake";
const REGISTRY: &str = "spiffe://cpor.example/ns/cpor/sa/registry";

/// A certificate authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Issues a certificate for `localhost` and these SPIFFE ids. Returns it and its key.
    fn issue(&self, ids: &[&str]) -> [String; 2] {
        self.issue_with(ids, |_| {})
    }

    fn issue_with(&self, ids: &[&str], change: impl FnOnce(&mut CertificateParams)) -> [String; 2] {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.subject_alt_names.extend(ids.iter().map(|id| SanType::URI((*id).try_into().unwrap())));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        [params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem()]
    }
}

/// A folder with TLS files.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn write_identity(&self, name: &str, [certificate, key]: &[String; 2]) -> (PathBuf, PathBuf) {
        (self.write(&format!("{name}.crt"), certificate), self.write(&format!("{name}.key"), key))
    }

    /// Writes the files of a server that demands certificates of `authorities`.
    fn server(&self, identity: &[String; 2], authorities: &str) -> TlsConfig {
        let (certificate, key) = self.write_identity("server", identity);
        TlsConfig {
            certificate_file: Some(certificate),
            key_file: Some(key),
            client_ca_file: Some(self.write("client-ca.crt", authorities)),
            trust_domain: Some("cpor.example".to_owned()),
        }
    }

    /// Writes the files of a client, and returns its channels to the server.
    fn peers(&self, server: &TestServer, identity: Option<&[String; 2]>, authorities: &str) -> Peers {
        let (certificate_file, key_file) = identity.map(|identity| self.write_identity("client", identity)).unzip();
        let config = PeersConfig {
            registry: Some(server.address.clone()),
            ca_file: Some(self.write("ca.crt", authorities)),
            certificate_file,
            key_file,
            ..PeersConfig::default()
        };
        Peers::new(&config, server.claim_intake.clone()).unwrap()
    }
}

/// Calls the registry as claim-intake.
async fn call(peers: &Peers) -> Result<(), Status> {
    let channel = peers.channel_as_service(Service::Registry).unwrap();
    EventServiceClient::new(channel).deliver_events(DeliverEventsRequest::default()).await.map(drop)
}

/// Makes one call with channels of its own.
async fn try_call(server: &TestServer, identity: Option<&[String; 2]>, authorities: &str) -> Result<(), Status> {
    let files = Files::new();
    call(&files.peers(server, identity, authorities)).await
}

#[tokio::test]
async fn a_service_needs_a_certificate_of_its_own() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("theirs"));
    let files = Files::new();
    let server = start(Limits::default(), files.server(&authority.issue(&[REGISTRY]), &authority.pem)).await;
    let attempt = async |identity: Option<[String; 2]>| try_call(&server, identity.as_ref(), &authority.pem).await;

    attempt(Some(authority.issue(&[CLAIM_INTAKE]))).await.unwrap();
    attempt(Some(authority.issue(&[REGISTRY, CLAIM_INTAKE]))).await.expect("one process can host both");
    server.controls.last_call.lock().unwrap().take().expect("a call");

    let other_domain = CLAIM_INTAKE.replace("cpor.example", "other.example");
    for ids in [&[REGISTRY][..], &[&other_domain], &["https://cpor.example/claim-intake"], &[]] {
        let refused = attempt(Some(authority.issue(ids))).await;
        assert_eq!(code_and_reason(refused), expected(Code::Unauthenticated, "CLIENT_CERTIFICATE_REQUIRED"), "{ids:?}");
    }
    let refused = attempt(None).await;
    assert_eq!(code_and_reason(refused), expected(Code::Unauthenticated, "CLIENT_CERTIFICATE_REQUIRED"));

    let expired = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let early = |params: &mut CertificateParams| params.not_before = rcgen::date_time_ymd(3000, 1, 1);
    attempt(Some(stranger.issue(&[CLAIM_INTAKE]))).await.expect_err("a certificate of another authority");
    attempt(Some(authority.issue_with(&[CLAIM_INTAKE], expired))).await.expect_err("an expired certificate");
    attempt(Some(authority.issue_with(&[CLAIM_INTAKE], early))).await.expect_err("a certificate of the future");
    assert!(server.controls.last_call.lock().unwrap().is_none(), "no refused call reaches the service");

    let other_server = try_call(&server, Some(&authority.issue(&[CLAIM_INTAKE])), &stranger.pem).await;
    other_server.expect_err("the certificate of the server is verified");
}

#[tokio::test]
async fn users_need_no_certificate() {
    let (authority, files) = (Authority::new("ours"), Files::new());
    let server = start(Limits::default(), files.server(&authority.issue(&[REGISTRY]), &authority.pem)).await;
    install_crypto_provider();
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&authority.pem)).domain_name("localhost");
    let channel = Channel::from_shared(server.address.clone()).unwrap().tls_config(tls).unwrap();
    let mut client = OperationsServiceClient::new(channel.connect().await.unwrap());
    client.get_clock(server.request(GetClockRequest {})).await.unwrap();
}

/// Connects twice with the same client. Returns the kind of the second handshake.
async fn second_handshake(
    server: &TestServer,
    version: &'static SupportedProtocolVersion,
    authority: &Authority,
) -> Option<HandshakeKind> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let [certificate, key] = authority.issue(&[CLAIM_INTAKE]);
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots);
    let mut config = builder.with_client_auth_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let mut kind = None;
    for _ in 0..2 {
        let connection = TcpStream::connect(server.address.trim_start_matches("https://")).await.unwrap();
        let mut stream = connector.connect("localhost".try_into().unwrap(), connection).await.unwrap();
        // The preface of HTTP/2 and empty settings. The tickets of the server precede its answer.
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        stream.flush().await.unwrap();
        stream.read_u8().await.unwrap();
        kind = stream.get_ref().1.handshake_kind();
    }
    kind
}

#[tokio::test]
async fn each_connection_verifies_the_certificate() {
    let (authority, files) = (Authority::new("ours"), Files::new());
    let tls = files.server(&authority.issue(&[REGISTRY]), &authority.pem);
    let without_certificates = TlsConfig { client_ca_file: None, trust_domain: None, ..tls.clone() };
    let server = start(Limits::default(), tls).await;
    let other_server = start(Limits::default(), without_certificates).await;
    for version in [&TLS12, &TLS13] {
        let kind = second_handshake(&other_server, version, &authority).await;
        assert_eq!(kind, Some(HandshakeKind::Resumed), "{version:?}: the client resumes sessions");
        let kind = second_handshake(&server, version, &authority).await;
        assert_eq!(kind, Some(HandshakeKind::Full), "{version:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_ends() {
    let (authority, files) = (Authority::new("ours"), Files::new());
    let server = start(Limits::default(), files.server(&authority.issue(&[REGISTRY]), &authority.pem)).await;
    let address = server.address.trim_start_matches("https://");
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut answer, start) = (Vec::new(), tokio::time::Instant::now());
    let (Ok(_) | Err(_)) = silent.read_to_end(&mut answer).await;
    assert!(start.elapsed() <= Duration::from_secs(11), "{:?}", start.elapsed());
}

/// Calls without a pause until it is stopped.
struct Load {
    is_stopped: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    callers: JoinSet<Vec<Status>>,
}

impl Load {
    fn start(peers: &Peers) -> Self {
        let (is_stopped, calls) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut callers = JoinSet::new();
        for _ in 0..4 {
            let (peers, is_stopped, calls) = (peers.clone(), Arc::clone(&is_stopped), Arc::clone(&calls));
            callers.spawn(async move {
                let mut failures = Vec::new();
                while !is_stopped.load(Ordering::Relaxed) {
                    failures.extend(call(&peers).await.err());
                    calls.fetch_add(1, Ordering::Relaxed);
                }
                failures
            });
        }
        Self { is_stopped, calls, callers }
    }

    async fn finish(self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let failures = self.callers.join_all().await.concat();
        let calls = self.calls.load(Ordering::Relaxed);
        assert!(failures.is_empty(), "{} of {calls} calls failed: {:?}", failures.len(), failures.first());
        assert!(calls > 100, "only {calls} calls");
    }
}

/// Repeats a probe until it returns true.
async fn wait_until(what: &str, mut probe: impl AsyncFnMut() -> bool) {
    let repeated = async { while !probe().await {} };
    tokio::time::timeout(Duration::from_secs(60), repeated).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn certificates_are_replaced_without_a_failed_call() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem, new.pem);
    let (server_files, client_files) = (Files::new(), Files::new());
    let old_client = old.issue(&[CLAIM_INTAKE]);
    // Connections end every second, so the new files are used.
    let limits = Limits { max_connection_age_seconds: 1, ..Limits::default() };
    let server = start(limits, server_files.server(&old.issue(&[REGISTRY]), &old.pem)).await;
    let peers = client_files.peers(&server, Some(&old_client), &old.pem);
    call(&peers).await.unwrap();
    let load = Load::start(&peers);

    server_files.write("client-ca.crt", &both);
    let probe_client = new.issue(&[CLAIM_INTAKE]);
    wait_until("the server trusts both authorities", async || {
        try_call(&server, Some(&probe_client), &old.pem).await.is_ok()
    })
    .await;

    // The new certificate is recognised by its second id.
    client_files.write("ca.crt", &both);
    client_files.write_identity("client", &new.issue(&[CLAIM_INTAKE, REGISTRY]));
    wait_until("the client has its new certificate", async || {
        tokio::task::yield_now().await;
        server.controls.last_certificate.lock().unwrap().names(Service::Registry)
    })
    .await;

    server_files.write_identity("server", &new.issue(&[REGISTRY]));
    wait_until("the server has its new certificate", async || {
        try_call(&server, Some(&probe_client), &new.pem).await.is_ok()
    })
    .await;

    server_files.write("client-ca.crt", &new.pem);
    client_files.write("ca.crt", &new.pem);
    wait_until("the server does not trust the old authority", async || {
        try_call(&server, Some(&old_client), &new.pem).await.is_err()
    })
    .await;
    load.finish().await;
    call(&peers).await.unwrap();
}
