//! A valid request for each method.

use cpor_acceptance::{FABRIKAM, Method};
use serde_json::{Value, json};

use super::fixture::ResourceNames;

/// The request of a method for these resources, as JSON. If the method can only validate a request,
/// it does.
pub(crate) fn request_for(method: &Method, names: &ResourceNames) -> Value {
    let mut request = fields_for(method, names);
    if method.input.get_field_by_name("validate_only").is_some() {
        request["validate_only"] = true.into();
    }
    request
}

fn fields_for(method: &Method, names: &ResourceNames) -> Value {
    let ResourceNames { partner, tenant, claim, evidence, comment, case, note, arbitration, .. } = names;
    let ResourceNames { draft, draft_evidence, requested, rejected, consent, notice_id, assessment, .. } = names;
    let ResourceNames { association, legacy_association, subscription, workload, key, payout, mpn_id, .. } = names;
    match method.name.as_str() {
        "CreateClaim" => json!({"parent": partner, "claim": {}}),
        "ListClaims" => json!({"parent": partner}),
        "WatchClaims" => json!({"parent": partner, "from_beginning": true}),
        "UpdateClaim" => json!({"claim": {"name": draft, "display_name": "Renamed"}}),
        "SubmitClaim" | "DeleteClaim" | "SuggestClaimLines" => json!({"name": draft}),
        "ResubmitClaim" => json!({"name": requested, "comment": "x"}),
        "DisputeClaim" => json!({"name": rejected, "justification": "x"}),
        "DeclinePayment" => json!({"name": claim}),
        "WithdrawClaim" => json!({"name": claim, "reason": "WITHDRAW_REASON_WRONG_MPN_ID"}),
        "ErasePersonalData" => json!({"name": claim, "reason": "x"}),
        "GetClaim" | "ExportClaimReceipt" | "DownloadPoeTemplate" | "ExplainClaim" => json!({"name": claim}),
        "UploadEvidence" => json!({"metadata": {"parent": draft, "file_name": "proof.pdf"}, "data": "JVBERi0xLjQK"}),
        "DownloadEvidence" | "GetEvidence" => json!({"name": evidence}),
        "DeleteEvidence" => json!({"name": draft_evidence}),
        "ListEvidence" | "ListComments" | "ListHistory" => json!({"parent": claim}),
        "CreateComment" => json!({"parent": claim, "comment": {"text": "x"}}),
        "GetComment" => json!({"name": comment}),
        "GetReviewNote" => json!({"name": note}),
        "GetArbitration" => json!({"name": arbitration}),
        "CreateReviewNote" => json!({"parent": case, "note": {"text": "x"}}),
        "ListReviewNotes" => json!({"parent": case}),
        "ArbitrateLines" => {
            let (parent, _) = case.split_once("/reviewCases/").unwrap();
            json!({"parent": parent, "awards": [{"key": format!("{parent}/workloads/none"), "winner": case}], "comment": "x"})
        }
        "ListReviewCases" => json!({"parent": tenant}),
        "WatchReviewCases" => json!({"parent": tenant, "from_beginning": true}),
        "AssignReviewCase" => json!({"name": case, "reviewer": "rita@vendor.example"}),
        "RequestPartnerAction" => {
            json!({"name": case, "reasons": ["PARTNER_ACTION_REASON_POE_MISSING"], "comment": "x"})
        }
        "RequestStatement" => json!({"name": case, "comment": "x"}),
        "RejectReviewCase" => {
            json!({"name": case, "primary_reason": "PRIMARY_REJECTION_REASON_INSUFFICIENT_POE", "comment": "x"})
        }
        "GetCompetition"
        | "GetReviewCase"
        | "TakeReviewCase"
        | "ReleaseReviewCase"
        | "StartReview"
        | "ApproveReviewCase"
        | "ConfirmCustomerContact" => {
            json!({"name": case})
        }
        "GetConsent" | "ApproveConsent" | "DeclineConsent" | "ResendNotice" => json!({"name": consent}),
        "RecordBounce" => json!({"name": consent, "notice_id": notice_id, "status_code": "5.1.1"}),
        "ListConsents" => json!({"parent": tenant}),
        "GetAssessment" => json!({"name": assessment}),
        "CreateProgramGuide" => json!({
            "program_guide_id": "matrix",
            "program_guide": {"display_name": "Matrix", "version": "1", "conditions": [
                {"name": "enrolled", "programs": ["PROGRAM_OSA_SELL"], "expression": "true", "explanation": "x"},
            ]},
        }),
        "ActivateProgramGuide" => {
            json!({"name": "programGuides/default-2026", "start_month": "2030-01"})
        }
        "SimulateProgramGuide" => json!({"name": "programGuides/default-2026"}),
        "ListEarnings" => json!({"parent": tenant}),
        "WatchEarnings" => json!({"parent": tenant, "from_beginning": true}),
        "ListPayouts" => json!({"parent": partner}),
        "GetPayout" | "ProcessPayout" => json!({"name": payout}),
        "SendPayout" => json!({"name": payout, "reference": "x", "actual_date": "2026-07-01"}),
        "ReversePayout" => json!({"name": payout, "reason": "x"}),
        // The earnings of this period are in the payout that exists.
        "CreatePayout" => json!({"parent": partner, "payout": {
            "mpn_id": mpn_id, "currency": "USD", "payout_period": "2026-Q2", "estimated_date": "2026-07-31",
        }}),
        "ImportPayouts" => json!({"rows": [{
            "partner": partner, "mpn_id": "1001", "currency": "USD", "payout_period": "2020-Q1",
            "state": "PAYOUT_STATE_UPCOMING", "estimated_date": "2020-04-20",
        }]}),
        "ExportEarnings" => json!({"parent": tenant, "format": "EXPORT_FORMAT_CSV"}),
        "RecordPayout" => json!({"payout_period": "2020-Q1", "reference": "x"}),
        // The row is refused, because workloads must be claimed anew (R58).
        "ImportLegacyAssociations" => json!({"rows": [{
            "key": format!("tenants/{FABRIKAM}/workloads/teams"), "partner": partner, "mpn_id": "1001", "activities": ["ACTIVITY_USAGE"],
        }]}),
        "GetAssociation" => json!({"name": association}),
        "DeclineLegacyAssociation" => json!({"name": legacy_association}),
        "EraseLegacyHolder" => json!({"name": legacy_association, "reason": "x"}),
        "GetSubscription" => json!({"name": subscription}),
        "GetWorkload" => json!({"name": workload}),
        "GetProduct" => json!({"name": "products/teams"}),
        "ListAssessments" | "ListSubscriptions" | "ListWorkloads" | "ListAssociations" => json!({"parent": tenant}),
        "GetProgramGuide" => json!({"name": "programGuides/default-2026"}),
        "ImportUsage" => json!({"rows": [{"key": key, "month": "2026-01", "consumption": 1}]}),
        "ListUsage" => json!({"parent": key}),
        "ImportDirectory" => json!({"rows": [{"workload": {"name": format!("tenants/{FABRIKAM}/workloads/teams")}}]}),
        "GetPartner" => json!({"name": partner}),
        "GetTenant" => json!({"name": tenant}),
        "LookupAssociations" => json!({"key": key}),
        "CheckUsageAccess" => json!({"partner": partner, "key": key}),
        "LookupKeys" => json!({"keys": [key]}),
        "CheckClaim" => json!({"partner": partner}),
        "CheckClaims" => json!({"claims": [{"partner": partner}]}),
        "LookupTenant" => json!({"domain": "fabrikam.example"}),
        "ListProducts" | "ListPartners" | "ListTenants" | "ListProgramGuides" | "GetClock" | "PlaceHold"
        | "ArbitrateHolds" | "DeliverEvents" => {
            json!({})
        }
        "ListStreams" | "ListDeadlines" => json!({"service": "SERVICE_CLAIM_INTAKE"}),
        "RetryStream" => json!({"name": "services/claim-intake/streams/claim~contoso~none~registry"}),
        "AdvanceClock" => json!({"by_seconds": 0}),
        "BatchCreateClaims" => json!({"parent": partner, "rows": [{"claim": {}}]}),
        "ExportClaims" => json!({"parent": partner, "format": "EXPORT_FORMAT_JSON_LINES"}),
        unknown => panic!("add a request for the new method {unknown}"),
    }
}
