//! Which expressions may be evaluated: known names only, and nothing that lets values grow.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SourceInfo, operators},
};

use super::{Cost, Patterns, Scope, budget::predicate, variables::Shape};
use crate::problem::nearest;

/// Deepest tree, and most nodes in it.
const DEPTH_LIMIT: usize = 32;
const NODE_LIMIT: usize = 256;
/// Loops within loops.
const LOOP_LIMIT: usize = 2;
/// Times that texts are joined.
const JOIN_LIMIT: u64 = 8;
/// Bytes that a compiled pattern may take.
const PATTERN_LIMIT: usize = 256 << 10;

const OPERATORS: [&str; 18] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::IN,
];
const FUNCTIONS: [&str; 8] = ["contains", "double", "endsWith", "int", "matches", "size", "startsWith", "string"];
/// Macros, for the suggestions of what was meant.
const MACROS: [&str; 5] = ["all", "exists", "exists_one", "filter", "has"];

/// What checking an expression found out.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) patterns: Patterns,
    pub(super) cost: Cost,
    pub(super) variables: Vec<String>,
}

/// Checks a tree; the error names the place.
pub(super) fn check(root: &IdedExpr, positions: &SourceInfo, scope: Scope) -> Result<Checked, String> {
    let locals = Vec::new();
    let mut checker = Checker { positions, scope, locals, nodes: 0, depth: 0, loops: 0, checked: Checked::default() };
    checker.value(root)?;
    Ok(checker.checked)
}

struct Checker<'s> {
    positions: &'s SourceInfo,
    scope: Scope,
    /// Variables of the loops around, innermost last.
    locals: Vec<(String, Shape)>,
    nodes: usize,
    depth: usize,
    loops: usize,
    checked: Checked,
}

