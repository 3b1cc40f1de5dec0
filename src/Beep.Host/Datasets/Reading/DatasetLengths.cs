using System.Globalization;
using Beep.Host.Datasets.Checking;
using Beep.Host.Hosting.Http;
using Beep.LanguageModels.Datasets.Checking;

namespace Beep.Host.Datasets.Reading;

/// <summary>How long rows are.</summary>
/// <param name="MaxLength">The bound that was asked about; the model's own where none was.</param>
/// <param name="RowsOver">How many rows are longer.</param>
/// <param name="TokensOver">How many of their tokens lie behind it.</param>
internal sealed record LengthsView(
    string Model, long Rows, long Tokens, long TrainableTokens, double Mean, int P50, int P90, int P99, int Longest, int MaxLength, long RowsOver, long TokensOver, IReadOnlyList<HistogramBucket> Histogram)
{
    public static LengthsView Of(LengthsFile lengths, int maxLength)
    {
        var (rows, tokens) = lengths.Over(maxLength);
        return new LengthsView(
            lengths.Model, lengths.Rows, lengths.Tokens, lengths.TrainableTokens, lengths.Rows == 0 ? 0 : Math.Round((double)lengths.Tokens / lengths.Rows, 1), lengths.Percentile(0.5), lengths.Percentile(0.9),
            lengths.Percentile(0.99), lengths.Longest, maxLength, rows, tokens, lengths.Histogram());
    }
}

/// <summary>Counts tokens where somebody waits for them, as far as that is soon.</summary>
internal sealed class DatasetLengths(DatasetOptions options)
{
    /// <summary>What was counted before, or for a small file now.</summary>
    /// <exception cref="HttpFaultException">409: a task must count them.</exception>
    public async Task<LengthsFile> ReadAsync(FoundVersion found, RowModel model, CancellationToken cancellationToken)
    {
        if (LengthsFile.Read(found.Folder, model.Id) is { } known)
        {
            return known;
        }

        if (found.Version.Bytes > options.CountAtOnce)
        {
            throw HttpFaultException.Conflict(
                "tokens_not_counted",
                "The tokens of this version were not counted with this model, and that takes a while.",
                string.Create(CultureInfo.InvariantCulture, $"Start it: POST /api/v1/finetune/datasets/{found.Dataset.Id}/versions/{found.Version.Number}/validate with {{\"model\": \"{model.Id}\"}}."));
        }

        var (report, _) = await Task.Run(() => RowChecker.Check(found.Path, model, null, cancellationToken), cancellationToken);
        var lengths = LengthsFile.Of(model.Id, report.Tokens!);
        lengths.Write(found.Folder);
        return lengths;
    }
}
