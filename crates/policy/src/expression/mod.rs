//! Conditions that users write in the Common Expression Language, <https://cel.dev>.
//!
//! The language has no loops without end, but the crate `cel` has no bound on what an expression may cost either: lists
//! can be nested and joined until memory ends. So expressions are read into a tree, and [`check`] lets only those trees
//! pass whose values cannot grow: no list or text is made that is longer than the facts' own times a small constant.
//! What remains is the number of steps, which a [`Budget`] counts.

mod budget;
mod check;
mod template;
mod variables;

use std::{collections::BTreeMap, sync::Arc};

use cel::{
    Context, Env, IdedExpr, Value,
    extractors::This,
    parser::{ParseError, ParseErrors},
};

use crate::Failure;

pub(crate) use self::{
    budget::Budget,
    template::Template,
    variables::{Scope, Variables},
};

/// Longest source text, in bytes.
pub(crate) const LENGTH_LIMIT: usize = 2048;
/// How deep brackets and calls may be nested while they are read.
const NESTING_LIMIT: u16 = 16;

/// An expression that passed its checks.
pub(crate) struct Expression {
    source: String,
    env: Arc<Env>,
    root: IdedExpr,
    patterns: Arc<Patterns>,
    cost: Cost,
    /// Names of the variables it looks at.
    variables: Vec<String>,
}

/// Compiled patterns by their text.
type Patterns = BTreeMap<String, regex::Regex>;

/// What a step of an expression may do beside looking at a value once.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    /// Times that texts or lists are joined.
    joins: u64,
    /// Times that a text is searched for a pattern.
    searches: u64,
}

impl Cost {
    /// How often the longest value may be looked at in one step.
    fn factor(self) -> u64 {
        1 + self.joins * self.joins + 64 * self.searches
    }
}

impl Expression {
    /// Reads an expression over the variables of a scope.
    ///
    /// # Errors
    /// Where it is no expression, or may cost too much; the text names the place in it.
    pub(crate) fn new(source: &str, scope: Scope) -> Result<Self, String> {
        if source.len() > LENGTH_LIMIT {
            return Err(format!("the expression is longer than {LENGTH_LIMIT} bytes; split it into several rules"));
        }
        let env = Arc::new(Env::stdlib());
        let parser = env.parser().enable_optional_syntax(false).max_recursion_depth(NESTING_LIMIT);
        let (mut root, positions) = parser.parse_with_source_info(source).map_err(|errors| first(&errors))?;
        let checked = check::check(&root, &positions, scope)?;
        budget::instrument(&mut root);
        Ok(Self {
            source: source.to_owned(),
            env,
            root,
            patterns: Arc::new(checked.patterns),
            cost: checked.cost,
            variables: checked.variables,
        })
    }

    /// The source text.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Whether it looks at this variable.
    pub(crate) fn uses(&self, variable: &str) -> bool {
        self.variables.iter().any(|used| used == variable)
    }

    /// Prepares it for many evaluations that share some variables.
    pub(crate) fn over<'e>(&'e self, shared: &Variables, budget: &'e Budget) -> Result<Evaluator<'e>, Failure> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        let patterns = Arc::clone(&self.patterns);
        let search = move |This(text): This<Arc<String>>, pattern: Arc<String>| {
            patterns.get(pattern.as_str()).is_some_and(|regex| regex.is_match(&text))
        };
        let declared = context.add_function(budget::STEP, budget.step());
        let declared = declared.and_then(|()| context.add_function("matches", search));
        declared.map_err(|error| Failure::new(error.to_string()))?;
        shared.declare_in(&mut context);
        Ok(Evaluator { expression: self, context, longest: shared.longest(&self.variables), budget })
    }
}

/// An expression with the variables that its evaluations share.
pub(crate) struct Evaluator<'e> {
    expression: &'e Expression,
    context: Context<'static, 'static>,
    longest: usize,
    budget: &'e Budget,
}

