//! The query parameters and the form of the consent page.

use serde::Deserialize;

/// The maximum length of a comment in characters, the same as in `DeclineConsent`.
pub(super) const MAX_COMMENT: usize = 2000;

/// A decision of the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    /// Approve the claim (R26a).
    Approve,
    /// Decline the claim (R26).
    Decline,
}

impl Decision {
    /// Returns the value in links and forms.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
        }
    }
}

/// The query parameters of the page, as in `?decision=approve&lang=de`. Unknown values are ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct QueryParams {
    /// The decision that the reader chose and has to confirm: `approve` or `decline`; empty if
    /// there is none.
    #[serde(default)]
    decision: String,
    /// The tag of the language that the reader switched to; empty if there is none.
    #[serde(default)]
    pub(super) lang: String,
}

impl QueryParams {
    /// Returns the decision that the reader chose and has to confirm, if any.
    pub(super) fn decision(&self) -> Option<Decision> {
        [Decision::Approve, Decision::Decline].into_iter().find(|decision| decision.as_str() == self.decision)
    }
}

/// The submitted form.
#[derive(Deserialize)]
pub(super) struct Form {
    /// The decision to execute.
    pub(super) decision: Decision,
    /// The secret of the session whose page contained the form.
    #[serde(default)]
    pub(super) session: String,
    /// `yes` if the reader ticked the box.
    #[serde(default)]
    pub(super) confirm: String,
    /// The reason for a decline; may be empty.
    #[serde(default)]
    pub(super) comment: String,
}

/// The submitted form with the statement of the holder of a legacy association, which was recorded
/// before claims existed (R58a).
#[derive(Deserialize)]
pub(super) struct StatementForm {
    /// The secret of the session whose page contained the form.
    #[serde(default)]
    pub(super) session: String,
    /// `yes` if the reader ticked the box.
    #[serde(default)]
    confirm: String,
    /// The statement. The field has the same name as in the other form.
    #[serde(default)]
    comment: String,
}

impl StatementForm {
    /// Returns the statement, cleaned by [`clean_text`].
    pub(super) fn text(&self) -> String {
        clean_text(&self.comment)
    }

    /// Returns whether the statement was confirmed, is not empty and not too long.
    pub(super) fn is_complete(&self) -> bool {
        let length = self.text().chars().count();
        self.confirm == "yes" && (1..=MAX_COMMENT).contains(&length)
    }
}

/// Removes blanks at both ends of the text (also invisible ones) and U+0000, which PostgreSQL
/// cannot store, and replaces CRLF by LF.
fn clean_text(text: &str) -> String {
    cpor_types::trim_blanks(&text.replace("\r\n", "\n").replace('\0', "")).to_owned()
}

impl Form {
    /// Returns whether the reader confirmed the decision. Only a deliberate act counts (R43).
    pub(super) fn is_confirmed(&self) -> bool {
        self.confirm == "yes"
    }

    /// Returns the comment, cleaned by [`clean_text`].
    pub(super) fn comment(&self) -> String {
        clean_text(&self.comment)
    }

    /// Returns whether the comment is longer than [`MAX_COMMENT`].
    pub(super) fn is_too_long(&self) -> bool {
        self.comment().chars().count() > MAX_COMMENT
    }
}
