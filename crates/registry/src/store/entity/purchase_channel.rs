//! The values of the column with a subscription's purchase channel.
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The purchase channel of a subscription as it is stored. The stored values (`string_value`) must
/// not change: existing rows and the migration of the table contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum PurchaseChannel {
    #[sea_orm(string_value = "volume_licensing")]
    VolumeLicensing,
    #[sea_orm(string_value = "web_direct")]
    WebDirect,
    /// Through a Cloud Solution Provider.
    #[sea_orm(string_value = "csp")]
    Csp,
}

impl From<cpor_types::PurchaseChannel> for PurchaseChannel {
    fn from(value: cpor_types::PurchaseChannel) -> Self {
        match value {
            cpor_types::PurchaseChannel::VolumeLicensing => Self::VolumeLicensing,
            cpor_types::PurchaseChannel::WebDirect => Self::WebDirect,
            cpor_types::PurchaseChannel::Csp => Self::Csp,
        }
    }
}

impl From<PurchaseChannel> for cpor_types::PurchaseChannel {
    fn from(value: PurchaseChannel) -> Self {
        match value {
            PurchaseChannel::VolumeLicensing => Self::VolumeLicensing,
            PurchaseChannel::WebDirect => Self::WebDirect,
            PurchaseChannel::Csp => Self::Csp,
        }
    }
}
