//! Implements ExportClaims, which streams claims as CSV or JSON lines (R59). Claims are read in
//! pages of 100, as fast as the caller receives them. At most two pages are in memory.
use super::{RpcResult, convert, export_file, list_query::parse_list_query, view::View};
use crate::{
    error::CallError,
    service::ClaimIntake,
    store::{Claims, ListQuery},
};
use cpor_listing::Cursor;
use cpor_proto::{
    claims::v1::{ExportClaimsRequest, ExportClaimsResponse},
    r#type::v1::ExportFormat,
};
use cpor_rpc::request::validate;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use std::pin::Pin;
use tonic::{Request, Response, Status};

/// The stream of response messages.
pub(super) type ExportStream = Pin<Box<dyn Stream<Item = Result<ExportClaimsResponse, Status>> + Send>>;

/// The number of claims that one read returns.
const PAGE_SIZE: u64 = 100;
/// The size up to which rows are collected in one message. It is well below the message size that
/// clients accept by default.
const MESSAGE_BYTES: usize = 1 << 20;

pub(super) async fn export_claims(
    intake: &ClaimIntake,
    request: Request<ExportClaimsRequest>,
) -> RpcResult<ExportStream> {
    let (caller, request) = validate(request)?;
    let query = parse_list_query(&request.parent, &request.filter, &request.order_by)?;
    let reader =
        ExportReader { intake: intake.clone(), query, view: View::for_caller(&caller), format: request.format() };
    let header = match reader.format {
        ExportFormat::Csv => Some(export_file::csv_header()),
        ExportFormat::JsonLines | ExportFormat::Unspecified => None,
    };
    let header_message = header.map(|data| Ok(ExportClaimsResponse { data: data.into_bytes() }));
    let pages = stream::try_unfold(Some((reader, None)), |state| async move {
        let Some((reader, after)) = state else { return Ok(None) };
        let (messages, next) = reader.read_page(after).await?;
        Ok::<_, Status>(Some((messages, next.map(|next| (reader, Some(next))))))
    });
    let messages = pages.map_ok(|messages| stream::iter(messages.into_iter().map(Ok))).try_flatten();
    Ok(Response::new(stream::iter(header_message).chain(messages).boxed()))
}

/// Reads the exported claims page by page.
struct ExportReader {
    intake: ClaimIntake,
    query: ListQuery,
    view: View,
    format: ExportFormat,
}

impl ExportReader {
    /// Reads the page after the cursor `after` and returns its rows as messages of up to
    /// [`MESSAGE_BYTES`]. The rows of a larger claim are one message. Also returns the cursor of
    /// the next page, unless this page is the last one.
    async fn read_page(&self, after: Option<Cursor>) -> Result<(Vec<ExportClaimsResponse>, Option<Cursor>), Status> {
        let claims = Claims::in_scope(self.intake.reader(), &self.query.scope);
        let page = claims.list(&self.query, after.as_ref(), PAGE_SIZE).await.map_err(CallError::from)?;
        let is_full = page.len() as u64 == PAGE_SIZE;
        let next = page.last().filter(|_| is_full).map(|(cursor, _)| cursor.clone());
        let mut messages: Vec<ExportClaimsResponse> = Vec::new();
        for (_, claim) in page {
            let claim = convert::claim_to_wire(claim, self.view, &self.intake.rules)?;
            let rows = match self.format {
                ExportFormat::Csv => export_file::csv_rows(&claim),
                ExportFormat::JsonLines | ExportFormat::Unspecified => cpor_rpc::json::to_line(&claim)?,
            };
            match messages.last_mut().filter(|message| message.data.len() + rows.len() <= MESSAGE_BYTES) {
                Some(message) => message.data.extend(rows.into_bytes()),
                None => messages.push(ExportClaimsResponse { data: rows.into_bytes() }),
            }
        }
        Ok((messages, next))
    }
}
