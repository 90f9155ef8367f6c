#!/usr/bin/env bash
# One claim from draft to payment, through the public gRPC API of a running `cpor dev --clock virtual`.
#
# Contoso sold Fabrikam its Dynamics 365 Sales subscription, with 25 seats. The script drafts the
# claim, uploads the proof of execution, submits the claim, approves it as reviewer and as customer,
# imports a month of usage, and records the payout of the quarter. Every call is printed with its
# request. The script stops at the first call that fails.
#
# Start the system in one terminal, on a data directory that has not seen this claim:
#   cargo run -- dev --clock virtual
# Run the script in another:
#   examples/paid-claim.sh
#
# Variables:
#   ADDRESS  the gRPC address of the system     (default: 127.0.0.1:50051)
#   DATA     the data directory of the system   (default: cpor-data)
#   CPOR     the command that runs cpor         (default: cargo run --quiet -- in this repository)
#   VERBOSE  1 prints the whole responses       (default: only the fields that matter)
#
# It needs grpcurl (https://github.com/fullstorydev/grpcurl), base64 and sed.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ADDRESS=${ADDRESS:-127.0.0.1:50051}
DATA=${DATA:-cpor-data}
CPOR=${CPOR:-cargo run --quiet --manifest-path $REPOSITORY/Cargo.toml --package cpor --}
VERBOSE=${VERBOSE:-0}
HINT=

CLAIMS=cpor.claims.v1.ClaimService
REVIEWS=cpor.reviews.v1.ReviewService
CONSENTS=cpor.consents.v1.ConsentService
REGISTRY=cpor.registry.v1.RegistryService
ELIGIBILITY=cpor.eligibility.v1.EligibilityService
OPERATIONS=cpor.operations.v1.OperationsService

# Ids of the example directory (examples/directory.json).
TENANT=6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10
SUBSCRIPTION=2b7e4a90-93f1-4f5e-8d57-0a1c6e9d4f21
PROOF=$REPOSITORY/examples/poe-presales-fabrikam.docx

fail() {
    echo "paid-claim: $*" >&2
    exit 1
}

step() {
    printf '\n== %s\n' "$*"
}

# Prints a token for a role: `token poe_reviewer`, `token incentives_admin --partner contoso`.
token() {
    # CPOR is a command with arguments, so it is split into words.
    # shellcheck disable=SC2086
    $CPOR token --key "$DATA/user.pem" --role "$@"
}

# Calls a method, `call TOKEN METHOD REQUEST`, and keeps the JSON of the response in RESPONSE.
# The request is passed on standard input, because a proof is too long for an argument. HINT is added
# to the message if the call fails.
call() {
    printf '   %s %s\n' "$2" "$(sed -E 's/("data": *"[^"]{24})[^"]*/\1.../' <<<"$3" | tr -s ' \n' ' ')"
    RESPONSE=$(grpcurl -plaintext -H "authorization: Bearer $1" -d @ "$ADDRESS" "$2" <<<"$3") ||
        fail "$2 failed; see the error above${HINT:+. $HINT}"
    if [ "$VERBOSE" = 1 ]; then
        printf '%s\n' "$RESPONSE"
    fi
}

# Prints the first value of a field of RESPONSE. grpcurl writes each field on a line of its own.
field() {
    sed -nE "s/^ *\"$1\": *\"?([^\",]*)\"?,?\$/\\1/p" <<<"$RESPONSE" | head -n 1
}

# Stops unless a field of RESPONSE has the expected value.
expect() {
    local value
    value=$(field "$1")
    [ "$value" = "$2" ] || fail "$1 is '$value', expected '$2'"
    printf '   -> %s: %s\n' "$1" "$value"
}

# Moves the virtual clock and waits until every event between the services is delivered and every
# deadline that is due has passed.
advance_clock() {
    call "$OPERATOR" "$OPERATIONS/AdvanceClock" "$1"
    # A list in the response names work that is not finished.
    case $RESPONSE in *'['*) fail "the system is not idle: $RESPONSE" ;; esac
}

wait_until_idle() {
    advance_clock '{"by_seconds": 0}'
}

