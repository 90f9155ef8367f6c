//! ConfirmCustomerContact: confirms that the customer contact can decide for the tenant (R43a).
//! Executes one command in one transaction; `Api::execute_command` lists the statements.
use super::{Api, reviewer};
use crate::domain::ReviewCase;
use cpor_proto::reviews::v1::{ConfirmCustomerContactRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ConfirmCustomerContactRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let person = reviewer(&caller);
    let decide = move |case: &ReviewCase, now| case.confirm_contact(&person, now);
    let committed = api.execute_command("confirm_customer_contact", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
