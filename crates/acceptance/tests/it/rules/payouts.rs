//! R54a: payouts, which are the statements of payments to partners.

use cpor_acceptance::{
    Actor, CONTOSO, ClaimStage, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases, field_violations,
    metadata,
};
use cpor_proto::eligibility::v1::{
    CreatePayoutRequest, Earning, EarningStatus, GetPayoutRequest, ImportPayoutsRequest, ImportPayoutsResult,
    ListEarningsRequest, ListPayoutsRequest, Payout, PayoutRow, PayoutState, ProcessPayoutRequest, RecordPayoutRequest,
    ReversePayoutRequest, SendPayoutRequest, WatchEarningsRequest, WatchEarningsResponse,
    import_payouts_result::Outcome,
};
use cpor_proto::r#type::v1::Money;
use tonic::{Code, Status, Streaming};

both_databases![
    r54a_a_payout_has_the_lines_of_one_location,
    r54a_a_payout_is_paid_step_by_step,
    r54a_a_reversed_payout_returns_its_lines,
    r54a_payout_requests_can_be_repeated,
    r54a_payouts_are_imported,
    r54a_an_import_can_be_repeated,
    r54a_the_order_of_an_import_does_not_matter,
    r54a_rows_about_a_reversed_payment_pay_nothing,
    r54a_a_reversal_needs_a_recorded_reference,
    r54a_a_reference_is_for_one_payment,
    r54a_no_payment_is_sent_before_its_period_ends,
    r54a_partners_see_their_own_payouts,
    r54a_one_reference_pays_one_partner,
    r54_earnings_are_followed_by_a_cursor,
];
both_databases![with two_replicas: r54a_concurrent_payouts_have_each_line_once];

/// The day after the end of the second quarter.
const AFTER_Q2: &str = "2026-07-01T00:00:00Z";

/// A pre-sales claim of Contoso that earned 200 USD for April. Its quarter is over.
pub(crate) async fn contoso_earned(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
    system.wait_until_idle().await;
    system.advance_to(AFTER_Q2.parse().unwrap()).await;
    system.wait_until_idle().await;
    case
}

