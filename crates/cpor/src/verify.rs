//! Verifying a receipt of a claim's history (R56): without a system, a database or a network.

use std::fmt;

use cpor_claim_intake::{
    domain::history::{Receipt, Summary},
    receipt::{self, Statement},
};
use cpor_kit::auth::ReceiptKeys;
use cpor_proto::claims::v1::ClaimReceipt;
use prost_reflect::{DescriptorPool, DynamicMessage};

/// What was found true of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The claim's name.
    pub claim: String,
    /// What the history consists of.
    pub summary: Summary,
    /// The link of the last entry.
    pub head: String,
    /// When the receipt was made, RFC 3339.
    pub issue_time: String,
    /// The key that signed it; `None`: no keys were given, so that nobody knows.
    pub signed_by: Option<String>,
    /// How many entries the earlier receipt has, which this one extends.
    pub extends: Option<usize>,
}

/// Why a receipt is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A text is not what it should be, so that there is nothing to be judged.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// It does not verify.
    #[error("{what} DOES NOT VERIFY: {why}")]
    False {
        /// Which receipt.
        what: &'static str,
        /// The first fault.
        why: String,
    },
}

/// Verifies a receipt, which is its `ClaimReceipt` parts as JSON, one after the other: everything that it shows, its signature where `keys` (a JWKS) are given, and that
/// it extends an `earlier` one.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(receipt: &str, keys: Option<&str>, earlier: Option<&str>) -> Result<Report, Refusal> {
    let unreadable = |error| Refusal::Unreadable { what: "the JWKS", why: format!("{error}") };
    let keys = keys.map(ReceiptKeys::parse).transpose().map_err(unreadable)?;
    let (history, mut report) = one("the receipt", receipt, keys.as_ref())?;
    if let Some(earlier) = earlier {
        let (before, _) = one("the earlier receipt", earlier, keys.as_ref())?;
        let refused = |why: cpor_claim_intake::domain::history::Divergence| Refusal::False {
            what: "the receipt",
            why: format!("it does not extend the earlier one: {why}"),
        };
        history.extends(&before).map_err(refused)?;
        report.extends = Some(before.entries.len());
    }
    Ok(report)
}

fn one(what: &'static str, json: &str, keys: Option<&ReceiptKeys>) -> Result<(Receipt, Report), Refusal> {
    let parts = parse(json).map_err(|error| Refusal::Unreadable { what, why: format!("{error:#}") })?;
    let refused = |why: String| Refusal::False { what, why };
    let shown = receipt::join(parts).map_err(|error| refused(error.to_string()))?;
    let history = receipt::read(&shown).map_err(|error| refused(error.to_string()))?;
    let summary = history.verify().map_err(|fault| refused(fault.to_string()))?;
    let statement = Statement::for_receipt(&shown, shown.entries.len() as u64);
    let signed_by = keys.map(|keys| signer(&shown, &statement, keys)).transpose().map_err(refused)?;
    let Statement { claim, head, issue_time, .. } = statement;
    Ok((history, Report { claim, summary, head, issue_time, signed_by, extends: None }))
}

fn signer(shown: &ClaimReceipt, statement: &Statement, keys: &ReceiptKeys) -> Result<String, String> {
    let checked = keys.verify::<Statement>(&shown.signature);
    let (signed, kid) = checked.map_err(|error| format!("the signature is not valid: {error}"))?;
    if signed == *statement { Ok(kid) } else { Err(format!("what the key {kid} signed is another receipt")) }
}

/// One message after the other, as gRPC clients print a stream.
fn parse(json: &str) -> anyhow::Result<Vec<ClaimReceipt>> {
    let pool = DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET)?;
    let message = pool.get_message_by_name("cpor.claims.v1.ClaimReceipt");
    let message = message.ok_or_else(|| anyhow::anyhow!("the protos lack the receipt"))?;
    let mut json = serde_json::Deserializer::from_str(json);
    let mut parts = Vec::new();
    while parts.is_empty() || json.end().is_err() {
        parts.push(DynamicMessage::deserialize(message.clone(), &mut json)?.transcode_to()?);
    }
    Ok(parts)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { entries, withheld, partly_withheld, erased } = self.summary;
        writeln!(f, "{}: the history is sound", self.claim)?;
        writeln!(f, "  {entries} entries without a gap, {withheld} withheld, {partly_withheld} withheld in part")?;
        if erased > 0 {
            writeln!(
                f,
                "  of {erased} entries personal data was erased, as the issuer says: what it was is not proved any more"
            )?;
        }
        writeln!(f, "  head {}", self.head)?;
        if let Some(earlier) = self.extends {
            writeln!(f, "  extends the earlier receipt of {earlier} entries")?;
        }
        match &self.signed_by {
            Some(kid) => write!(f, "  issued {}, signed by the key {kid}", self.issue_time),
            None => write!(f, "  WHO SIGNED IT WAS NOT CHECKED: give the installation's keys with --keys"),
        }
    }
}
