//! One table of a SQLite database, read from its pages (<https://www.sqlite.org/fileformat.html>).
//!
//! Package managers keep tables of records in SQLite files; a scan wants all rows of one table and nothing else. Reading
//! the pages themselves asks no query planner about a schema that a stranger wrote, touches only the pages of that table
//! however large the file is, and lets a write-ahead log be laid over rows that were read long before it was met: the log
//! may be in another layer than the database.

mod page;
mod wal;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{self, Read, Seek, SeekFrom},
};

pub(crate) use page::{Value, column};
pub(crate) use wal::Wal;

use self::page::{Cell, Format, Page};
use super::pages::Pages;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqliteError {
    #[error("the database cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is no SQLite database")]
    NotSqlite,
    #[error("its pages of {0} bytes are of a size that SQLite does not write")]
    PageSize(u32),
    #[error("page {0} is missing")]
    Missing(u32),
    #[error("page {0} has two places in the table")]
    Loop(u32),
    #[error("page {page} is damaged: {what}")]
    Damaged { page: u32, what: &'static str },
    #[error("its write-ahead log is damaged or belongs to another database: {0}")]
    Wal(&'static str),
}

/// The rows of a table, each as what the caller made of its id and record, on the pages they came from.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Table<T> {
    format: Format,
    root: u32,
    pages: BTreeMap<u32, Node<T>>,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
enum Node<T> {
    Interior(Vec<u32>),
    Leaf(Vec<Row<T>>),
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Row<T> {
    /// The first page of what did not fit on the row's own page; 0 where all did.
    overflow: u32,
    content: T,
}

/// Whether a file that begins like this is a SQLite database.
pub(crate) fn is_sqlite(head: &[u8]) -> bool {
    head.starts_with(b"SQLite format 3\0")
}

impl<T: Clone> Table<T> {
    /// Reads the table of that name, `None` where the database has none.
    ///
    /// # Errors
    /// Where the file is no database, or a page of the table is not what it should be.
    pub(crate) fn read<R: Read + Seek>(
        mut source: R,
        name: &str,
        content: impl Fn(i64, &[u8]) -> T,
    ) -> Result<Option<Self>, SqliteError> {
        let mut head = [0; 100];
        source.seek(SeekFrom::Start(0))?;
        source.read_exact(&mut head).map_err(|_| SqliteError::NotSqlite)?;
        let format = Format::of(&head)?;
        let mut source = File(Pages::new(source, format.page_size)?);
        let Some(root) = root_of::<T>(&mut source, format, name)? else { return Ok(None) };
        let pages = tree(&mut source, format, root, content)?;
        Ok(Some(Self { format, root, pages }))
    }

    /// Reads the table of a database of which only the write-ahead log has anything.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub(crate) fn read_log(
        wal: &Wal,
        name: &str,
        content: impl Fn(i64, &[u8]) -> T,
    ) -> Result<Option<Self>, SqliteError> {
        let Some(first) = wal.page(1) else { return Ok(None) };
        let format = Format::of(first)?;
        let mut source = Overlay { below: None, wal, rows: HashMap::new() };
        let Some(root) = root_of::<T>(&mut source, format, name)? else { return Ok(None) };
        let pages = tree(&mut source, format, root, content)?;
        Ok(Some(Self { format, root, pages }))
    }

    /// The table with the committed pages of a write-ahead log laid over it.
    ///
    /// # Errors
    /// Where the two do not belong together.
    pub(crate) fn overlaid(&self, wal: &Wal, content: impl Fn(i64, &[u8]) -> T) -> Result<Self, SqliteError> {
        if wal.page_size() != self.format.page_size {
            return Err(SqliteError::Wal("its pages are of another size"));
        }
        let rows = self.pages.values().flat_map(|page| match page {
            Node::Leaf(rows) => rows.as_slice(),
            Node::Interior(_) => &[],
        });
        let rows = rows.filter(|row| row.overflow != 0).map(|row| (row.overflow, &row.content)).collect();
        let mut source = Overlay { below: Some(self), wal, rows };
        let pages = tree(&mut source, self.format, self.root, content)?;
        Ok(Self { format: self.format, root: self.root, pages })
    }

    /// What was made of the rows, in the order of their ids.
    pub(crate) fn rows(&self) -> Vec<&T> {
        let mut contents = Vec::new();
        let mut stack = vec![self.root];
        while let Some(number) = stack.pop() {
            match self.pages.get(&number) {
                Some(Node::Interior(children)) => stack.extend(children.iter().rev()),
                Some(Node::Leaf(rows)) => contents.extend(rows.iter().map(|row| &row.content)),
                None => {}
            }
        }
        contents
    }
}

/// Where pages come from, and what is already known of them.
trait Source<T> {
    /// The bytes of a page, `None` where there are none (any more).
    fn bytes(&mut self, number: u32) -> Result<Option<Vec<u8>>, SqliteError>;

    /// A page that was read before.
    fn node(&self, _number: u32) -> Option<Node<T>> {
        None
    }

    /// A row that was read before, by its first overflow page.
    fn row(&self, _overflow: u32) -> Option<T> {
        None
    }
}

struct File<R>(Pages<R>);

impl<T, R: Read + Seek> Source<T> for File<R> {
    fn bytes(&mut self, number: u32) -> Result<Option<Vec<u8>>, SqliteError> {
        let mut page = Vec::new();
        // Pages are numbered from one.
        let Some(index) = number.checked_sub(1) else { return Ok(None) };
        Ok(self.0.read(index, &mut page)?.then_some(page))
    }
}

/// A log over a table that was read from the database itself.
struct Overlay<'a, T> {
    below: Option<&'a Table<T>>,
    wal: &'a Wal,
    rows: HashMap<u32, &'a T>,
}

impl<T: Clone> Source<T> for Overlay<'_, T> {
    fn bytes(&mut self, number: u32) -> Result<Option<Vec<u8>>, SqliteError> {
        Ok(self.wal.page(number).map(<[u8]>::to_vec))
    }

    fn node(&self, number: u32) -> Option<Node<T>> {
        self.below?.pages.get(&number).cloned()
    }

    fn row(&self, overflow: u32) -> Option<T> {
        self.rows.get(&overflow).map(|row| T::clone(row))
    }
}