/// Claims of Contoso and Northwind that both earned in the second quarter, which is over.
async fn both_earned(system: &TestSystem) -> [TestClaim<'_>; 2] {
    let contoso = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let other = system.presales().await;
    let northwind = TestClaim::at_stage(system, system.rival_of(&other), ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    for case in [&contoso, &northwind] {
        system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
    }
    system.wait_until_idle().await;
    system.advance_to(AFTER_Q2.parse().unwrap()).await;
    system.wait_until_idle().await;
    [contoso, northwind]
}

async fn earnings(actor: &Actor, filter: &str) -> Vec<Earning> {
    let request = ListEarningsRequest {
        parent: "tenants/-".into(),
        filter: filter.into(),
        page_size: 1000,
        ..Default::default()
    };
    actor.eligibility().list_earnings(request).await.unwrap().into_inner().earnings
}

/// The entries with an amount.
async fn due_entries(actor: &Actor) -> Vec<Earning> {
    earnings(actor, "status != NOTHING_DUE").await
}

pub(crate) fn new_payout(case: &TestClaim<'_>, mpn_id: &str) -> CreatePayoutRequest {
    let parent = case.name.split("/claims/").next().unwrap().to_owned();
    let payout = Payout {
        mpn_id: mpn_id.into(),
        currency: "USD".into(),
        payout_period: "2026-Q2".into(),
        estimated_date: "2026-07-31".into(),
        ..Payout::default()
    };
    CreatePayoutRequest { parent, payout: Some(payout), ..CreatePayoutRequest::default() }
}

async fn create(actor: &Actor, request: CreatePayoutRequest) -> Result<Payout, Status> {
    Ok(actor.eligibility().create_payout(request).await?.into_inner())
}

/// The MPN id of the location that earns for the claim.
pub(crate) async fn mpn_id(case: &TestClaim<'_>) -> String {
    case.claim().await.mpn_id
}

async fn created(case: &TestClaim<'_>) -> Payout {
    create(&case.system.manager, new_payout(case, &mpn_id(case).await)).await.unwrap()
}

async fn process(actor: &Actor, name: &str) -> Result<Payout, Status> {
    let request = ProcessPayoutRequest { name: name.into(), ..ProcessPayoutRequest::default() };
    Ok(actor.eligibility().process_payout(request).await?.into_inner())
}

pub(crate) fn sending(name: &str, reference: &str) -> SendPayoutRequest {
    let (reference, actual_date) = (reference.into(), "2026-07-01".into());
    SendPayoutRequest { name: name.into(), reference, actual_date, ..SendPayoutRequest::default() }
}

async fn send(actor: &Actor, request: SendPayoutRequest) -> Result<Payout, Status> {
    Ok(actor.eligibility().send_payout(request).await?.into_inner())
}

async fn reverse(actor: &Actor, name: &str) -> Result<Payout, Status> {
    let reason = "The account is closed.".into();
    let request = ReversePayoutRequest { name: name.into(), reason, ..ReversePayoutRequest::default() };
    Ok(actor.eligibility().reverse_payout(request).await?.into_inner())
}

async fn get(actor: &Actor, name: &str) -> Result<Payout, Status> {
    let request = GetPayoutRequest { name: name.into() };
    Ok(actor.eligibility().get_payout(request).await?.into_inner())
}

pub(crate) async fn list(actor: &Actor, parent: &str, filter: &str) -> Result<Vec<Payout>, Status> {
    let request = ListPayoutsRequest { parent: parent.into(), filter: filter.into(), ..ListPayoutsRequest::default() };
    Ok(actor.eligibility().list_payouts(request).await?.into_inner().payouts)
}

fn usd(micros: i64) -> Option<Money> {
    Some(Money { currency: "USD".into(), micros })
}

async fn r54a_a_payout_has_the_lines_of_one_location(system: &TestSystem) {
    let [contoso, northwind] = both_earned(system).await;
    let before = due_entries(&system.manager).await;
    let elsewhere = create(&system.manager, new_payout(&contoso, "1002")).await;
    assert_refused(elsewhere, Code::FailedPrecondition, "PAYOUT_NOTHING_DUE");
    let payout = created(&contoso).await;
    let expected = (PayoutState::Upcoming, 1, usd(200_000_000), "2026-07-31", "");
    let shown = (payout.state(), payout.line_count, payout.amount.clone(), &*payout.estimated_date, &*payout.reference);
    assert_eq!(shown, expected);
    let lines = earnings(&system.manager, &format!("payout = {}", payout.name)).await;
    let [line] = lines.as_slice() else { panic!("{lines:#?}") };
    assert_eq!((&*line.claim, &line.mpn_id), (contoso.name.as_str(), &payout.mpn_id));
    assert_eq!((line.status(), &line.payout), (EarningStatus::Accrued, &payout.name), "not paid yet");
    let others = earnings(&system.manager, "payout = '' AND status = ACCRUED").await;
    assert!(others.iter().all(|line| line.claim == northwind.name) && others.len() + 1 == before.len());

    let again = create(&system.manager, new_payout(&contoso, &payout.mpn_id)).await;
    assert_refused(again, Code::AlreadyExists, "PAYOUT_EXISTS");
    let mut early = new_payout(&northwind, &mpn_id(&northwind).await);
    early.payout.as_mut().unwrap().payout_period = "2026-Q3".into();
    let early =
        assert_refused(create(&system.manager, early).await, Code::FailedPrecondition, "PAYOUT_PERIOD_NOT_OVER");
    assert_eq!(metadata(&early, "end_time"), "2026-10-01T00:00:00Z");
}

async fn r54a_a_payout_is_paid_step_by_step(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let payout = created(&case).await;
    let skipped = send(&system.manager, sending(&payout.name, "SEPA 17")).await;
    let skipped = assert_refused(skipped, Code::FailedPrecondition, "PAYOUT_STATE_NOT_ALLOWED");
    assert_eq!((metadata(&skipped, "state"), metadata(&skipped, "allowed")), ("UPCOMING".into(), "PROCESSING".into()));
    let reversed = reverse(&system.manager, &payout.name).await;
    assert_refused(reversed, Code::FailedPrecondition, "PAYOUT_STATE_NOT_ALLOWED");

    let processing = process(&system.manager, &payout.name).await.unwrap();
    assert_eq!((processing.state(), processing.send_time), (PayoutState::Processing, None));
    let stale = SendPayoutRequest { etag: payout.etag.clone(), ..sending(&payout.name, "SEPA 17") };
    assert_refused(send(&system.manager, stale).await, Code::Aborted, "ETAG_MISMATCH");
    let late = SendPayoutRequest { actual_date: "2026-07-03".into(), ..sending(&payout.name, "SEPA 17") };
    assert_refused(send(&system.manager, late).await, Code::InvalidArgument, "INVALID_FIELDS");
    let invalid = SendPayoutRequest { actual_date: "2026-02-30".into(), ..sending(&payout.name, "SEPA 17") };
    assert_refused(send(&system.manager, invalid).await, Code::InvalidArgument, "INVALID_FIELDS");

    let before = due_entries(&case.partner).await;
    let sent = send(&system.manager, sending(&payout.name, "SEPA 17")).await.unwrap();
    assert_eq!((sent.state(), &*sent.reference, &*sent.actual_date), (PayoutState::Sent, "SEPA 17", "2026-07-01"));
    let after = due_entries(&case.partner).await;
    let paid = |line: Earning| Earning {
        status: EarningStatus::Paid.into(),
        reference: "SEPA 17".into(),
        pay_time: sent.send_time,
        ..line
    };
    assert_eq!(after, before.into_iter().map(paid).collect::<Vec<_>>(), "only payment data changes");
    assert_eq!(get(&case.partner, &payout.name).await.unwrap(), sent);
}

async fn r54a_a_reversed_payout_returns_its_lines(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let payout = created(&case).await;
    process(&system.manager, &payout.name).await.unwrap();
    send(&system.manager, sending(&payout.name, "SEPA 17")).await.unwrap();
    let reversed = reverse(&system.manager, &payout.name).await.unwrap();
    assert_eq!((reversed.state(), &*reversed.reversal_reason), (PayoutState::Reversed, "The account is closed."));
    assert_eq!((reversed.line_count, &*reversed.actual_date), (1, "2026-07-01"), "it still shows what it was");
    let lines = due_entries(&case.partner).await;
    assert!(lines.iter().all(|line| line.status() == EarningStatus::Accrued && line.payout.is_empty()));
    assert!(lines.iter().all(|line| line.reference.is_empty() && line.pay_time.is_none()));
    let final_state = reverse(&system.manager, &payout.name).await;
    assert_refused(final_state, Code::FailedPrecondition, "PAYOUT_STATE_NOT_ALLOWED");

    // The next statement is that of the next quarter. It also has the earnings of that quarter.
    system.import_usage(&case.key(0).await, &[("2026-06", 100)]).await;
    system.wait_until_idle().await;
    system.advance_to("2026-10-01T00:00:00Z".parse().unwrap()).await;
    system.wait_until_idle().await;
    let mut next = new_payout(&case, &payout.mpn_id);
    next.payout.as_mut().unwrap().payout_period = "2026-Q3".into();
    let next = create(&system.manager, next).await.unwrap();
    assert_eq!((next.line_count, next.amount.clone()), (2, usd(400_000_000)));
    let filter = format!("payout = {}", payout.name);
    assert_eq!(earnings(&case.partner, &filter).await[0].payout, next.name, "the same line on both statements");
}

async fn r54a_payout_requests_can_be_repeated(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let mpn_id = mpn_id(&case).await;
    let preview = CreatePayoutRequest { validate_only: true, ..new_payout(&case, &mpn_id) };
    let preview = create(&system.manager, preview).await.unwrap();
    assert_eq!((preview.line_count, preview.amount), (1, usd(200_000_000)));
    assert_eq!(list(&system.manager, "partners/-", "").await.unwrap(), [], "nothing was created");
    let request = CreatePayoutRequest { request_id: "one".into(), ..new_payout(&case, &mpn_id) };
    let (first, second) =
        tokio::join!(create(&system.manager, request.clone()), create(&system.manager, request.clone()));
    let payout = first.unwrap();
    assert_eq!(second.unwrap(), payout, "a concurrent repetition gets the same payout");
    process(&system.manager, &payout.name).await.unwrap();
    let request = SendPayoutRequest { request_id: "two".into(), ..sending(&payout.name, "SEPA 17") };
    let check = SendPayoutRequest { validate_only: true, ..request.clone() };
    assert_eq!(send(&system.manager, check).await.unwrap().state(), PayoutState::Sent);
    assert_eq!(get(&system.manager, &payout.name).await.unwrap().state(), PayoutState::Processing);
    let sent = send(&system.manager, request.clone()).await.unwrap();
    assert_eq!(send(&system.manager, request.clone()).await.unwrap(), sent, "not PAYOUT_STATE_NOT_ALLOWED");
    let other = send(&system.manager, SendPayoutRequest { reference: "SEPA 18".into(), ..request }).await;
    assert_refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
}

pub(crate) fn row(case: &TestClaim<'_>, mpn_id: &str, state: PayoutState) -> PayoutRow {
    let is_sent = matches!(state, PayoutState::Sent | PayoutState::Reversed);
    PayoutRow {
        partner: case.name.split("/claims/").next().unwrap().to_owned(),
        mpn_id: mpn_id.into(),
        currency: "USD".into(),
        payout_period: "2026-Q2".into(),
        state: state.into(),
        reference: if is_sent { "SEPA 17".into() } else { String::new() },
        estimated_date: "2026-07-31".into(),
        actual_date: if state == PayoutState::Sent { "2026-07-01".into() } else { String::new() },
        reversal_reason: if state == PayoutState::Reversed { "The account is closed.".into() } else { String::new() },
    }
}

async fn import(actor: &Actor, request: ImportPayoutsRequest) -> Vec<ImportPayoutsResult> {
    actor.eligibility().import_payouts(request).await.unwrap().into_inner().results
}

fn outcomes(results: &[ImportPayoutsResult]) -> Vec<(Outcome, PayoutState)> {
    let state = |result: &ImportPayoutsResult| result.payout.as_ref().map_or(PayoutState::Unspecified, Payout::state);
    results.iter().map(|result| (result.outcome(), state(result))).collect()
}

async fn r54a_payouts_are_imported(system: &TestSystem) {
    let [contoso, northwind] = both_earned(system).await;
    let (first, second) = (mpn_id(&contoso).await, mpn_id(&northwind).await);
    let rows = vec![
        row(&contoso, &first, PayoutState::Sent),
        row(&contoso, "1002", PayoutState::Upcoming),
        PayoutRow { actual_date: String::new(), ..row(&contoso, &first, PayoutState::Sent) },
        row(&northwind, &second, PayoutState::Upcoming),
        row(&northwind, &second, PayoutState::Processing),
    ];
    let request = ImportPayoutsRequest { rows, ..ImportPayoutsRequest::default() };
    let preview = import(&system.manager, ImportPayoutsRequest { validate_only: true, ..request.clone() }).await;
    assert_eq!(outcomes(&preview)[0], (Outcome::Created, PayoutState::Sent));
    assert_eq!(list(&system.manager, "partners/-", "").await.unwrap(), []);
    let results = import(&system.manager, request).await;
    let expected = [
        (Outcome::Created, PayoutState::Sent),
        (Outcome::Refused, PayoutState::Unspecified),
        (Outcome::Refused, PayoutState::Unspecified),
        (Outcome::Created, PayoutState::Upcoming),
        (Outcome::Updated, PayoutState::Processing),
    ];
    assert_eq!(outcomes(&results), expected);
    assert!(results[1].error.as_ref().unwrap().message.contains("no unpaid earnings"));
    assert!(results[2].error.as_ref().unwrap().message.contains("actual_date"));
    let paid = earnings(&system.manager, "status = PAID").await;
    assert!(paid.iter().all(|line| line.claim == contoso.name && line.reference == "SEPA 17") && paid.len() == 1);
}

async fn r54a_an_import_can_be_repeated(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let mpn_id = mpn_id(&case).await;
    let import_one = async |state| {
        let rows = vec![row(&case, &mpn_id, state)];
        let results = import(&system.manager, ImportPayoutsRequest { rows, ..Default::default() }).await;
        outcomes(&results)[0]
    };
    let sent = (Outcome::Unchanged, PayoutState::Sent);
    assert_eq!(import_one(PayoutState::Processing).await, (Outcome::Created, PayoutState::Processing));
    assert_eq!(import_one(PayoutState::Sent).await, (Outcome::Updated, PayoutState::Sent));
    assert_eq!(import_one(PayoutState::Sent).await, sent);
    assert_eq!(import_one(PayoutState::Upcoming).await, sent, "an older file");
    let other = PayoutRow { reference: "SEPA 18".into(), ..row(&case, &mpn_id, PayoutState::Sent) };
    let other = import(&system.manager, ImportPayoutsRequest { rows: vec![other], ..Default::default() }).await;
    assert!(other[0].error.as_ref().unwrap().message.contains("must be `SEPA 17`"), "{other:?}");
    assert_eq!(import_one(PayoutState::Reversed).await, (Outcome::Updated, PayoutState::Reversed));
    let reversed = (Outcome::Unchanged, PayoutState::Reversed);
    assert_eq!(import_one(PayoutState::Reversed).await, reversed);
    assert_eq!(import_one(PayoutState::Sent).await, reversed, "the payment of an older file was reversed");
    assert_eq!(list(&system.manager, CONTOSO, "").await.unwrap().len(), 1);
}

/// A row with another reference.
fn with_reference(row: PayoutRow, reference: &str) -> PayoutRow {
    PayoutRow { reference: reference.into(), ..row }
}

/// The payouts of Contoso, each as reference and state.
async fn statements(system: &TestSystem) -> Vec<(String, PayoutState)> {
    let payouts = list(&system.manager, CONTOSO, "").await.unwrap();
    let mut statements: Vec<_> = payouts.iter().map(|payout| (payout.reference.clone(), payout.state())).collect();
    statements.sort();
    statements
}

/// All orders of the items.
fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let first = |index: usize| {
        let mut rest = items.to_vec();
        let item = rest.remove(index);
        permutations(&rest).into_iter().map(move |rest| [vec![item.clone()], rest].concat())
    };
    (0..items.len()).flat_map(first).collect()
}

