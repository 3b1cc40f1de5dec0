using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary>Checks the rows of one format and turns the sound ones into values. Used by one thread at a time.</summary>
internal abstract class RowFormat
{
    private readonly FormatKind _kind;
    private readonly IReadOnlyList<Column> _columns;
    private readonly int[] _values;

    protected RowFormat(FormatKind kind, DataSpec data)
    {
        _kind = kind;
        _columns = kind.Columns(data);
        _values = new int[_columns.Count];
    }

    /// <summary>Makes the reader of a format.</summary>
    /// <param name="kind">The format.</param>
    /// <param name="data">The names of its columns.</param>
    /// <param name="vocabularySize">Token ids are below it; null when it is not known.</param>
    public static RowFormat Create(FormatKind kind, DataSpec data, int? vocabularySize) => kind.Format switch
    {
        DataFormat.Messages => new Messages.MessagesFormat(kind, data),
        DataFormat.PromptCompletion => new PromptCompletionFormat(kind, data),
        DataFormat.Alpaca => new AlpacaFormat(kind, data),
        DataFormat.Text => new TextFormat(kind, data),
        DataFormat.Preference => new PreferenceFormat(kind, data),
        DataFormat.Tokens => new TokensFormat(kind, data, vocabularySize),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind.Name, "Not a format that is read."),
    };

    /// <summary>Reports everything that is wrong with a row.</summary>
    /// <returns>The row where it is sound and asked for, else null.</returns>
    public DatasetRow? Accept(RowView row, long line, FindingLog log, bool materialize)
    {
        if (!Bind(row, log))
        {
            return null;
        }

        Check(row, log);
        return materialize && !log.RowHasError ? Read(row, line) : null;
    }

    /// <summary>Reports what is wrong with the values, whose types are right.</summary>
    protected abstract void Check(RowView row, FindingLog log);

    /// <summary>Turns a row that has passed <see cref="Check"/> into values.</summary>
    protected abstract DatasetRow Read(RowView row, long line);

    /// <summary>The entry of a column's value, by the column's place in the format; -1 where an optional one is absent.</summary>
    protected int Value(int column) => _values[column];

    /// <summary>The column's name in the file.</summary>
    protected string Name(int column) => _columns[column].Name;

    private bool Bind(RowView row, FindingLog log)
    {
        var missing = 0;
        var isSound = true;
        for (var index = 0; index < _columns.Count; index++)
        {
            var column = _columns[index];
            var value = row.Find(0, column.Utf8);
            _values[index] = value;
            if (value < 0)
            {
                missing += column.Field.IsRequired ? 1 : 0;
            }
            else if (!column.Field.IsRequired && row.Type(value) == JsonTokenType.Null)
            {
                _values[index] = -1;
            }
            else if (!column.Field.Takes(row.Type(value)))
            {
                ReportType(row, column, value, log);
                isSound = false;
            }
        }

        if (missing > 0)
        {
            ReportMissing(row, log);
        }

        return isSound && missing == 0;
    }

    private static void ReportType(RowView row, Column column, int value, FindingLog log)
    {
        var isConversation = column.Field is { Type: JsonTokenType.String, OrElse: null } && row.Type(value) == JsonTokenType.StartArray;
        log.Error(
            FindingCodes.WrongType,
            $"'{column.Name}' is {RowView.Describe(row.Type(value))}; {column.Field.Expected} is expected.",
            isConversation
                ? "Write it as text, or put the whole conversation into a column 'messages'."
                : $"Write it as {column.Field.Expected}.",
            column.Name);
    }

    private void ReportMissing(RowView row, FindingLog log)
    {
        var keys = row.Keys();
        var names = string.Join(", ", keys.Take(8).Select(key => $"'{JsonText.Preview(key)}'"));
        var found = keys.Count == 0 ? "no keys" : $"the keys {names}{(keys.Count > 8 ? ", …" : "")}";
        var required = _columns.Where(column => column.Field.IsRequired).ToList();
        var absent = required.Where(column => !keys.Contains(column.Name)).ToList();
        var other = FormatKind.Known.FirstOrDefault(kind => kind.Format != _kind.Format && kind.Fields.All(field => !field.IsRequired || keys.Contains(field.Name)));
        if (other is not null || (absent.Count == required.Count && keys.Count > 0))
        {
            log.Error(
                FindingCodes.MixedSchema,
                $"The row has {found}{(other is null ? "" : $" of the format '{other.Name}'")}; the file's format is '{_kind.Name}'.",
                $"Keep one format a file: give every row {string.Join(" and ", required.Select(column => $"'{column.Name}'"))}.");
            return;
        }

        foreach (var column in absent)
        {
            log.Error(
                FindingCodes.MissingColumn,
                $"The row lacks '{column.Name}'; it has {found}.",
                $"Add '{column.Name}', or remove the row.",
                column.Name);
        }
    }
}
