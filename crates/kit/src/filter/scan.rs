//! The characters of a filter, read from left to right.
use super::{Fault, Op};

/// Where the reading is.
#[derive(Clone)]
pub(super) struct Scanner<'f> {
    rest: std::str::Chars<'f>,
    /// Characters read.
    read: usize,
}

impl<'f> Scanner<'f> {
    pub(super) fn new(filter: &'f str) -> Self {
        Self { rest: filter.chars(), read: 0 }
    }

    /// The place of the next character, from 1.
    pub(super) const fn position(&self) -> usize {
        self.read + 1
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { position: self.position(), message: message.into() }
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.read += usize::from(next.is_some());
        next
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    /// Whether nothing but blanks is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.peek().is_none()
    }

    /// Takes `text` if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        self.skip_blanks();
        let found = self.rest.as_str().starts_with(text);
        if found {
            self.rest = self.rest.as_str()[text.len()..].chars();
            self.read += text.chars().count();
        }
        found
    }

    /// Takes the keyword if it is the next word.
    pub(super) fn take_word(&mut self, keyword: &str) -> bool {
        self.skip_blanks();
        let found = self.rest.as_str().strip_prefix(keyword);
        let found = found.is_some_and(|rest| !rest.starts_with(is_of_name));
        found && self.take(keyword)
    }

    /// The name of a field; empty where there is none.
    pub(super) fn name(&mut self) -> String {
        self.skip_blanks();
        self.run(is_of_name)
    }

    pub(super) fn operator(&mut self) -> Result<Op, Fault> {
        let found = Op::WRITTEN.into_iter().find(|op| self.take(op.as_str()));
        found.ok_or_else(|| self.fault("an operator is missing: = != < <= > >= or :"))
    }

    /// A value: a word up to a blank or parenthesis, or quoted text.
    pub(super) fn value(&mut self) -> Result<String, Fault> {
        self.skip_blanks();
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some(_) | None => {
                let word = self.run(|c| !c.is_whitespace() && !"()\"'".contains(c));
                if word.is_empty() {
                    Err(self.fault("a value is missing: a word, or text in quotes"))
                } else {
                    Ok(word)
                }
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Fault> {
        let begin = self.fault(format!("the text that begins here does not end with {quote}"));
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\\') => text.push(self.next().ok_or(begin.clone())?),
                Some(c) if c == quote => return Ok(text),
                Some(c) => text.push(c),
                None => return Err(begin),
            }
        }
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut run = String::new();
        while let Some(c) = self.peek().filter(|c| belongs(*c)) {
            run.push(c);
            self.next();
        }
        run
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}
