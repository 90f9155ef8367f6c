//! `SimulateProgramGuide`: page after page of assessments, each held against the draft; reads alone.
use std::{collections::BTreeMap, pin::Pin, sync::Arc};

use cpor_durable::Key;
use cpor_kit::{Db, request};
use cpor_proto::eligibility::v1::{
    SimulateProgramGuideRequest, SimulateProgramGuideResponse, simulate_program_guide_response::Part,
};
use cpor_types::{Month, ProgramGuideName, Timestamp};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse};
use crate::{
    assessor::{looked_at, own},
    domain::{Guide, ShelfRefusal, Standing, Summary},
    store::{
        assessments::{self, Found, Scope},
        guides, usage,
    },
};

/// The stream of an answer.
pub(super) type Simulation = Pin<Box<dyn Stream<Item = Result<SimulateProgramGuideResponse, Status>> + Send>>;

/// Assessments that are read at a time.
const PAGE: u64 = 100;

/// A simulation under way.
struct Run {
    db: Db,
    draft: Arc<Guide>,
    /// From the first month until the second, exclusive.
    months: (Option<Month>, Option<Month>),
    now: Timestamp,
    after: Option<Key>,
    summary: Summary,
}

pub(super) async fn simulate_program_guide(
    api: &Api,
    request: Request<SimulateProgramGuideRequest>,
) -> Result<Response<Simulation>, Status> {
    let (_, request) = request::open(request)?;
    let name: ProgramGuideName = parse::required("name", &request.name)?;
    let months =
        (parse::optional("start_month", &request.start_month)?, parse::optional("end_month", &request.end_month)?);
    let draft = Arc::new(draft(api, name).await?);
    let (db, now) = (api.db.clone(), api.now().await?);
    let run = Run { db, draft, months, now, after: None, summary: Summary::default() };
    let pages = stream::try_unfold(Some(run), |run| async {
        match run {
            Some(run) => run.next().await.map(Some).map_err(Status::from),
            None => Ok(None),
        }
    });
    Ok(Response::new(pages.map_ok(|parts| stream::iter(parts.into_iter().map(Ok))).try_flatten().boxed()))
}

async fn draft(api: &Api, name: ProgramGuideName) -> Result<Guide, Refusal> {
    let shelf = api.shelf().await?;
    let found = shelf.get(&name.guide).ok_or_else(|| Refusal::NotFound { resource: name.to_string() })?;
    match found.standing {
        Standing::Draft => {}
        Standing::Active(_) => return Err(Refusal::Shelf(ShelfRefusal::NotDraft(name.guide))),
    }
    Ok(guides::compiled_draft(found)?)
}

impl Run {
    /// The differences of the next page, and the rest of the run; after the last page, the summary.
    async fn next(mut self) -> Result<(Vec<SimulateProgramGuideResponse>, Option<Self>), Refusal> {
        let page = assessments::list(self.db.reader(), &Scope::All, None, self.after.as_ref(), PAGE).await?;
        let Some((last, _)) = page.last() else {
            return Ok((vec![part(Part::Summary(convert::summary(&self.summary)))], None));
        };
        self.after = Some(last.clone());
        let parts = self.compare(&page).await?;
        Ok((parts, Some(self)))
    }

    async fn compare(&mut self, page: &[Found]) -> Result<Vec<SimulateProgramGuideResponse>, Refusal> {
        let db = self.db.reader();
        let keys: Vec<Key> = page.iter().map(|(key, _)| key.clone()).collect();
        let mut answers = assessments::answers(db, &keys).await?;
        let usage = usage::of_keys(db, page.iter().flat_map(|(_, found)| looked_at(&found.state)).collect()).await?;
        let (from, until) = self.months;
        let mut parts = Vec::new();
        for (key, found) in page {
            let (assessment, own) = (&found.state, own(&usage, &found.state));
            let answers: BTreeMap<_, _> = answers.remove(key).unwrap_or_default();
            for (month, before) in answers {
                if from.is_some_and(|from| month < from) || until.is_some_and(|until| month >= until) {
                    continue;
                }
                let Some(after) = assessment.simulate(&self.draft, &own, month, self.now) else { continue };
                let differences = self.summary.compare(&before, &after).into_iter();
                parts.extend(differences.map(|one| part(Part::Difference(convert::difference(assessment, one)))));
            }
        }
        Ok(parts)
    }
}

fn part(part: Part) -> SimulateProgramGuideResponse {
    SimulateProgramGuideResponse { part: Some(part) }
}
