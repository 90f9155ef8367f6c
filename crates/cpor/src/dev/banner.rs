//! The text that `cpor dev` prints when it is ready.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::{example_data::ExampleData, keys, system::ClockChoice};

/// The content of the text: the addresses of the system, the example partners, tenants and
/// products, and commands that call the API. The commands can be pasted into a shell.
pub(crate) struct Banner<'a> {
    /// The command by which the user started this binary, for example `target/debug/cpor`.
    pub(crate) program: &'a str,
    /// The address of the gRPC API.
    pub(crate) grpc: SocketAddr,
    /// The address of the consent page.
    pub(crate) web: Option<SocketAddr>,
    /// The address of the health and metrics endpoints.
    pub(crate) admin: Option<SocketAddr>,
    /// The folder with the data of the system.
    pub(crate) data: &'a Path,
    /// The folder to which mails are written as `.eml` files.
    pub(crate) mail: PathBuf,
    /// The kind of the business clock, which deadlines and histories use.
    pub(crate) clock: ClockChoice,
    /// The example partners, tenants and products that were imported.
    pub(crate) example_data: &'a ExampleData,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grpc, data, example_data, .. } = self;
        let (web, admin) = (address_or_none(self.web), address_or_none(self.admin));
        // Scripts wait for this line.
        writeln!(f, "ready grpc={grpc} web={web} admin={admin} data={}", data.display())?;
        writeln!(f)?;
        writeln!(f, "  gRPC             {grpc} (plain text, with reflection)")?;
        writeln!(f, "  consent page     http://{web}")?;
        writeln!(f, "  health, metrics  http://{admin}/ready  http://{admin}/metrics")?;
        writeln!(f, "  data             {}", data.display())?;
        writeln!(f, "  mail             {} (one .eml file for each mail)", self.mail.display())?;
        match self.clock {
            ClockChoice::Real => writeln!(f, "  clock            real time")?,
            ClockChoice::Virtual { .. } => writeln!(f, "  clock            virtual: only AdvanceClock moves it")?,
        }
        writeln!(f, "\nThe example partners, tenants and products:\n{example_data}")?;
        writeln!(f, "Proofs of execution to upload:")?;
        writeln!(f, "  examples/poe-presales-fabrikam.docx  pre-sales of Dynamics 365 Sales to Fabrikam")?;
        writeln!(f, "  examples/poe-usage-litware.pdf       usage of Microsoft 365 at Litware\n")?;
        self.write_tokens(f)?;
        self.write_calls(f)
    }
}

impl Banner<'_> {
    fn write_tokens(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token_command();
        writeln!(f, "A token for each kind of caller:")?;
        writeln!(f, "  {token} incentives_admin --partner contoso")?;
        writeln!(f, "  {token} customer_admin --tenant 6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10")?;
        for role in ["poe_reviewer", "review_lead", "program_manager", "directory_sync", "operator"] {
            writeln!(f, "  {token} {role}")?;
        }
        writeln!(f)
    }

    fn write_calls(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (grpc, token) = (self.grpc, self.token_command());
        writeln!(f, "A first call (with grpcurl, https://github.com/fullstorydev/grpcurl):")?;
        writeln!(f, "  TOKEN=$({token} incentives_admin --partner contoso)")?;
        writeln!(
            f,
            "  grpcurl -plaintext -H \"authorization: Bearer $TOKEN\" \
             -d '{{\"parent\": \"partners/contoso\", \"claim\": {{\"display_name\": \"My first claim\"}}}}' \
             {grpc} cpor.claims.v1.ClaimService/CreateClaim\n"
        )?;
        writeln!(f, "A claim from draft to payment, every call printed (run it in the folder of the repository):")?;
        match self.clock {
            ClockChoice::Virtual { .. } => writeln!(
                f,
                "  ADDRESS={grpc} DATA={} CPOR={} examples/paid-claim.sh",
                shell_word(&self.data.to_string_lossy()),
                shell_word(self.program),
            ),
            ClockChoice::Real => writeln!(
                f,
                "  examples/paid-claim.sh, but it needs a virtual clock: restart with `--clock virtual` and another `--data`"
            ),
        }
    }

    /// Returns the `cpor token` command up to the role.
    fn token_command(&self) -> String {
        let key = keys::user_key_file(self.data);
        format!("{} token --key {} --role", shell_word(self.program), shell_word(&key.to_string_lossy()))
    }
}

fn address_or_none(address: Option<SocketAddr>) -> String {
    address.map_or_else(|| "none".to_owned(), |address| address.to_string())
}

/// Quotes a text for a POSIX shell, unless it consists of characters that need no quotes.
fn shell_word(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:@".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dev;

    fn banner(clock: ClockChoice) -> String {
        let address = SocketAddr::from(([127, 0, 0, 1], 50051));
        let banner = Banner {
            program: "target/debug/cpor",
            grpc: address,
            web: Some(address),
            admin: Some(address),
            data: Path::new("my data"),
            mail: "my data/mail".into(),
            clock,
            example_data: &ExampleData::load().unwrap(),
        };
        banner.to_string()
    }

    #[test]
    fn the_banner_names_files_of_the_repository() {
        let text = banner(dev::virtual_clock().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let named: Vec<_> = text.split_whitespace().filter(|word| word.starts_with("examples/")).collect();
        assert_eq!(named.len(), 3, "{text}");
        assert!(named.iter().all(|file| root.join(file).is_file()), "{named:?}");
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let text = banner(dev::virtual_clock().unwrap());
        assert!(text.starts_with("ready grpc=127.0.0.1:50051 "), "{text}");
        assert!(text.contains("  target/debug/cpor token --key 'my data/user.pem' --role poe_reviewer\n"), "{text}");
        let command = "ADDRESS=127.0.0.1:50051 DATA='my data' CPOR=target/debug/cpor examples/paid-claim.sh";
        assert!(text.contains(command), "{text}");
        assert!(!banner(ClockChoice::Real).contains("ADDRESS="), "the script needs a virtual clock");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }
}
