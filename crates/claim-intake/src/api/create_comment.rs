//! Implements CreateComment, which adds a comment to a claim (R55). Cost: one transaction, and one
//! read if a request with the same request id was already handled.
use super::{RpcResult, convert, error};
use crate::{
    call::Call,
    domain::{Comment, Refusal, ViolationReason},
    error::CallError,
    service::ClaimIntake,
    store::Comments,
};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::{ActorSide, CommentId, EvidenceId, EvidenceName, LineId, Personal, Timestamp, is_blank};
use tonic::{Request, Response, Status};

pub(super) async fn create_comment(
    intake: &ClaimIntake,
    request: Request<wire::CreateCommentRequest>,
) -> RpcResult<wire::Comment> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "CreateComment", &request.parent)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let comment = request.comment.unwrap_or_default();
    let (evidence, line) = parse_target(&call, &comment)?;
    let new_comment =
        NewComment { id: comment_id(intake, &call), side: call.actor.side, text: comment.text.into(), evidence, line };

    let written = new_comment.clone();
    let outcome = intake.decide(&call, move |claim, now| claim.comment(written.written_at(now), now).map(Some)).await?;

    let comment = if outcome.replayed {
        find_comment(intake, &call, new_comment.id).await?
    } else {
        new_comment.written_at(outcome.claim.state.update_time)
    };
    Ok(Response::new(convert::comment_to_wire(&call.claim, comment)))
}

/// A comment that is not written yet and therefore has no time. The time is that of the decision.
#[derive(Clone)]
pub(super) struct NewComment {
    id: CommentId,
    side: ActorSide,
    text: Personal,
    evidence: Option<EvidenceId>,
    line: Option<LineId>,
}

impl NewComment {
    /// Creates a comment that comes with another command, such as a dispute; returns `None` if the
    /// text is blank.
    pub(super) fn from_text(intake: &ClaimIntake, call: &Call, text: &str) -> Option<Self> {
        let comment = || Self {
            id: CommentId(intake.entropy.uuid()),
            side: call.actor.side,
            text: text.into(),
            evidence: None,
            line: None,
        };
        (!is_blank(text)).then(comment)
    }

    /// Returns the comment as written at `time`.
    pub(super) fn written_at(&self, time: Timestamp) -> Comment {
        let Self { id, side, text, evidence, line } = self.clone();
        Comment { id, side, text, time, evidence, line }
    }
}

/// Parses the document and the line (the claimed workload or subscription) that the comment is
/// about (R55).
///
/// # Errors
/// Returns the status INVALID_ARGUMENT if a name or id is malformed, or if the document belongs to
/// another claim.
fn parse_target(call: &Call, comment: &wire::Comment) -> Result<(Option<EvidenceId>, Option<LineId>), Status> {
    let malformed =
        |field, description: String| error::invalid_field(field, ViolationReason::FieldMalformed, description);
    let evidence = non_empty(&comment.evidence).map(str::parse::<EvidenceName>).transpose();
    let evidence = evidence.map_err(|error| malformed("comment.evidence", error.to_string()))?;
    if evidence.as_ref().is_some_and(|name| (&name.partner, name.claim) != (&call.claim.partner, call.claim.claim)) {
        return Err(call.refusal_error(Refusal::UnknownTarget(vec!["evidence"])).into());
    }
    let line = non_empty(&comment.line_id).map(str::parse::<LineId>).transpose();
    let line = line.map_err(|error| malformed("comment.line_id", error.to_string()))?;
    Ok((evidence.map(|name| name.evidence), line))
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Returns the id of the new comment. If the call has a request id, the comment's id is derived
/// from it, so that a repeated request finds the comment of the first one.
fn comment_id(intake: &ClaimIntake, call: &Call) -> CommentId {
    CommentId(call.request_uuid().unwrap_or_else(|| intake.entropy.uuid()))
}

/// Reads the comment that the first request with this request id created.
async fn find_comment(intake: &ClaimIntake, call: &Call, id: CommentId) -> Result<Comment, CallError> {
    let comment = Comments::of_claim(intake.reader(), &call.claim).get(id).await?;
    comment.ok_or_else(|| call.not_found())
}
