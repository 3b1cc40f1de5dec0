using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary><c>text</c>: plain text, all of it learnt.</summary>
internal sealed class TextFormat(FormatKind kind, DataSpec data) : RowFormat(kind, data)
{
    private const int Text = 0;

    protected override void Check(RowView row, FindingLog log)
    {
        if (row.IsBlank(Value(Text)))
        {
            log.Error(FindingCodes.EmptyText, $"'{Name(Text)}' is empty.", "Write the text, or remove the row.", Name(Text));
        }
    }

    protected override DatasetRow Read(RowView row, long line) => new TextRow(line, row.Text(Value(Text)));
}
