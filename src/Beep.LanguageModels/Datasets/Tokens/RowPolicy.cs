using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>Applies <see cref="DataSpec.Overlong"/> and then <see cref="DataSpec.Untrainable"/> to a row, and counts.</summary>
internal sealed class RowPolicy(DataSpec data)
{
    /// <summary>The rows so far.</summary>
    public DataStatistics Statistics { get; private set; }

    /// <summary>Reports a row that is refused.</summary>
    /// <returns>The row as it takes part, or null when it does not.</returns>
    public EncodedRow? Apply(EncodedRow row, FindingLog log)
    {
        var isOverlong = row.InputIds.Length > data.MaxLength;
        if (isOverlong)
        {
            switch (data.Overlong)
            {
                case OverlongPolicy.Truncate:
                    row = row with { InputIds = row.InputIds[..data.MaxLength], Labels = row.Labels[..data.MaxLength] };
                    break;
                case OverlongPolicy.Drop:
                    Statistics += new DataStatistics(0, 0, 0, 0, 1, 0);
                    return null;
                default:
                    log.Add(OverlongFinding(row, data, FindingSeverity.Error));
                    return null;
            }
        }

        var trainable = row.TrainableTokens;
        if (trainable == 0)
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

        Statistics += new DataStatistics(1, row.InputIds.Length, trainable, isOverlong ? 1 : 0, 0, trainable == 0 ? 1 : 0);
        return row;
    }

    /// <summary>Says that a row is longer than it may be.</summary>
    public static Finding OverlongFinding(EncodedRow row, DataSpec data, FindingSeverity severity) => new(
        row.Line,
        FindingCodes.Overlong,
        $"The row has {row.InputIds.Length:N0} tokens; data.max_length is {data.MaxLength:N0}.",
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
}
