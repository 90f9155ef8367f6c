//! Steps with the notices to the customer of a claim.

use anyhow::Context as _;
use cpor_proto::consents::v1::{GetConsentRequest, RecordBounceRequest};

use super::DemoClaim;

impl DemoClaim<'_> {
    /// The operator records that the last notice to the customer bounced after the customer's mail
    /// system had accepted it (R41b).
    pub(in crate::demo) async fn record_bounce(&mut self) -> anyhow::Result<()> {
        let operator = &self.system.operator;
        let name = self.current.consent.clone();
        let consent = operator.consents().get_consent(GetConsentRequest { name: name.clone() }).await?.into_inner();
        let notice = consent.notices.iter().max_by_key(|notice| notice.queue_time.map(|time| time.seconds));
        let request = RecordBounceRequest {
            name,
            notice_id: notice.context("no notice was sent")?.notice_id.clone(),
            status_code: "5.1.1".into(),
            ..RecordBounceRequest::default()
        };
        operator.consents().record_bounce(request).await?;
        let note = "records that the notice bounced: the mailbox does not exist; the consent window stops";
        self.report("bounce", operator.label, note.into()).await
    }
}
