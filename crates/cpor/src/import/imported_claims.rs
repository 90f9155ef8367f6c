//! The claims that the rows of a file have created. They are kept in a file of JSON Lines, to which
//! each import appends, so that a corrected row is recognized at the next import.
//!
//! A row is recognized by its *keys*: hashes of some of its values, for example of its display name
//! and tenant.
use std::{
    collections::{HashMap, HashSet},
    fs::{File, OpenOptions},
    io::{BufWriter, ErrorKind, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use cpor_proto::claims::v1::Claim;
use cpor_types::{ClaimName, PartnerId};
use prost::Message as _;
use serde::{Deserialize, Serialize};

use super::{Rows, batch::Row, results::Outcome, send::content_id};

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
const KEY_COUNT: usize = 8;

/// The positions of the keys that do not depend on the customer. Before each of them is a key with
/// the same value and the tenant, and one with the same value and the customer's domain.
const POSITIONS_WITHOUT_CUSTOMER: [usize; 2] = [3, 6];

/// Returns the keys of a row, the most precise first: all of its content; the value of its column
/// `claim` with the tenant, with the customer's domain, and alone; the display name with the
/// tenant, with the domain, and alone; and all but the display name. A key is empty if the row
/// lacks a value that it is made from.
pub(super) fn row_keys(id: &str, claim: &Claim) -> Vec<String> {
    let Claim { display_name, tenant_id, customer_domain, .. } = claim;
    let others = Claim { display_name: String::new(), ..claim.clone() };
    let key = |kind: &str, parts: &[&str]| match parts.iter().any(|part| part.is_empty()) {
        true => String::new(),
        false => content_id(kind, parts.join("\n").as_bytes()),
    };
    vec![
        content_id("row", &claim.encode_to_vec()),
        key("id_tenant", &[id, tenant_id]),
        key("id_domain", &[id, customer_domain]),
        key("id", &[id]),
        key("name_tenant", &[display_name, tenant_id]),
        key("name_domain", &[display_name, customer_domain]),
        key("name", &[display_name]),
        if others == Claim::default() { String::new() } else { content_id("others", &others.encode_to_vec()) },
    ]
}

/// Returns the keys of a malformed row, from the fields that could be parsed. The keys that are
/// made from all of its content are empty, because some of the content is unknown.
fn malformed_row_keys(row: &Row) -> Vec<String> {
    let mut keys = row_keys(&row.id, &row.parsed);
    keys[0].clear();
    keys[KEY_COUNT - 1].clear();
    keys
}

/// A claim with the keys of its row, or without keys if it was deleted: one line of the file.
#[derive(Serialize, Deserialize)]
struct Entry {
    claim: ClaimName,
    keys: Vec<String>,
}

impl Entry {
    /// Returns the key at this position. If the row named a customer, its keys without the customer
    /// are not used, because a later file of the same name can be about another customer.
    fn key(&self, number: usize) -> Option<&str> {
        let key = |number: usize| self.keys.get(number).map(String::as_str).filter(|key| !key.is_empty());
        let has_customer = || key(number - 2).or_else(|| key(number - 1)).is_some();
        key(number).filter(|_| !(POSITIONS_WITHOUT_CUSTOMER.contains(&number) && has_customer()))
    }
}

/// The claims that the rows of a file have created.
pub(super) struct ImportedClaims {
    path: PathBuf,
    /// The claims of the partner, each with the keys of its row at the last import.
    entries: Vec<Entry>,
    /// The open file; `None` until something is appended.
    file: Option<BufWriter<File>>,
    /// The end of the file as it was read.
    end: FileEnd,
}

/// The end of a file of JSON Lines as it was read. Another import may have appended lines since
/// then.
#[derive(Clone, Copy, Debug, Default)]
struct FileEnd {
    /// The length of the file in bytes.
    length: u64,
    /// The length of the complete entries in bytes. The rest is an entry that was only partly
    /// written when a process crashed.
    complete_length: u64,
    /// Whether the last complete entry lacks its line feed.
    lacks_line_feed: bool,
}

impl FileEnd {
    /// Prepares the file for entries that are appended: removes a partly written entry, and
    /// completes the last line. A file whose length has changed since it was read is left as it is,
    /// because another import has appended to it.
    fn repair(self, mut file: &File) -> std::io::Result<()> {
        if file.metadata()?.len() != self.length {
            return Ok(());
        }
        if self.complete_length < self.length {
            file.set_len(self.complete_length)?;
        }
        if self.lacks_line_feed { file.write_all(b"\n") } else { Ok(()) }
    }
}

impl ImportedClaims {
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
        let lines = text.rfind('\n').map_or("", |end| &text[..=end]);
        let lacks_line_feed = serde_json::from_str::<Entry>(&text[lines.len()..]).is_ok();
        let complete = if lacks_line_feed { text.as_str() } else { lines };
        for (number, line) in (1..).zip(complete.lines()) {
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
        let end = FileEnd { length: text.len() as u64, complete_length: complete.len() as u64, lacks_line_feed };
        Ok(Self { path, entries, file: None, end })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Finds the claims that rows without the name of a claim created in earlier imports. By all of
    /// its content, a row is recognized even if other rows have the same content. By any other key,
    /// it is recognized only if neither another row, even a malformed one, nor another claim has
    /// the same key.
    pub(super) fn recognize(&self, rows: Rows) -> EarlierClaims {
        let unnamed = rows.map_while(Result::ok).filter(|row| row.existing.is_none());
        let (mut rows, mut malformed) = (Vec::new(), HashSet::new());
        for row in unnamed {
            let keys = row.claim.as_ref().map(|claim| row_keys(&row.id, claim));
            malformed.extend(keys.is_err().then_some(row.line));
            rows.push((row.line, keys.unwrap_or_else(|_| malformed_row_keys(&row))));
        }
        let (mut found, mut is_used) = (EarlierClaims::new(), vec![false; self.entries.len()]);
        for number in 0..KEY_COUNT {
            // The indexes of the entries and the lines of the rows that have the same key.
            let mut groups: HashMap<&str, (Vec<usize>, Vec<u64>)> = HashMap::new();
            for (index, entry) in self.entries.iter().enumerate().filter(|(index, _)| !is_used[*index]) {
                entry.key(number).into_iter().for_each(|key| groups.entry(key).or_default().0.push(index));
            }
            for (line, keys) in rows.iter().filter(|(line, _)| !found.contains_key(line)) {
                if let Some((_, lines)) = groups.get_mut(keys[number].as_str()) {
                    lines.push(*line);
                }
            }
            for (indexes, lines) in groups.into_values() {
                let is_unique = indexes.len() == 1 && lines.len() == 1;
                for (index, line) in indexes.into_iter().zip(lines).filter(|_| number == 0 || is_unique) {
                    is_used[index] = true;
                    let name = self.entries[index].claim.clone();
                    found.insert(line, EarlierClaim { name, is_repeated: number == 0 });
                }
            }
        }
        found.retain(|line, _| !malformed.contains(line));
        found
    }

    /// Appends the claims of accepted rows. `deleted` contains the claims of earlier imports that
    /// were deleted since, with the lines of their rows. If such a row created its claim anew, the
    /// deletion of the earlier claim is appended too; otherwise the earlier claim is kept, so that
    /// the next import creates it anew. `keys` contains the keys of the rows without the name of a
    /// claim, by line.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub(super) fn save(
        &mut self,
        outcomes: &[Outcome],
        mut keys: HashMap<u64, Vec<String>>,
        deleted: Vec<(u64, ClaimName)>,
    ) -> anyhow::Result<()> {
        let accepted: Vec<(u64, &str)> = outcomes.iter().filter_map(Outcome::claim_with_content).collect();
        let lines: HashSet<u64> = accepted.iter().map(|(line, _)| *line).collect();
        let deleted = deleted.into_iter().filter(|(line, _)| lines.contains(line));
        let deleted = deleted.map(|(_, claim)| Entry { claim, keys: Vec::new() });
        let created = accepted
            .into_iter()
            .filter_map(|(line, claim)| Some(Entry { claim: claim.parse().ok()?, keys: keys.remove(&line)? }));
        let entries: Vec<Entry> = deleted.chain(created).collect();
        let Self { path, file, end, .. } = self;
        if entries.is_empty() {
            return Ok(());
        }
        let cannot_write = || format!("cannot write {}", path.display());
        let mut output = match file.take() {
            Some(output) => output,
            None => {
                let output = OpenOptions::new().append(true).create(true).open(&*path).with_context(cannot_write)?;
                end.repair(&output).with_context(cannot_write)?;
                BufWriter::new(output)
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
    use crate::import::{columns::Fields, results::RowResult};

    /// The MPN id of a malformed row.
    const MALFORMED: &str = "malformed";

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
        let entries = (0..).zip(earlier).map(entry).collect();
        let memory = ImportedClaims { path: PathBuf::new(), entries, file: None, end: FileEnd::default() };
        let row = |(line, (id, claim)): (u64, &(&str, Claim))| {
            let parsed = claim.clone();
            let claim = if claim.mpn_id == MALFORMED { Err(Vec::new()) } else { Ok(claim.clone()) };
            Ok(Row { line, claim, fields: Fields::default(), existing: None, id: (*id).into(), parsed })
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

    /// A sheet about another customer has the name of an earlier one.
    #[test]
    fn rows_for_another_customer_are_new() {
        let of = |tenant: &str, domain: &str, mpn_id| Claim {
            tenant_id: tenant.into(),
            customer_domain: domain.into(),
            ..claim("Teams", mpn_id)
        };
        let earlier = [("1", of("a", "a.example", "1"))];
        assert_eq!(recognize(&earlier, &[("1", of("b", "b.example", "2"))]), [None]);
        assert_eq!(recognize(&earlier, &[("1", claim("Teams", "2"))]), [None], "the row has no customer");
        for corrected in [of("a", "b.example", "1"), of("b", "a.example", "1"), of("a", "", "2")] {
            for id in ["1", ""] {
                assert_eq!(recognize(&earlier, &[(id, corrected.clone())]), [Some((0, false))], "{corrected:?}");
            }
        }
        let both = [("1", of("a", "a.example", "1")), ("1", of("b", "b.example", "1"))];
        let rows = [("1", of("b", "b.example", "2")), ("1", of("a", "a.example", "2"))];
        assert_eq!(recognize(&both, &rows), [Some((1, false)), Some((0, false))]);
        assert_eq!(recognize(&[("1", claim("Teams", "1"))], &[("1", of("a", "", "1"))]), [Some((0, false))]);
    }

    #[test]
    fn malformed_rows_count_when_a_row_is_recognized() {
        let earlier = [("", claim("Same", "1")), ("c", claim("Other", "2"))];
        let rows = [("", claim("Same", MALFORMED)), ("", claim("Same", "3")), ("c", claim("Other", MALFORMED))];
        assert_eq!(recognize(&earlier, &rows), [None, None, None]);
        assert_eq!(recognize(&earlier, &rows[1..]), [Some((0, false)), None]);
    }

    #[test]
    fn a_torn_line_is_forgotten_and_a_failed_row_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claims.csv.claims.jsonl");
        let open = || ImportedClaims::open(path.clone(), &"contoso".parse().unwrap()).unwrap();
        let names = || {
            open()
                .entries
                .iter()
                .filter(|entry| !entry.keys.is_empty())
                .map(|entry| entry.claim.clone())
                .collect::<Vec<_>>()
        };
        let done = |line, number| Outcome::accepted(line, RowResult::Done, name(number).to_string());
        let keys = |lines: &[u64]| lines.iter().map(|line| (*line, row_keys("", &claim("x", "1")))).collect();
        open().save(&[done(2, 1), done(3, 2)], keys(&[2, 3]), Vec::new()).unwrap();
        let complete = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{complete}{{\"claim\":\"partners/con")).unwrap();
        assert_eq!(names().len(), 2);
        // The drafts of both rows were deleted. Only one of them is created anew.
        let deleted = vec![(2, name(1)), (3, name(2))];
        open().save(&[done(2, 3)], keys(&[2, 3]), deleted).unwrap();
        let mut kept = names();
        kept.sort();
        assert_eq!(kept, [name(2), name(3)]);
    }

    /// Two imports with the same file overlap: each has read the file before the other appends.
    #[test]
    fn overlapping_imports_keep_the_lines_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claims.csv.claims.jsonl");
        let open = || ImportedClaims::open(path.clone(), &"contoso".parse().unwrap()).unwrap();
        let save = |memory: &mut ImportedClaims, number| {
            let done = Outcome::accepted(2, RowResult::Done, name(number).to_string());
            memory.save(&[done], [(2, row_keys("", &claim("x", "1")))].into(), Vec::new()).unwrap();
        };
        let names = || open().entries.into_iter().map(|entry| entry.claim).collect::<Vec<_>>();
        for torn in ["", "{\"claim\":\"partners/con"] {
            std::fs::write(&path, torn).unwrap();
            let (mut first, mut second) = (open(), open());
            save(&mut first, 1);
            save(&mut second, 2);
            save(&mut first, 3);
            assert_eq!(names(), [name(1), name(2), name(3)], "{torn}");
        }
        // The last line is complete, although its line feed is missing.
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.trim_end()).unwrap();
        assert_eq!(names(), [name(1), name(2), name(3)]);
        let (mut first, mut second) = (open(), open());
        save(&mut first, 4);
        save(&mut second, 5);
        assert_eq!(names(), [1, 2, 3, 4, 5].map(name));
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
