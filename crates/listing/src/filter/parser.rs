//! The recursive-descent parser of filters.
use super::{Comparison, Expr, Field, FilterError, MAX_DEPTH, field, scanner::Scanner};

/// Parses a whole filter. Returns `None` if it is empty.
pub(super) fn parse<C: Copy>(
    filter: &str,
    fields: &[Field<C>],
) -> Result<Option<Expr<Comparison<C>>>, Vec<FilterError>> {
    let mut parser = Parser { scanner: Scanner::new(filter), fields, errors: Vec::new(), depth: 0 };
    if parser.scanner.is_at_end() {
        return Ok(None);
    }
    match parser.parse_to_end() {
        Ok(expr) if parser.errors.is_empty() => Ok(Some(expr)),
        Ok(_) => Err(parser.errors),
        Err(syntax_error) => Err([parser.errors, vec![syntax_error]].concat()),
    }
}

/// The state of parsing one filter.
struct Parser<'f, C> {
    scanner: Scanner<'f>,
    fields: &'f [Field<C>],
    /// The errors of comparisons that do not fit the fields. Unlike a syntax error, they do not
    /// stop the parser.
    errors: Vec<FilterError>,
    /// The number of parentheses and NOTs that enclose the current position.
    depth: usize,
}

impl<C: Copy> Parser<'_, C> {
    fn parse_to_end(&mut self) -> Result<Expr<Comparison<C>>, FilterError> {
        let expr = self.parse_filter()?;
        if self.scanner.is_at_end() { Ok(expr) } else { Err(self.scanner.error("expected AND, OR or the end")) }
    }

    fn parse_filter(&mut self) -> Result<Expr<Comparison<C>>, FilterError> {
        let mut factors = vec![self.parse_factor()?];
        while self.scanner.take_keyword("AND") {
            factors.push(self.parse_factor()?);
        }
        Ok(combine_operands(factors, Expr::And))
    }

    fn parse_factor(&mut self) -> Result<Expr<Comparison<C>>, FilterError> {
        let mut terms = vec![self.parse_term()?];
        while self.scanner.take_keyword("OR") {
            terms.push(self.parse_term()?);
        }
        Ok(combine_operands(terms, Expr::Or))
    }

    fn parse_term(&mut self) -> Result<Expr<Comparison<C>>, FilterError> {
        if self.scanner.take_keyword("NOT") {
            return self.parse_nested(|parser| Ok(Expr::Not(Box::new(parser.parse_term()?))));
        }
        if !self.scanner.take("(") {
            return self.parse_comparison();
        }
        self.parse_nested(|parser| {
            let inner = parser.parse_filter()?;
            if parser.scanner.take(")") { Ok(inner) } else { Err(parser.scanner.error("expected AND, OR or )")) }
        })
    }

    /// Runs `parse` one level deeper. Returns an error if [`MAX_DEPTH`] is exceeded.
    fn parse_nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, FilterError>) -> Result<T, FilterError> {
        if self.depth == MAX_DEPTH {
            return Err(self.scanner.error(format!("nested too deeply: at most {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let result = parse(self)?;
        self.depth -= 1;
        Ok(result)
    }

    fn parse_comparison(&mut self) -> Result<Expr<Comparison<C>>, FilterError> {
        self.scanner.skip_whitespace();
        let position = self.scanner.position();
        let name = self.scanner.scan_name();
        if name.is_empty() || ["AND", "OR"].contains(&name.as_str()) {
            let message = format!("expected a field, NOT or (; allowed fields: {}", field::field_names(self.fields));
            return Err(FilterError { position, message });
        }
        let op = self.scanner.scan_operator()?;
        self.scanner.skip_whitespace();
        let value_position = self.scanner.position();
        let value = self.scanner.scan_value()?;
        match field::resolve_comparison(self.fields, &name, op, &value) {
            Ok(comparison) => Ok(Expr::Compare(comparison)),
            Err(error) => {
                self.errors.push(error.at(position, value_position));
                // A placeholder: an expression with errors is not returned.
                Ok(Expr::And(Vec::new()))
            }
        }
    }
}

/// Returns the only operand, or combines several operands.
fn combine_operands<T>(mut operands: Vec<Expr<T>>, combine: fn(Vec<Expr<T>>) -> Expr<T>) -> Expr<T> {
    match operands.pop() {
        Some(only) if operands.is_empty() => only,
        last => combine(operands.into_iter().chain(last).collect()),
    }
}
