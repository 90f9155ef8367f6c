//! R15 to R28: random commands of all parties and random waits. A small model of the rules predicts
//! the outcome of each; it reads nothing from the system but the due times.

mod model;

use chrono::TimeDelta;
use cpor_acceptance::{ApiResult, PDF, TestClaim, TestSystem, both_databases};
use cpor_proto::{
    claims::v1::{Claim, WithdrawReason},
    r#type::v1::Contact,
};
use cpor_types::{Entropy as _, SeededEntropy};
use model::{CustomerCommand, Model, PartnerCommand, ReviewCommand, Step};
use tonic::Code;

both_databases![r15_random_commands_behave_like_the_model];

/// The number of claims that exist at the same time.
const CLAIMS: usize = 12;

/// The number of steps of all claims together: `CPOR_TEST_STEPS`, or 300.
fn steps() -> usize {
    std::env::var("CPOR_TEST_STEPS").map_or(300, |count| count.parse().expect("CPOR_TEST_STEPS is a number"))
}

/// The seed of the steps: `CPOR_TEST_SEED`, or a fixed one.
fn seed() -> u64 {
    std::env::var("CPOR_TEST_SEED").map_or(15, |seed| seed.parse().expect("CPOR_TEST_SEED is a number"))
}

/// Draws random steps.
struct StepGenerator(SeededEntropy);

impl StepGenerator {
    /// A random number below `bound`.
    fn below(&self, bound: usize) -> usize {
        let [a, b, c, d, ..] = self.0.secret();
        u32::from_le_bytes([a, b, c, d]) as usize % bound
    }

    /// One step in five is a wait. Commands of the customer, which often end a claim, are rare.
    fn step(&self) -> Step {
        match self.below(20) {
            0..4 => Step::Wait(1 + self.below(60)),
            4..11 => Step::Partner(PartnerCommand::ALL[self.below(PartnerCommand::ALL.len())]),
            11..18 => Step::Review(ReviewCommand::ALL[self.below(ReviewCommand::ALL.len())]),
            _ => Step::Customer(CustomerCommand::ALL[self.below(CustomerCommand::ALL.len())]),
        }
    }
}

async fn r15_random_commands_behave_like_the_model(system: &TestSystem) {
    let generator = StepGenerator(SeededEntropy::new(seed()));
    let mut claims = Vec::new();
    for _ in 0..CLAIMS {
        claims.push(create_claim(system).await);
    }
    for number in 0..steps() {
        let (step, index) = (generator.step(), generator.below(CLAIMS));
        if !claims[index].1.exists() {
            claims[index] = create_claim(system).await;
        }
        if matches!(step, Step::Review(_)) && !claims[index].1.has_case() {
            continue;
        }
        let description = format!("step {number}: {step:?} on claim {index}");
        if let Step::Wait(hours) = step {
            system.advance_by(TimeDelta::hours(i64::try_from(hours).unwrap())).await;
            let now = system.now().await;
            claims.iter_mut().for_each(|(_, model)| model.wait_until(now));
        } else {
            let (case, model) = &mut claims[index];
            let before = model.clone();
            let expected = model.apply(step);
            let result = perform(case, step).await;
            assert_eq!(result.is_ok(), expected, "{description}: {result:?}\n{before:#?}");
            if let Err(status) = result {
                let codes = [Code::FailedPrecondition, Code::InvalidArgument, Code::NotFound];
                assert!(codes.contains(&status.code()), "{description}: {status:?}");
            }
            system.wait_until_idle().await;
        }
        // A wait concerns all claims, a command only one.
        let affected = if matches!(step, Step::Wait(_)) { 0..CLAIMS } else { index..index + 1 };
        for (case, model) in &mut claims[affected] {
            if let Some(claim) = read(case, model).await {
                model.read_due_time(&claim);
                assert_eq!(model.expected_view(), model::view_of(&claim), "{description}: {claim:#?}");
            }
        }
    }
    for (case, _) in &claims {
        let history = case.history().await;
        assert!(history.windows(2).all(|pair| pair[1].from_state == pair[0].to_state), "{history:#?}");
    }
}

/// Creates a complete draft and its model.
async fn create_claim(system: &TestSystem) -> (TestClaim<'_>, Model) {
    (TestClaim::create_with_evidence(system, system.presales().await).await, Model::complete_draft())
}

/// Gets the claim; `None` if it was deleted.
async fn read(case: &TestClaim<'_>, model: &Model) -> Option<Claim> {
    let result = case.claim_as(&case.partner).await;
    assert_eq!(result.is_ok(), model.exists(), "{result:?}");
    result.ok()
}

async fn perform(case: &TestClaim<'_>, step: Step) -> ApiResult<()> {
    match step {
        Step::Wait(_) => Ok(()),
        Step::Partner(command) => as_partner(case, command).await,
        Step::Review(command) => as_lead(case, command).await,
        Step::Customer(CustomerCommand::Approve) => case.approve_consent().await.map(drop),
        Step::Customer(CustomerCommand::Decline) => case.decline_consent("No.").await.map(drop),
    }
}

async fn as_partner(case: &TestClaim<'_>, command: PartnerCommand) -> ApiResult<()> {
    match command {
        PartnerCommand::Update => {
            let name = format!("Bea {}", case.system.next_number());
            let contact = Contact { name, email: "bea@contoso.example".into(), ..Contact::default() };
            let changed = Claim { partner_contact: Some(contact), ..Claim::default() };
            case.update(changed, &["partner_contact"]).await.map(drop)
        }
        PartnerCommand::Delete => case.delete().await.map(drop),
        PartnerCommand::Submit => case.submit().await.map(drop),
        PartnerCommand::Resubmit => case.resubmit("Here it is.").await.map(drop),
        PartnerCommand::Withdraw => case.withdraw(WithdrawReason::WrongActivity, "").await.map(drop),
        PartnerCommand::Dispute => case.dispute("The proof is sound.").await.map(drop),
        PartnerCommand::AddEvidence => case.upload("more.pdf", PDF).await.map(drop),
        PartnerCommand::Comment => case.comment(&case.partner, "A comment.").await.map(drop),
    }
}

async fn as_lead(case: &TestClaim<'_>, command: ReviewCommand) -> ApiResult<()> {
    let lead = &case.system.lead;
    match command {
        ReviewCommand::Take => case.take(lead).await.map(drop),
        ReviewCommand::Release => case.release(lead).await.map(drop),
        ReviewCommand::Start => case.start_review(lead).await.map(drop),
        ReviewCommand::RequestPartnerAction => case.request_action(lead).await.map(drop),
        ReviewCommand::Approve => case.approve(lead).await.map(drop),
        ReviewCommand::Reject => case.reject(lead).await.map(drop),
    }
}
