using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats;

/// <summary><c>instruction</c>, <c>output</c>, and optional <c>input</c>, <c>system</c> and <c>history</c> (pairs of question and answer).</summary>
internal sealed class AlpacaFormat(FormatKind kind, DataSpec data) : RowFormat(kind, data)
{
    private const int Instruction = 0;
    private const int Output = 1;
    private const int Input = 2;
    private const int System = 3;
    private const int History = 4;

    protected override void Check(RowView row, FindingLog log)
    {
        if (row.IsBlank(Value(Instruction)) && (Value(Input) < 0 || row.IsBlank(Value(Input))))
        {
            log.Warn(
                FindingCodes.EmptyPrompt,
                $"'{Name(Instruction)}' is empty.",
                "Write the instruction, or remove the row.",
                Name(Instruction));
        }

        if (row.IsBlank(Value(Output)))
        {
            log.Error(
                FindingCodes.EmptyCompletion,
                $"'{Name(Output)}' is empty: there is no answer to learn.",
                "Write the answer, or remove the row.",
                Name(Output));
        }

        if (Value(History) >= 0)
        {
            CheckHistory(row, log);
        }
    }

    protected override DatasetRow Read(RowView row, long line) => new InstructionRow(
        line,
        row.Text(Value(Instruction)),
        Value(Input) < 0 ? "" : row.Text(Value(Input)),
        row.Text(Value(Output)),
        Value(System) < 0 || row.IsBlank(Value(System)) ? null : row.Text(Value(System)),
        ReadHistory(row));

    private void CheckHistory(RowView row, FindingLog log)
    {
        var history = Value(History);
        for (var turn = row.FirstChild(history); turn >= 0; turn = row.NextChild(history, turn))
        {
            if (!IsPair(row, turn))
            {
                log.Error(
                    FindingCodes.WrongType,
                    $"'{Name(History)}' has an element that is no list of two texts.",
                    "Write each element as [\"question\", \"answer\"].",
                    Name(History));
                return;
            }
        }
    }

    private static bool IsPair(RowView row, int turn)
    {
        if (row.Type(turn) != JsonTokenType.StartArray)
        {
            return false;
        }

        var question = row.FirstChild(turn);
        var answer = question < 0 ? -1 : row.NextChild(turn, question);
        return answer >= 0
            && row.Type(question) == JsonTokenType.String
            && row.Type(answer) == JsonTokenType.String
            && row.NextChild(turn, answer) < 0;
    }

    private List<(string Question, string Answer)> ReadHistory(RowView row)
    {
        var turns = new List<(string, string)>();
        var history = Value(History);
        for (var turn = history < 0 ? -1 : row.FirstChild(history); turn >= 0; turn = row.NextChild(history, turn))
        {
            turns.Add((row.Text(turn + 1), row.Text(turn + 2)));
        }

        return turns;
    }
}
