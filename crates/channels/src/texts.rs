//! Templates: the channels' own texts, and those of users in their place.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value, syntax::SyntaxConfig};

use crate::{ComposeError, view::View, wording::Markup};

/// What one rendering may cost. The engine bounds time and memory by it: about 64 bytes a unit.
const FUEL: u64 = 200_000;
/// Entries of a digest that are tried to be shown.
const MOST_ENTRIES: usize = 200;

/// One line that says it all.
const TITLE_SOURCE: &str = include_str!("texts/title.txt");
const BODY_SOURCE: &str = include_str!("texts/body.txt");
const HTML_SOURCE: &str = include_str!("texts/body.html");

/// A template that a channel renders.
pub(crate) struct Text {
    pub(crate) name: &'static str,
    pub(crate) markup: Markup,
    /// Nothing where it is rendered only if the user has one.
    source: Option<&'static str>,
}

impl Text {
    pub(crate) const TITLE: Self = Self { name: "title", markup: Markup::Plain, source: Some(TITLE_SOURCE) };
    pub(crate) const HTML: Self = Self { name: "html", markup: Markup::Html, source: Some(HTML_SOURCE) };

    pub(crate) const fn body(markup: Markup) -> Self {
        Self { name: "body", markup, source: Some(BODY_SOURCE) }
    }

    pub(crate) const fn only_own(name: &'static str, markup: Markup) -> Self {
        Self { name, markup, source: None }
    }
}

/// The templates of one endpoint, ready to be rendered.
pub(crate) struct Texts {
    environment: Environment<'static>,
}

impl Texts {
    /// # Errors
    /// When one of the user's cannot be read.
    pub(crate) fn new(known: &'static [Text], own: &BTreeMap<String, String>) -> Result<Self, ComposeError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("only whitespace is treated differently"));
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        // Texts from outside are always escaped.
        environment.remove_filter("safe");
        let markups: Arc<BTreeMap<&str, Markup>> =
            Arc::new(known.iter().map(|text| (text.name, text.markup)).collect());
        let of = move |name: &str| markups.get(name).copied().unwrap_or(Markup::Plain);
        add_language(&mut environment, Arc::new(of));
        for text in known {
            let source = own.get(text.name).cloned().or_else(|| text.source.map(str::to_owned));
            if let Some(source) = source {
                environment.add_template_owned(text.name, source).map_err(|error| failure(text.name, &error))?;
            }
        }
        Ok(Self { environment })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.environment.get_template(name).is_ok()
    }

    /// The title: one line.
    pub(crate) fn title(&self, view: &View<'_>) -> Result<String, ComposeError> {
        let title = self.render(Text::TITLE.name, &view.context(MOST_ENTRIES, ""))?;
        Ok(crate::wording::clean(title.split_whitespace().collect::<Vec<_>>().join(" ").as_str()))
    }

    /// A text with as many of the entries as can be told so that it fits; the template says how many more there are.
    ///
    /// # Errors
    /// Also when it fits with no entry at all.
    pub(crate) fn fitting(
        &self,
        name: &str,
        view: &View<'_>,
        title: &str,
        limit: usize,
        size: impl Fn(&str) -> usize,
    ) -> Result<String, ComposeError> {
        let attempt = |entries: usize| match self.render_within(name, &view.context(entries, title)) {
            Ok(Some(text)) => {
                let text = without_gaps(&text);
                let size = size(&text);
                Ok((size <= limit).then_some(text).ok_or(Some(size)))
            }
            Ok(None) => Ok(Err(None)),
            Err(error) => Err(error),
        };
        let most = view.digest.len().min(MOST_ENTRIES);
        if let Ok(text) = attempt(most)? {
            return Ok(text);
        }
        let mut best = match attempt(0)? {
            Ok(text) => text,
            Err(Some(size)) => return Err(ComposeError::TooLong { name: name.to_owned(), size, limit }),
            Err(None) => {
                let reason = "it takes too long or makes too much: shorten it".into();
                return Err(ComposeError::Template { name: name.to_owned(), line: None, reason });
            }
        };
        // Between what fits and what does not.
        let (mut fits, mut not) = (0, most);
        while not - fits > 1 {
            let middle = fits.midpoint(not);
            match attempt(middle)? {
                Ok(text) => (best, fits) = (text, middle),
                Err(_) => not = middle,
            }
        }
        Ok(best)
    }

