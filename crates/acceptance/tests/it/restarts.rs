//! Restarts the replicas of each service one after the other with SIGTERM, under load: no call
//! fails, and a new replica gets its share of the calls.
//!
//! `CPOR_TEST_RESTARTS=full`, which `cargo xtask soak` sets, gives each service two processes of
//! its own, 200 calls a second, and connections that end after 30 seconds. Otherwise two processes
//! host all services, at 50 calls a second. There is no such test on SQLite, whose files only one
//! process can use.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cpor_acceptance::{Browser, CONTOSO, Engine, FABRIKAM, StorageTemplate, TestStorage};
use cpor_auth::TokenSigner;
use cpor_proto::{
    claims::v1::{CreateClaimRequest, ListClaimsRequest, claim_service_client::ClaimServiceClient},
    consents::v1::{ListConsentsRequest, consent_service_client::ConsentServiceClient},
    eligibility::v1::{ListAssessmentsRequest, eligibility_service_client::EligibilityServiceClient},
    registry::v1::{GetPartnerRequest, registry_service_client::RegistryServiceClient},
    reviews::v1::{ListReviewCasesRequest, review_service_client::ReviewServiceClient},
};
use cpor_testing::{AuthorizedChannel, BearerToken, user_token};
use cpor_types::{Role, Service};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tonic::{Code, Status, service::interceptor::InterceptedService};

use crate::crash_tests::process::{Ports, Process, Replica, user_token_signer};

/// The time in which a new replica must get its share of the calls.
const BALANCE_TIMEOUT: Duration = Duration::from_secs(10);

#[test]
fn restarts_fail_no_call_and_calls_are_balanced_postgres() {
    let is_full = std::env::var("CPOR_TEST_RESTARTS").is_ok_and(|scale| scale == "full");
    let groups = if is_full { Service::ALL.chunks(1).collect() } else { vec![Service::ALL] };
    let (calls_per_second, age) = if is_full { (200, 30) } else { (50, 10) };
    let template = StorageTemplate::for_engine(Engine::Postgres);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = template.copy(2 * groups.len()).await;
        let mut installation = Installation::start(store, &groups, age).await;
        let load = Load::start(&installation, calls_per_second);
        // Longer than the age of a connection, so that some calls meet its end.
        sleep(Duration::from_secs(age + 2)).await;
        installation.restart_all(&load).await;
        load.finish().await;
        installation.terminate_all().await;
    });
}

/// Two processes for each group of services.
struct Installation {
    store: TestStorage,
    issuer: TokenSigner,
    members: Vec<Member>,
    peers: Vec<String>,
    settings: Vec<(&'static str, String)>,
}

/// One process of the installation.
struct Member {
    services: Vec<Service>,
    ports: Ports,
    process: Option<Process>,
}

impl Installation {
    async fn start(store: TestStorage, groups: &[&[Service]], connection_age: u64) -> Self {
        let issuer = user_token_signer(&store);
        let member = |group: &&[Service]| Member { services: group.to_vec(), ports: Ports::reserve(), process: None };
        let members: Vec<_> = groups.iter().flat_map(|group| [member(group), member(group)]).collect();
        let addresses = |service: &Service| {
            let hosts = members.iter().filter(|member| member.services.contains(service));
            hosts.map(|member| member.ports.url()).collect::<Vec<_>>().join(",")
        };
        let peers = Service::ALL.iter().map(addresses).collect();
        let settings = vec![
            ("CPOR_LIMITS__MAX_CONNECTION_AGE_SECONDS", connection_age.to_string()),
            ("CPOR_LIMITS__SHUTDOWN_PAUSE_SECONDS", "8".to_owned()),
            ("CPOR_DATABASE__CONNECTIONS", "2".to_owned()),
        ];
        let mut installation = Self { store, issuer, members, peers, settings };
        for index in 0..installation.members.len() {
            installation.start_member(index).await;
        }
        installation
    }

    async fn start_member(&mut self, index: usize) {
        let member = &self.members[index];
        let replica = Replica {
            directory: index,
            services: &member.services,
            ports: &member.ports,
            peers: &self.peers,
            settings: &self.settings,
        };
        let process = Process::serve(&self.store, &replica).await;
        self.members[index].process = Some(process);
    }

    /// Restarts each process while the load runs. After each start the replica must get its share.
    async fn restart_all(&mut self, load: &Load) {
        for index in 0..self.members.len() {
            self.members[index].process.take().expect("a running process").terminate().await;
            load.assert_no_failure(&format!("while process {index} ended"));
            self.start_member(index).await;
            let is_balanced = timeout(BALANCE_TIMEOUT, self.wait_until_balanced(index));
            is_balanced.await.expect("the calls are spread over both replicas within ten seconds");
            load.assert_no_failure(&format!("after process {index} was restarted"));
        }
    }

    /// Waits until the process serves 40 to 60 % of the calls of two seconds.
    async fn wait_until_balanced(&self, index: usize) {
        let other = index ^ 1;
        loop {
            let before = [self.requests(index).await, self.requests(other).await];
            sleep(Duration::from_secs(2)).await;
            let own = self.requests(index).await - before[0];
            let all = own + self.requests(other).await - before[1];
            println!("process {index} served {own} of {all} calls");
            if (0.4..=0.6).contains(&(own / all)) {
                return;
            }
        }
    }

