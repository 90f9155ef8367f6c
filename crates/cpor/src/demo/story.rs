//! The four claims of the demo, each a chapter.

mod chapters;
mod moves;

use super::{stage::Stage, timeline::Timeline};

/// Tells the story from the first claim to the last.
///
/// # Errors
/// When a call is refused that should not be, or one is let through that should be refused.
pub(crate) async fn tell(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    chapters::straight(stage, timeline).await?;
    chapters::sent_back(stage, timeline).await?;
    chapters::declined(stage, timeline).await?;
    chapters::already_held(stage, timeline).await
}
