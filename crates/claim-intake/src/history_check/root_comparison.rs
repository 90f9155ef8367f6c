//! Compares the histories with the roots: with those in the database, or with files that were kept
//! outside of it. A *root* is a signed hash of its *leaves*, the last entries of all histories at
//! the end of a day. The *link* of an entry is the hash of the history up to that entry.
use super::{CheckError, PAGE_SIZE, Report, RootSource};
use crate::store::{
    entity::{claim, history},
    roots::{self, LeafKey},
};
use cpor_auth::ReceiptKeys;
use cpor_bulk_rows::{InputRows, Sql};
use cpor_durable::ids::{ClaimId, PartnerId};
use cpor_history::{
    Digest,
    root::{Leaf, RootHasher, RootLine, RootStatement, SignedRoot},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

/// Compares the histories with the roots of a source.
pub(super) async fn check(
    db: &DatabaseTransaction,
    source: &RootSource,
    keys: Option<&ReceiptKeys>,
    report: &mut Report,
) -> Result<(), CheckError> {
    let mut comparison = RootComparison {
        db,
        keys,
        report,
        source: "history_root".to_owned(),
        last: None,
        open: None,
        batch: Vec::new(),
    };
    match source {
        RootSource::Stored => {
            comparison.check_stored().await?;
            comparison.finish_root().await
        }
        RootSource::Files(files) => {
            for file in files {
                comparison.source = file.display().to_string();
                comparison.check_file(file).await?;
            }
            comparison.finish_root().await?;
            comparison.check_stored_roots_after_files().await
        }
    }
}

/// The state of the comparison.
struct RootComparison<'a> {
    db: &'a DatabaseTransaction,
    /// The public keys that verify the signatures of roots; `None` if they are not verified.
    keys: Option<&'a ReceiptKeys>,
    report: &'a mut Report,
    /// The table or file of the present root.
    source: String,
    /// The last root that was read completely.
    last: Option<RootStatement>,
    /// The root whose leaves are being read.
    open: Option<OpenRoot>,
    /// Leaves of this root that were not yet compared.
    batch: Vec<Leaf>,
}

/// A root whose leaves are being read.
struct OpenRoot {
    /// The root as it was signed.
    root: RootStatement,
    /// Computes the hash of the leaves that were read.
    hasher: RootHasher,
    /// The number of leaves that were read.
    leaves: u64,
}

