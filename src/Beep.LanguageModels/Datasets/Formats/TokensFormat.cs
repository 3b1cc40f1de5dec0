using System.Buffers.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary><c>input_ids</c> and optional <c>labels</c>: rows that were tokenised elsewhere.</summary>
internal sealed class TokensFormat(FormatKind kind, DataSpec data, int? vocabularySize) : RowFormat(kind, data)
{
    private const int InputIds = 0;
    private const int Labels = 1;

    private readonly List<int> _ids = [];
    private readonly List<int> _labels = [];

    protected override void Check(RowView row, FindingLog log)
    {
        var areNumbers = Parse(row, InputIds, _ids, log);
        var hasLabels = Value(Labels) >= 0;
        areNumbers &= !hasLabels || Parse(row, Labels, _labels, log);
        if (!areNumbers)
        {
            return;
        }

        if (_ids.Count == 0)
        {
            log.Error(FindingCodes.EmptyText, $"'{Name(InputIds)}' is empty.", "Write the token ids, or remove the row.", Name(InputIds));
        }

        CheckRange(_ids, Name(InputIds), "", log);
        if (hasLabels)
        {
            CheckRange(_labels, Name(Labels), $" or {EncodedRow.Masked}", log);
            if (_labels.Count != _ids.Count)
            {
                log.Error(
                    FindingCodes.LabelLength,
                    $"'{Name(Labels)}' has {_labels.Count:N0} elements, '{Name(InputIds)}' has {_ids.Count:N0}.",
                    $"Give every token a label, {EncodedRow.Masked} where no loss is taken; labels are not shifted.",
                    Name(Labels));
            }
        }
    }

    protected override DatasetRow Read(RowView row, long line) => new TokenRow(line, [.. _ids], Value(Labels) < 0 ? null : [.. _labels]);

    private bool Parse(RowView row, int column, List<int> values, FindingLog log)
    {
        values.Clear();
        var list = Value(column);
        var run = row.FirstChild(list);
        if (run < 0)
        {
            return true;
        }

        if (row.Type(run) == JsonTokenType.Number && row.NextChild(list, run) < 0 && TryParse(row.Raw(run), values))
        {
            return true;
        }

        log.Error(
            FindingCodes.WrongType,
            $"'{Name(column)}' has an element that is no whole number.",
            "Write token ids as a list of whole numbers.",
            Name(column));
        return false;
    }

    private static bool TryParse(ReadOnlySpan<byte> run, List<int> values)
    {
        while (true)
        {
            if (!Utf8Parser.TryParse(run, out int value, out var length))
            {
                return false;
            }

            values.Add(value);
            run = run[length..].TrimStart(" \t\r\n"u8);
            if (run.IsEmpty)
            {
                return true;
            }

            if (run[0] != ',')
            {
                return false;
            }

            run = run[1..].TrimStart(" \t\r\n"u8);
        }
    }

    private void CheckRange(List<int> values, string name, string orElse, FindingLog log)
    {
        var isLabel = orElse.Length > 0;
        var index = values.FindIndex(value => (value < 0 && !(isLabel && value == EncodedRow.Masked)) || value >= (vocabularySize ?? int.MaxValue));
        if (index >= 0)
        {
            var range = vocabularySize is { } size ? $"from 0 to {size - 1}" : "0 or more";
            log.Error(
                FindingCodes.TokenOutOfRange,
                $"'{name}' has {values[index]} at place {index:N0}; a token id is {range}{orElse}.",
                "Tokenise the rows with the tokenizer of the model that is trained.",
                name);
        }
    }
}