/// A payment that was reversed, and the one that followed it: rows as a paying system reports them
/// over the weeks.
fn reversed_and_paid_again(case: &TestClaim<'_>, mpn_id: &str) -> Vec<PayoutRow> {
    vec![
        row(case, mpn_id, PayoutState::Upcoming),
        with_reference(row(case, mpn_id, PayoutState::Processing), "SEPA 17"),
        row(case, mpn_id, PayoutState::Reversed),
        with_reference(row(case, mpn_id, PayoutState::Sent), "SEPA 18"),
    ]
}

async fn r54a_the_order_of_an_import_does_not_matter(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let rows = reversed_and_paid_again(&case, &mpn_id(&case).await);
    let expected = [("SEPA 17".to_owned(), PayoutState::Reversed), ("SEPA 18".to_owned(), PayoutState::Sent)];
    // The last permutation has the latest row first.
    for rows in permutations(&rows).into_iter().rev() {
        let results = import(&system.manager, ImportPayoutsRequest { rows: rows.clone(), ..Default::default() }).await;
        assert!(results.iter().all(|result| result.outcome() != Outcome::Refused), "{rows:#?} {results:#?}");
        assert_eq!(statements(system).await, expected, "{rows:#?}");
    }
    for row in rows.iter().chain(rows.iter().rev()) {
        let rows = vec![row.clone(), row.clone()];
        let results = import(&system.manager, ImportPayoutsRequest { rows, ..Default::default() }).await;
        assert!(results.iter().all(|result| result.outcome() == Outcome::Unchanged), "{row:#?} {results:#?}");
    }
    assert_eq!(statements(system).await, expected, "row by row");
    let paid = earnings(&system.manager, "status = PAID").await;
    assert_eq!(paid.iter().map(|line| line.reference.as_str()).collect::<Vec<_>>(), ["SEPA 18"]);
}

