//! The claims that the rows of a file have created. They are kept in a file of JSON Lines, to which
//! each import appends, so that a corrected row is recognized at the next import.
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{BufWriter, ErrorKind, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use cpor_proto::claims::v1::Claim;
use cpor_types::{ClaimName, PartnerId};
use prost::Message as _;
use serde::{Deserialize, Serialize};

use super::{Rows, results::Outcome, send::content_id};

/// The claims that rows created in earlier imports, by the line of the row.
pub(super) type EarlierClaims = HashMap<u64, EarlierClaim>;

/// A claim that a row created in an earlier import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EarlierClaim {
    pub(super) name: ClaimName,
    /// Whether the row is the same as at the earlier import.
    pub(super) is_repeated: bool,
}

/// The number of keys of a row.
const KEYS: usize = 5;

/// Returns what identifies a row, the most precise first: all of its content, the value of its
/// column `claim`, the display name with the customer, the display name, and all but the display
/// name. A key is empty if the row lacks what it is made from.
pub(super) fn row_keys(id: &str, claim: &Claim) -> Vec<String> {
    let Claim { display_name, tenant_id, customer_domain, .. } = claim;
    let others = Claim { display_name: String::new(), ..claim.clone() };
    let key = |kind: &str, text: &str| if text.is_empty() { String::new() } else { content_id(kind, text.as_bytes()) };
    let customer = format!("{display_name}\n{tenant_id}\n{customer_domain}");
    vec![
        content_id("row", &claim.encode_to_vec()),
        key("id", id),
        if display_name.is_empty() { String::new() } else { key("customer", &customer) },
        key("name", display_name),
        if others == Claim::default() { String::new() } else { content_id("others", &others.encode_to_vec()) },
    ]
}

/// A claim with the keys of its row, or without keys if it was deleted: one line of the file.
#[derive(Serialize, Deserialize)]
struct Entry {
    claim: ClaimName,
    keys: Vec<String>,
}

/// The claims that the rows of a file have created.
pub(super) struct Memory {
    path: PathBuf,
    /// The claims of the partner, each with the keys of its row at the last import.
    entries: Vec<Entry>,
    /// The file, once something is appended.
    file: Option<BufWriter<File>>,
}

impl Memory {
    /// Reads the claims of `partner` from the file, if there is one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub(super) fn open(path: PathBuf, partner: &PartnerId) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let (mut entries, mut indexes): (Vec<Entry>, HashMap<ClaimName, usize>) = (Vec::new(), HashMap::new());
        for (number, line) in (1..).zip(text.lines()) {
            let entry: Entry = serde_json::from_str(line).with_context(|| {
                format!("{}: line {number} is malformed; remove the file to forget earlier imports", path.display())
            })?;
            match indexes.get(&entry.claim) {
                Some(index) => entries[*index] = entry,
                None if entry.claim.partner == *partner => {
                    indexes.insert(entry.claim.clone(), entries.len());
                    entries.push(entry);
                }
                None => {}
            }
        }
        Ok(Self { path, entries, file: None })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Finds the claims that rows without the name of a claim created in earlier imports. Rows with
    /// the same content are interchangeable. By each other key, a row is recognized only if neither
    /// another row nor another claim has the same key.
    pub(super) fn recognize(&self, rows: Rows) -> EarlierClaims {
        let unnamed = rows.map_while(Result::ok).filter(|row| row.existing.is_none());
        let rows: Vec<(u64, Vec<String>)> =
            unnamed.filter_map(|row| Some((row.line, row_keys(&row.id, row.claim.as_ref().ok()?)))).collect();
        let (mut found, mut is_used) = (EarlierClaims::new(), vec![false; self.entries.len()]);
        for key in 0..KEYS {
            let mut groups: HashMap<&str, (Vec<usize>, Vec<u64>)> = HashMap::new();
            for (index, entry) in self.entries.iter().enumerate().filter(|(index, _)| !is_used[*index]) {
                let key = entry.keys.get(key).filter(|key| !key.is_empty());
                key.into_iter().for_each(|key| groups.entry(key).or_default().0.push(index));
            }
            for (line, keys) in rows.iter().filter(|(line, _)| !found.contains_key(line)) {
                if let Some((_, lines)) = groups.get_mut(keys[key].as_str()) {
                    lines.push(*line);
                }
            }
            for (indexes, lines) in groups.into_values() {
                let is_unique = indexes.len() == 1 && lines.len() == 1;
                for (index, line) in indexes.into_iter().zip(lines).filter(|_| key == 0 || is_unique) {
                    is_used[index] = true;
                    let name = self.entries[index].claim.clone();
                    found.insert(line, EarlierClaim { name, is_repeated: key == 0 });
                }
            }
        }
        found
    }

