using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary><c>prompt</c> and <c>completion</c>.</summary>
internal sealed class PromptCompletionFormat(FormatKind kind, DataSpec data) : RowFormat(kind, data)
{
    private const int Prompt = 0;
    private const int Completion = 1;

    protected override void Check(RowView row, FindingLog log)
    {
        if (row.IsBlank(Value(Prompt)))
        {
            log.Warn(FindingCodes.EmptyPrompt, $"'{Name(Prompt)}' is empty.", "Write the question, or remove the row.", Name(Prompt));
        }

        if (row.IsBlank(Value(Completion)))
        {
            log.Error(
                FindingCodes.EmptyCompletion,
                $"'{Name(Completion)}' is empty: there is no answer to learn.",
                "Write the answer, or remove the row.",
                Name(Completion));
        }
    }

    protected override DatasetRow Read(RowView row, long line) => new CompletionRow(line, row.Text(Value(Prompt)), row.Text(Value(Completion)));
}
