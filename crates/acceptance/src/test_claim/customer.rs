//! The customer's calls.

use cpor_proto::consents::v1::{
    ApproveConsentRequest, Consent, DeclineConsentRequest, GetConsentRequest, RecordBounceRequest, ResendNoticeRequest,
};

use super::{ApiResult, TestClaim};
use crate::{Actor, FABRIKAM, LITWARE};

impl TestClaim<'_> {
    /// Returns the `customer_admin` of the claim's tenant.
    #[must_use]
    pub fn customer(&self) -> &Actor {
        match self.tenant.as_str() {
            FABRIKAM => &self.system.fabrikam,
            LITWARE => &self.system.litware,
            _ => &self.system.tailspin,
        }
    }

    /// Returns the resource name of the claim's consent.
    #[must_use]
    pub fn consent_name(&self) -> String {
        format!("tenants/{}/consents/{}", self.tenant, self.id())
    }

    /// Gets the consent as the customer.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn consent(&self) -> ApiResult<Consent> {
        let request = GetConsentRequest { name: self.consent_name() };
        Ok(self.customer().consents().get_consent(request).await?.into_inner())
    }

    /// Approves through the API as the customer.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn approve_consent(&self) -> ApiResult<Consent> {
        let request = ApproveConsentRequest { name: self.consent_name(), ..ApproveConsentRequest::default() };
        Ok(self.customer().consents().approve_consent(request).await?.into_inner())
    }

    /// Declines through the API as the customer.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn decline_consent(&self, comment: &str) -> ApiResult<Consent> {
        let request = DeclineConsentRequest {
            name: self.consent_name(),
            comment: comment.into(),
            ..DeclineConsentRequest::default()
        };
        Ok(self.customer().consents().decline_consent(request).await?.into_inner())
    }

    /// Sends the last notice again, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn resend_notice(&self, actor: &Actor) -> ApiResult<Consent> {
        let request = ResendNoticeRequest { name: self.consent_name(), ..ResendNoticeRequest::default() };
        Ok(actor.consents().resend_notice(request).await?.into_inner())
    }

    /// Records that a notice bounced, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn record_bounce(&self, actor: &Actor, notice_id: &str) -> ApiResult<Consent> {
        let request = RecordBounceRequest {
            name: self.consent_name(),
            notice_id: notice_id.into(),
            status_code: "5.1.1".into(),
            ..RecordBounceRequest::default()
        };
        Ok(actor.consents().record_bounce(request).await?.into_inner())
    }

    /// Returns the e-mail address of the customer contact.
    pub async fn contact(&self) -> String {
        self.claim().await.customer_contact.expect("a customer contact").email
    }
}
