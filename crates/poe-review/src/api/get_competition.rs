//! GetCompetition: returns a case together with its rivals, which are the cases of other companies
//! that claim the same workloads or subscriptions (R37). Executes one query for the case and one
//! for each rival.
use super::{Api, case_for_caller, from_proto};
use crate::store::case_query::CaseQuery;
use cpor_call::status;
use cpor_proto::reviews::v1::{Competition, GetCompetitionRequest, Rival};
use cpor_rpc::request::validate;
use cpor_types::{AssociationKey, TenantKey};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<GetCompetitionRequest>,
) -> Result<Response<Competition>, Status> {
    let (caller, request) = validate(request)?;
    let name = from_proto::case_name(&request.name)?;
    let query = CaseQuery::for_tenant(api.db.reader(), name.tenant);
    let case = query.find(name.case).await.map_err(|cause| cpor_durable::status::store_error(&cause))?;
    let case = case.ok_or_else(|| status::not_found(&request.name))?;
    let mut rivals = Vec::new();
    for (rival_id, keys) in &case.state.competition.rivals {
        let rival = query.find(*rival_id).await.map_err(|cause| cpor_durable::status::store_error(&cause))?;
        let full_name = |key: &AssociationKey| TenantKey { tenant: name.tenant, key: key.clone() }.to_string();
        let keys = keys.iter().map(full_name).collect();
        rivals.extend(rival.map(|rival| Rival { review_case: Some(case_for_caller(&caller, &rival)), keys }));
    }
    Ok(Response::new(Competition { review_case: Some(case_for_caller(&caller, &case)), rivals }))
}
