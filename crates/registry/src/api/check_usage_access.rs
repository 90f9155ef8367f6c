use cpor_kit::request;
use cpor_proto::registry::v1::{CheckUsageAccessRequest, CheckUsageAccessResponse};
use cpor_types::{PartnerName, TenantKey};
use tonic::{Request, Response};

use super::{Answer, Api, convert, error};
use crate::store::query;

/// One indexed read, no transaction (R50). What does not exist looks like what is not the partner's.
pub(super) async fn check_usage_access(
    api: &Api,
    request: Request<CheckUsageAccessRequest>,
) -> Answer<CheckUsageAccessResponse> {
    let (_, request) = request::open(request)?;
    let PartnerName { partner } = request.partner.parse().map_err(error::malformed("partner"))?;
    let key: TenantKey = request.key.parse().map_err(error::malformed("key"))?;
    let since = query::official_since(api.db.reader(), &partner, &key).await.map_err(error::unread)?;
    let official_time = since.map(convert::timestamp);
    Ok(Response::new(CheckUsageAccessResponse { allowed: since.is_some(), official_time }))
}
