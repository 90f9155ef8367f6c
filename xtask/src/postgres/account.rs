//! Who runs the server: PostgreSQL refuses to run as root.

use std::{
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::shell::{command, read};

/// The account that the server's programs run under.
#[derive(Clone, Copy)]
pub(crate) enum Account {
    /// The caller's own.
    Own,
    /// Another one, because the caller is root.
    Other { user: u32, group: u32 },
}

impl Account {
    /// The caller's own account, or for root that of `postgres`, else of `nobody`.
    pub(crate) fn choose() -> Result<Self> {
        if read(command("id").arg("-u"))? != "0" {
            return Ok(Self::Own);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(Self::Other { user: id("-u", name)?, group: id("-g", name)? }))
            .context("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run this as a plain user")
    }

    /// A program that this account runs, standing in a folder that it can enter. Root's supplementary groups are dropped too.
    pub(crate) fn command(self, program: impl AsRef<Path>, folder: &Path) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(folder).stdin(Stdio::null());
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a file or folder to this account.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { user, group } => chown(path, Some(user), Some(group))
                .with_context(|| format!("giving {} to user {user}", path.display())),
        }
    }
}

fn id(which: &str, name: &str) -> Option<u32> {
    read(command("id").args([which, name])).ok()?.parse().ok()
}