async fn r54a_rows_about_a_reversed_payment_pay_nothing(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let mpn_id = mpn_id(&case).await;
    let old = vec![
        row(&case, &mpn_id, PayoutState::Upcoming),
        row(&case, &mpn_id, PayoutState::Processing),
        with_reference(row(&case, &mpn_id, PayoutState::Processing), " SEPA 17 "),
        row(&case, &mpn_id, PayoutState::Sent),
    ];
    let reversed = vec![row(&case, &mpn_id, PayoutState::Reversed)];
    import(&system.manager, ImportPayoutsRequest { rows: old.clone(), ..Default::default() }).await;
    import(&system.manager, ImportPayoutsRequest { rows: reversed.clone(), ..Default::default() }).await;
    let unchanged = vec![(Outcome::Unchanged, PayoutState::Reversed); old.len()];
    for validate_only in [true, false] {
        let request = ImportPayoutsRequest { rows: old.clone(), validate_only, ..Default::default() };
        assert_eq!(outcomes(&import(&system.manager, request).await), unchanged);
    }
    assert_eq!(statements(system).await, [("SEPA 17".to_owned(), PayoutState::Reversed)]);
    assert!(due_entries(&case.partner).await.iter().all(|line| line.status() == EarningStatus::Accrued));
    // The next statement has no reference yet. Rows about the first one leave it alone.
    let next = created(&case).await;
    import(&system.manager, ImportPayoutsRequest { rows: [old, reversed].concat(), ..Default::default() }).await;
    assert_eq!(get(&system.manager, &next.name).await.unwrap(), next);
    let sent = vec![with_reference(row(&case, &mpn_id, PayoutState::Sent), "SEPA 18")];
    let sent = import(&system.manager, ImportPayoutsRequest { rows: sent, ..Default::default() }).await;
    assert_eq!(outcomes(&sent), [(Outcome::Updated, PayoutState::Sent)]);
    assert_eq!(sent[0].payout.as_ref().unwrap().name, next.name);
}