# Prints the month that comes so many months after YYYY-MM: `month_after 2026-12 2` is 2027-02.
month_after() {
    local months=$((${1%-*} * 12 + 10#${1#*-} - 1 + $2))
    printf '%04d-%02d' $((months / 12)) $((months % 12 + 1))
}

for program in grpcurl base64 sed; do
    command -v "$program" >/dev/null || fail "$program is missing; install it first"
done
[ -f "$DATA/user.pem" ] || fail "$DATA/user.pem is missing: set DATA to the data directory of \`cpor dev\`"

step "Tokens for everybody who takes part"
CONTOSO=$(token incentives_admin --partner contoso)
REVIEWER=$(token poe_reviewer)
CUSTOMER=$(token customer_admin --tenant "$TENANT")
DIRECTORY=$(token directory_sync)
MANAGER=$(token program_manager)
OPERATOR=$(token operator)

HINT="Does \`cpor dev --clock virtual\` run at $ADDRESS with the data directory $DATA?"
wait_until_idle
HINT=
NOW=$(field time)
# The association becomes official in this month, and is credited from the next one on (R50).
CREDITED=$(month_after "${NOW%-*}" 1)
AFTER_CREDITED=$(month_after "$CREDITED" 1)
echo "   -> it is $NOW; the first credited month is $CREDITED"

step "Contoso drafts the claim; only the proof is missing"
call "$CONTOSO" "$CLAIMS/CreateClaim" '{
  "parent": "partners/contoso",
  "claim": {
    "display_name": "Fabrikam sales rollout",
    "mpn_id": "1001",
    "customer_domain": "fabrikam.example",
    "tenant_id": "'"$TENANT"'",
    "solution_area": "SOLUTION_AREA_BUSINESS_APPLICATIONS",
    "activities": ["ACTIVITY_PRE_SALES"],
    "lines": [{"product": "products/dynamics-365-sales", "subscription_id": "'"$SUBSCRIPTION"'"}],
    "customer_contact": {
      "name": "Jana Dvořáková", "title": "Head of Sales Operations", "email": "jana.dvorakova@fabrikam.example"},
    "customer_technical_contact": {
      "name": "Petr Malý", "title": "IT Manager", "email": "petr.maly@fabrikam.example"},
    "partner_contact": {"name": "Erik Weber", "email": "erik.weber@contoso.example"}
  }
}'
case $RESPONSE in *ALREADY_CLAIMED*) fail "the system has this claim already: start it with another data directory" ;; esac
expect state CLAIM_STATE_EDITING
CLAIM=$(field name)
echo "   -> name: $CLAIM"

step "Contoso uploads the proof of execution, as one message with the file in base64"
call "$CONTOSO" "$CLAIMS/UploadEvidence" '{
  "metadata": {"parent": "'"$CLAIM"'", "file_name": "'"${PROOF##*/}"'"},
  "data": "'"$(base64 <"$PROOF" | tr -d '\n')"'"
}'
expect kind EVIDENCE_KIND_DOCX

step "Contoso submits the claim"
call "$CONTOSO" "$CLAIMS/SubmitClaim" '{"name": "'"$CLAIM"'"}'
expect state CLAIM_STATE_SUBMITTED
wait_until_idle

step "A reviewer finds the case of the claim, takes it, and approves it"
call "$REVIEWER" "$REVIEWS/ListReviewCases" '{"parent": "tenants/-", "filter": "open = true AND claim = '"$CLAIM"'"}'
CASE=$(field name)
[ -n "$CASE" ] || fail "the claim has no open review case"
call "$REVIEWER" "$REVIEWS/TakeReviewCase" '{"name": "'"$CASE"'"}'
call "$REVIEWER" "$REVIEWS/StartReview" '{"name": "'"$CASE"'"}'
call "$REVIEWER" "$REVIEWS/ApproveReviewCase" '{"name": "'"$CASE"'"}'
wait_until_idle
call "$CONTOSO" "$CLAIMS/GetClaim" '{"name": "'"$CLAIM"'"}'
expect state CLAIM_STATE_APPROVED
expect associationState ASSOCIATION_STATE_PENDING
# The claim names what belongs to it, so that no name has to be built.
CONSENT=$(field consent)
KEY=$(field key)
echo "   -> consent: $CONSENT"
echo "   -> key: $KEY"

step "Fabrikam approves, so that the association is official without waiting for the consent window"
call "$CUSTOMER" "$CONSENTS/ApproveConsent" '{"name": "'"$CONSENT"'"}'
wait_until_idle
call "$CONTOSO" "$CLAIMS/GetClaim" '{"name": "'"$CLAIM"'"}'
expect associationState ASSOCIATION_STATE_OFFICIAL
ASSESSMENT=$(field assessment)
echo "   -> assessment: $ASSESSMENT"

step "The registry has Contoso on record for the subscription"
call "$REVIEWER" "$REGISTRY/LookupAssociations" '{"key": "'"$KEY"'"}'
expect partner partners/contoso

step "The claim is eligible, but earns nothing in its first month, which is not credited as a whole"
call "$CONTOSO" "$ELIGIBILITY/GetAssessment" '{"name": "'"$ASSESSMENT"'"}'
expect verdict VERDICT_ELIGIBLE
expect outcome EARNING_OUTCOME_NOT_CREDITED

step "$CREDITED passes, and its usage is imported: 25 seats sold"
advance_clock '{"to_time": "'"$AFTER_CREDITED"'-02T09:00:00Z"}'
call "$DIRECTORY" "$ELIGIBILITY/ImportUsage" '{
  "rows": [{"key": "'"$KEY"'", "month": "'"$CREDITED"'", "seats_sold": 25}]
}'
expect outcome OUTCOME_CREATED
wait_until_idle