/// The first page of a table, by the schema, which is a table itself and starts on page 1.
fn root_of<T>(source: &mut impl Source<T>, format: Format, name: &str) -> Result<Option<u32>, SqliteError> {
    let schema = tree(&mut Unknowing(source, std::marker::PhantomData), format, 1, |_, record| {
        let is_table = matches!(column(record, 0), Some(Value::Text(b"table")));
        let is_named =
            matches!(column(record, 1), Some(Value::Text(text)) if text.eq_ignore_ascii_case(name.as_bytes()));
        match column(record, 3) {
            Some(Value::Integer(root)) if is_table && is_named => u32::try_from(root).ok(),
            _ => None,
        }
    })?;
    let rows = schema.into_values().filter_map(|page| match page {
        Node::Leaf(rows) => Some(rows),
        Node::Interior(_) => None,
    });
    Ok(rows.flatten().find_map(|row| row.content))
}

/// A source for another table, of whose rows nothing is known.
struct Unknowing<'a, S, T>(&'a mut S, std::marker::PhantomData<T>);

impl<S: Source<T>, T> Source<Option<u32>> for Unknowing<'_, S, T> {
    fn bytes(&mut self, number: u32) -> Result<Option<Vec<u8>>, SqliteError> {
        self.0.bytes(number)
    }
}

/// Reads all pages of a table.
fn tree<T>(
    source: &mut impl Source<T>,
    format: Format,
    root: u32,
    content: impl Fn(i64, &[u8]) -> T,
) -> Result<BTreeMap<u32, Node<T>>, SqliteError> {
    // No page has two places, neither in the tree nor in the chains of long rows, so the work is bounded by the file.
    let mut seen = HashSet::new();
    let mut pages = BTreeMap::new();
    let mut stack = vec![root];
    while let Some(number) = stack.pop() {
        if !seen.insert(number) {
            return Err(SqliteError::Loop(number));
        }
        let node = match source.bytes(number)? {
            None => source.node(number).ok_or(SqliteError::Missing(number))?,
            Some(bytes) => match format.page(number, &bytes)? {
                Page::Interior(children) => Node::Interior(children),
                Page::Leaf(cells) => {
                    let rows = cells.into_iter().map(|cell| {
                        let row = row(source, format, &cell, &mut seen, &content)?;
                        Ok(Row { overflow: cell.overflow, content: row })
                    });
                    Node::Leaf(rows.collect::<Result<_, SqliteError>>()?)
                }
            },
        };
        if let Node::Interior(children) = &node {
            stack.extend(children.iter().rev());
        }
        pages.insert(number, node);
    }
    Ok(pages)
}

/// Gathers the record of a row.
fn row<T>(
    source: &mut impl Source<T>,
    format: Format,
    cell: &Cell<'_>,
    seen: &mut HashSet<u32>,
    content: impl Fn(i64, &[u8]) -> T,
) -> Result<T, SqliteError> {
    if cell.overflow == 0 {
        return Ok(content(cell.id, cell.local));
    }
    let mut record = cell.local.to_vec();
    let mut next = cell.overflow;
    while (record.len() as u64) < cell.length {
        let Some(bytes) = source.bytes(next)? else {
            // A log moves rows between pages without rewriting what they overflow to.
            let known = source.row(cell.overflow).filter(|_| next == cell.overflow);
            return known.ok_or(SqliteError::Missing(next));
        };
        if !seen.insert(next) {
            return Err(SqliteError::Loop(next));
        }
        let (following, data) = format.overflow(&bytes);
        let missing = cell.length - record.len() as u64;
        record.extend_from_slice(&data[..data.len().min(usize::try_from(missing).unwrap_or(usize::MAX))]);
        next = following;
    }
    Ok(content(cell.id, &record))
}

#[cfg(test)]
mod tests;