async fn r54a_a_reversal_needs_a_recorded_reference(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let mpn_id = mpn_id(&case).await;
    let payout = created(&case).await;
    process(&system.manager, &payout.name).await.unwrap();
    for validate_only in [true, false] {
        let rows = vec![row(&case, &mpn_id, PayoutState::Reversed)];
        let results = import(&system.manager, ImportPayoutsRequest { rows, validate_only, ..Default::default() }).await;
        let error = results[0].error.clone().unwrap();
        assert!(
            error.message.contains("reference: must be recorded") && error.message.contains("SEPA 17"),
            "{error:?}"
        );
    }
    assert_eq!(get(&system.manager, &payout.name).await.unwrap().state(), PayoutState::Processing);
    let rows = vec![
        row(&case, &mpn_id, PayoutState::Reversed),
        with_reference(row(&case, &mpn_id, PayoutState::Processing), "SEPA 17"),
    ];
    let results = import(&system.manager, ImportPayoutsRequest { rows, ..Default::default() }).await;
    let reversed = (Outcome::Updated, PayoutState::Reversed);
    assert_eq!(outcomes(&results), [reversed, (Outcome::Updated, PayoutState::Processing)]);
}

async fn r54a_a_reference_is_for_one_payment(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let mpn_id = mpn_id(&case).await;
    let first = created(&case).await;
    process(&system.manager, &first.name).await.unwrap();
    send(&system.manager, sending(&first.name, "SEPA 17")).await.unwrap();
    reverse(&system.manager, &first.name).await.unwrap();
    for validate_only in [true, false] {
        let mut request = CreatePayoutRequest { validate_only, ..new_payout(&case, &mpn_id) };
        request.payout.as_mut().unwrap().reference = "SEPA 17".into();
        let taken = create(&system.manager, request).await;
        let taken = assert_refused(taken, Code::AlreadyExists, "PAYOUT_REFERENCE_TAKEN");
        assert_eq!(metadata(&taken, "payout"), first.name);
        assert!(taken.message().starts_with("payout.reference: "), "{taken:?}");
    }
    let second = created(&case).await;
    for validate_only in [true, false] {
        let (name, reference) = (second.name.clone(), "SEPA 17".to_owned());
        let request = ProcessPayoutRequest { name, reference, validate_only, ..ProcessPayoutRequest::default() };
        let taken = system.manager.eligibility().process_payout(request).await.map(drop);
        assert_refused(taken, Code::AlreadyExists, "PAYOUT_REFERENCE_TAKEN");
    }
    process(&system.manager, &second.name).await.unwrap();
    for validate_only in [true, false] {
        let request = SendPayoutRequest { validate_only, ..sending(&second.name, "SEPA 17") };
        let taken = assert_refused(send(&system.manager, request).await, Code::AlreadyExists, "PAYOUT_REFERENCE_TAKEN");
        assert!(taken.message().starts_with("reference: "), "{taken:?}");
    }
    assert_eq!(get(&system.manager, &second.name).await.unwrap().state(), PayoutState::Processing);
    system.advance_to("2026-10-01T00:00:00Z".parse().unwrap()).await;
    let later = row(&case, &mpn_id, PayoutState::Sent);
    let later = PayoutRow { payout_period: "2026-Q3".into(), actual_date: "2026-10-01".into(), ..later };
    let later = PayoutRow { estimated_date: "2026-10-01".into(), ..later };
    let results = import(&system.manager, ImportPayoutsRequest { rows: vec![later], ..Default::default() }).await;
    let error = results[0].error.clone().unwrap();
    assert!(error.message.contains(&first.name), "{error:?}");
    send(&system.manager, sending(&second.name, "SEPA 18")).await.unwrap();
}