    /// Appends the claims of rows that were accepted, and that claims were deleted. `keys` has the
    /// keys of the rows without the name of a claim, by their lines.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub(super) fn save(
        &mut self,
        outcomes: &[Outcome],
        mut keys: HashMap<u64, Vec<String>>,
        deleted: Vec<ClaimName>,
    ) -> anyhow::Result<()> {
        let accepted = outcomes.iter().filter_map(|outcome| {
            let (line, claim) = outcome.claim_with_content()?;
            Some(Entry { claim: claim.parse().ok()?, keys: keys.remove(&line)? })
        });
        let deleted = deleted.into_iter().map(|claim| Entry { claim, keys: Vec::new() });
        let entries: Vec<Entry> = deleted.chain(accepted).collect();
        let Self { path, file, .. } = self;
        if entries.is_empty() {
            return Ok(());
        }
        let cannot_write = || format!("cannot write {}", path.display());
        let mut output = match file.take() {
            Some(output) => output,
            None => {
                BufWriter::new(OpenOptions::new().append(true).create(true).open(&*path).with_context(cannot_write)?)
            }
        };
        for entry in entries {
            serde_json::to_writer(&mut output, &entry).with_context(cannot_write)?;
            output.write_all(b"\n").with_context(cannot_write)?;
        }
        output.flush().with_context(cannot_write)?;
        *file = Some(output);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{batch::Row, columns::Fields};

    fn claim(display_name: &str, mpn_id: &str) -> Claim {
        Claim { display_name: display_name.into(), mpn_id: mpn_id.into(), ..Claim::default() }
    }

    fn name(number: usize) -> ClaimName {
        format!("partners/contoso/claims/00000000-0000-4000-8000-{number:012}").parse().unwrap()
    }

    /// Returns the numbers of the claims of recognized rows, and whether the rows are repeated.
    fn recognize(earlier: &[(&str, Claim)], rows: &[(&str, Claim)]) -> Vec<Option<(usize, bool)>> {
        let entry =
            |(number, (id, claim)): (usize, &(&str, Claim))| Entry { claim: name(number), keys: row_keys(id, claim) };
        let memory = Memory { path: PathBuf::new(), entries: (0..).zip(earlier).map(entry).collect(), file: None };
        let row = |(line, (id, claim)): (u64, &(&str, Claim))| {
            Ok(Row { line, claim: Ok(claim.clone()), fields: Fields::default(), existing: None, id: (*id).into() })
        };
        let parsed: Vec<_> = (0..).zip(rows).map(row).collect();
        let found = memory.recognize(Box::new(parsed.into_iter()));
        let number = |claim: &EarlierClaim| {
            (claim.name.to_string().rsplit('-').next().unwrap().parse().unwrap(), claim.is_repeated)
        };
        (0..rows.len() as u64).map(|line| found.get(&line).map(number)).collect()
    }

    #[test]
    fn corrected_rows_are_recognized() {
        let earlier = [("", claim("One", "1")), ("", claim("Two", "2")), ("c", claim("Three", "3"))];
        let rows =
            [("", claim("New", "9")), ("", claim("Two", "22")), ("c", claim("Drei", "33")), ("", claim("One", "1"))];
        assert_eq!(recognize(&earlier, &rows), [None, Some((1, false)), Some((2, false)), Some((0, true))]);
        assert_eq!(recognize(&earlier, &[("", claim("Zwei", "2"))]), [Some((1, false))], "only the name was corrected");
    }

    #[test]
    fn ambiguous_rows_are_new() {
        let same = claim("Same", "1");
        let earlier = [("", same.clone()), ("", same.clone()), ("", claim("Same", "2"))];
        let rows = [("", claim("Same", "3")), ("", same.clone()), ("", same.clone()), ("", same)];
        assert_eq!(recognize(&earlier, &rows), [None, Some((0, true)), Some((1, true)), None]);
        assert_eq!(recognize(&earlier[..2], &[("", claim("Same", "3"))]), [None], "two claims have this name");
    }
}
