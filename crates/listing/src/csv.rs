//! Writes comma-separated values (RFC 4180) for exports, and reads cells for imports. Cells that a
//! spreadsheet would evaluate as formulas are escaped, and the escape is removed again (R59a).
//!
//! The escape is an apostrophe before the text: a spreadsheet then shows the text instead of
//! evaluating it. [`cell_text`] returns exactly the text that [`escape_formula`] got.

/// The characters with which a formula can begin in a spreadsheet, also in their full-width forms.
/// OWASP lists them for CSV injection, with tab and line end. Texts that begin with one of these
/// two are escaped because they begin with a blank.
const FORMULA_SIGNS: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Returns one CSV line with the given cells, terminated by CRLF. Cells are quoted where necessary.
#[must_use]
pub fn encode_row(cells: impl IntoIterator<Item = String>) -> String {
    let quote = |cell: String| match cell.contains(['"', ',', ';', '\t', '\r', '\n']) || trim(&cell) != cell {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    cells.into_iter().map(quote).collect::<Vec<_>>().join(",") + "\r\n"
}

/// Removes blanks at both ends of a text: white space, no-break spaces and zero-width spaces.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Returns whether a character is white space or an invisible character that [`trim`] removes.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Adds an apostrophe wherever a spreadsheet could take a part of the text for a formula. Use it
/// for every cell with text that a user wrote.
///
/// The parts are the whole text, and what follows a line end, a tab or a semicolon: a spreadsheet
/// that expects another separator begins a new cell there. A text with blanks at its ends gets an
/// apostrophe too, because [`cell_text`] would remove them.
#[must_use]
pub fn escape_formula(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut previous = None;
    for (index, character) in text.char_indices() {
        if needs_apostrophe(previous, &text[index..]) {
            escaped.push('\'');
        }
        escaped.push(character);
        previous = Some(character);
    }
    escaped
}

/// Returns the text of a cell that was read from a file: without the apostrophes that
/// [`escape_formula`] added, and without blanks at its ends, unless the text is escaped.
#[must_use]
pub fn cell_text(cell: &str) -> String {
    let cell = cell.trim_start_matches(is_blank);
    let is_escaped = cell.strip_prefix('\'').is_some_and(|text| needs_apostrophe(None, text));
    let cell = if is_escaped { cell } else { trim(cell) };
    let mut text = String::with_capacity(cell.len());
    let mut previous = None;
    for (index, character) in cell.char_indices() {
        if character != '\'' || !needs_apostrophe(previous, &cell[index + 1..]) {
            text.push(character);
        }
        previous = Some(character);
    }
    text
}

/// Returns whether an apostrophe is needed between `previous` (`None` at the start of a text) and
/// `rest`. Apostrophes at the start of `rest` do not change the answer. So a text that already
/// begins with apostrophes gets one more, and removing one restores it.
fn needs_apostrophe(previous: Option<char>, rest: &str) -> bool {
    let is_formula = || rest.trim_start_matches(|c| c == '\'' || is_blank(c)).starts_with(FORMULA_SIGNS);
    match previous {
        None => {
            let text = rest.trim_start_matches('\'');
            trim(text) != text || is_formula()
        }
        Some('\n' | '\r' | '\t' | ';') => is_formula(),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_cells_with_separators_and_quotes() {
        let cells = ["plain", "a, b", "say \"hi\"", "two\nlines", "a;b", " a", ""].map(str::to_owned);
        assert_eq!(encode_row(cells), "plain,\"a, b\",\"say \"\"hi\"\"\",\"two\nlines\",\"a;b\",\" a\",\r\n");
    }

    #[test]
    fn r59a_text_that_looks_like_a_formula_is_escaped() {
        for formula in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r1", "\n1", " =1", "\u{a0}=1", "\u{200b}=1", "＝1", "＠S"]
        {
            assert_eq!(escape_formula(formula), format!("'{formula}"));
        }
        for text in ["Fabrikam = customer", "a-b", "'tis", "1 - 2", "", "a, -b"] {
            assert_eq!(escape_formula(text), text);
        }
        assert_eq!(escape_formula("a\n=1;=2;\t+3"), "a\n'=1;'=2;'\t'+3");
    }

    #[test]
    fn r59a_cells_are_trimmed() {
        for (cell, text) in [
            (" lit\u{a0}", "lit"),
            ("\u{feff}\u{200b}lit\u{3000}\u{2060}\t", "lit"),
            (" \u{a0} ", ""),
            (" a b ", "a b"),
            ("=1+1", "=1+1"),
            (" '=1", "=1"),
            ("'tis", "'tis"),
        ] {
            assert_eq!(cell_text(cell), text);
        }
    }

    proptest! {
        #[test]
        fn r59a_a_text_comes_back_the_same(text in "[ab'=@＝ \u{a0}\u{200b}\t\r\n;,\"-]{0,12}") {
            let escaped = escape_formula(&text);
            prop_assert_eq!(&cell_text(&escaped), &text, "{:?}", escaped);
            let cells = escaped.split(['\n', '\r', '\t', ';']);
            prop_assert!(!cells.clone().any(|cell| cell.trim_start_matches(is_blank).starts_with(FORMULA_SIGNS)), "{:?}", escaped);
        }
    }
}
