//! The example data (`examples/directory.json`) that `cpor dev` and `cpor demo` import: two
//! partners and three tenants, with the subscriptions and workloads of the tenants. The registry
//! calls its data about partners, tenants and products the directory.

use std::fmt;

use anyhow::ensure;
use cpor_proto::registry::v1::{
    ImportDirectoryRequest, Partner, Subscription, Tenant, directory_row::Row, import_result::Outcome,
    registry_service_client::RegistryServiceClient,
};
use cpor_rpc::json;
use tonic::{Request, transport::Channel};

/// The example data: an `ImportDirectoryRequest` as JSON.
const EXAMPLE: &str = include_str!("../../../examples/directory.json");

/// The example data as a request. Its `Display` implementation lists every id that a caller needs.
pub(crate) struct ExampleData(ImportDirectoryRequest);

impl ExampleData {
    /// Parses the built-in example.
    ///
    /// # Errors
    /// Returns an error if the example is not the JSON of an `ImportDirectoryRequest`.
    pub(crate) fn load() -> anyhow::Result<Self> {
        Ok(Self(json::parse::<ImportDirectoryRequest>(EXAMPLE)?))
    }

    /// Imports the data through the API, with the token of a `directory_sync` caller. A repeated
    /// import changes nothing.
    ///
    /// # Errors
    /// Returns an error if the registry cannot be reached or refuses a row.
    pub(crate) async fn import(self, channel: Channel, token: &str) -> anyhow::Result<()> {
        let mut request = Request::new(self.0);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
        let results = RegistryServiceClient::new(channel).import_directory(request).await?.into_inner().results;
        for result in results {
            ensure!(result.outcome() != Outcome::Refused, "{} was refused: {:?}", result.name, result.error);
        }
        Ok(())
    }
}

impl fmt::Display for ExampleData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.0.rows.iter().filter_map(|row| row.row.as_ref()) {
            if let Row::Partner(partner) = row {
                write_partner(f, partner)?;
            }
        }
        for row in self.0.rows.iter().filter_map(|row| row.row.as_ref()) {
            if let Row::Tenant(tenant) = row {
                write_tenant(f, tenant)?;
                self.write_keys(f, &format!("{}/", tenant.name))?;
            }
        }
        Ok(())
    }
}

impl ExampleData {
    /// Writes the subscriptions and workloads of a tenant. `tenant_prefix` is the beginning of
    /// their resource names.
    fn write_keys(&self, f: &mut fmt::Formatter<'_>, tenant_prefix: &str) -> fmt::Result {
        for row in self.0.rows.iter().filter_map(|row| row.row.as_ref()) {
            match row {
                Row::Subscription(subscription) => {
                    if let Some(id) = subscription.name.strip_prefix(tenant_prefix) {
                        write_subscription(f, id, subscription)?;
                    }
                }
                Row::Workload(workload) => {
                    if let Some(id) = workload.name.strip_prefix(tenant_prefix) {
                        // A claim names a workload by its product, which has the same id.
                        writeln!(f, "    {id}  {}", id.replace("workloads/", "products/"))?;
                    }
                }
                Row::Partner(_) | Row::Tenant(_) => {}
            }
        }
        Ok(())
    }
}

fn write_partner(f: &mut fmt::Formatter<'_>, partner: &Partner) -> fmt::Result {
    writeln!(f, "  {}  {}", partner.name, partner.display_name)?;
    for location in &partner.locations {
        writeln!(f, "    MPN id {}  region {}, calendar {}", location.mpn_id, location.region, location.calendar)?;
    }
    let programs =
        partner.enrollments.iter().map(|enrollment| lower_name(enrollment.program().as_str_name(), "PROGRAM_"));
    writeln!(f, "    enrolled in {}", programs.collect::<Vec<_>>().join(", "))
}

fn write_tenant(f: &mut fmt::Formatter<'_>, tenant: &Tenant) -> fmt::Result {
    writeln!(f, "  {}  {}", tenant.name, tenant.display_name)?;
    writeln!(f, "    region {}, calendar {}, domains {}", tenant.region, tenant.calendar, tenant.domains.join(", "))
}

fn write_subscription(f: &mut fmt::Formatter<'_>, id: &str, subscription: &Subscription) -> fmt::Result {
    let channel = lower_name(subscription.channel().as_str_name(), "PURCHASE_CHANNEL_");
    write!(f, "    {id}  {}, {channel}", subscription.product)?;
    let date = |time: &prost_types::Timestamp| time.to_string().chars().take("2026-03-16".len()).collect::<String>();
    if let (Some(purchased), Some(ends)) = (&subscription.purchase_time, &subscription.end_time) {
        write!(f, ", {} to {}", date(purchased), date(ends))?;
    }
    writeln!(f)
}

/// Returns `web_direct` for the enum value name `PURCHASE_CHANNEL_WEB_DIRECT`.
fn lower_name(value: &str, prefix: &str) -> String {
    value.trim_start_matches(prefix).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_id_of_the_directory() {
        let directory = ExampleData::load().unwrap();
        let list = directory.to_string();
        for row in &directory.0.rows {
            match row.row.as_ref().unwrap() {
                Row::Partner(partner) => {
                    assert!(list.contains(&partner.name), "{list}");
                    assert!(partner.locations.iter().all(|location| list.contains(&location.mpn_id)), "{list}");
                }
                Row::Tenant(tenant) => {
                    assert!(list.contains(&tenant.name) && list.contains(&tenant.domains.join(", ")), "{list}");
                }
                Row::Subscription(subscription) => {
                    let id = subscription.name.rsplit('/').next().unwrap();
                    assert!(list.contains(&format!("subscriptions/{id}  {}", subscription.product)), "{list}");
                }
                Row::Workload(workload) => assert!(list.contains(workload.name.rsplit('/').next().unwrap()), "{list}"),
            }
        }
        assert!(list.contains("products/dynamics-365-sales, web_direct, 2026-02-20 to 2027-02-20"), "{list}");
    }
}
