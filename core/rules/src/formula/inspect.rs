//! Reads a formula with the library's lexer and parser, and lets only the safe language through.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use zen_expression::functions::{FunctionKind, InternalFunction};
use zen_expression::lexer::{
    ArithmeticOperator, ComparisonOperator, Lexer, LexerError, LogicalOperator, Operator, Token,
    TokenKind,
};
use zen_expression::parser::{AstNodeError, Node, Parser, ParserResult};

use super::problem::{FormulaError, Problem};
use super::{MAX_DEPTH, MAX_LENGTH};

/// A part of the formula that computes something: its place in bytes, and its divisor's.
#[derive(Debug)]
pub(super) struct Part {
    pub start: usize,
    pub end: usize,
    pub divisor: Option<(usize, usize)>,
}

/// The names of a formula with their places in bytes.
type Names = Vec<(String, usize)>;

/// Refuses an empty or oversized text before the library sees it.
pub(super) fn check_size(text: &str) -> Result<(), FormulaError> {
    if text.trim().is_empty() {
        return Err(FormulaError::new(text, 0, Problem::Empty));
    }
    if text.len() > MAX_LENGTH {
        return Err(FormulaError::new(text, text.len(), Problem::TooLong));
    }
    Ok(())
}

/// Splits the text into tokens and bounds how deep they nest.
pub(super) fn tokens<'a>(
    text: &'a str,
    bump: &'a Bump,
) -> Result<BumpVec<'a, Token<'a>>, FormulaError> {
    let tokens = Lexer::new().tokenize(bump, text).map_err(|error| {
        let place = match &error {
            LexerError::UnexpectedSymbol { span, .. } => span.0,
            LexerError::UnmatchedSymbol { position, .. }
            | LexerError::UnexpectedEof { position, .. } => *position,
        };
        FormulaError::new(text, bytes(place), Problem::Syntax(error.to_string()))
    })?;
    check_depth(text, &tokens)?;
    Ok(tokens)
}

/// Counts every token that may open a level: brackets, questions and unary signs.
fn check_depth(text: &str, tokens: &[Token<'_>]) -> Result<(), FormulaError> {
    let mut depth: usize = 0;
    let mut operand_before = false;
    for token in tokens {
        let opens = match token.kind {
            TokenKind::Bracket(_) => matches!(token.value, "(" | "[" | "{"),
            TokenKind::Operator(Operator::QuestionMark) => true,
            TokenKind::Operator(Operator::Logical(LogicalOperator::Not)) => true,
            TokenKind::Operator(_) => !operand_before && matches!(token.value, "-" | "+"),
            _ => false,
        };
        operand_before = match token.kind {
            TokenKind::Operator(_) => false,
            TokenKind::Bracket(_) => matches!(token.value, ")" | "]" | "}"),
            _ => true,
        };
        let closes = matches!(token.kind, TokenKind::Bracket(_)) && operand_before;
        depth = if closes {
            depth.saturating_sub(1)
        } else {
            depth.saturating_add(opens.into())
        };
        if depth > MAX_DEPTH {
            return Err(FormulaError::new(
                text,
                bytes(token.span.0),
                Problem::TooDeep,
            ));
        }
    }
    Ok(())
}

/// Parses the tokens; gives the tree and the names it needs.
pub(super) fn read<'a>(
    text: &str,
    tokens: &[Token<'a>],
    bump: &'a Bump,
) -> Result<(&'a Node<'a>, Names), FormulaError> {
    let parsed = parse(text, tokens, bump)?;
    let mut names = Names::new();
    Gate {
        text,
        parsed: &parsed,
    }
    .admit(parsed.root, &mut names)?;
    Ok((parsed.root, names))
}

/// The parts that can fail, the innermost before the parts that hold them.
pub(super) fn parts<'a>(
    text: &str,
    tokens: &[Token<'a>],
    bump: &'a Bump,
) -> Result<Vec<Part>, FormulaError> {
    let parsed = parse(text, tokens, bump)?;
    let mut parts = Vec::new();
    Gate {
        text,
        parsed: &parsed,
    }
    .collect(parsed.root, &mut parts);
    Ok(parts)
}

fn parse<'a>(
    text: &str,
    tokens: &[Token<'a>],
    bump: &'a Bump,
) -> Result<ParserResult<'a>, FormulaError> {
    let refuse =
        |place: usize, reason: String| FormulaError::new(text, place, Problem::Syntax(reason));
    let parser = Parser::try_new(tokens, bump).map_err(|error| refuse(0, error.to_string()))?;
    let parsed = parser.with_metadata().standard().parse();
    if let Some(error) = parsed.root.first_error() {
        return Err(refuse(place_of(&error), error.to_string()));
    }
    if !parsed.is_complete {
        return Err(refuse(text.len(), "incomplete".to_owned()));
    }
    Ok(parsed)
}

fn place_of(error: &AstNodeError<'_>) -> usize {
    match error {
        AstNodeError::MissingToken { position, .. } => *position,
        AstNodeError::UnknownBuiltIn { span, .. }
        | AstNodeError::UnknownMethod { span, .. }
        | AstNodeError::UnexpectedIdentifier { span, .. }
        | AstNodeError::UnexpectedToken { span, .. }
        | AstNodeError::InvalidNumber { span, .. }
        | AstNodeError::InvalidBoolean { span, .. }
        | AstNodeError::InvalidProperty { span, .. }
        | AstNodeError::ExpectedProperty { span }
        | AstNodeError::ExpectedLiteral { span }
        | AstNodeError::UnexpectedEnd { span }
        | AstNodeError::Custom { span, .. } => bytes(span.0),
    }
}

