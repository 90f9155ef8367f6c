//! The grammar of filters, by recursive descent.
use super::{Expr, Fault, Field, MAX_DEPTH, Test, field, scan::Scanner};

/// Reads all of a filter.
pub(super) fn parse<C: Copy>(filter: &str, fields: &[Field<C>]) -> Result<Option<Expr<Test<C>>>, Vec<Fault>> {
    let mut parser = Parser { scan: Scanner::new(filter), fields, faults: Vec::new(), depth: 0 };
    if parser.scan.at_end() {
        return Ok(None);
    }
    match parser.all() {
        Ok(expr) if parser.faults.is_empty() => Ok(Some(expr)),
        Ok(_) => Err(parser.faults),
        Err(broken) => Err([parser.faults, vec![broken]].concat()),
    }
}

struct Parser<'f, C> {
    scan: Scanner<'f>,
    fields: &'f [Field<C>],
    /// What does not fit, though the grammar holds: reading goes on.
    faults: Vec<Fault>,
    depth: usize,
}

impl<C: Copy> Parser<'_, C> {
    fn all(&mut self) -> Result<Expr<Test<C>>, Fault> {
        let expr = self.filter()?;
        if self.scan.at_end() { Ok(expr) } else { Err(self.scan.fault("AND, OR or the end is missing")) }
    }

    fn filter(&mut self) -> Result<Expr<Test<C>>, Fault> {
        let mut factors = vec![self.factor()?];
        while self.scan.take_word("AND") {
            factors.push(self.factor()?);
        }
        Ok(one_or(factors, Expr::And))
    }

    fn factor(&mut self) -> Result<Expr<Test<C>>, Fault> {
        let mut terms = vec![self.term()?];
        while self.scan.take_word("OR") {
            terms.push(self.term()?);
        }
        Ok(one_or(terms, Expr::Or))
    }

    fn term(&mut self) -> Result<Expr<Test<C>>, Fault> {
        if self.scan.take_word("NOT") {
            return self.deeper(|parser| Ok(Expr::Not(Box::new(parser.term()?))));
        }
        if !self.scan.take("(") {
            return self.comparison();
        }
        self.deeper(|parser| {
            let inner = parser.filter()?;
            if parser.scan.take(")") { Ok(inner) } else { Err(parser.scan.fault("AND, OR or ) is missing")) }
        })
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(self.scan.fault(format!("nested deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        let read = inner(self)?;
        self.depth -= 1;
        Ok(read)
    }

    fn comparison(&mut self) -> Result<Expr<Test<C>>, Fault> {
        self.scan.skip_blanks();
        let position = self.scan.position();
        let name = self.scan.name();
        if name.is_empty() || ["AND", "OR"].contains(&name.as_str()) {
            let message = format!("a field, NOT or ( is missing; fields: {}", field::names(self.fields));
            return Err(Fault { position, message });
        }
        let op = self.scan.operator()?;
        self.scan.skip_blanks();
        let of_value = self.scan.position();
        let value = self.scan.value()?;
        match field::test(self.fields, &name, op, &value) {
            Ok(test) => Ok(Expr::Is(test)),
            Err(misfit) => {
                self.faults.push(misfit.at(position, of_value));
                // Stands in: a filter with faults is not answered.
                Ok(Expr::And(Vec::new()))
            }
        }
    }
}

fn one_or<T>(mut parts: Vec<Expr<T>>, all: fn(Vec<Expr<T>>) -> Expr<T>) -> Expr<T> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => all(parts.into_iter().chain(last).collect()),
    }
}
