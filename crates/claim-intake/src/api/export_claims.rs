//! ExportClaims (R59): a read of 100 claims after the other, as fast as the caller takes them; in memory are the claims of two.
use super::{Answer, convert, export_file, view::View, wanted::wanted};
use crate::{
    intake::{Failed, Intake},
    store::{Claims, Cursor, Wanted},
};
use cpor_kit::request::open;
use cpor_proto::claims::v1::{ExportClaimsRequest, ExportClaimsResponse, ExportFormat};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use std::pin::Pin;
use tonic::{Request, Response, Status};

/// The stream of an answer.
pub(super) type Export = Pin<Box<dyn Stream<Item = Result<ExportClaimsResponse, Status>> + Send>>;

/// Claims that are read at once.
const CHUNK: u64 = 100;
/// Bytes of a message, well below what clients take.
const PART: usize = 1 << 20;

pub(super) async fn export_claims(intake: &Intake, request: Request<ExportClaimsRequest>) -> Answer<Export> {
    let (caller, request) = open(request)?;
    let wanted = wanted(&request.parent, &request.filter, &request.order_by)?;
    let file = File { intake: intake.clone(), wanted, view: View::of(&caller), format: request.format() };
    let header = match file.format {
        ExportFormat::Csv => Some(export_file::csv_header()),
        ExportFormat::JsonLines | ExportFormat::Unspecified => None,
    };
    let first = header.map(|data| Ok(ExportClaimsResponse { data: data.into_bytes() }));
    let pages = stream::try_unfold(Some((file, None)), |place| async move {
        let Some((file, after)) = place else { return Ok(None) };
        let (parts, after) = file.page(after).await?;
        Ok::<_, Status>(Some((parts, after.map(|after| (file, Some(after))))))
    });
    let parts = pages.map_ok(|parts| stream::iter(parts.into_iter().map(Ok))).try_flatten();
    Ok(Response::new(stream::iter(first).chain(parts).boxed()))
}

/// What is exported, for whom.
struct File {
    intake: Intake,
    wanted: Wanted,
    view: View,
    format: ExportFormat,
}

impl File {
    /// The next lines in parts of [`PART`] or, where one claim has more, that, and where to go on, if there may be more.
    async fn page(&self, after: Option<Cursor>) -> Result<(Vec<ExportClaimsResponse>, Option<Cursor>), Status> {
        let claims = Claims::of(self.intake.reader(), &self.wanted.scope);
        let found = claims.list(&self.wanted, after, CHUNK).await.map_err(Failed::from)?;
        let full = found.len() as u64 == CHUNK;
        let after = found.last().filter(|_| full).map(|(cursor, _)| cursor.clone());
        let mut parts: Vec<ExportClaimsResponse> = Vec::new();
        for (_, claim) in found {
            let claim = convert::claim(claim, self.view, &self.intake.rules)?;
            let lines = match self.format {
                ExportFormat::Csv => export_file::csv(&claim),
                ExportFormat::JsonLines | ExportFormat::Unspecified => cpor_kit::json::line(&claim)?,
            };
            match parts.last_mut().filter(|part| part.data.len() + lines.len() <= PART) {
                Some(part) => part.data.extend(lines.into_bytes()),
                None => parts.push(ExportClaimsResponse { data: lines.into_bytes() }),
            }
        }
        Ok((parts, after))
    }
}