async fn r54a_no_payment_is_sent_before_its_period_ends(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let mpn_id = mpn_id(&case).await;
    let assert_early = |refused: Status| {
        let refused = assert_refused(Err::<(), _>(refused), Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(field_violations(&refused), [("actual_date".to_owned(), "NOT_ALLOWED".to_owned())].into());
        assert!(refused.message().contains("2026-06-30 or later"), "{refused:?}");
    };
    let rows = vec![PayoutRow { actual_date: "2026-06-29".into(), ..row(&case, &mpn_id, PayoutState::Sent) }];
    for validate_only in [true, false] {
        let request = ImportPayoutsRequest { rows: rows.clone(), validate_only, ..Default::default() };
        let error = import(&system.manager, request).await[0].error.clone().unwrap();
        let details = prost::Message::encode_to_vec(&error).into();
        assert_early(Status::with_details(Code::from(error.code), error.message, details));
    }
    assert_eq!(statements(system).await, []);
    let payout = created(&case).await;
    process(&system.manager, &payout.name).await.unwrap();
    let early = SendPayoutRequest { actual_date: "2026-06-29".into(), ..sending(&payout.name, "SEPA 17") };
    assert_early(send(&system.manager, early).await.unwrap_err());
    let last_day = SendPayoutRequest { actual_date: "2026-06-30".into(), ..sending(&payout.name, "SEPA 17") };
    assert_eq!(send(&system.manager, last_day).await.unwrap().actual_date, "2026-06-30");
}

async fn r54a_partners_see_their_own_payouts(system: &TestSystem) {
    let [contoso, northwind] = both_earned(system).await;
    let (own, other) = (created(&contoso).await, created(&northwind).await);
    assert_eq!(get(&system.contoso, &own.name).await.unwrap(), own);
    assert_eq!(get(&system.contoso_user, &own.name).await.unwrap(), own);
    assert_refused(get(&system.contoso, &other.name).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_eq!(list(&system.contoso, CONTOSO, "").await.unwrap(), std::slice::from_ref(&own));
    assert_refused(list(&system.contoso, NORTHWIND, "").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(list(&system.contoso, "partners/-", "").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let all = list(&system.manager, "partners/-", "state = UPCOMING AND estimated_date < 2026-08-01").await.unwrap();
    assert_eq!(all.len(), 2);
    let filter = format!("partner = {NORTHWIND} AND payout_period = 2026-Q2 AND amount_micros > 0 AND reference = ''");
    assert_eq!(list(&system.manager, "partners/-", &filter).await.unwrap(), std::slice::from_ref(&other));
    let invalid = list(&system.manager, "partners/-", "actual_date = 2026-13-01").await;
    assert_refused(invalid, Code::InvalidArgument, "INVALID_FIELDS");
    let foreign = earnings(&system.contoso, &format!("payout = {}", other.name)).await;
    assert_eq!(foreign, [], "the lines of another partner");
    let denied = create(&system.contoso, new_payout(&contoso, &own.mpn_id)).await;
    assert_refused(denied, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}

#[expect(deprecated, reason = "the deprecated method must behave rightly, too")]
async fn record(actor: &Actor, reference: &str) -> Result<i64, Status> {
    let request = RecordPayoutRequest {
        payout_period: "2026-Q2".into(),
        reference: reference.into(),
        ..RecordPayoutRequest::default()
    };
    Ok(actor.eligibility().record_payout(request).await?.into_inner().entry_count)
}

async fn r54a_one_reference_pays_one_partner(system: &TestSystem) {
    let [contoso, northwind] = both_earned(system).await;
    assert_refused(record(&system.manager, "SEPA 17").await, Code::FailedPrecondition, "PAYOUT_AMBIGUOUS");
    assert!(due_entries(&system.manager).await.iter().all(|line| line.status() == EarningStatus::Accrued));
    created(&northwind).await;
    assert_eq!(record(&system.manager, "SEPA 17").await.unwrap(), 1);
    let paid = earnings(&system.manager, "status = PAID").await;
    assert!(paid.iter().all(|line| line.claim == contoso.name) && paid.len() == 1);
}

async fn r54a_concurrent_payouts_have_each_line_once(system: &TestSystem) {
    let case = contoso_earned(system).await;
    let request = new_payout(&case, &mpn_id(&case).await);
    let other = system.manager.at_replica(system.replicas() - 1);
    let (one, two) = tokio::join!(create(&system.manager, request.clone()), create(&other, request));
    let (created, refused) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(created.unwrap().line_count, 1);
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(list(&system.manager, CONTOSO, "").await.unwrap().len(), 1);
}

async fn watch(actor: &Actor, request: WatchEarningsRequest) -> Result<Streaming<WatchEarningsResponse>, Status> {
    Ok(actor.eligibility().watch_earnings(request).await?.into_inner())
}

fn watching(cursor: &str, from_beginning: bool) -> WatchEarningsRequest {
    WatchEarningsRequest { parent: "tenants/-".into(), cursor: cursor.into(), from_beginning }
}

/// Reads the next entries, with their cursors.
async fn next_entries(stream: &mut Streaming<WatchEarningsResponse>, count: usize) -> Vec<(String, Earning)> {
    let mut entries = Vec::new();
    while entries.len() < count {
        let message = stream.message().await.unwrap().expect("the stream is open");
        entries.extend(message.earning.map(|earning| (message.cursor, earning)));
    }
    entries
}

async fn r54_earnings_are_followed_by_a_cursor(system: &TestSystem) {
    let mut live = watch(&system.contoso, watching("", false)).await.unwrap();
    let heartbeat = live.message().await.unwrap().unwrap();
    assert!(heartbeat.earning.is_none() && !heartbeat.cursor.is_empty());
    let [contoso, northwind] = both_earned(system).await;
    let own = earnings(&system.contoso, "").await;
    let followed = next_entries(&mut live, own.len()).await;
    let without_cursor =
        |entries: Vec<(String, Earning)>| entries.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>();
    let sorted = |mut entries: Vec<Earning>| {
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    };
    assert_eq!(sorted(without_cursor(followed.clone())), sorted(own.clone()), "every own entry, and no other");
    assert!(own.iter().all(|entry| entry.claim == contoso.name));
    for (position, (cursor, _)) in followed.iter().enumerate() {
        let mut resumed = watch(&system.contoso, watching(cursor, false)).await.unwrap();
        let rest = next_entries(&mut resumed, followed.len() - position - 1).await;
        assert_eq!(rest, followed[position + 1..], "each entry once, in the same order");
    }
    let all = earnings(&system.manager, "").await;
    let mut from_beginning = watch(&system.manager, watching("", true)).await.unwrap();
    let everything = without_cursor(next_entries(&mut from_beginning, all.len()).await);
    assert_eq!(sorted(everything), sorted(all));
    let mut other = watch(&system.northwind, watching("", true)).await.unwrap();
    assert_eq!(next_entries(&mut other, 1).await[0].1.claim, northwind.name);
    let foreign = watch(&system.northwind, watching(&followed[0].0, false)).await;
    assert_refused(foreign.map(drop), Code::OutOfRange, "CURSOR_EXPIRED");
    let invalid = watch(&system.contoso, watching("nonsense", false)).await;
    assert_refused(invalid.map(drop), Code::InvalidArgument, "INVALID_CURSOR");
}