    fn render(&self, name: &str, context: &Value) -> Result<String, ComposeError> {
        let template = self.environment.get_template(name).map_err(|error| failure(name, &error))?;
        template.render(context).map_err(|error| failure(name, &error))
    }

    /// Nothing where it costs more than it may.
    fn render_within(&self, name: &str, context: &Value) -> Result<Option<String>, ComposeError> {
        let template = self.environment.get_template(name).map_err(|error| failure(name, &error))?;
        match template.render(context) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::OutOfFuel => Ok(None),
            Err(error) => Err(failure(name, &error)),
        }
    }
}

fn failure(name: &str, error: &minijinja::Error) -> ComposeError {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    ComposeError::Template { name: name.to_owned(), line: error.line(), reason: format!("{}{detail}", error.kind()) }
}

type MarkupOf = Arc<dyn Fn(&str) -> Markup + Send + Sync>;

/// What templates can say beside minijinja's own words.
fn add_language(environment: &mut Environment<'static>, of: MarkupOf) {
    let markup = of.clone();
    environment.set_auto_escape_callback(move |name| match markup(name) {
        Markup::Json => AutoEscape::Json,
        other => AutoEscape::Custom(other.name().into()),
    });
    let markup = of.clone();
    environment.set_formatter(move |out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value| {
        Ok(out.write_str(&marked(markup(state.name()), value))?)
    });
    let markup = of.clone();
    environment.add_filter("bold", move |state: &State<'_, '_>, value: Value| {
        let markup = markup(state.name());
        Value::from_safe_string(markup.bold(&marked_inside(markup, &value)))
    });
    let markup = of.clone();
    environment.add_filter("code", move |state: &State<'_, '_>, value: Value| {
        Value::from_safe_string(markup(state.name()).code(&text(&value)))
    });
    let markup = of.clone();
    environment.add_filter("link", move |state: &State<'_, '_>, value: Value, address: Value| {
        let markup = markup(state.name());
        Value::from_safe_string(markup.link(&marked_inside(markup, &value), &text(&address)))
    });
    environment.add_filter("few", move |state: &State<'_, '_>, values: Vec<Value>, most: Option<usize>| {
        let (markup, most) = (of(state.name()), most.unwrap_or(10));
        let mut told: Vec<String> = values.iter().take(most).map(|value| markup.code(&text(value))).collect();
        let more = values.len() - told.len();
        let last = if more > 0 { format!(" and {more} more") } else { String::new() };
        if more == 0 && told.len() > 1 {
            let end = told.pop().unwrap_or_default();
            return Value::from_safe_string(format!("{} and {end}", told.join(", ")));
        }
        Value::from_safe_string(format!("{}{last}", told.join(", ")))
    });
    environment.add_filter("percent", |share: f64| format!("{:.1} %", share * 100.0));
    environment.add_filter("plural", |count: u64, one: String, many: String| {
        format!("{count} {}", if count == 1 { one } else { many })
    });
}

/// Parts that told nothing leave empty lines; one is enough.
fn without_gaps(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// A value as it stands in the text of that markup.
fn marked(markup: Markup, value: &Value) -> String {
    if markup == Markup::Json {
        // Script elements and attributes are no place for it, so that nothing beyond JSON's own rules is needed.
        return serde_json::to_string(value).unwrap_or_else(|_| "null".into());
    }
    marked_inside(markup, value)
}

fn marked_inside(markup: Markup, value: &Value) -> String {
    if value.is_safe() { value.to_string() } else { markup.escape(&text(value)) }
}

fn text(value: &Value) -> String {
    if value.is_none() || value.is_undefined() { String::new() } else { value.to_string() }
}