impl RootComparison<'_> {
    /// Reads the roots of the database and compares the histories with them.
    async fn check_stored(&mut self) -> Result<(), CheckError> {
        loop {
            let last_number = self.open.as_ref().map_or(0, |open| open.root.number);
            let page = roots::after(self.db, last_number, PAGE_SIZE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for signed in page {
                let number = signed.root.number;
                if last_number == 0 && self.open.is_none() && number != 1 {
                    self.add_root_fault(1, "is missing");
                }
                self.begin_root(signed).await?;
                let mut after: Option<LeafKey> = None;
                loop {
                    let leaves = roots::leaves_after(self.db, number, after.as_ref(), PAGE_SIZE).await?;
                    let Some((key, _)) = leaves.last() else { break };
                    after = Some(key.clone());
                    for (_, leaf) in leaves {
                        self.add_leaf(leaf).await?;
                    }
                }
            }
        }
    }

    /// Reads the roots of a file, and compares the database with them.
    async fn check_file(&mut self, path: &Path) -> Result<(), CheckError> {
        let file_error = |error| CheckError::File { file: path.to_owned(), error };
        for (number, line) in (1_u64..).zip(BufReader::new(File::open(path).map_err(file_error)?).lines()) {
            match serde_json::from_str(&line.map_err(file_error)?) {
                Ok(RootLine::Root(signed)) => {
                    let stored = roots::get(self.db, signed.root.number).await?;
                    match stored {
                        None => self.report.add("history_root", root_name(signed.root.number), None, "is missing"),
                        Some(stored) if stored != signed => {
                            self.report.add(
                                "history_root",
                                root_name(signed.root.number),
                                None,
                                "is not the root of the file",
                            );
                        }
                        Some(_) => {}
                    }
                    self.begin_root(signed).await?;
                }
                Ok(RootLine::Leaf(leaf)) => self.add_leaf(leaf).await?,
                Err(_) => {
                    let source = self.source.clone();
                    self.report.add(&source, format_args!("line {number}"), None, "is neither a root nor a leaf");
                }
            }
        }
        Ok(())
    }

    /// Checks that the roots of the database which follow those of the files are linked to them.
    async fn check_stored_roots_after_files(&mut self) -> Result<(), CheckError> {
        let Some(mut last) = self.last.clone() else { return Ok(()) };
        "history_root".clone_into(&mut self.source);
        loop {
            let page = roots::after(self.db, last.number, PAGE_SIZE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for signed in page {
                self.check_statement(&signed, Some(&last));
                last = signed.root;
            }
        }
    }

    /// Begins the next root: checks its signature and that it follows the root before it.
    async fn begin_root(&mut self, signed: SignedRoot) -> Result<(), CheckError> {
        self.finish_root().await?;
        let last = self.last.clone();
        self.check_statement(&signed, last.as_ref());
        let hasher = RootHasher::new(signed.root.previous, signed.root.number, &signed.root.day);
        self.open = Some(OpenRoot { root: signed.root, hasher, leaves: 0 });
        Ok(())
    }

    /// Checks the signature of a root, and that it follows the root before it.
    fn check_statement(&mut self, signed: &SignedRoot, last: Option<&RootStatement>) {
        let SignedRoot { root, signature } = signed;
        if let Some(keys) = self.keys {
            match keys.verify::<RootStatement>(signature) {
                Err(error) => self.add_root_fault(root.number, format_args!("its signature is not valid: {error}")),
                Ok((statement, _)) if statement != *root => {
                    self.add_root_fault(root.number, "its content is not what was signed");
                }
                Ok(_) => {}
            }
        }
        let (expected_number, expected_previous) = match last {
            Some(last) => (last.number + 1, Some(last.root)),
            None => (root.number, (root.number == 1).then_some(Digest::GENESIS)),
        };
        if root.number > expected_number {
            self.add_root_fault(expected_number, "is missing");
        } else if root.number < expected_number {
            self.add_root_fault(root.number, "is out of order");
        } else if expected_previous.is_some_and(|previous| root.previous != previous) {
            self.add_root_fault(root.number, "does not follow from the root before it");
        }
    }

    /// Adds a leaf to the hash of the present root, and to the batch of leaves to compare.
    async fn add_leaf(&mut self, leaf: Leaf) -> Result<(), CheckError> {
        let Some(open) = &mut self.open else {
            let source = self.source.clone();
            self.report.add(&source, &leaf.claim, Some(leaf.position), "belongs to no root");
            return Ok(());
        };
        open.leaves += 1;
        // `with_leaf` consumes the hasher, so a placeholder takes its place meanwhile.
        let placeholder = RootHasher::new(Digest::GENESIS, 0, "");
        open.hasher = std::mem::replace(&mut open.hasher, placeholder).with_leaf(&leaf);
        self.batch.push(leaf);
        if self.batch.len() as u64 >= PAGE_SIZE { self.compare_batch().await } else { Ok(()) }
    }

    /// Finishes the present root: its hash must be that of its leaves.
    async fn finish_root(&mut self) -> Result<(), CheckError> {
        self.compare_batch().await?;
        let Some(OpenRoot { root, hasher, leaves }) = self.open.take() else { return Ok(()) };
        if leaves != root.leaves || hasher.finish() != root.root {
            self.add_root_fault(root.number, "its leaves are not what was signed");
        }
        self.report.roots += 1;
        self.report.last_day = Some(root.day.clone());
        self.last = Some(root);
        Ok(())
    }

    /// Compares leaves with the entries of the histories.
    async fn compare_batch(&mut self) -> Result<(), CheckError> {
        let leaves = std::mem::take(&mut self.batch);
        let entries = read_entries(self.db, &leaves).await?;
        let number = self.open.as_ref().map_or(0, |open| open.root.number);
        for leaf in leaves {
            let position = Some(leaf.position);
            match entries.get(&leaf_key(&leaf)) {
                Some((link, _)) if *link != leaf.link.0 => {
                    let what = format!("is not the entry of root {number}");
                    self.report.add("history", &leaf.claim, position, what);
                }
                Some((_, log_position)) if *log_position != leaf.log_position => {
                    let what = format!("was entry {} in the log of the partner at root {number}", leaf.log_position);
                    self.report.add("history", &leaf.claim, position, what);
                }
                Some(_) => {}
                None => self.add_missing_entry(&leaf, number).await?,
            }
        }
        Ok(())
    }

    /// Records that the entry of a leaf is missing: because the claim is missing, its history ends
    /// earlier, or the entry alone was removed.
    async fn add_missing_entry(&mut self, leaf: &Leaf, root: u64) -> Result<(), CheckError> {
        let (owner, claim, position) = leaf_key(leaf);
        let claim_row = claim::Entity::find_by_id((owner.clone(), claim)).select_only().column(claim::Column::History);
        if claim_row.into_tuple::<i64>().one(self.db).await?.is_none() {
            let what = format!("is missing; root {root} has {position} entries of it");
            self.report.add("claim", &leaf.claim, None, what);
            return Ok(());
        }
        let entries = history::Entity::find()
            .filter(history::Column::Owner.eq(owner))
            .filter(history::Column::ClaimId.eq(claim))
            .select_only()
            .column_as(history::Column::Position.max(), "last");
        let last = entries.into_tuple::<Option<i64>>().one(self.db).await?.flatten().unwrap_or_default();
        let what = if last < position {
            format!("the history was cut off after entry {last}; root {root} has {position} entries")
        } else {
            format!("is missing; root {root} has it")
        };
        self.report.add("history", &leaf.claim, Some(position), what);
        Ok(())
    }

    /// Records a fault of a root.
    fn add_root_fault(&mut self, number: u64, what: impl std::fmt::Display) {
        self.report.add(&self.source, root_name(number), None, what);
    }
}

fn root_name(number: u64) -> String {
    format!("root {number}")
}

/// Returns the key of the entry of a leaf.
fn leaf_key(leaf: &Leaf) -> LeafKey {
    (PartnerId::from(&leaf.claim.partner), ClaimId::from(leaf.claim.claim), leaf.position)
}

/// Reads, for the entries of these leaves, the link and the sequence number in the change log of
/// the partner, which numbers the entries of all its claims.
async fn read_entries(db: &DatabaseTransaction, leaves: &[Leaf]) -> Result<HashMap<LeafKey, (Vec<u8>, i64)>, DbErr> {
    use history::{Column, Entity};
    let key = [Column::Owner, Column::ClaimId, Column::Position];
    let mut keys = InputRows::new(key)?;
    for leaf in leaves {
        let (owner, claim, position) = leaf_key(leaf);
        keys.push([owner.into(), claim.into(), position.into()]);
    }
    let mut entries = HashMap::new();
    for chunk in keys.chunks() {
        // The keys are bound as arrays, so that the text of the statement is constant. SeaORM
        // cannot do that.
        let mut sql = Sql::with_rows(db.get_database_backend(), chunk)?;
        sql.push("SELECT ").columns("", key).push(", ").columns("", [Column::Link, Column::OwnerSequence]);
        sql.push(" FROM ").table::<Entity>().push(" WHERE (").columns("", key);
        sql.push(") IN (SELECT ").columns("s.", key).push(" FROM s)");
        for row in db.query_all_raw(sql.statement()).await? {
            let key = (row.try_get("", "owner")?, row.try_get("", "claim_id")?, row.try_get("", "position")?);
            entries.insert(key, (row.try_get("", "link")?, row.try_get("", "owner_sequence")?));
        }
    }
    Ok(entries)
}