impl Evaluator<'_> {
    /// The value over the shared variables and those of one evaluation.
    ///
    /// # Errors
    /// Where an operation does not fit its values, or the budget is used up.
    pub(crate) fn evaluate(&self, own: &Variables) -> Result<Value, Failure> {
        let Expression { root, cost, variables, .. } = self.expression;
        self.budget.begin(self.longest.max(own.longest(variables)), *cost)?;
        let mut context = self.context.new_inner_scope();
        own.declare_in(&mut context);
        let value = Value::resolve(root, &context);
        // Loops without budget end early: their result means nothing.
        self.budget.check()?;
        value.map_err(|error| Failure::new(short(&format!("the expression fails: {error}"))))
    }
}

/// The first error with its place.
fn first(errors: &ParseErrors) -> String {
    match errors.errors.first() {
        None => "it is no expression".into(),
        Some(ParseError { msg, .. }) if msg.contains("Recursion limit") => {
            format!("the expression is nested more than {NESTING_LIMIT} deep; split it into several rules")
        }
        Some(ParseError { msg, pos: (line, column), .. }) => {
            short(&format!("line {line}, column {column}: {}", msg.trim_start_matches("Syntax error: ")))
        }
    }
}

/// Error texts may hold whole values.
fn short(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;
    use windlass_matching::Outcome;
    use windlass_sbom::{ImageSource, Package, PackageType, Sbom, Source};

    use super::*;
    use crate::{Image, Knowledge};

    /// Reads an expression over an image with that many packages and a long label, and evaluates it.
    fn evaluated(source: &str, packages: usize) -> Result<Value, String> {
        let labels = vec![("long".to_owned(), "a".repeat(50_000))];
        let package = |index| Package::new(PackageType::Npm, format!("package-{index}"), "1.0");
        let sbom = Sbom {
            source: Source::Image(Box::new(ImageSource { labels, ..ImageSource::default() })),
            packages: (0..packages).map(package).collect(),
            ..Sbom::default()
        };
        let outcome = Outcome::default();
        let image = Image::new(&sbom, &outcome, Knowledge::default());
        let expression = Expression::new(source, Scope::Image)?;
        let mut variables = Variables::default();
        variables.set_image(&image).map_err(|failure| failure.to_string())?;
        variables.set_packages(image.packages()).map_err(|failure| failure.to_string())?;
        variables.set_findings(image.findings()).map_err(|failure| failure.to_string())?;
        let budget = Budget::new();
        let evaluator = expression.over(&variables, &budget).map_err(|failure| failure.to_string())?;
        evaluator.evaluate(&Variables::default()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn hostile_expressions_end_with_a_reason_and_soon() {
        let nested = |depth| "packages.all(a, ".repeat(depth) + "true" + &")".repeat(depth);
        let literal = format!("[{}]", vec!["1"; 200].join(","));
        for (source, expected) in [
            (format!("{}1{}", "(".repeat(500), ")".repeat(500)), "nested more than 16 deep"),
            (format!("{}1{}", "[".repeat(500), "]".repeat(500)), "nested more than 16 deep"),
            (format!("{}1", "a?b:".repeat(400)), "nested more than 16 deep"),
            (vec!["1"; 1000].join("-"), "the expression is too long"),
            (format!("image{}", ".b".repeat(900)), "the expression is too long"),
            (format!("image{}", "[0]".repeat(600)), "the expression is too long"),
            (vec!["true"; 300].join("&&"), "the expression is too long"),
            ("a".repeat(2049), "longer than 2048 bytes"),
            (nested(3), "loops are nested more than 2 deep"),
            (nested(2), "takes more than 2000000 steps"),
            (format!("{literal}.all(a, {literal}.all(b, a <= b))"), "the expression is too long"),
            ("packages.all(p, !image.labels.long.contains(p.name))".into(), "takes more than 2000000 steps"),
            ("packages.all(p, !image.labels.long.matches('(a*)*(b|c)+$'))".into(), "takes more than 2000000 steps"),
            (vec!["image.name"; 20].join("+"), "more than 8 times +"),
            ("['a'].map(x, x + x).size() == 1".into(), "map makes new lists"),
            ("[[1, 1], [1, 1]].size() == 1".into(), "a list in an expression can only hold texts and numbers"),
            ("{'a': 1}.size() == 1".into(), "maps and messages cannot be made"),
            ("(packages + packages).size() == 1".into(), "can only be looped over"),
            ("image.name.matches('(a{1000}){1000}')".into(), "Compiled regex exceeds size limit"),
            ("optional.of(1).hasValue()".into(), "there is no function"),
            ("@step()".into(), "line 1, column 1"),
        ] {
            let started = Instant::now();
            let reason = evaluated(&source, 12_000).expect_err(&source);
            assert!(reason.contains(expected), "{source}: {reason}");
            assert!(started.elapsed() < Duration::from_secs(20), "{source} took {:?}", started.elapsed());
        }
    }

    #[test]
    fn what_policies_ask_stays_far_from_the_limits() {
        for source in [
            "packages.filter(p, p.type == 'npm').exists(p, p.name == 'package-7')",
            "packages.all(p, p.licenses.exists(l, l.matches('^GPL')) || p.version == '1.0')",
            "packages.all(p, packages.exists(q, q.name == p.name))",
            "image.labels.all(name, image.labels[name].size() > 0)",
        ] {
            assert_eq!(evaluated(source, 600), Ok(Value::Bool(true)), "{source}");
        }
    }

    /// Words of the language in any order: much of it is read, some of it can be evaluated.
    fn words() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "image",
            "packages",
            "findings",
            ".name",
            ".labels",
            ".size()",
            ".all(x, ",
            ".exists(x, ",
            ".filter(x, ",
            ".exists_one(x,",
            "x",
            "(",
            ")",
            "[",
            "]",
            "0",
            "1",
            "-9223372036854775808",
            "1u",
            "1.5e308",
            "'a'",
            "b'\\xff'",
            "\"\\u00e9\"",
            "r'\\d'",
            "true",
            "null",
            " == ",
            " != ",
            " < ",
            " in ",
            " && ",
            " || ",
            "!",
            "-",
            " + ",
            " - ",
            " * ",
            " / ",
            " % ",
            " ? ",
            " : ",
            ", ",
            ".matches('a+')",
            ".contains(",
            "int(",
            "double(",
            "string(",
            "has(",
            "{",
            "}",
            ".?",
            "`",
            "\n",
            "//",
            "é",
            "\u{0}",
            "$",
        ]);
        prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_text_makes_an_expression_panic(text in "\\PC{0,60}") {
            let _ = evaluated(&text, 2);
        }

        #[test]
        fn no_order_of_words_makes_an_expression_panic(text in words()) {
            let _ = evaluated(&text, 2);
        }

        #[test]
        fn no_condition_makes_an_evaluation_panic(left in operand(), operator in operator(), right in operand()) {
            let _ = evaluated(&format!("{left} {operator} {right}"), 2);
        }
    }

    fn operand() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "image.name",
            "image.size",
            "image.labels",
            "image.layers",
            "image.labels.long",
            "packages.size()",
            "0",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615u",
            "0u",
            "1e308",
            "-0.0",
            "'x'",
            "b'x'",
            "null",
            "true",
            "['a', 1, 2u, 1.5, null]",
            "packages.filter(p, p.is_os)[0]",
            "packages.exists(p, p.name == 'package-1')",
        ]);
        leaf.prop_map(str::to_owned).prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                (inner.clone(), operator(), inner.clone()).prop_map(|(l, o, r)| format!("({l} {o} {r})")),
                (prop::sample::select(vec!["int", "double", "string", "size", "-", "!"]), inner.clone())
                    .prop_map(|(f, x)| format!("{f}({x})")),
                (inner.clone(), inner).prop_map(|(l, r)| format!("({l})[{r}]")),
            ]
        })
    }

    fn operator() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"])
    }
}
