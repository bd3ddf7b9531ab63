//! Formulas over exact decimals, for rule packs and for what a company defines itself.
//!
//! The language is that of `zen-expression`, cut down to what always ends and is always exact:
//! numbers, names, `+ - * /`, comparisons, `and or not`, `c ? a : b`, and the functions
//! `min([a, b])`, `max([a, b])`, `sum([a, b])`, `abs`, `floor`, `ceil`, `round(x, places)` (half
//! away from zero) and `trunc(x, places)`. There are no loops, no strings, no powers (the library
//! would fall back on floats) and no clock. A formula has at most [`MAX_LENGTH`] bytes, so that its
//! cost is bounded by its text: there is nothing in it that can run twice.

mod inspect;
mod problem;

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use zen_expression::compiler::Compiler;
use zen_expression::expression::Standard;
use zen_expression::variable::{Variable, VariableMap};
use zen_expression::vm::VM;
use zen_expression::{Expression, Scope};

pub use problem::{FormulaError, Problem};

/// The longest formula, in bytes.
pub const MAX_LENGTH: usize = 1_000;

/// How deep brackets and signs may nest.
pub const MAX_DEPTH: usize = 32;

/// A formula that was read and found to be safe.
#[derive(Clone, Debug)]
pub struct Formula {
    text: Arc<str>,
    program: Expression<Standard>,
    variables: Vec<(String, usize)>,
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Formula {
    /// Reads a formula; refuses what is malformed, too long, or outside the language.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        inspect::check_size(text)?;
        let bump = bumpalo::Bump::new();
        let tokens = inspect::tokens(text, &bump)?;
        let (root, variables) = inspect::read(text, &tokens, &bump)?;
        let mut compiler = Compiler::new();
        compiler
            .compile(root)
            .map_err(|error| FormulaError::new(text, 0, Problem::Syntax(error.to_string())))?;
        let program = Expression::new_standard(Arc::from(compiler.get_bytecode().to_vec()));
        Ok(Self {
            text: Arc::from(text),
            program,
            variables,
        })
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it needs, each once, in order of appearance.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|(name, _)| name.as_str())
    }

    /// Computes the formula; an unknown name, a division by zero, an overflow and a result that is
    /// not a number are errors with their position.
    pub fn evaluate(&self, variables: &BTreeMap<String, Decimal>) -> Result<Decimal, FormulaError> {
        self.evaluate_with(&|name| variables.get(name).copied())
    }

    /// As [`Formula::evaluate`], asking for each name.
    pub fn evaluate_with(&self, find: Find<'_>) -> Result<Decimal, FormulaError> {
        match self.run(find)? {
            Variable::Number(number) => Ok(number),
            Variable::Null => Err(self.blame(find)),
            _ => Err(FormulaError::new(&self.text, 0, Problem::NotANumber)),
        }
    }

    /// Computes a formula that is a condition.
    pub fn holds_with(&self, find: Find<'_>) -> Result<bool, FormulaError> {
        match self.run(find)? {
            Variable::Bool(answer) => Ok(answer),
            Variable::Null => Err(self.blame(find)),
            _ => Err(FormulaError::new(&self.text, 0, Problem::NotACondition)),
        }
    }

    fn run(&self, find: Find<'_>) -> Result<Variable, FormulaError> {
        let mut values = VariableMap::with_capacity(self.variables.len());
        for (name, position) in &self.variables {
            let value = find(name).ok_or_else(|| {
                FormulaError::new(
                    &self.text,
                    *position,
                    Problem::UnknownVariable(name.clone()),
                )
            })?;
            values.insert_str(name, Variable::Number(value));
        }
        let scope = Scope::new(Variable::from_object(values));
        match self.program.evaluate_with_scope(&scope, &mut VM::new()) {
            Ok(value) => Ok(value),
            Err(_) => Err(self.blame(find)),
        }
    }

    /// Finds the innermost part that can't be computed, to say where and why.
    fn blame(&self, find: Find<'_>) -> FormulaError {
        let bump = bumpalo::Bump::new();
        let parts = inspect::tokens(&self.text, &bump)
            .and_then(|tokens| inspect::parts(&self.text, &tokens, &bump))
            .unwrap_or_default();
        for part in parts {
            if let Some(problem) = self.failure(&part, find) {
                return FormulaError::new(&self.text, part.start, problem);
            }
        }
        FormulaError::new(&self.text, 0, Problem::NotANumber)
    }

    fn failure(&self, part: &inspect::Part, find: Find<'_>) -> Option<Problem> {
        let piece = Self::parse(self.text.get(part.start..part.end)?).ok()?;
        let mut values = VariableMap::new();
        for name in piece.variables() {
            values.insert_str(name, Variable::Number(find(name)?));
        }
        let scope = Scope::new(Variable::from_object(values));
        match piece.program.evaluate_with_scope(&scope, &mut VM::new()) {
            Ok(Variable::Null) => Some(self.division_failure(part, find)),
            Ok(_) => None,
            Err(error) if error.to_string().contains("overflow") => Some(Problem::Overflow),
            Err(_) => Some(Problem::NotANumber),
        }
    }

    fn division_failure(&self, part: &inspect::Part, find: Find<'_>) -> Problem {
        let divisor = part
            .divisor
            .and_then(|(start, end)| self.text.get(start..end))
            .and_then(|text| Self::parse(text).ok())
            .and_then(|formula| formula.evaluate_with(find).ok());
        match divisor {
            Some(value) if !value.is_zero() => Problem::Overflow,
            _ => Problem::DivisionByZero,
        }
    }
}

/// How a formula asks for the value of a name.
pub type Find<'a> = &'a dyn Fn(&str) -> Option<Decimal>;

#[cfg(test)]
mod tests;
