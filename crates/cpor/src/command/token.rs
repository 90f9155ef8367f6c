//! `cpor token`: a bearer token for trying things out.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use cpor_kit::auth::UserToken;
use cpor_types::{ActorSide, PartnerId, Role, TenantId};

use crate::keys;

/// Arguments of `cpor token`.
#[derive(clap::Args)]
pub struct Args {
    /// A role: `global_admin`, `billing_admin`, `incentives_admin`, `incentives_user`, `poe_reviewer`, `review_lead`, `program_manager`,
    /// `directory_sync`, `operator`, `customer_admin`. May be repeated.
    #[arg(long, required = true)]
    role: Vec<Role>,
    /// The partner that a partner role acts for.
    #[arg(long)]
    partner: Option<PartnerId>,
    /// The tenant that a `customer_admin` acts for.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Who the caller is; by default the role's name.
    #[arg(long)]
    subject: Option<String>,
    /// The signing key, PKCS#8 PEM.
    #[arg(long, default_value_os_t = keys::default_user_key())]
    key: PathBuf,
    /// The `iss` claim.
    #[arg(long, default_value = "cpor")]
    issuer: String,
    /// How long it is good for.
    #[arg(long, default_value_t = 12)]
    hours: u64,
}

/// Prints the token.
///
/// # Errors
/// When a role lacks its partner or tenant, or the key cannot be read.
#[expect(clippy::print_stdout, reason = "the token is what was asked for")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let needs = |side| args.role.iter().any(|role| role.side() == side);
    ensure!(
        !needs(ActorSide::Partner) || args.partner.is_some(),
        "a partner role needs --partner, for example --partner contoso"
    );
    ensure!(!needs(ActorSide::Customer) || args.tenant.is_some(), "customer_admin needs --tenant, the tenant's UUID");
    let signer = keys::signer(&args.key, &args.issuer)
        .context("run `cpor dev` or `cpor keys` first, or name another key with --key")?;
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

fn default_subject(args: &Args) -> String {
    let role = args.role.first().map_or("nobody", |role| role.as_str());
    match &args.partner {
        Some(partner) => format!("{role}@{partner}"),
        None => role.to_owned(),
    }
}
