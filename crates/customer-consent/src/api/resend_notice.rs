//! The RPC `ResendNotice`: sends the last notice (a mail to the customer contact) again.

use std::sync::Arc;

use cpor_durable::{AggregateKey, Command, RequestId};
use cpor_process::rate_limit::{RateLimit, per_hour};
use cpor_proto::consents::v1::{Consent, ResendNoticeRequest};
use cpor_rpc::request;
use tonic::Request;

use super::{Api, RpcResult, consent_key, consent_response};
use crate::domain::Refusal;

/// Limits how often the notice of a claim is sent again, so that nobody can flood the mailbox of a
/// customer. All clones share the counters.
#[derive(Clone)]
pub(crate) struct NoticeLimit {
    limit: Arc<RateLimit>,
    per_hour: u32,
}

impl NoticeLimit {
    pub(crate) fn new(notices_per_hour: u32) -> Self {
        Self { limit: Arc::new(RateLimit::new(per_hour(notices_per_hour))), per_hour: notices_per_hour }
    }

    /// Counts a notice of this consent.
    fn check(&self, consent: &AggregateKey) -> Result<(), Refusal> {
        let refused = |wait| Refusal::TooManyNotices { limit: self.per_hour, wait };
        self.limit.check((&consent.owner, consent.id)).map_err(refused)
    }
}

/// Handles `ResendNotice`: queues the last mail to the customer contact again (R44). Takes one
/// transaction (five to seven round trips to the database and one fsync). Commands that wait
/// at the same time share it. The mail is sent in the background. Only notices that are queued are
/// counted.
pub(super) async fn resend_notice(api: &Api, request: Request<ResendNoticeRequest>) -> RpcResult<Consent> {
    let (caller, request) = request::validate(request)?;
    let key = consent_key(&request.name)?;
    let count = {
        let (resends, key, validate_only) = (api.resends.clone(), key.clone(), request.validate_only);
        move || if validate_only { Ok(()) } else { resends.check(&key) }
    };
    let command = Command::new("resend_notice", key, caller.actor.clone())
        .expect_etag(&request.etag)
        .request(RequestId::from_request(&caller, "ResendNotice", &request)?)
        .validate_only(request.validate_only);
    let result = api.consents.resend_notice(command, api.entropy.uuid(), count).await;
    api.sender.wake();
    consent_response(&caller, &request.name, result)
}
