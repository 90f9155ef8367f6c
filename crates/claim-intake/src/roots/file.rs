//! Writes roots to files outside of the database, as JSON lines. A root is a signed hash of its
//! *leaves*, the last history entries of all claims that changed since the root before.
use crate::store::roots::{self, LeafKey};
use anyhow::Context as _;
use cpor_database::Db;
use cpor_history::root::{RootLine, SignedRoot};
use cpor_process::private_files;
use cpor_types::{Entropy as _, SystemEntropy};
use std::path::{Path, PathBuf};

/// The beginning of the name of each file. The number and the day of the root follow.
const PREFIX: &str = "root-";
/// The number of leaves or roots that are read at a time.
const PAGE_SIZE: u64 = 1000;

/// Writes a file for each root up to the number `last` that has a greater number than the last file
/// in the directory. Another replica may have made these roots.
///
/// # Errors
/// Returns an error if the database or the file system fails.
pub(super) async fn write_missing(db: &Db, directory: &Path, last: u64) -> Result<(), anyhow::Error> {
    let mut written = last_number(directory).with_context(|| format!("reading {}", directory.display()))?;
    while written < last {
        let page = roots::after(db.writer(), written, PAGE_SIZE).await?;
        let Some(last_of_page) = page.last() else { break };
        let last_of_page = last_of_page.root.number;
        for root in page {
            write_root(db, directory, &root).await?;
        }
        written = last_of_page;
    }
    Ok(())
}

/// Returns the greatest number of a root in the directory, or 0.
fn last_number(directory: &Path) -> std::io::Result<u64> {
    if !directory.try_exists()? {
        return Ok(0);
    }
    let mut last = 0;
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(".jsonl")?.split('-').next());
        last = last.max(number.and_then(|number| number.parse().ok()).unwrap_or(0));
    }
    Ok(last)
}

/// Writes the file of a root. The file appears complete or not at all, also if several replicas
/// write it at the same time.
async fn write_root(db: &Db, directory: &Path, root: &SignedRoot) -> Result<(), anyhow::Error> {
    let path = directory.join(format!("{PREFIX}{:08}-{}.jsonl", root.root.number, root.root.day));
    let mut text = to_json_line(&RootLine::Root(root.clone()))?;
    let mut after: Option<LeafKey> = None;
    loop {
        let page = roots::leaves_after(db.writer(), root.root.number, after.as_ref(), PAGE_SIZE).await?;
        let Some((last_key, _)) = page.last() else { break };
        after = Some(last_key.clone());
        for (_, leaf) in page {
            text.push_str(&to_json_line(&RootLine::Leaf(leaf))?);
        }
    }
    let directory = directory.to_owned();
    tokio::task::spawn_blocking(move || write_synced(&directory, &path, &text)).await?
}

fn to_json_line(line: &RootLine) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(line)? + "\n")
}

fn write_synced(directory: &Path, path: &PathBuf, text: &str) -> Result<(), anyhow::Error> {
    private_files::create_directory(directory).with_context(|| format!("creating {}", directory.display()))?;
    // Another replica can write the same file, so the temporary name is random.
    let temporary = path.with_extension(format!("{}.tmp", SystemEntropy.uuid()));
    let write = || {
        private_files::write_file(&temporary, text.as_bytes())?;
        std::fs::File::open(&temporary)?.sync_all()?;
        std::fs::rename(&temporary, path)?;
        sync_directory(directory)
    };
    let written = write();
    if written.is_err() {
        // The file does not exist if it was renamed or never created.
        let _ = std::fs::remove_file(&temporary);
    }
    written.with_context(|| format!("writing {}", path.display()))
}

/// Syncs the names of the files in a directory to disk. Only Unix opens a directory as a file.
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    if cfg!(unix) { std::fs::File::open(directory)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_can_write_the_same_file_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("roots");
        let path = directory.join("root-00000001-2026-03-06.jsonl");
        let text = "a line of the root\n".repeat(1000);
        std::thread::scope(|scope| {
            let replica = || {
                for _ in 0..20 {
                    write_synced(&directory, &path, &text).unwrap();
                    assert!(std::fs::read_to_string(&path).unwrap() == text, "a file is never torn");
                }
            };
            let replicas = [(); 4].map(|()| scope.spawn(replica));
            for replica in replicas {
                replica.join().unwrap();
            }
        });
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
        assert_eq!(last_number(&directory).unwrap(), 1);
    }
}
