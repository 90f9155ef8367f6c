//! The texts that customers read, in one language. Each text is a field, whose comment says when
//! the text is shown. A translation file with a missing or an unknown key does not load, and the
//! compiler reports a text that is never used.
//!
//! A *notice* is a mail to the customer contact about a claim. The *consent window* is the time in
//! which silence of the customer counts as consent. The *association* is the record of the partner
//! for the customer, which becomes *official* when the claim is approved and the customer consents.

use cpor_mail::text_sections;
pub use cpor_mail::texts::TranslationError;
pub(crate) use cpor_mail::texts::{Text, TimeTexts};
use serde::Deserialize;

/// All texts in one language, as in the file `texts/<language>.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Translation {
    /// The BCP 47 tag of the language, for `lang` and `Content-Language`.
    pub(crate) language: String,
    /// The name of the language in that language.
    pub(crate) name: String,
    /// The names of activities and products.
    pub(crate) product: ProductTexts,
    /// The length of the consent window.
    pub(crate) window_length: WindowLengthTexts,
    /// The formats of points in time.
    pub(crate) time: TimeTexts,
    /// The table of the claim's details.
    pub(crate) claim_details: ClaimDetailsTexts,
    /// The changes that the partner made after the submission.
    pub(crate) change: ChangeTexts,
    /// The data that the partner will see.
    pub(crate) partner_access: PartnerAccessTexts,
    /// The effect if the customer does nothing.
    pub(crate) no_response: NoResponseTexts,
    /// The time until which the customer can decline.
    pub(crate) decline_until: DeclineUntilTexts,
    /// The choices of the status page.
    pub(crate) choice: ChoiceTexts,
    /// The status page.
    pub(crate) page: PageTexts,
    /// The page that asks for confirmation.
    pub(crate) confirm: ConfirmTexts,
    /// The error pages.
    pub(crate) problem: ProblemTexts,
    /// The notices.
    pub(crate) mail: MailTexts,
    /// The mails to holders of legacy associations, and the page for their statements.
    pub(crate) holder: HolderTexts,
    /// The mails that confirm a decision.
    pub(crate) confirmation: ConfirmationTexts,
}

