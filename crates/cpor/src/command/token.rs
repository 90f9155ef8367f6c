//! `cpor token`: prints a bearer token for a user. It is signed with a key that `cpor keys` or
//! `cpor dev` created.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use cpor_auth::UserToken;
use cpor_types::{ActorSide, PartnerId, Role, TenantId};

use crate::keys;

/// Arguments of `cpor token`.
#[derive(clap::Args)]
pub struct Args {
    /// Role of the caller: `global_admin`, `billing_admin`, `incentives_admin`, `incentives_user`,
    /// `poe_reviewer`, `review_lead`, `program_manager`, `directory_sync`, `operator`,
    /// `customer_admin`. Can be repeated.
    #[arg(long, required = true)]
    role: Vec<Role>,
    /// Id of the partner, for partner roles, for example `contoso`.
    #[arg(long)]
    partner: Option<PartnerId>,
    /// UUID of the tenant, for `customer_admin`.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Id of the caller (`sub`). By default the role, followed by `@` and the partner if there is
    /// one.
    #[arg(long)]
    subject: Option<String>,
    /// File with the private key that signs the token (PKCS#8 PEM).
    #[arg(long, value_name = "FILE", default_value_os_t = keys::default_user_key_file())]
    key: PathBuf,
    /// Issuer of the token (`iss`).
    #[arg(long, default_value = "cpor")]
    issuer: String,
    /// Lifetime of the token, in hours.
    #[arg(long, default_value_t = 12)]
    hours: u64,
}

/// Prints the token.
///
/// # Errors
/// Returns an error if a role needs a partner or tenant that is missing, or if the key cannot be
/// read.
#[expect(clippy::print_stdout, reason = "the token is the output of the command")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let has_side = |side| args.role.iter().any(|role| role.side() == side);
    ensure!(
        !has_side(ActorSide::Partner) || args.partner.is_some(),
        "--partner: must be set for partner roles, for example --partner contoso"
    );
    ensure!(
        !has_side(ActorSide::Customer) || args.tenant.is_some(),
        "--tenant: must be set for customer_admin, to the UUID of the tenant"
    );
    let signer = keys::load_signer(&args.key, &args.issuer)
        .context("run `cpor dev` or `cpor keys` first, or pass another key with --key")?;
    let subject = args.subject.clone().unwrap_or_else(|| default_subject(args));
    let token = signer.user_token(&UserToken {
        subject,
        roles: args.role.clone(),
        partner: args.partner.clone(),
        tenant: args.tenant,
        lifetime: Duration::from_secs(args.hours * 3600),
    })?;
    println!("{token}");
    Ok(ExitCode::SUCCESS)
}

/// Returns the first role, followed by `@` and the partner if there is one.
fn default_subject(args: &Args) -> String {
    let role = args.role.first().map_or("nobody", |role| role.as_str());
    match &args.partner {
        Some(partner) => format!("{role}@{partner}"),
        None => role.to_owned(),
    }
}