struct Gate<'t, 'p, 'a> {
    text: &'t str,
    parsed: &'p ParserResult<'a>,
}

impl Gate<'_, '_, '_> {
    fn admit(&self, node: &Node<'_>, names: &mut Names) -> Result<(), FormulaError> {
        match node {
            Node::Number(_) | Node::Bool(_) => {}
            Node::Identifier(name) => self.note(name, node, names),
            Node::Unary { operator, .. } => self.allow_unary(*operator, node)?,
            Node::Binary {
                left,
                operator,
                right,
            } => {
                self.allow_binary(*operator, node)?;
                self.refuse_silent_null(*operator, [left, right])?;
            }
            Node::FunctionCall { kind, .. } => self.allow_function(kind, node)?,
            Node::Parenthesized(_) | Node::Conditional { .. } => {}
            _ => return Err(self.refuse(node)),
        }
        children(node)
            .into_iter()
            .try_for_each(|child| match (node, child) {
                // A list is only ever the argument of min, max and sum.
                (Node::FunctionCall { .. }, Node::Array(items)) => {
                    items.iter().try_for_each(|item| self.admit(item, names))
                }
                _ => self.admit(child, names),
            })
    }

    fn note(&self, name: &str, node: &Node<'_>, names: &mut Names) {
        if !names.iter().any(|(known, _)| known == name) {
            names.push((name.to_owned(), self.span(node).0));
        }
    }

    fn allow_unary(&self, operator: Operator, node: &Node<'_>) -> Result<(), FormulaError> {
        match operator {
            Operator::Arithmetic(ArithmeticOperator::Add | ArithmeticOperator::Subtract)
            | Operator::Logical(LogicalOperator::Not) => Ok(()),
            _ => Err(self.refuse(node)),
        }
    }

    fn allow_binary(&self, operator: Operator, node: &Node<'_>) -> Result<(), FormulaError> {
        use ArithmeticOperator::{Add, Divide, Multiply, Subtract};
        match operator {
            Operator::Arithmetic(Add | Subtract | Multiply | Divide)
            | Operator::Logical(LogicalOperator::And | LogicalOperator::Or) => Ok(()),
            Operator::Comparison(ComparisonOperator::In | ComparisonOperator::NotIn) => {
                Err(self.refuse(node))
            }
            Operator::Comparison(_) => Ok(()),
            _ => Err(self.refuse(node)),
        }
    }

    /// The library turns a division by zero into null, and null into false under `==`: everywhere
    /// else null is an error, so that a division is refused only there.
    fn refuse_silent_null(
        &self,
        operator: Operator,
        sides: [&Node<'_>; 2],
    ) -> Result<(), FormulaError> {
        use ComparisonOperator::{Equal, NotEqual};
        if !matches!(operator, Operator::Comparison(Equal | NotEqual)) {
            return Ok(());
        }
        match sides.into_iter().find_map(division) {
            Some(node) => Err(self.refuse(node)),
            None => Ok(()),
        }
    }

    fn allow_function(&self, kind: &FunctionKind, node: &Node<'_>) -> Result<(), FormulaError> {
        use InternalFunction::{Abs, Ceil, Floor, Max, Min, Round, Sum, Trunc};
        match kind {
            FunctionKind::Internal(Abs | Ceil | Floor | Max | Min | Round | Sum | Trunc) => Ok(()),
            _ => Err(self.refuse(node)),
        }
    }

    fn refuse(&self, node: &Node<'_>) -> FormulaError {
        let (start, end) = self.span(node);
        let what = self
            .text
            .get(start..end)
            .unwrap_or_default()
            .chars()
            .take(30)
            .collect();
        FormulaError::new(self.text, start, Problem::NotAllowed(what))
    }

    fn collect(&self, node: &Node<'_>, parts: &mut Vec<Part>) {
        for child in children(node) {
            self.collect(child, parts);
        }
        let (start, end) = self.span(node);
        let divisor = match node {
            Node::Binary {
                operator: Operator::Arithmetic(ArithmeticOperator::Divide),
                right,
                ..
            } => Some(self.span(right)),
            Node::Binary { .. } | Node::FunctionCall { .. } | Node::Unary { .. } => None,
            _ => return,
        };
        parts.push(Part {
            start,
            end,
            divisor,
        });
    }

    /// The place of a node in bytes.
    fn span(&self, node: &Node<'_>) -> (usize, usize) {
        let address = std::ptr::from_ref(node).addr();
        match self
            .parsed
            .metadata
            .as_ref()
            .and_then(|places| places.get(&address))
        {
            Some(place) => (bytes(place.span.0), bytes(place.span.1)),
            None => (0, self.text.len()),
        }
    }
}

fn children<'n>(node: &'n Node<'n>) -> Vec<&'n Node<'n>> {
    match node {
        Node::Unary { node, .. } | Node::Parenthesized(node) => vec![*node],
        Node::Binary { left, right, .. } => vec![*left, *right],
        Node::Conditional {
            condition,
            on_true,
            on_false,
        } => vec![*condition, *on_true, *on_false],
        Node::FunctionCall { arguments, .. } => arguments.to_vec(),
        Node::Array(items) => items.to_vec(),
        _ => Vec::new(),
    }
}

fn division<'n>(node: &'n Node<'n>) -> Option<&'n Node<'n>> {
    if let Node::Binary {
        operator: Operator::Arithmetic(ArithmeticOperator::Divide),
        ..
    } = node
    {
        return Some(node);
    }
    children(node).into_iter().find_map(division)
}

fn bytes(place: u32) -> usize {
    usize::try_from(place).unwrap_or_default()
}