    /// The number of calls of users that the process has served.
    async fn requests(&self, index: usize) -> f64 {
        let url = format!("{}/metrics", self.members[index].ports.admin_url());
        let metrics = Browser::default().open(&url).await.html;
        let is_counter =
            |line: &&str| line.starts_with("rpc_server_duration_seconds_count") && !line.contains("grpc.health");
        metrics.lines().filter(is_counter).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    async fn terminate_all(self) {
        let processes = self.members.into_iter().filter_map(|member| member.process);
        futures_util::future::join_all(processes.map(Process::terminate)).await;
    }
}

/// Calls of all services by users, at a constant rate.
struct Load {
    is_stopped: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    failures: Arc<Mutex<BTreeMap<String, usize>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Load {
    fn start(installation: &Installation, calls_per_second: u32) -> Self {
        let users = Arc::new(Users::new(installation));
        let (is_stopped, calls) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let failures = Arc::<Mutex<BTreeMap<String, usize>>>::default();
        let (until, counter, failed) = (is_stopped.clone(), calls.clone(), failures.clone());
        let task = tokio::spawn(async move {
            let mut ticks = interval(Duration::from_secs(1) / calls_per_second);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (started, mut running) = (Instant::now(), JoinSet::new());
            while !until.load(Ordering::Relaxed) {
                ticks.tick().await;
                let (users, failed) = (users.clone(), failed.clone());
                let number = counter.fetch_add(1, Ordering::Relaxed);
                running.spawn(async move {
                    let mut outcome = users.call(number).await;
                    if outcome.as_ref().is_err_and(|(_, status)| was_not_sent(status)) {
                        outcome = users.call(number).await;
                    }
                    if let Err((service, status)) = outcome {
                        let seconds = started.elapsed().as_secs();
                        let failure = format!("{seconds} s, {service}: {:?} {}", status.code(), status.message());
                        *failed.lock().unwrap().entry(failure).or_default() += 1;
                    }
                });
                while running.try_join_next().is_some() {}
            }
            running.join_all().await;
        });
        Self { is_stopped, calls, failures, task }
    }

    #[track_caller]
    fn assert_no_failure(&self, when: &str) {
        let failures = self.failures.lock().unwrap().clone();
        let calls = self.calls.load(Ordering::Relaxed);
        assert!(failures.is_empty(), "{when}, after {calls} calls: {failures:#?}");
    }

    async fn finish(self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let (calls, failures) = (self.calls.clone(), self.failures.clone());
        self.task.await.unwrap();
        println!("{} calls, {} kinds of failures", calls.load(Ordering::Relaxed), failures.lock().unwrap().len());
        let failures = failures.lock().unwrap().clone();
        assert!(failures.is_empty(), "{failures:#?}");
    }
}

/// Whether the connection ended before the call was sent. gRPC clients of other languages then call
/// again by themselves (transparent retry).
fn was_not_sent(status: &Status) -> bool {
    status.code() == Code::Cancelled && status.message() == "operation was canceled"
}

/// A partner's administrator and a review lead, with a channel to all replicas of each service.
struct Users {
    partner: BTreeMap<Service, AuthorizedChannel>,
    lead: BTreeMap<Service, AuthorizedChannel>,
}

impl Users {
    fn new(installation: &Installation) -> Self {
        let user = |subject: &str, role, owner| {
            let token = user_token(&installation.issuer, subject, role, owner);
            let channels = Service::ALL.iter().zip(&installation.peers).map(|(service, addresses)| {
                let channel = cpor_rpc::peer::connect(addresses, None).unwrap();
                (*service, InterceptedService::new(channel, BearerToken::new(Some(&token))))
            });
            channels.collect()
        };
        Self {
            partner: user("erik@contoso.example", Role::IncentivesAdmin, Some(CONTOSO)),
            lead: user("lena@vendor.example", Role::ReviewLead, None),
        }
    }

    /// Makes one call. Calls with different numbers are of different services.
    async fn call(&self, number: usize) -> Result<(), (Service, Status)> {
        let service = Service::ALL[number % Service::ALL.len()];
        let (partner, lead) = (self.partner[&service].clone(), self.lead[&service].clone());
        let tenant = format!("tenants/{FABRIKAM}");
        let outcome = match service {
            Service::ClaimIntake if number.is_multiple_of(2) => {
                let claim = Some(cpor_proto::claims::v1::Claim { mpn_id: "1001".into(), ..Default::default() });
                let request = CreateClaimRequest { parent: CONTOSO.into(), claim, ..Default::default() };
                ClaimServiceClient::new(partner).create_claim(request).await.map(drop)
            }
            Service::ClaimIntake => {
                let request = ListClaimsRequest { parent: CONTOSO.into(), page_size: 1, ..Default::default() };
                ClaimServiceClient::new(partner).list_claims(request).await.map(drop)
            }
            Service::PoeReview => {
                let request = ListReviewCasesRequest { parent: tenant, ..Default::default() };
                ReviewServiceClient::new(lead).list_review_cases(request).await.map(drop)
            }
            Service::CustomerConsent => {
                let request = ListConsentsRequest { parent: tenant, ..Default::default() };
                ConsentServiceClient::new(lead).list_consents(request).await.map(drop)
            }
            Service::Eligibility => {
                let request = ListAssessmentsRequest { parent: tenant, ..Default::default() };
                EligibilityServiceClient::new(partner).list_assessments(request).await.map(drop)
            }
            Service::Registry => {
                let request = GetPartnerRequest { name: CONTOSO.into() };
                RegistryServiceClient::new(partner).get_partner(request).await.map(drop)
            }
        };
        outcome.map_err(|status| (service, status))
    }
}
