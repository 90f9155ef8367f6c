//! The RPC `ResendNotice`: sends the last notice (a mail to the customer contact) again.

use cpor_call::status;
use cpor_durable::{AggregateKey, Command, RequestId};
use cpor_process::rate_limit::{RateLimit, per_hour};
use cpor_proto::consents::v1::{Consent, ResendNoticeRequest};
use cpor_proto::options::v1::ErrorReason;
use cpor_rpc::request;
use tonic::{Request, Status};

use super::{Api, RpcResult, consent_key, consent_response};

/// Limits how often the notice of a claim is sent again, so that nobody can flood the mailbox of a
/// customer.
pub(crate) struct NoticeLimit {
    limit: RateLimit,
    per_hour: u32,
}

impl NoticeLimit {
    pub(crate) fn new(notices_per_hour: u32) -> Self {
        Self { limit: RateLimit::new(per_hour(notices_per_hour)), per_hour: notices_per_hour }
    }

    /// Counts a notice of this consent.
    fn check(&self, consent: &AggregateKey) -> Result<(), Status> {
        self.limit.check((&consent.owner, consent.id)).map_err(|wait| {
            let limit = self.per_hour.to_string();
            let message =
                format!("the notice was sent again too often: at most {limit} times an hour; try again later");
            let reason = ErrorReason::TooManyNotices.as_str_name();
            status::resource_exhausted(reason, message, &[("limit", &limit)], wait)
        })
    }
}

/// Handles `ResendNotice`: queues the last mail to the customer contact again (R44). Takes one
/// transaction (five to seven round trips to the database and one fsync), which commands that wait
/// at the same time share. The mail is sent in the background.
pub(super) async fn resend_notice(api: &Api, request: Request<ResendNoticeRequest>) -> RpcResult<Consent> {
    let (caller, request) = request::validate(request)?;
    let key = consent_key(&request.name)?;
    if !request.validate_only {
        api.resends.check(&key)?;
    }
    let command = Command::new("resend_notice", key, caller.actor.clone())
        .expect_etag(&request.etag)
        .request(RequestId::from_request(&caller, "ResendNotice", &request)?)
        .validate_only(request.validate_only);
    let result = api.consents.resend_notice(command, api.entropy.uuid()).await;
    api.sender.wake();
    consent_response(&caller, &request.name, result)
}
