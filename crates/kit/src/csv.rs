//! Comma-separated values by RFC 4180, as exports write them, and what imports have to know of how.

/// A line of these cells, with its end.
#[must_use]
pub fn line(cells: impl IntoIterator<Item = String>) -> String {
    let quoted = |cell: String| match cell.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A cell of text that somebody wrote: where a spreadsheet would take it for a formula, an apostrophe goes before it. [`plain`] takes it away.
#[must_use]
pub fn text(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// What [`text`] made the cell of.
#[must_use]
pub fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

/// What begins as a formula does, if need be after apostrophes: so that those which somebody wrote are told from ours.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let cells = ["plain", "a, b", "say \"hi\"", "two\nlines", ""].map(str::to_owned);
        assert_eq!(line(cells), "plain,\"a, b\",\"say \"\"hi\"\"\",\"two\nlines\",\r\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        assert_eq!(text("Fabrikam = ours"), "Fabrikam = ours");
    }

    #[test]
    fn a_cell_is_read_as_it_was_written() {
        for written in ["=1+1", "'=1+1", "''-1", "'plain", "'", "", "plain", "\t=1"] {
            assert_eq!(plain(&text(written)), written);
        }
        assert_eq!(plain("=1+1"), "=1+1", "as somebody types it");
    }
}
