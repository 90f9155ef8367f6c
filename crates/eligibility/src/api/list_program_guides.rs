//! `ListProgramGuides`: lists the program guides (each contains conditions and rates of payment) of
//! the catalog page by page; by default first the drafts, then the active guides, each the newest
//! first. Executes one query: the catalog is one row.
use cpor_bulk_rows::LATEST_TIME;
use cpor_listing::{CursorValue, MemoryList};
use cpor_listing::{
    filter::{Field, FieldType, Format, Value},
    order::Order,
    page::{self, PageTokens},
};
use cpor_proto::eligibility::v1::{ListProgramGuidesRequest, ListProgramGuidesResponse};
use cpor_rpc::request;
use cpor_types::ProgramGuideName;
use tonic::{Request, Response, Status};

use super::{Api, convert, scope::can_see_guide};
use crate::domain::{CatalogGuide, GuideState};

/// The fields by which lists of guides can be filtered and sorted.
static GUIDES: MemoryList<CatalogGuide> = MemoryList {
    fields: &[
        Field {
            name: "state",
            field_type: FieldType::Enum("GUIDE_STATE_", &["DRAFT", "ACTIVE"]),
            column: |guide| vec![Value::Text(state(guide).to_owned())],
        },
        Field {
            name: "display_name",
            field_type: FieldType::Text,
            column: |guide| vec![Value::Text(guide.document.display_name.to_lowercase())],
        },
        Field {
            name: "version",
            field_type: FieldType::Text,
            column: |guide| vec![Value::Text(guide.document.version.to_lowercase())],
        },
        Field { name: "revises", field_type: FieldType::Id(Format::ANY), column: revised_guide },
        Field {
            name: "effective_start_time",
            field_type: FieldType::Time,
            column: |guide| {
                guide.effective_period().map(|period| Value::Time(period.start.start())).into_iter().collect()
            },
        },
        Field {
            name: "effective_end_time",
            field_type: FieldType::Time,
            column: |guide| {
                let end = guide.effective_period().and_then(|period| period.end);
                end.map(|end| Value::Time(end.start())).into_iter().collect()
            },
        },
        Field {
            name: "create_time",
            field_type: FieldType::Time,
            column: |guide| vec![Value::Time(guide.create_time)],
        },
    ],
    sort_keys: &[
        ("effective_start_time", start_time),
        ("create_time", |guide| CursorValue::Time(guide.create_time)),
        ("display_name", |guide| CursorValue::Text(guide.document.display_name.to_lowercase())),
    ],
    default_order: Order { key: start_time, descending: true },
    tie_break: |guide| {
        // The edition is the number of guides that had been activated, including this one.
        let edition = guide.effective_period().map_or(0, |period| convert::to_count(period.edition));
        vec![
            CursorValue::Number(edition),
            CursorValue::Time(guide.create_time),
            CursorValue::Text(guide.document.id.to_string()),
        ]
    },
};

/// Returns the value of the field `state`.
const fn state(guide: &CatalogGuide) -> &'static str {
    match guide.state {
        GuideState::Draft => "DRAFT",
        GuideState::Active(_) => "ACTIVE",
    }
}

/// Returns the value of the field `revises`.
fn revised_guide(guide: &CatalogGuide) -> Vec<Value> {
    let name = |guide: &_| Value::Text(ProgramGuideName { guide: Clone::clone(guide) }.to_string());
    guide.revises.iter().map(name).collect()
}

/// Returns the sort key `effective_start_time`. Drafts come after all active guides.
fn start_time(guide: &CatalogGuide) -> CursorValue {
    CursorValue::Time(guide.effective_period().map_or(LATEST_TIME, |period| period.start.start()))
}

pub(super) async fn list_program_guides(
    api: &Api,
    request: Request<ListProgramGuidesRequest>,
) -> Result<Response<ListProgramGuidesResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let page_tokens = PageTokens::for_request(&request);
    let query = GUIDES.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let guides = api.guide_catalog().await?.guides.into_iter().filter(|guide| can_see_guide(&caller, guide));
    let found = query.select(guides, after.as_ref());
    let items = found.iter().map(|(cursor, guide)| (cursor, convert::to_program_guide(guide)));
    let (program_guides, next_page_token) = page_tokens.paginate(page::effective_size(request.page_size), items)?;
    Ok(Response::new(ListProgramGuidesResponse { program_guides, next_page_token }))
}
