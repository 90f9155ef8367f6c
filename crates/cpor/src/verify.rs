//! Verifies a receipt, which is a signed proof of a claim's history (R56). This needs no running
//! system, database or network.

use std::fmt;

use cpor_auth::ReceiptKeys;
use cpor_history::{
    Receipt, Summary,
    receipt::{self, Statement},
};
use cpor_proto::claims::v1::ClaimReceipt;
use prost_reflect::{DescriptorPool, DynamicMessage};

/// The result of the verification of a valid receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The resource name of the claim.
    pub claim: String,
    /// The numbers of entries in the history: all, withheld (hidden from the reader) and erased
    /// ones.
    pub summary: Summary,
    /// The link of the last entry: the hash that commits to the whole history.
    pub head: String,
    /// The time at which the receipt was issued, in RFC 3339 format.
    pub issue_time: String,
    /// The id of the key that signed the receipt. `None` if no keys were given: then the signature
    /// was not checked.
    pub signed_by: Option<String>,
    /// The number of entries in the earlier receipt that this one extends. `None` if no earlier
    /// receipt was given.
    pub extends: Option<usize>,
}

/// The reason why a receipt cannot be verified or is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A document cannot be parsed, so nothing was verified.
    #[error("{document} cannot be read: {reason}")]
    Unreadable {
        /// The document, for example `the receipt`.
        document: &'static str,
        /// The error of the parser.
        reason: String,
    },
    /// The receipt is not valid.
    #[error("{document} is NOT VALID: {reason}")]
    Invalid {
        /// The receipt, for example `the earlier receipt`.
        document: &'static str,
        /// The first check that failed.
        reason: String,
    },
}

/// Verifies a receipt: the hashes of the history, the signature if `keys` (a JWKS) are given, and
/// that the receipt extends the `earlier` one, if that is given.
///
/// A receipt is JSON text: the `ClaimReceipt` messages of the `ExportClaimReceipt` stream, one
/// after the other.
///
/// # Errors
/// Returns an error for the first document that cannot be parsed or the first check that fails.
pub fn verify(receipt: &str, keys: Option<&str>, earlier: Option<&str>) -> Result<Report, VerifyError> {
    let unreadable = |error| VerifyError::Unreadable { document: "the JWKS", reason: format!("{error}") };
    let keys = keys.map(ReceiptKeys::parse).transpose().map_err(unreadable)?;
    let (history, mut report) = verify_one("the receipt", receipt, keys.as_ref())?;
    if let Some(earlier) = earlier {
        let (earlier_history, _) = verify_one("the earlier receipt", earlier, keys.as_ref())?;
        let diverges = |reason: cpor_history::Divergence| VerifyError::Invalid {
            document: "the receipt",
            reason: format!("it does not extend the earlier one: {reason}"),
        };
        history.extends(&earlier_history).map_err(diverges)?;
        report.extends = Some(earlier_history.entries.len());
    }
    Ok(report)
}

/// Verifies one receipt by itself. `document` names it in errors.
fn verify_one(
    document: &'static str,
    json: &str,
    keys: Option<&ReceiptKeys>,
) -> Result<(Receipt, Report), VerifyError> {
    let parts =
        parse_parts(json).map_err(|error| VerifyError::Unreadable { document, reason: format!("{error:#}") })?;
    let invalid = |reason: String| VerifyError::Invalid { document, reason };
    let joined = receipt::join(parts).map_err(|error| invalid(error.to_string()))?;
    let history = receipt::read(&joined).map_err(|error| invalid(error.to_string()))?;
    let summary = history.verify().map_err(|error| invalid(error.to_string()))?;
    let statement = Statement::for_receipt(&joined, joined.entries.len() as u64);
    let signed_by = keys.map(|keys| verify_signature(&joined, &statement, keys)).transpose().map_err(invalid)?;
    let Statement { claim, head, issue_time, .. } = statement;
    Ok((history, Report { claim, summary, head, issue_time, signed_by, extends: None }))
}

/// Checks that the signature covers this statement. Returns the id of the key that signed it.
fn verify_signature(receipt: &ClaimReceipt, statement: &Statement, keys: &ReceiptKeys) -> Result<String, String> {
    let verified = keys.verify::<Statement>(&receipt.signature);
    let (signed, kid) = verified.map_err(|error| format!("the signature is not valid: {error}"))?;
    if signed == *statement { Ok(kid) } else { Err(format!("the key {kid} signed another receipt")) }
}

/// Parses messages that follow each other without separators, as gRPC clients print a stream.
fn parse_parts(json: &str) -> anyhow::Result<Vec<ClaimReceipt>> {
    let pool = DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET)?;
    let message = pool.get_message_by_name("cpor.claims.v1.ClaimReceipt");
    let message = message.ok_or_else(|| anyhow::anyhow!("the descriptors have no message ClaimReceipt"))?;
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
        writeln!(f, "{}: the receipt is valid", self.claim)?;
        writeln!(f, "  {entries} entries without gaps; {withheld} withheld, {partly_withheld} partly withheld")?;
        if erased > 0 {
            writeln!(
                f,
                "  personal data of {erased} entries was erased, according to the issuer; it can no longer be verified"
            )?;
        }
        writeln!(f, "  link of the last entry: {}", self.head)?;
        if let Some(earlier) = self.extends {
            writeln!(f, "  extends the earlier receipt, which has {earlier} entries")?;
        }
        match &self.signed_by {
            Some(kid) => write!(f, "  issued {}, signed by the key {kid}", self.issue_time),
            None => write!(f, "  THE SIGNATURE WAS NOT CHECKED: pass the public keys of the installation with --keys"),
        }
    }
}
