//! Tables of results: the same rows as CSV for everybody and as Parquet for notebooks.
//!
//! A column has one type; a cell may be empty. Equal tables give equal bytes: no time of writing, no host in them.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// No value.
    #[default]
    Empty,
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Real(f64),
    /// Yes or no.
    Yes(bool),
    /// Text.
    Text(String),
}

impl Cell {
    /// The text of the cell in a CSV file; empty if it has no value.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Whole(n) => n.to_string(),
            Self::Real(x) => x.to_string(),
            Self::Yes(yes) => yes.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// The number in it, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match *self {
            #[expect(clippy::cast_precision_loss, reason = "counts and seconds are exact")]
            Self::Whole(n) => Some(n as f64),
            Self::Real(x) => Some(x),
            Self::Yes(yes) => Some(f64::from(u8::from(yes))),
            Self::Empty | Self::Text(_) => None,
        }
    }
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Bool(yes) => Self::Yes(*yes),
            Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(n), _) => Self::Whole(n),
                (None, Some(x)) => Self::Real(x),
                (None, None) => Self::Text(n.to_string()),
            },
            Value::String(text) => Self::Text(text.clone()),
            other => Self::Text(other.to_string()),
        }
    }
}

/// Rows under named columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// Why a table can't be written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is the error of the part that it names")]
pub enum TableError {
    #[error("write a table as CSV")]
    Csv(#[from] csv::Error),
    #[error("write a table as Parquet")]
    Parquet(#[from] ParquetError),
}

/// What all cells of a column are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Whole,
    Real,
    Yes,
    Text,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row of cells by column. Columns that the table does not have yet are added at the end; cells that the row
    /// lacks are empty.
    pub fn push(&mut self, cells: impl IntoIterator<Item = (String, Cell)>) {
        let mut row = vec![Cell::Empty; self.columns.len()];
        for (name, cell) in cells {
            let idx = self.columns.iter().position(|column| *column == name);
            let idx = idx.unwrap_or_else(|| {
                self.columns.push(name);
                self.columns.len() - 1
            });
            row.resize(self.columns.len(), Cell::Empty);
            row[idx] = cell;
        }
        self.rows.push(row);
    }

    /// Names of the columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// The cell of a row and a column; empty if there is none.
    #[must_use]
    pub fn cell(&self, row: usize, column: &str) -> &Cell {
        let idx = self.columns.iter().position(|name| name == column);
        idx.and_then(|idx| self.rows.get(row)?.get(idx)).unwrap_or(&Cell::Empty)
    }

    /// Writes the table as CSV with `delimiter`.
    ///
    /// # Errors
    /// [`TableError::Csv`].
    pub fn write_csv(&self, delimiter: u8, output: impl Write) -> Result<(), TableError> {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(output);
        writer.write_record(&self.columns)?;
        for row in 0..self.rows.len() {
            writer.write_record(self.columns.iter().map(|name| self.cell(row, name).text()))?;
        }
        writer.flush().map_err(csv::Error::from)?;
        Ok(())
    }

    /// Writes the table as Parquet: one row group, no compression, every column optional.
    ///
    /// # Errors
    /// [`TableError::Parquet`].
    pub fn write_parquet(&self, output: impl Write + Send) -> Result<(), TableError> {
        let kinds: Vec<Kind> = self.columns.iter().map(|name| self.kind(name)).collect();
        let fields = self.columns.iter().zip(&kinds).map(|(name, &kind)| field(name, kind));
        let fields = fields.collect::<Result<Vec<_>, ParquetError>>()?;
        let schema = Type::group_type_builder("table").with_fields(fields).build()?;
        let properties = WriterProperties::builder()
            .set_created_by(format!("sharxi-sim {}", env!("CARGO_PKG_VERSION")))
            .build();
        let mut file = SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties))?;
        let mut group = file.next_row_group()?;
        for (name, &kind) in self.columns.iter().zip(&kinds) {
            if let Some(mut writer) = group.next_column()? {
                self.write_column(name, kind, writer.untyped())?;
                writer.close()?;
            }
        }
        group.close()?;
        file.close()?;
        Ok(())
    }

    fn write_column(
        &self,
        name: &str,
        kind: Kind,
        writer: &mut ColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        let cells: Vec<&Cell> = (0..self.rows.len()).map(|row| self.cell(row, name)).collect();
        let is_full = |cell: &&&Cell| !matches!(cell, Cell::Empty);
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(is_full(&cell))).collect();
        let full = cells.iter().filter(is_full);
        match writer {
            ColumnWriter::BoolColumnWriter(writer) => {
                let values: Vec<bool> = full.map(|cell| matches!(cell, Cell::Yes(true))).collect();
                writer.write_batch(&values, Some(&levels), None)?;
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                let whole = |cell: &&Cell| if let Cell::Whole(n) = cell { *n } else { 0 };
                let values: Vec<i64> = full.map(whole).collect();
                writer.write_batch(&values, Some(&levels), None)?;
            }
            ColumnWriter::DoubleColumnWriter(writer) => {
                let values: Vec<f64> = full.filter_map(|cell| cell.number()).collect();
                writer.write_batch(&values, Some(&levels), None)?;
            }
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let values: Vec<ByteArray> =
                    full.map(|cell| ByteArray::from(cell.text().into_bytes())).collect();
                writer.write_batch(&values, Some(&levels), None)?;
            }
            _ => {
                let problem = format!("column {name} of kind {kind:?} has no writer");
                return Err(ParquetError::General(problem));
            }
        }
        Ok(())
    }

    /// The narrowest type that holds every cell of the column.
    fn kind(&self, name: &str) -> Kind {
        let kinds = (0..self.rows.len()).filter_map(|row| match self.cell(row, name) {
            Cell::Empty => None,
            Cell::Whole(_) => Some(Kind::Whole),
            Cell::Real(_) => Some(Kind::Real),
            Cell::Yes(_) => Some(Kind::Yes),
            Cell::Text(_) => Some(Kind::Text),
        });
        let both = |a, b| match (a, b) {
            (a, b) if a == b => a,
            (Kind::Whole, Kind::Real) | (Kind::Real, Kind::Whole) => Kind::Real,
            _ => Kind::Text,
        };
        kinds.reduce(both).unwrap_or(Kind::Real)
    }
}

