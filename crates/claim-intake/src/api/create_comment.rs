//! CreateComment (R55): one decision; a repeated request id costs one read more.
use super::{Answer, convert, error};
use crate::{
    call::Call,
    domain::{Comment, Fault, Refusal},
    intake::{Failed, Intake},
    store::Comments,
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::{ActorSide, CommentId, EvidenceId, EvidenceName, LineId, Timestamp};
use tonic::{Request, Response, Status};

pub(super) async fn create_comment(
    intake: &Intake,
    request: Request<wire::CreateCommentRequest>,
) -> Answer<wire::Comment> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "CreateComment", &request.parent)?.once(&caller, &request.request_id, &request);
    let comment = request.comment.unwrap_or_default();
    let (evidence, line) = target(&call, &comment)?;
    let said = Said { id: id(intake, &call), side: call.actor.side, text: comment.text, evidence, line };

    let saying = said.clone();
    let judged = intake.decide(&call, move |claim, now| claim.comment(saying.at(now), now).map(Some)).await?;

    let comment =
        if judged.replayed { first(intake, &call, said.id).await? } else { said.at(judged.claim.state.update_time) };
    Ok(Response::new(convert::comment(&call.claim, comment)))
}

/// What somebody says, but for when.
#[derive(Clone)]
pub(super) struct Said {
    id: CommentId,
    side: ActorSide,
    text: String,
    evidence: Option<EvidenceId>,
    line: Option<LineId>,
}

impl Said {
    /// What the call says beside its business; `None` when that is nothing.
    pub(super) fn of(intake: &Intake, call: &Call, text: &str) -> Option<Self> {
        let said = || Self {
            id: CommentId(intake.entropy.uuid()),
            side: call.actor.side,
            text: text.to_owned(),
            evidence: None,
            line: None,
        };
        (!text.trim().is_empty()).then(said)
    }

    /// Said at `time`.
    pub(super) fn at(&self, time: Timestamp) -> Comment {
        let Self { id, side, text, evidence, line } = self.clone();
        Comment { id, side, text, time, evidence, line }
    }
}

/// What the comment is about (R55). A document of another claim is none of this one's, whoever's that is.
fn target(call: &Call, comment: &wire::Comment) -> Result<(Option<EvidenceId>, Option<LineId>), Status> {
    let malformed = |field, what: String| error::invalid(field, Fault::FieldMalformed, what);
    let evidence = given(&comment.evidence).map(str::parse::<EvidenceName>).transpose();
    let evidence = evidence.map_err(|name| malformed("comment.evidence", name.to_string()))?;
    if evidence.as_ref().is_some_and(|name| (&name.partner, name.claim) != (&call.claim.partner, call.claim.claim)) {
        return Err(call.refused(Refusal::UnknownTarget(vec!["evidence"])).into());
    }
    let line = given(&comment.line_id).map(str::parse::<LineId>).transpose();
    let line = line.map_err(|id| malformed("comment.line_id", id.to_string()))?;
    Ok((evidence.map(|name| name.evidence), line))
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The comment's id; under a request id it follows from that, so that a repeat finds what the first request made.
fn id(intake: &Intake, call: &Call) -> CommentId {
    CommentId(call.request_uuid().unwrap_or_else(|| intake.entropy.uuid()))
}

async fn first(intake: &Intake, call: &Call, id: CommentId) -> Result<Comment, Failed> {
    let found = Comments::of(intake.reader(), &call.claim).get(id).await?;
    found.ok_or_else(|| call.not_found())
}
