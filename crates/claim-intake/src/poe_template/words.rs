//! What a template says of its activity.
use crate::notices::activity_name;
use cpor_types::Activity;

/// The words of one activity's template.
pub(super) struct Words {
    activity: Activity,
    /// What is claimed for: `Usage, Microsoft 365`.
    pub(super) scope: String,
}

impl Words {
    pub(super) fn of(activity: Activity, area: &str) -> Self {
        let name = activity_name(activity);
        let scope = if area.is_empty() { name.to_owned() } else { format!("{name}, {area}") };
        Self { activity, scope }
    }

    /// What to write for each product.
    pub(super) const fn guide(&self) -> &'static str {
        match self.activity {
            Activity::Usage => {
                "For each product or workload, describe the service or solution with which you drove its use: deployment, migration, adoption, \
                 training, or an application that you run for the customer. Say what you did, for how many users, and with what result."
            }
            Activity::PreSales => {
                "For each product, describe how you helped the customer to decide for it: assessment, workshop, proof of concept, demonstration or \
                 proposal. Say what you did, with whom, and what the customer decided."
            }
            Activity::RevenueAssociation => {
                "For each product, describe the part that you and your solution had in the customer's decision for it. This association is recognised; \
                 it earns no incentives."
            }
        }
    }

    /// What the customer signs.
    pub(super) fn acknowledgement(&self, customer: &str, partner: &str) -> String {
        let sees = match self.activity {
            Activity::Usage | Activity::PreSales => {
                " It knows that the partner will then see usage and seats sold of what is named above, and no content."
            }
            Activity::RevenueAssociation => "",
        };
        format!(
            "{customer} confirms that {partner} did the work described above in the time stated, and agrees that {partner} is put on record as its \
             partner for the products and workloads named above.{sees}"
        )
    }
}
