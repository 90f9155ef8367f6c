//! The texts of the proof-of-execution form that depend on the activity.
use crate::notices::activity_label;
use cpor_types::Activity;

/// The texts of the form for one activity.
pub(super) struct FormText {
    activity: Activity,
    /// The subtitle with the activity and the solution area: `Usage, Microsoft 365`.
    pub(super) scope: String,
}

impl FormText {
    /// Creates the texts. `area` is the name of the solution area; may be empty.
    pub(super) fn new(activity: Activity, area: &str) -> Self {
        let label = activity_label(activity);
        let scope = if area.is_empty() { label.to_owned() } else { format!("{label}, {area}") };
        Self { activity, scope }
    }

    /// Returns the instructions for describing the work done for each product.
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

    /// Returns the statement that the customer signs. `customer` and `partner` are their names.
    pub(super) fn acknowledgement(&self, customer: &str, partner: &str) -> String {
        let usage_sentence = match self.activity {
            Activity::Usage | Activity::PreSales => {
                " It knows that the partner will then see usage and seats sold of what is named above, but no content."
            }
            Activity::RevenueAssociation => "",
        };
        format!(
            "{customer} confirms that {partner} did the work described above in the time stated, and agrees that {partner} is put on record as its \
             partner for the products and workloads named above.{usage_sentence}"
        )
    }
}