impl Checker<'_> {
    /// What may be compared, joined and given to functions: anything but the lists of all packages and findings, which
    /// are too long to be looked at as a whole.
    fn value(&mut self, node: &IdedExpr) -> Result<Shape, String> {
        match self.any(node)? {
            Shape::Packages | Shape::Findings => {
                Err(self.at(node, "a list of all packages or findings can only be looped over, filtered and counted"))
            }
            shape => Ok(shape),
        }
    }

    fn any(&mut self, node: &IdedExpr) -> Result<Shape, String> {
        self.nodes += 1;
        self.depth += 1;
        if self.nodes > NODE_LIMIT || self.depth > DEPTH_LIMIT {
            return Err(self.at(node, "the expression is too long; split it into several rules"));
        }
        let shape = match &node.expr {
            Expr::Unspecified => Err(self.at(node, "something is missing")),
            Expr::Literal(_) => Ok(Shape::Plain),
            Expr::Ident(name) => self.variable(node, name),
            Expr::Select(select) => match self.value(&select.operand)?.member(&select.field) {
                Ok(shape) => Ok(shape),
                Err(known) => Err(self.unknown(node, "member", &select.field, known)),
            },
            Expr::List(list) if list.elements.iter().all(|item| matches!(item.expr, Expr::Literal(_))) => {
                self.nodes += list.elements.len();
                Ok(Shape::Plain)
            }
            Expr::List(_) => Err(self.at(node, "a list in an expression can only hold texts and numbers")),
            Expr::Map(_) | Expr::Struct(_) => Err(self.at(node, "maps and messages cannot be made in an expression")),
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
        };
        self.depth -= 1;
        shape
    }

    fn variable(&mut self, node: &IdedExpr, name: &str) -> Result<Shape, String> {
        if let Some((_, shape)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Ok(*shape);
        }
        let known = self.scope.variables();
        let Some((_, shape)) = known.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = known.iter().map(|(known, _)| *known).collect();
            return Err(self.unknown(node, "variable", name, &known));
        };
        if !self.checked.variables.iter().any(|used| used == name) {
            self.checked.variables.push(name.to_owned());
        }
        Ok(*shape)
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Result<Shape, String> {
        let name = call.func_name.as_str();
        if !OPERATORS.contains(&name) && !FUNCTIONS.contains(&name) {
            return Err(if name == operators::MAP {
                self.at(node, "map makes new lists, which is not supported; filter chooses from one")
            } else {
                self.unknown(node, "function", name, &[FUNCTIONS.as_slice(), &MACROS].concat())
            });
        }
        let operands: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        match (name, operands.as_slice()) {
            ("size", [list]) => {
                self.any(list)?;
                return Ok(Shape::Plain);
            }
            ("matches", [_, pattern]) => self.pattern(pattern)?,
            (operators::ADD, _) => {
                self.checked.cost.joins += 1;
                if self.checked.cost.joins > JOIN_LIMIT {
                    return Err(self.at(node, &format!("more than {JOIN_LIMIT} times +")));
                }
            }
            _ => {}
        }
        for operand in operands {
            self.value(operand)?;
        }
        Ok(Shape::Plain)
    }

    /// Patterns are compiled once, so they cannot be made from values.
    fn pattern(&mut self, node: &IdedExpr) -> Result<(), String> {
        let Expr::Literal(LiteralValue::String(text)) = &node.expr else {
            return Err(self.at(node, "the pattern of matches must be written as a text"));
        };
        let text = text.inner().to_owned();
        let regex = regex::RegexBuilder::new(&text).size_limit(PATTERN_LIMIT).build().map_err(|error| {
            // The last line of a syntax error says what is wrong; those before it draw the place.
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.at(node, &format!("{text:?} is no pattern that can be used: {reason}"))
        })?;
        self.checked.cost.searches += 1;
        self.checked.patterns.insert(text, regex);
        Ok(())
    }

    fn comprehension(&mut self, node: &IdedExpr, comprehension: &ComprehensionExpr) -> Result<Shape, String> {
        let range = &comprehension.iter_range;
        let shape = self.any(range)?;
        let is_data = match &range.expr {
            Expr::Ident(_) | Expr::Select(_) | Expr::List(_) => true,
            Expr::Comprehension(inner) => makes_list(inner),
            Expr::Call(call) => call.func_name == operators::INDEX,
            _ => false,
        };
        if !is_data {
            return Err(self.at(range, "loops run over members, lists and filtered lists only"));
        }
        let is_filter = makes_list(comprehension);
        let Some(predicate) = predicate(comprehension).filter(|_| !is_filter || keeps_items(comprehension)) else {
            return Err(self.at(node, "map makes new lists, which is not supported; filter chooses from one"));
        };
        self.loops += 1;
        if self.loops > LOOP_LIMIT {
            return Err(self.at(node, &format!("loops are nested more than {LOOP_LIMIT} deep")));
        }
        self.locals.push((comprehension.iter_var.clone(), shape.item()));
        self.value(predicate)?;
        self.locals.pop();
        self.loops -= 1;
        Ok(if is_filter { shape } else { Shape::Plain })
    }

    fn unknown(&self, node: &IdedExpr, kind: &str, name: &str, known: &[&str]) -> String {
        let remedy = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.at(node, &format!("there is no {kind} {name}; {remedy}"))
    }

    /// An error with the place of a node.
    fn at(&self, node: &IdedExpr, reason: &str) -> String {
        let Some((start, _)) = self.positions.offset_for(node.id) else { return reason.to_owned() };
        let before: String = self.positions.source.chars().take(start as usize).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("line {line}, column {column}: {reason}")
    }
}

/// Whether it is a `filter` or `map`.
fn makes_list(comprehension: &ComprehensionExpr) -> bool {
    matches!(comprehension.accu_init.expr, Expr::List(_))
}

/// Whether the items it collects are those it runs over: `condition ? result + [item] : result`.
fn keeps_items(comprehension: &ComprehensionExpr) -> bool {
    let Expr::Call(choice) = &comprehension.loop_step.expr else { return false };
    let Some(Expr::Call(join)) = choice.args.get(1).map(|node| &node.expr) else { return false };
    let Some(Expr::List(added)) = join.args.get(1).map(|node| &node.expr) else { return false };
    matches!(added.elements.as_slice(), [IdedExpr { expr: Expr::Ident(name), .. }] if *name == comprehension.iter_var)
}
