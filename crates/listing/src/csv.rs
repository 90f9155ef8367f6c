//! Writes comma-separated values (RFC 4180) for exports. Escapes cells that a spreadsheet would
//! evaluate as formulas, and removes the escape again for imports.
//!
//! The escape is a leading apostrophe: a spreadsheet then shows the text instead of evaluating it.

/// Returns one CSV line with the given cells, terminated by CRLF. Cells are quoted where necessary.
#[must_use]
pub fn encode_row(cells: impl IntoIterator<Item = String>) -> String {
    let quote = |cell: String| match cell.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    cells.into_iter().map(quote).collect::<Vec<_>>().join(",") + "\r\n"
}

/// Prefixes a text with an apostrophe if a spreadsheet would take it for a formula. Use it for
/// every cell with text that a user wrote.
#[must_use]
pub fn escape_formula(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// Removes the apostrophe that [`escape_formula`] added. Returns any other cell unchanged.
#[must_use]
pub fn unescape_formula(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

/// Returns true if the text begins like a formula, possibly after apostrophes. A text that already
/// begins with apostrophes counts too, so that removing one apostrophe restores the original text.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cells_with_separators_and_quotes() {
        let cells = ["plain", "a, b", "say \"hi\"", "two\nlines", ""].map(str::to_owned);
        assert_eq!(encode_row(cells), "plain,\"a, b\",\"say \"\"hi\"\"\",\"two\nlines\",\r\n");
    }

    #[test]
    fn escapes_text_that_looks_like_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(escape_formula(formula), format!("'{formula}"));
        }
        assert_eq!(escape_formula("Fabrikam = customer"), "Fabrikam = customer");
    }

    #[test]
    fn unescaping_restores_the_text() {
        for original in ["=1+1", "'=1+1", "''-1", "'plain", "'", "", "plain", "\t=1"] {
            assert_eq!(unescape_formula(&escape_formula(original)), original);
        }
        assert_eq!(unescape_formula("=1+1"), "=1+1", "typed by a user, without escaping");
    }
}
