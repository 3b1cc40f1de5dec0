using System.Globalization;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.Host.Cli.Plans;

/// <summary>Prints a dataset report.</summary>
internal sealed class DatasetView(Reporter reporter)
{
    private const int ShownPerCode = 5;
    private const int BarWidth = 40;

    /// <summary>Findings first, then the counts, then what to do next.</summary>
    public void Print(DatasetReport report, DataSpec data)
    {
        PrintFile(report, data.MaxLength);
        if (report.Validation is { } validation)
        {
            reporter.Say();
            reporter.Say($"Held-out rows in '{validation.File}':");
            PrintFile(validation, data.MaxLength);
        }

        reporter.Say(Verdict(report, data));
    }

    /// <summary>A run refuses what no policy was chosen for, so that is not said to be fit for one.</summary>
    private string Verdict(DatasetReport report, DataSpec data)
    {
        if (report.Errors > 0)
        {
            return $"{reporter.Terminal.Bad($"{Units.Count(report.Errors, "error")}.")} Correct the lines above, then check again.";
        }

        string[] undecided =
        [
            .. data.Overlong == OverlongPolicy.Fail && report.Tokens?.Overlong > 0 ? ["--set data.overlong=truncate (or drop)"] : Array.Empty<string>(),
            .. data.Untrainable == UntrainablePolicy.Fail && report.Tokens?.Untrainable > 0 ? ["--set data.untrainable=drop (or keep)"] : Array.Empty<string>(),
        ];
        return undecided.Length > 0
            ? $"{reporter.Terminal.Caution("The rows are sound, but a run would refuse those above.")} Raise data.max_length, or choose {string.Join(" and ", undecided)}."
            : $"{reporter.Terminal.Good("The data can be trained on.")} Next: {CommandLineText.Call("plan", "--model", "DIR", "--data", report.File)}";
    }

    private void PrintFile(DatasetReport report, int maxLength)
    {
        foreach (var group in report.Findings)
        {
            Print(report.File, group);
        }

        reporter.Say($"{Units.Count(report.Rows)} rows ({report.Format}, {Units.Bytes(report.Bytes)}), {Units.Count(report.ValidRows)} of them sound{(report.Duplicates > 0 ? $", {Units.Count(report.Duplicates)} repeated" : "")}.");
        if (report.Tokens is { } tokens)
        {
            Print(tokens, maxLength);
        }
    }

    private void Print(string file, FindingGroup group)
    {
        var label = group.Severity == FindingSeverity.Error ? reporter.Terminal.Bad("error:") : reporter.Terminal.Caution("warning:");
        foreach (var finding in group.First.Take(ShownPerCode))
        {
            var field = finding.Field is null ? "" : $" '{finding.Field}':";
            reporter.Say(PlainText.Clean($"{file}:{finding.Line}:{field}") + $" {label} " + PlainText.Clean($"{finding.Message} {finding.Remedy} [{finding.Code}]"));
        }

        if (group.Count > ShownPerCode)
        {
            reporter.Say($"  and {Units.Count(group.Count - Math.Min(group.First.Count, ShownPerCode))} more of [{group.Code}].");
        }
    }

    private void Print(TokenReport tokens, int maxLength)
    {
        reporter.Say($"{Units.Count(tokens.Tokens)} tokens, {Units.Count(tokens.TrainableTokens)} of them trained on ({Units.Percent(tokens.MaskedShare)} are not).");
        reporter.Say($"Tokens a row: half have at most {Units.Count(tokens.P50)}, 90 % at most {Units.Count(tokens.P90)}, 99 % at most {Units.Count(tokens.P99)}, the longest {Units.Count(tokens.MaxLength)}.");
        if (tokens.Overlong > 0)
        {
            reporter.Say($"{Units.Count(tokens.Overlong)} rows ({Units.Percent(tokens.TruncatedShare)}) are longer than data.max_length={maxLength}; data.overlong decides whether they fail, are cut ({Units.Count(tokens.TokensCut)} tokens) or dropped.");
        }

        var most = tokens.Histogram.Count == 0 ? 0 : tokens.Histogram.Max(bucket => bucket.Rows);
        var digits = tokens.Histogram.Count == 0 ? 0 : tokens.Histogram[^1].To.ToString(CultureInfo.InvariantCulture).Length;
        foreach (var bucket in tokens.Histogram)
        {
            var length = (int)Math.Ceiling((double)bucket.Rows / most * BarWidth);
            var range = $"{bucket.From.ToString(CultureInfo.InvariantCulture).PadLeft(digits)} to {bucket.To.ToString(CultureInfo.InvariantCulture).PadLeft(digits)}";
            reporter.Say($"  {range}  {new string(reporter.Terminal.UsesUnicode ? '█' : '#', length)} {Units.Count(bucket.Rows)}");
        }
    }
}
