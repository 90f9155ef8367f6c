//! The scanner that splits a filter into names, operators and values.
use super::{FilterError, Operator};

/// The part of a filter that has not been scanned yet.
#[derive(Clone)]
pub(super) struct Scanner<'f> {
    rest: std::str::Chars<'f>,
    /// The number of scanned characters.
    scanned: usize,
}

impl<'f> Scanner<'f> {
    pub(super) fn new(filter: &'f str) -> Self {
        Self { rest: filter.chars(), scanned: 0 }
    }

    /// Returns the position of the next character; the first character has the position 1.
    pub(super) const fn position(&self) -> usize {
        self.scanned + 1
    }

    /// Returns an error at the current position.
    pub(super) fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError { position: self.position(), message: message.into() }
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.scanned += usize::from(next.is_some());
        next
    }

    pub(super) fn skip_whitespace(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    /// Skips whitespace and returns true if nothing else is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.skip_whitespace();
        self.peek().is_none()
    }

    /// Skips whitespace, then takes `text` if it comes next. Returns whether `text` was taken.
    pub(super) fn take(&mut self, text: &str) -> bool {
        self.skip_whitespace();
        let is_next = self.rest.as_str().starts_with(text);
        if is_next {
            self.rest = self.rest.as_str()[text.len()..].chars();
            self.scanned += text.chars().count();
        }
        is_next
    }

    /// Skips whitespace, then takes the keyword if it comes next as a whole word. Returns whether
    /// it was taken.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        self.skip_whitespace();
        let after_keyword = self.rest.as_str().strip_prefix(keyword);
        let is_whole_word = after_keyword.is_some_and(|rest| !rest.starts_with(is_name_char));
        is_whole_word && self.take(keyword)
    }

    /// Returns the field name that comes next, or an empty text if there is none.
    pub(super) fn scan_name(&mut self) -> String {
        self.skip_whitespace();
        self.take_while(is_name_char)
    }

    pub(super) fn scan_operator(&mut self) -> Result<Operator, FilterError> {
        let op = Operator::PARSED.into_iter().find(|op| self.take(op.as_str()));
        op.ok_or_else(|| self.error("expected an operator: = != < <= > >= or :"))
    }

    /// Returns the value that comes next: a quoted text, or a word that ends before whitespace, a
    /// parenthesis or a quote.
    pub(super) fn scan_value(&mut self) -> Result<String, FilterError> {
        self.skip_whitespace();
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.scan_quoted(quote),
            Some(_) | None => {
                let word = self.take_while(|c| !c.is_whitespace() && !"()\"'".contains(c));
                if word.is_empty() {
                    Err(self.error("expected a value: a word, or a text in quotes"))
                } else {
                    Ok(word)
                }
            }
        }
    }

    fn scan_quoted(&mut self, quote: char) -> Result<String, FilterError> {
        let unterminated = self.error(format!("the quoted text has no closing {quote}"));
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\\') => text.push(self.next().ok_or(unterminated.clone())?),
                Some(character) if character == quote => return Ok(text),
                Some(character) => text.push(character),
                None => return Err(unterminated),
            }
        }
    }

    fn take_while(&mut self, predicate: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(character) = self.peek().filter(|c| predicate(*c)) {
            text.push(character);
            self.next();
        }
        text
    }
}

fn is_name_char(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '.'
}