step "The assessment of $CREDITED says what the line earns: 25 seats at 4 USD"
call "$CONTOSO" "$ELIGIBILITY/GetAssessment" \
    '{"name": "'"$ASSESSMENT"'", "month": "'"$CREDITED"'"}'
expect verdict VERDICT_ELIGIBLE
expect outcome EARNING_OUTCOME_EARNED
expect units 25

step "The ledger has the earning; it is due when the quarter has ended"
FILTER="claim = $CLAIM AND month = $CREDITED AND status = ACCRUED"
call "$CONTOSO" "$ELIGIBILITY/ListEarnings" '{"parent": "tenants/'"$TENANT"'", "filter": "'"$FILTER"'"}'
expect status EARNING_STATUS_ACCRUED
expect units 25
QUARTER=$(field payoutPeriod)
QUARTER_END=$(month_after "${QUARTER%-Q*}-01" $((${QUARTER#*-Q} * 3)))
echo "   -> payoutPeriod: $QUARTER, which ends with the beginning of $QUARTER_END"

step "$QUARTER passes, and the program manager records its payout"
advance_clock '{"to_time": "'"$QUARTER_END"'-02T09:00:00Z"}'
call "$MANAGER" "$ELIGIBILITY/CreatePayout" '{
  "parent": "partners/contoso",
  "payout": {"mpn_id": "1001", "currency": "USD", "payout_period": "'"$QUARTER"'", "estimated_date": "'"$QUARTER_END"'-20"}
}'
expect state PAYOUT_STATE_UPCOMING
PAYOUT=$(field name)
echo "   -> payout: $PAYOUT"
call "$MANAGER" "$ELIGIBILITY/ProcessPayout" '{"name": "'"$PAYOUT"'"}'
call "$MANAGER" "$ELIGIBILITY/SendPayout" '{
  "name": "'"$PAYOUT"'", "reference": "PAY-'"$QUARTER"'", "actual_date": "'"$QUARTER_END"'-02"
}'
expect state PAYOUT_STATE_SENT

step "Contoso sees the payout; the earning is paid"
call "$CONTOSO" "$ELIGIBILITY/GetPayout" '{"name": "'"$PAYOUT"'"}'
expect reference "PAY-$QUARTER"
FILTER="claim = $CLAIM AND month = $CREDITED AND status = PAID"
call "$CONTOSO" "$ELIGIBILITY/ListEarnings" '{"parent": "tenants/'"$TENANT"'", "filter": "'"$FILTER"'"}'
expect status EARNING_STATUS_PAID
expect outcome EARNING_OUTCOME_EARNED
expect reference "PAY-$QUARTER"
printf '%s\n' "$RESPONSE"

printf '\nPaid: %s earned 25 seats x 4 USD = 100 USD for %s.\n' "$CLAIM" "$CREDITED"
