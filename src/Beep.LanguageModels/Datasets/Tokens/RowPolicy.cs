using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>
/// Applies <see cref="DataSpec.Overlong"/> and then <see cref="DataSpec.Untrainable"/> to a row, and counts. A pair of answers is one
/// row: both take part, or neither; as rows that take part its two sequences are counted.
/// </summary>
internal sealed class RowPolicy(DataSpec data)
{
    /// <summary>The rows so far.</summary>
    public DataStatistics Statistics { get; private set; }

    /// <summary>Reports a row that is refused.</summary>
    /// <returns>The row as it takes part, or null when it does not.</returns>
    public EncodedRow? Apply(EncodedRow row, FindingLog log)
    {
        var isOverlong = row.Length > data.MaxLength;
        if (isOverlong)
        {
            switch (data.Overlong)
            {
                case OverlongPolicy.Truncate:
                    row = Cut(row);
                    break;
                case OverlongPolicy.Drop:
                    Statistics += new DataStatistics(0, 0, 0, 0, 1, 0);
                    return null;
                default:
                    log.Add(OverlongFinding(row, data, FindingSeverity.Error));
                    return null;
            }
        }

        var isUntrainable = row.TrainableTokens == 0 || row.Rejected is { TrainableTokens: 0 };
        if (isUntrainable)
        {
            switch (data.Untrainable)
            {
                case UntrainablePolicy.Keep:
                    break;
                case UntrainablePolicy.Drop:
                    Statistics += new DataStatistics(0, 0, 0, 0, 1, 1);
                    return null;
                default:
                    log.Add(UntrainableFinding(row, isOverlong, data, FindingSeverity.Error));
                    return null;
            }
        }

        Statistics += new DataStatistics(
            row.Rejected is null ? 1 : 2,
            row.InputIds.Length + (row.Rejected?.InputIds.Length ?? 0),
            row.TrainableTokens + (row.Rejected?.TrainableTokens ?? 0),
            isOverlong ? 1 : 0,
            0,
            isUntrainable ? 1 : 0);
        return row;
    }

    /// <summary>Says that a row is longer than it may be.</summary>
    public static Finding OverlongFinding(EncodedRow row, DataSpec data, FindingSeverity severity) => new(
        row.Line,
        FindingCodes.Overlong,
        $"The row has {row.Length:N0} tokens; data.max_length is {data.MaxLength:N0}.",
        "Shorten it, raise data.max_length, or set data.overlong to truncate or drop.",
        severity);

    /// <summary>Says that nothing is learnt from a row.</summary>
    public static Finding UntrainableFinding(EncodedRow row, bool isCut, DataSpec data, FindingSeverity severity) => new(
        row.Line,
        FindingCodes.NoTrainableToken,
        isCut
            ? $"Nothing is learnt from the row: cut to {data.MaxLength:N0} tokens, it loses its answer."
            : "Nothing is learnt from the row: no token of it has a label.",
        isCut
            ? "Shorten its question, raise data.max_length, or set data.untrainable to drop."
            : "Give it an answer, or set data.untrainable to drop.",
        severity);

    private EncodedRow Cut(EncodedRow row) => row with
    {
        InputIds = row.InputIds[..Math.Min(data.MaxLength, row.InputIds.Length)],
        Labels = row.Labels[..Math.Min(data.MaxLength, row.Labels.Length)],
        Rejected = row.Rejected is { } rejected ? Cut(rejected) : null,
    };
}
