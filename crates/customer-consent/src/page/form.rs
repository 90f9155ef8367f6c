use serde::Deserialize;

/// Longest comment, in characters; the same as that of `DeclineConsent`.
pub(super) const MAX_COMMENT: usize = 2000;

/// What a customer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    /// R26a.
    Approve,
    /// R26.
    Decline,
}

impl Decision {
    /// As it stands in links and forms.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
        }
    }
}

/// What a link on the page asks to be shown. Anything else shows the first page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct QueryParams {
    #[serde(default)]
    decision: String,
    /// The language that the reader switched to.
    #[serde(default)]
    pub(super) lang: String,
}

impl QueryParams {
    /// The decision that is to be confirmed, if any.
    pub(super) fn decision(&self) -> Option<Decision> {
        [Decision::Approve, Decision::Decline].into_iter().find(|decision| decision.as_str() == self.decision)
    }
}

/// A form, as it was sent.
#[derive(Deserialize)]
pub(super) struct Form {
    /// What is decided.
    pub(super) decision: Decision,
    /// `yes` when the box was ticked.
    #[serde(default)]
    pub(super) confirm: String,
    /// Why; a decline's only.
    #[serde(default)]
    pub(super) comment: String,
}

impl Form {
    /// Whether this is a deliberate act (R43).
    pub(super) fn is_confirmed(&self) -> bool {
        self.confirm == "yes"
    }

    /// The comment without what browsers and people leave around it, and without U+0000, which PostgreSQL does not keep.
    pub(super) fn comment(&self) -> String {
        self.comment.replace("\r\n", "\n").replace('\0', "").trim().to_owned()
    }

    /// Whether the comment is longer than the partner should have to read.
    pub(super) fn is_too_long(&self) -> bool {
        self.comment().chars().count() > MAX_COMMENT
    }
}
