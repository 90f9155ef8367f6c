//! Associations that come on record, and that end while the claim stays approved (R27, R37, R39).
use super::letter::{Letter, Mood, Section, Setting, named};
use crate::domain::{Association, EndReason, Ended, Line};

pub(super) fn official(setting: &Setting<'_>) -> Option<Letter> {
    let since = match setting.claim.state.association()? {
        Association::Official { since } => setting.time(*since),
        Association::Pending | Association::Granted { .. } | Association::Ended { .. } => return None,
    };
    let lead = format!("Your company is on record for {} since {since}.", setting.customer());
    let paid = setting.claim.content.activities.iter().any(|activity| activity.is_paid());
    let usage = "You can read the customer's usage of what you claimed (ListUsage), for as long as the association lasts. Credited is usage from the \
                 first full month on.";
    let assessed = "Each line is now held against the program guide in force, and again every month: the claim and its assessment \
                    (GetAssessment) show whether it is eligible for incentives and, where it is not, which condition does not hold.";
    let recognised = "A revenue association is recognised; it earns no incentives.";
    let letter = setting.letter(Mood::Good, "On record", "The association is official", lead);
    Some(letter.with([
        Some(Section::saying("What this opens", [usage])),
        Some(Section::saying("Incentives", [if paid { assessed } else { recognised }])),
    ]))
}

pub(super) fn ended(setting: &Setting<'_>) -> Option<Letter> {
    let ended_then = |line: &&Line| line.ended.as_ref().is_some_and(|ended| ended.until == setting.about.time);
    let lines: Vec<&Line> = setting.claim.content.lines.iter().filter(ended_then).collect();
    let Ended { reason, since, .. } = *lines.first()?.ended.as_ref()?;
    let when = setting.time(setting.about.time);
    let lead = format!("Your association with {} ended on {when} for what is named below.", setting.customer());
    let letter = setting.letter(Mood::News, "Association ended", "An association has ended", lead);
    let others = setting.claim.content.lines.iter().any(|line| line.ended.is_none());
    let rest = others.then_some("The rest of the claim is not affected.");
    // One that never was on record opened nothing.
    let usage = match since {
        Some(_) => "You can no longer read the customer's usage of it.",
        None => "It was not on record yet, so that no usage was open to you.",
    };
    Some(letter.with([
        Some(Section::listing("What ended", named(lines.iter().copied()))),
        Some(Section::saying("Why", [because(reason)])),
        Some(Section::saying("What follows", [usage].into_iter().chain(rest))),
    ]))
}

const fn because(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Expired => "The subscription has ended. One that is renewed under a new id needs a new claim.",
        EndReason::Superseded => "Another company's claim for it has won: a review lead decided between the two.",
        EndReason::Declined => "The customer declined.",
        EndReason::Withdrawn => "Your company withdrew the claim.",
        EndReason::Rejected => "The claim was rejected.",
    }
}
