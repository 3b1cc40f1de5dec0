using System.Text.Json.Nodes;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.Host.Datasets.Checking;

/// <summary>Dataset reports for programs.</summary>
internal static class DatasetJson
{
    /// <summary>The counts of a file; null where it was not read.</summary>
    public static JsonObject? Totals(DatasetReport? report) => report is null ? null : new JsonObject
    {
        ["file"] = report.File,
        ["bytes"] = report.Bytes,
        ["format"] = report.Format,
        ["rows"] = report.Rows,
        ["valid_rows"] = report.ValidRows,
        ["duplicates"] = report.Duplicates,
        ["tokens"] = report.Tokens is { } tokens ? Tokens(tokens) : null,
    };

    /// <summary>The counts and everything found.</summary>
    public static JsonObject? Whole(DatasetReport? report)
    {
        if (Totals(report) is not { } json)
        {
            return null;
        }

        json["findings"] = new JsonArray([.. report!.Findings.Select(group => new JsonObject
        {
            ["code"] = group.Code,
            ["severity"] = group.Severity == FindingSeverity.Error ? "error" : "warning",
            ["count"] = group.Count,
            ["first"] = new JsonArray([.. group.First.Select(finding => new JsonObject
            {
                ["line"] = finding.Line,
                ["field"] = finding.Field,
                ["message"] = finding.Message,
                ["remedy"] = finding.Remedy,
            })]),
        })]);
        return json;
    }

    private static JsonObject Tokens(TokenReport tokens) => new()
    {
        ["total"] = tokens.Tokens,
        ["trainable"] = tokens.TrainableTokens,
        ["masked_share"] = Math.Round(tokens.MaskedShare, 4),
        ["mean"] = Math.Round(tokens.MeanLength, 1),
        ["p50"] = tokens.P50,
        ["p90"] = tokens.P90,
        ["p99"] = tokens.P99,
        ["max"] = tokens.MaxLength,
        ["overlong_rows"] = tokens.Overlong,
        ["overlong_share"] = Math.Round(tokens.TruncatedShare, 4),
        ["tokens_cut"] = tokens.TokensCut,
        ["untrainable_rows"] = tokens.Untrainable,
        ["histogram"] = new JsonArray([.. tokens.Histogram.Select(bucket => new JsonObject { ["from"] = bucket.From, ["to"] = bucket.To, ["rows"] = bucket.Rows })]),
    };
}
