//! The claims of the demo, each a chapter.

mod arbitration;
mod chapters;
mod contested;
mod drafts;
mod guides;
mod moves;
mod seasons;

use super::{stage::Stage, timeline::Timeline};

/// Tells the story from the first claim to what was earned in the end.
///
/// # Errors
/// When a call is refused that should not be, or one is let through that should be refused.
pub(crate) async fn tell(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    chapters::straight(stage, timeline).await?;
    chapters::sent_back(stage, timeline).await?;
    chapters::declined(stage, timeline).await?;
    chapters::already_held(stage, timeline).await?;
    contested::disputed(stage, timeline).await?;
    let mut expiring = contested::competing(stage, timeline).await?;
    contested::legacy(stage, timeline).await?;
    seasons::guide(stage, timeline).await?;
    seasons::declined_late(stage, timeline).await?;
    seasons::expired(stage, timeline, &mut expiring).await?;
    seasons::earnings(stage, timeline).await
}