text_sections! {
    /// The names of activities and products.
    ProductTexts {
        /// The activity *usage*.
        usage,
        /// The activity *pre-sales*.
        pre_sales,
        /// The activity *revenue association*.
        revenue_association,
        /// A product with the id of its subscription.
        subscription,
    }
    /// The length of the consent window.
    WindowLengthTexts {
        calendar_days,
        business_days,
    }
    /// The table of the claim's details: heading, row names and values.
    ClaimDetailsTexts {
        heading,
        /// Row name: the partner.
        partner,
        /// The partner with the Microsoft Partner Network (MPN) id of its location.
        partner_with_location,
        /// Row name: the customer.
        customer,
        /// The customer's name, with its domain in brackets.
        customer_with_domain,
        /// Row name: the name of the claim.
        claim,
        /// Row name: the activities.
        work,
        /// Row name: the products.
        products,
    }
    /// The changes that the partner made after the submission (R29).
    ChangeTexts {
        heading,
        /// The products that were added.
        added,
        /// The products that were removed.
        removed,
        /// The customer contact is another person.
        contact,
        /// An earlier approval no longer counts.
        lapsed,
    }
    /// The data that the partner will see (R40).
    PartnerAccessTexts {
        heading,
        /// The partner sees usage figures.
        figures,
        /// The partner sees no content.
        no_content,
        /// The access begins and ends with the official association.
        ends,
    }
    /// The effect if the customer does nothing (R42), depending on the state of the consent.
    NoResponseTexts {
        heading,
        /// The claim is not approved yet.
        requested,
        /// The claim is not approved yet, and the window starts with the notice at submission.
        requested_counted_from_submission,
        /// The claim is not approved yet, and the window is open.
        requested_in_window,
        /// The claim is not approved yet, and the window has passed.
        requested_window_passed,
        /// The customer declined before a dispute: silence rejects the claim.
        declined_before_dispute,
        /// The claim is approved, and no notice has been accepted yet.
        awaiting_delivery,
        /// The claim is approved, and the window is open.
        window_open,
        /// The customer approved, and the claim is not approved yet.
        approved_before_review,
        /// The association is official, and the window has not passed yet.
        official_in_window,
        /// Silence does not count, because the contact is not authorized.
        contact_unauthorized,
    }
    /// The time until which the customer can decline (R41), depending on the state of the consent.
    DeclineUntilTexts {
        heading,
        /// The window starts with the notice at approval.
        requested,
        /// The window starts when a notice is accepted.
        awaiting_delivery,
        /// The window is open.
        window_open,
        /// The window is open, and only an explicit approval counts.
        declined_before_dispute,
        /// The window has passed, and a reviewer has to confirm the contact.
        contact_unauthorized,
        /// The policy allows a decline after the window too.
        any_time,
    }
    /// The two choices of the status page. A hint explains a choice.
    ChoiceTexts {
        heading,
        /// Label of the choice to approve.
        approve,
        /// The claim is not approved yet.
        approve_hint_requested,
        /// The claim is approved.
        approve_hint_approved,
        /// Label of the choice to decline.
        decline,
        /// The association is not official.
        decline_hint,
        /// The association is official.
        decline_hint_granted,
        /// Each choice must be confirmed.
        confirmation_note,
    }
    /// The status page: the label of the language switch, and titles and paragraphs for each state
    /// of the consent.
    PageTexts {
        /// Label of the language switch.
        language,
        /// Title while the customer can decide.
        title,
        /// The claim is not approved yet.
        requested,
        /// The customer approved, and the claim is not approved yet.
        approved_before_review,
        /// The contact approved, and a reviewer has to confirm the contact.
        approval_unconfirmed,
        /// The claim is approved, and the reader of the link can approve or decline it.
        approved,
        /// The claim is approved, and the reader of the link cannot approve it.
        approved_without_choice,
        /// The customer declined before a dispute.
        declined_before_dispute,
        /// The link can only decline.
        outdated_link,
        /// The customer approved, and can still decline.
        official_in_window,
        /// The association is official because of an approval that only claim-intake has recorded,
        /// and the customer can still decline.
        official_in_window_by_report,
        /// Title while the association is official.
        granted_title,
        /// The customer approved, and the window has passed.
        official_by_approval,
        /// The window passed in silence.
        official_by_silence,
        /// The association is official because of an approval that only claim-intake has recorded.
        official_by_report,
        /// The customer can no longer decline.
        too_late_to_decline,
        /// Title after a decline.
        declined_title,
        /// The customer declined.
        declined,
        /// Silence counted as a decline.
        declined_silent,
        /// Title after a rejection.
        disputable_title,
        /// The rejection can be disputed, and the customer can decline.
        disputable,
        /// Title after the end of the claim.
        closed_title,
        /// The claim was closed.
        closed,
    }
    /// The page that asks the reader to confirm a decision.
    ConfirmTexts {
        approve_title,
        /// The claim is not approved yet.
        approve_lead_requested,
        /// The claim is approved.
        approve_lead_now,
        /// Label of the box that confirms an approval.
        approve_check,
        approve_button,
        decline_title,
        /// The association is not official.
        decline_lead,
        /// The association is official.
        decline_lead_granted,
        /// Label of the box that confirms a decline.
        decline_check,
        decline_button,
        /// Label of the comment.
        comment,
        comment_hint,
        /// Link back to the status page.
        back,
        /// The box was not ticked.
        missing,
        /// The comment is too long.
        too_long,
    }
    /// The error pages, each with a title and a paragraph, and the footer of all pages.
    ProblemTexts {
        /// The start page of the site, which says where the links are.
        start_title,
        start,
        /// The link does not exist or has expired.
        unknown_title,
        unknown,
        /// The session has expired, or the browser keeps no cookies.
        session_title,
        session,
        /// The form cannot be read.
        form_title,
        form,
        /// The form came from another site.
        foreign_title,
        foreign,
        /// The service cannot answer now.
        busy_title,
        busy,
        /// The footer of all pages.
        footer,
    }
    /// The mails to holders of legacy associations, and the page for their statements: subjects,
    /// first paragraphs (lead) and paragraphs on what the holder can do (ask). A legacy association
    /// was recorded before claims existed.
    HolderTexts {
        contested_subject,
        contested_lead,
        contested_ask,
        statement_subject,
        statement_lead,
        statement_ask,
        reminder_subject,
        reminder_lead,
        /// The time until which the holder can answer.
        until,
        lost_subject,
        superseded_lead,
        declined_lead,
        expired_lead,
        lost_ask,
        /// Label of the link.
        link,
        /// Opening the link decides nothing.
        opening_note,
        /// The reason why the recipient gets the mail.
        reason,
        /// Title of the page.
        title,
        /// Label of the text field.
        label,
        hint,
        /// Label of the box that confirms the statement.
        check,
        button,
        /// The statement is empty, too long or not confirmed.
        missing,
        sent_title,
        sent,
        over_title,
        over,
    }
    /// The notices: subjects, first paragraphs (lead) and requests (ask) for each kind of notice.
    MailTexts {
        greeting,
        submission_subject,
        /// The claim is not approved yet.
        submission_lead,
        /// The claim was approved before the notice was sent.
        submission_lead_checked,
        submission_ask,
        approval_subject,
        approval_lead,
        /// The association is official.
        approval_subject_granted,
        /// The association is official.
        approval_lead_granted,
        approval_ask,
        /// The customer has approved.
        approved_ask,
        change_subject,
        change_lead,
        /// The recipient is no longer the contact and can only decline.
        former_contact_ask,
        dispute_subject,
        dispute_lead,
        /// Only an explicit approval makes the association official.
        explicit_subject,
        /// The consent window is counted from the acceptance of this mail.
        counted_until,
        /// Label of the consent link.
        link,
        /// Opening the link decides nothing.
        opening_note,
        /// The reason why the recipient gets this mail.
        reason,
        /// The mail was sent automatically.
        automatic,
    }
    /// The mails that confirm a decision to the contact (R43a).
    ConfirmationTexts {
        approved_subject,
        /// The customer approved the claim.
        approved,
        /// The approval counts when a reviewer has confirmed the contact.
        approved_unconfirmed,
        /// What to do if the recipient did not approve.
        if_not_approved,
        declined_subject,
        /// The customer declined the claim.
        declined,
        /// What to do if the recipient did not decline.
        if_not_declined,
        /// The reason why the recipient gets this mail.
        reason,
    }
}

impl Translation {
    /// Parses the content of the translation file with the name `file`.
    pub(crate) fn read(file: &'static str, content: &str) -> Result<Self, TranslationError> {
        toml::from_str(content).map_err(|error| TranslationError { file, reason: error.to_string() })
    }
}
