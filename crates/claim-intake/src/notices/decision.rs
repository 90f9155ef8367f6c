//! Rejections, and what helps against them (R28, R31–R33); approvals (R23).
use super::{
    letter::{Letter, Mood, Section, Setting},
    words::further,
};
use crate::domain::{Association, Finality, Rejection, Remedy};
use cpor_types::PrimaryRejection;

const NEW_CLAIM: &str = "Only a new claim with updated proof of execution helps.";

pub(super) fn rejected(setting: &Setting<'_>) -> Option<Letter> {
    let rejection = setting.claim.state.rejection().filter(|rejection| rejection.time == setting.about.time)?;
    let (customer, when) = (setting.customer(), setting.time(rejection.time));
    let lead = format!("Your claim for {customer} was rejected on {when}. {}", primary(rejection));
    Some(letter(setting, rejection, "Claim rejected", "Your claim was rejected", lead))
}

pub(super) fn dispute_reminder(setting: &Setting<'_>) -> Option<Letter> {
    let reminded = |rejection: &&Rejection| match &rejection.remedy {
        Remedy::Dispute(window) => window.remind.is_none() && rejection.time < setting.about.time,
        Remedy::Missed(_) | Remedy::Final(_) => false,
    };
    let rejection = setting.claim.state.rejection().filter(reminded)?;
    let due = rejection.dispute_window()?.due;
    let (customer, when) = (setting.customer(), setting.time(rejection.time));
    let lead = format!(
        "This is a reminder: your claim for {customer} was rejected on {when}, and the time to dispute that is over soon. {}",
        primary(rejection)
    );
    let subject = format!("Reminder: dispute by {}", setting.day(due));
    Some(letter(setting, rejection, &subject, "The time to dispute is over soon", lead))
}

fn letter(setting: &Setting<'_>, rejection: &Rejection, subject: &str, headline: &str, lead: String) -> Letter {
    let more: Vec<_> = rejection.further.iter().map(|reason| further(*reason).to_owned()).collect();
    let who = match rejection.primary {
        PrimaryRejection::CustomerDeclined => "What the customer wrote",
        PrimaryRejection::PartnerRequest => "What your company wrote",
        PrimaryRejection::InsufficientPoe | PrimaryRejection::LostToCompetingClaim => "What the reviewer wrote",
    };
    let ended = rejection.ended.as_ref().and_then(|association| ended(setting, association));
    setting.letter(Mood::Bad, subject, headline, lead).with([
        (!more.is_empty()).then(|| Section::listing("In particular", more)),
        Section::quoting(who, &rejection.comment),
        ended,
        Some(remedy(setting, rejection)),
        Some(Section::saying("Where to see the reason", [WHERE])),
    ])
}

const WHERE: &str = "The claim itself shows the reason (GetClaim), everything that was written about it (ListComments), and every step that led \
                     here (ListHistory).";

const fn primary(rejection: &Rejection) -> &'static str {
    match rejection.primary {
        PrimaryRejection::PartnerRequest => "Your company withdrew it.",
        PrimaryRejection::InsufficientPoe => "The reason: the proof of execution is not sufficient.",
        PrimaryRejection::CustomerDeclined => match &rejection.remedy {
            Remedy::Final(Finality::NoExplicitApproval) => {
                "The reason: the customer had declined before, and did not approve when asked again."
            }
            Remedy::Dispute(_) | Remedy::Missed(_) | Remedy::Final(_) => "The reason: the customer declined.",
        },
        PrimaryRejection::LostToCompetingClaim => {
            "The reason: what was left of it was awarded to another company's claim."
        }
    }
}

/// What became of the association that the claim had.
fn ended(setting: &Setting<'_>, association: &Association) -> Option<Section> {
    let words = match association {
        Association::Official { since } => format!(
            "The association that was on record since {} is over, and you can no longer read the customer's usage.",
            setting.time(*since)
        ),
        Association::Pending | Association::Granted { .. } => {
            "The association that was pending will not become official, and what was held for you is free again."
                .to_owned()
        }
        Association::Ended { .. } => return None,
    };
    Some(Section::saying("The association", [words]))
}

