use cpor_kit::request;
use cpor_proto::registry::v1::{LookUpAssociationsRequest, LookUpAssociationsResponse};
use cpor_types::TenantKey;
use tonic::{Request, Response};

use super::{Answer, Api, convert, error};
use crate::store::query;

/// One indexed read; on PostgreSQL and with a virtual clock the time is read beside it. No transaction.
///
/// A time in the future is answered as of now.
pub(super) async fn look_up_associations(
    api: &Api,
    request: Request<LookUpAssociationsRequest>,
) -> Answer<LookUpAssociationsResponse> {
    let (_, request) = request::open(request)?;
    let key: TenantKey = request.key.parse().map_err(error::malformed("key"))?;
    let asked = request.as_of_time.map(|time| convert::moment("as_of_time", time)).transpose()?;
    let now = async { api.clock.now(&api.db).await.map_err(|error| error::unread(error.into())) };
    let found = async { query::on_record(api.db.reader(), &key, asked).await.map_err(error::unread) };
    let (now, found) = tokio::try_join!(now, found)?;
    let as_of = asked.map_or(now, |asked| asked.min(now));
    Ok(Response::new(LookUpAssociationsResponse {
        associations: convert::on_record(&found),
        as_of_time: Some(convert::timestamp(as_of)),
    }))
}
