//! `SimulateProgramGuide`: compares the stored results of all claims with the results that a draft
//! of a program guide (the conditions and rates of payment) would give, page by page. It writes
//! nothing.
use std::{collections::BTreeMap, pin::Pin, sync::Arc};

use cpor_database::Db;
use cpor_durable::AggregateKey;
use cpor_proto::eligibility::v1::{
    SimulateProgramGuideRequest, SimulateProgramGuideResponse, simulate_program_guide_response::Content,
};
use cpor_rpc::request;
use cpor_types::{Month, ProgramGuideName, Timestamp};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse};
use crate::{
    assessor::{usage_keys, usage_of_assessment},
    domain::{Guide, GuideRefusal, GuideState, SimulationSummary},
    store::{
        assessments::{self, Scope, StoredAssessment},
        guide_catalog, usage,
    },
};

pub(super) type SimulationStream = Pin<Box<dyn Stream<Item = Result<SimulateProgramGuideResponse, Status>> + Send>>;

/// The number of assessments that are read at a time.
const PAGE_SIZE: u64 = 100;

/// A simulation in progress.
struct Simulation {
    db: Db,
    draft: Arc<Guide>,
    /// The first month to compare; `None` for no limit.
    start_month: Option<Month>,
    /// The first month that is not compared; `None` for no limit.
    end_month: Option<Month>,
    now: Timestamp,
    /// The storage key of the last assessment that was compared.
    after: Option<AggregateKey>,
    summary: SimulationSummary,
}

pub(super) async fn simulate_program_guide(
    api: &Api,
    request: Request<SimulateProgramGuideRequest>,
) -> Result<Response<SimulationStream>, Status> {
    let (_, request) = request::validate(request)?;
    let name: ProgramGuideName = parse::required("name", &request.name)?;
    let start_month = parse::optional("start_month", &request.start_month)?;
    let end_month = parse::optional("end_month", &request.end_month)?;
    let draft = Arc::new(load_draft(api, name).await?);
    let (db, now) = (api.db.clone(), api.now().await?);
    let summary = SimulationSummary::default();
    let simulation = Simulation { db, draft, start_month, end_month, now, after: None, summary };
    let pages = stream::try_unfold(Some(simulation), |simulation| async {
        match simulation {
            Some(simulation) => simulation.next_page().await.map(Some).map_err(Status::from),
            None => Ok(None),
        }
    });
    let messages = pages.map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten();
    Ok(Response::new(messages.boxed()))
}

async fn load_draft(api: &Api, name: ProgramGuideName) -> Result<Guide, Refusal> {
    let catalog = api.guide_catalog().await?;
    let guide = catalog.get(&name.guide).ok_or_else(|| Refusal::NotFound { resource: name.to_string() })?;
    match guide.state {
        GuideState::Draft => {}
        GuideState::Active(_) => return Err(Refusal::Guide(GuideRefusal::NotDraft(name.guide))),
    }
    Ok(guide_catalog::compile_draft(guide)?)
}

impl Simulation {
    /// Compares the next page of assessments. Returns the messages for it, and the simulation to
    /// continue with. After the last page the only message is the summary.
    async fn next_page(mut self) -> Result<(Vec<SimulateProgramGuideResponse>, Option<Self>), Refusal> {
        let page =
            assessments::list_in_key_order(self.db.reader(), &Scope::All, None, self.after.as_ref(), PAGE_SIZE).await?;
        let Some((last, _)) = page.last() else {
            return Ok((vec![message(Content::Summary(convert::to_summary(&self.summary)))], None));
        };
        self.after = Some(last.clone());
        let messages = self.compare(&page).await?;
        Ok((messages, Some(self)))
    }

    async fn compare(&mut self, page: &[StoredAssessment]) -> Result<Vec<SimulateProgramGuideResponse>, Refusal> {
        let db = self.db.reader();
        let keys: Vec<AggregateKey> = page.iter().map(|(key, _)| key.clone()).collect();
        let mut stored_results = assessments::list_monthly_results(db, &keys).await?;
        let usage_keys = page.iter().flat_map(|(_, found)| usage_keys(&found.state)).collect();
        let usage = usage::load_usage(db, usage_keys).await?;
        let mut messages = Vec::new();
        for (key, found) in page {
            let assessment = &found.state;
            let usage = usage_of_assessment(&usage, assessment);
            let results: BTreeMap<_, _> = stored_results.remove(key).unwrap_or_default();
            for (month, before) in results {
                if self.start_month.is_some_and(|start| month < start) || self.end_month.is_some_and(|end| month >= end)
                {
                    continue;
                }
                let Some(after) = assessment.simulate(&self.draft, &usage, month, self.now) else { continue };
                for difference in self.summary.compare(&before, &after) {
                    messages.push(message(Content::Difference(convert::to_difference(assessment, difference))));
                }
            }
        }
        Ok(messages)
    }
}

fn message(content: Content) -> SimulateProgramGuideResponse {
    SimulateProgramGuideResponse { content: Some(content) }
}