fn remedy(setting: &Setting<'_>, rejection: &Rejection) -> Section {
    let because = match &rejection.remedy {
        Remedy::Dispute(window) => return dispute(setting, &setting.time(window.deadline.due)),
        Remedy::Missed(due) => format!("It could be disputed until {}.", setting.time(*due)),
        Remedy::Final(Finality::PartnerRequest) => "What a partner withdrew cannot be disputed.".to_owned(),
        Remedy::Final(Finality::NoDisputeLeft) => {
            "The claim has been disputed as often as its policy allows.".to_owned()
        }
        Remedy::Final(Finality::NoExplicitApproval) => {
            "The customer was asked twice and has not approved the claim.".to_owned()
        }
    };
    Section::saying("This is final", [format!("{because} {NEW_CLAIM}")]).strong()
}

fn dispute(setting: &Setting<'_>, due: &str) -> Section {
    let until = format!(
        "You can dispute this until {due}. After that, only a new claim with updated proof of execution helps."
    );
    let how = "Upload new evidence (UploadEvidence), say why you disagree, or both, and dispute the rejection (DisputeClaim): a reviewer then looks \
               at the claim anew. This needs an administrator of your company.";
    let declined =
        "Because the customer declined, a disputed claim becomes official only if the customer approves it explicitly.";
    let needed = setting.submission.needs_explicit_approval().then_some(declined);
    let said = [until.as_str(), how].into_iter().chain(needed);
    Section::saying("If you disagree", said).strong()
}

/// R28: the claim was rejected already; what follows for a dispute is news.
pub(super) fn declined_when_rejected(setting: &Setting<'_>) -> Option<Letter> {
    let declined = setting.submission.declined == Some(setting.about.time);
    let window = setting.claim.state.rejection().and_then(Rejection::dispute_window).filter(|_| declined)?;
    let lead = format!(
        "{} has declined your claim on {}. It is rejected already, so its state does not change.",
        setting.customer(),
        setting.time(setting.about.time)
    );
    let letter = setting.letter(Mood::News, "The customer declined", "The customer declined your claim", lead);
    Some(letter.with([Some(dispute(setting, &setting.time(window.due)))]))
}

/// R25: the contact need not be who withdrew it.
pub(super) fn withdrawn(setting: &Setting<'_>) -> Option<Letter> {
    let rejection = setting.claim.state.rejection().filter(|rejection| rejection.time == setting.about.time)?;
    let (customer, when) = (setting.customer(), setting.time(rejection.time));
    let lead = format!("Your company withdrew its claim for {customer} on {when}.");
    let ended = rejection.ended.as_ref().and_then(|association| ended(setting, association));
    let letter = setting.letter(Mood::News, "Claim withdrawn", "Your company withdrew this claim", lead);
    let wrote = Section::quoting("What your company wrote", &rejection.comment);
    Some(letter.with([ended, wrote, Some(remedy(setting, rejection))]))
}

/// R23; the customer has the next word (R40–R42), unless it has had it.
pub(super) fn approved(setting: &Setting<'_>) -> Option<Letter> {
    let association = setting.claim.state.association()?;
    let lead = format!("Your claim for {} was approved by a reviewer.", setting.customer());
    let next = match association {
        Association::Granted { .. } | Association::Official { .. } => {
            // Where the window is counted from the notice at submission, it may have passed before the approval (R61).
            let customer = match setting.submission.explicit_approval {
                Some(_) => "The customer has approved too.",
                None => "The customer did not decline in time.",
            };
            format!("{customer} The association is being put on record; you get a mail when it is.")
        }
        Association::Pending if setting.submission.needs_explicit_approval() => format!(
            "The customer had declined before, so silence is not enough this time: the association becomes official only if the customer \
             approves it {}. Otherwise the claim is rejected for good.",
            consent_window(setting)
        ),
        Association::Pending => format!(
            "The customer is told by e-mail and need do nothing: if it does not decline {}, the association becomes official, and you get a mail.",
            consent_window(setting)
        ),
        Association::Ended { .. } => return None,
    };
    let exclusive = setting.claim.content.activities.iter().any(|activity| activity.is_exclusive());
    let held = "What you claim is held for you: no other company's claim for it can be approved. Usage opens when the association is official.";
    let letter = setting.letter(Mood::Good, "Claim approved", "Your claim was approved", lead);
    let until_then = (exclusive && *association == Association::Pending).then(|| Section::saying("Until then", [held]));
    Some(letter.with([Some(Section::saying("What happens now", [next]).strong()), until_then]))
}

/// R41: until when, or from when on.
fn consent_window(setting: &Setting<'_>) -> String {
    match setting.submission.consent_due {
        Some(due) => format!("by {}", setting.customer_time(due)),
        None => format!("within {} of the day on which its mail system takes the notice", setting.consent_window),
    }
}
