//! Value types that all services share: ids, resource names, times, business-day calendars, policy
//! profiles.
//!
//! The crate contains no I/O, no protobuf messages and no database types. Rule numbers such as R46
//! refer to docs/rules.md.

mod actor;
mod assessment;
mod association;
mod blank;
mod calendar;
mod calendars;
mod claim_state_kind;
mod consent;
mod deadline;
mod domain_name;
mod email_address;
mod entropy;
mod evidence;
mod ids;
mod key;
mod language;
mod length;
mod malformed;
mod money;
mod month;
mod names;
mod personal;
mod personal_data;
mod policy;
mod policy_profiles;
mod product;
mod reasons;
mod review_clock;
mod role;
mod scope;
mod service;
mod string_enum;
mod subscription;
mod text;
mod time;
mod zone;

pub use actor::{Actor, ActorSide};
pub use assessment::Verdict;
pub use association::AssociationEndReason;
pub use blank::{is_blank, trim_blanks};
pub use calendar::{Calendar, LocalTime};
pub use calendars::{CalendarError, Calendars};
pub use claim_state_kind::ClaimStateKind;
pub use consent::{ConsentChannel, NoticeKind, NoticeState};
pub use deadline::Deadline;
pub use domain_name::DomainName;
pub use email_address::{EmailAddress, InvalidEmailAddress};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use evidence::EvidenceKind;
pub use ids::{
    AssociationId, CaseId, ClaimId, CommentId, DecisionId, EvidenceId, LegacyHolderId, LineId, MpnId, NoteId,
    PartnerId, PayoutId, ProductId, ProgramGuideId, SubscriptionId, TenantId,
};
pub use key::{AssociationKey, TenantKey};
pub use language::MailLanguage;
pub use length::Length;
pub use malformed::Malformed;
pub use money::{Currency, Money};
pub use month::Month;
pub use names::{
    ArbitrationName, AssessmentName, AssociationName, ClaimName, CommentName, ConsentName, EvidenceName, LocationName,
    PartnerName, PayoutName, ProductName, ProgramGuideName, ReviewCaseName, ReviewNoteName, SubscriptionName,
    TenantName, WorkloadName,
};
pub use personal::Personal;
pub use personal_data::PersonalData;
pub use policy::{
    CustomerNotices, EditsAfterSubmission, EvidenceLimits, PolicyId, PolicyProfile, PolicyViolation, ReviewLengths,
    Submitters, WindowStart,
};
pub use policy_profiles::{PolicyError, PolicyInForce, PolicyProfiles};
pub use product::{ProductFamily, ProductKind};
pub use reasons::{FurtherRejectionReason, PartnerActionReason, PrimaryRejectionReason, WithdrawReason};
pub use review_clock::ReviewClock;
pub use role::Role;
pub use scope::{Activity, Program, SolutionArea, UnsupportedActivity, program_for};
pub use service::Service;
pub use subscription::{PurchaseChannel, SubscriptionStatus};
pub use time::{Clock, SystemClock, Timestamp, VirtualClock, rfc3339, truncate_to_micros};
pub use zone::{ReadZone, SystemZones, Zone};
