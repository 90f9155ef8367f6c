//! The user account that runs the PostgreSQL server, which refuses to run as root.

use std::{
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::shell::{command, read_output};

/// The account that runs the programs of the server.
#[derive(Clone, Copy)]
pub(crate) enum Account {
    /// The account of the caller.
    Own,
    /// Another account, because the caller is root.
    Other { user: u32, group: u32 },
}

impl Account {
    /// Returns the account of the caller or, if the caller is root, the account `postgres` or
    /// `nobody`.
    pub(crate) fn choose() -> Result<Self> {
        if read_output(command("id").arg("-u"))? != "0" {
            return Ok(Self::Own);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(Self::Other { user: find_id("-u", name)?, group: find_id("-g", name)? }))
            .context(
                "PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run this as another user",
            )
    }

    /// Returns a command that this account runs. `directory` is the working directory, which the
    /// account must be able to enter. The supplementary groups of root are dropped.
    pub(crate) fn command(self, program: impl AsRef<Path>, directory: &Path) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(directory).stdin(Stdio::null());
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes this account the owner of a file or directory.
    pub(crate) fn take_ownership(self, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { user, group } => chown(path, Some(user), Some(group))
                .with_context(|| format!("changing the owner of {} to {user}", path.display())),
        }
    }
}

/// Returns the numeric id that `id -u` or `id -g` prints for a user.
fn find_id(option: &str, name: &str) -> Option<u32> {
    read_output(command("id").args([option, name])).ok()?.parse().ok()
}