fn field(name: &str, kind: Kind) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Whole => (Physical::INT64, None),
        Kind::Real => (Physical::DOUBLE, None),
        Kind::Yes => (Physical::BOOLEAN, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
        .map(Arc::new)
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["run"]);
        let cell = |name: &str, cell| (name.to_owned(), cell);
        table.push([
            cell("run", Cell::Text("a".into())),
            cell("n", Cell::Whole(3)),
            cell("x", Cell::Whole(1)),
            cell("yes", Cell::Yes(true)),
        ]);
        table.push([cell("run", Cell::Text("b, c".into())), cell("x", Cell::Real(0.5))]);
        table
    }

    #[test]
    fn csv_has_empty_cells_and_quotes() {
        let mut out = Vec::new();
        table().write_csv(b',', &mut out).unwrap();
        let expected = "run,n,x,yes\na,3,1,true\n\"b, c\",,0.5,\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn parquet_is_read_back_as_it_was_and_is_the_same_bytes_twice() {
        let bytes = || {
            let mut out = Vec::new();
            table().write_parquet(&mut out).unwrap();
            out
        };
        assert_eq!(bytes(), bytes());
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), bytes()).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(path.path()).unwrap()).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(
            rows,
            [
                "{run: \"a\", n: 3, x: 1.0, yes: true}",
                "{run: \"b, c\", n: null, x: 0.5, yes: null}"
            ]
        );
        let empty = Table::new(["nothing"]);
        let mut out = Vec::new();
        empty.write_parquet(&mut out).unwrap();
        assert!(out.starts_with(b"PAR1"));
    }
}
