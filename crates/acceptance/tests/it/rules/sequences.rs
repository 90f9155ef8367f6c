//! R15 to R28, whatever comes in whatever order: random commands of all parties and time itself, each judged beforehand by a small model of the
//! rules that knows nothing of the system but the due times that it shows.

mod model;

use chrono::TimeDelta;
use cpor_acceptance::{ApiResult, PDF, TestClaim, TestSystem, both_databases};
use cpor_proto::{
    claims::v1::{Claim, WithdrawReason},
    r#type::v1::Contact,
};
use cpor_types::{Entropy as _, SeededEntropy};
use model::{Act, Customer, Model, Partner, Review};
use tonic::Code;

both_databases![r15_any_order_of_commands_does_what_the_rules_say];

/// Claims that live side by side in one system.
const CLAIMS: usize = 12;

/// Commands and waits, of all claims together: `CPOR_TEST_STEPS`, or 300.
fn steps() -> usize {
    std::env::var("CPOR_TEST_STEPS").map_or(300, |count| count.parse().expect("CPOR_TEST_STEPS is a number"))
}

/// `CPOR_TEST_SEED`, or always the same: what is tried here is as good in one order as in another.
fn seed() -> u64 {
    std::env::var("CPOR_TEST_SEED").map_or(15, |seed| seed.parse().expect("CPOR_TEST_SEED is a number"))
}

struct Draw(SeededEntropy);

impl Draw {
    fn below(&self, bound: usize) -> usize {
        let [a, b, c, d, ..] = self.0.secret();
        u32::from_le_bytes([a, b, c, d]) as usize % bound
    }

    /// One act in five is a wait; what drives the claim on is drawn more often than what ends it.
    fn act(&self) -> Act {
        match self.below(20) {
            0..4 => Act::Wait(1 + self.below(60)),
            4..11 => Act::Partner(Partner::ALL[self.below(Partner::ALL.len())]),
            11..18 => Act::Review(Review::ALL[self.below(Review::ALL.len())]),
            _ => Act::Customer(Customer::ALL[self.below(Customer::ALL.len())]),
        }
    }
}

async fn r15_any_order_of_commands_does_what_the_rules_say(system: &TestSystem) {
    let draw = Draw(SeededEntropy::new(seed()));
    let mut lives = Vec::new();
    for _ in 0..CLAIMS {
        lives.push(new_life(system).await);
    }
    for step in 0..steps() {
        let (act, chosen) = (draw.act(), draw.below(CLAIMS));
        if !lives[chosen].1.is_there() {
            lives[chosen] = new_life(system).await;
        }
        if matches!(act, Act::Review(_)) && !lives[chosen].1.has_case() {
            continue;
        }
        let told = format!("step {step}: {act:?} on claim {chosen}");
        if let Act::Wait(hours) = act {
            system.advance_by(TimeDelta::hours(i64::try_from(hours).unwrap())).await;
            let now = system.now().await;
            lives.iter_mut().for_each(|(_, model)| model.wait_until(now));
        } else {
            let (case, model) = &mut lives[chosen];
            let before = model.clone();
            let expected = model.take(act);
            let answer = perform(case, act).await;
            assert_eq!(answer.is_ok(), expected, "{told}: {answer:?}\n{before:#?}");
            if let Err(status) = answer {
                let codes = [Code::FailedPrecondition, Code::InvalidArgument, Code::NotFound];
                assert!(codes.contains(&status.code()), "{told}: {status:?}");
            }
            system.wait_until_idle().await;
        }
        // Time passes for all of them, a command is one's own.
        let touched = if matches!(act, Act::Wait(_)) { 0..CLAIMS } else { chosen..chosen + 1 };
        for (case, model) in &mut lives[touched] {
            if let Some(claim) = seen(case, model).await {
                model.reads(&claim);
                assert_eq!(model.shows(), model::shown(&claim), "{told}: {claim:#?}");
            }
        }
    }
    for (case, _) in &lives {
        let history = case.history().await;
        assert!(history.windows(2).all(|pair| pair[1].from_state == pair[0].to_state), "{history:#?}");
    }
}

async fn new_life(system: &TestSystem) -> (TestClaim<'_>, Model) {
    (TestClaim::create_with_evidence(system, system.presales().await).await, Model::of_a_complete_draft())
}

async fn seen(case: &TestClaim<'_>, model: &Model) -> Option<Claim> {
    let answer = case.claim_as(&case.partner).await;
    assert_eq!(answer.is_ok(), model.is_there(), "{answer:?}");
    answer.ok()
}

async fn perform(case: &TestClaim<'_>, act: Act) -> ApiResult<()> {
    match act {
        Act::Wait(_) => Ok(()),
        Act::Partner(command) => as_partner(case, command).await,
        Act::Review(command) => as_lead(case, command).await,
        Act::Customer(Customer::Approve) => case.approve_consent().await.map(drop),
        Act::Customer(Customer::Decline) => case.decline_consent("No.").await.map(drop),
    }
}

async fn as_partner(case: &TestClaim<'_>, command: Partner) -> ApiResult<()> {
    match command {
        Partner::Update => {
            let name = format!("Bea {}", case.system.next_number());
            let contact = Contact { name, email: "bea@contoso.example".into(), ..Contact::default() };
            let changed = Claim { partner_contact: Some(contact), ..Claim::default() };
            case.update(changed, &["partner_contact"]).await.map(drop)
        }
        Partner::Delete => case.delete().await.map(drop),
        Partner::Submit => case.submit().await.map(drop),
        Partner::Resubmit => case.resubmit("Here it is.").await.map(drop),
        Partner::Withdraw => case.withdraw(WithdrawReason::WrongActivity, "").await.map(drop),
        Partner::Dispute => case.dispute("The proof is sound.").await.map(drop),
        Partner::AddEvidence => case.upload("more.pdf", PDF).await.map(drop),
        Partner::Comment => case.comment(&case.partner, "A word.").await.map(drop),
    }
}

async fn as_lead(case: &TestClaim<'_>, command: Review) -> ApiResult<()> {
    let lead = &case.system.lead;
    match command {
        Review::Take => case.take(lead).await.map(drop),
        Review::Release => case.release(lead).await.map(drop),
        Review::Start => case.start_review(lead).await.map(drop),
        Review::RequestPartnerAction => case.request_action(lead).await.map(drop),
        Review::Approve => case.approve(lead).await.map(drop),
        Review::Reject => case.reject(lead).await.map(drop),
    }
}
