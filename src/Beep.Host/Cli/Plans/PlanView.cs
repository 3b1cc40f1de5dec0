using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Datasets.Checking;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Planning;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Estimation;

namespace Beep.Host.Cli.Plans;

/// <summary>Prints a plan.</summary>
internal sealed class PlanView(PlanContext context, IReadOnlyList<PlanProblem> problems)
{
    // An estimate without a run behind it; wider would say nothing, narrower would pretend.
    private const double Spread = 2;

    private readonly double _rate = MachineRate.Measure();

    private double? Seconds => context.Work is { } work ? work.Operations / _rate : null;

    /// <summary>Figures first, then problems.</summary>
    public void Print(Reporter reporter)
    {
        if (context.Config.Value is { } config)
        {
            reporter.Say($"Model    {config.ModelType}, {Units.Count(config.ParameterCount)} weights, of which {Units.Count(TrainableWeights.Count(config, context.Spec))} are trained ({SpecWriter.WireName(context.Spec.Method)})");
        }

        Print(reporter, "Data    ", context.Data.Value);
        Print(reporter, "Held out", context.Data.Value?.Validation);
        if (context.Work is { } work && Seconds is { } seconds)
        {
            reporter.Say($"Steps    {Units.Count(work.Steps)}");
            reporter.Say($"Time     about {Units.Duration(seconds)} on this processor, between {Units.Duration(seconds / Spread)} and {Units.Duration(seconds * Spread)}; less on a GPU");
        }

        if (context.Memory is { } memory)
        {
            reporter.Say($"Memory   about {Units.Bytes(memory.Total)}: {string.Join(", ", Parts(memory).Where(part => part.Bytes > 0).Select(part => $"{part.Name} {Units.Bytes(part.Bytes)}"))}");
        }

        PrintProblems(reporter);
    }

    /// <summary>The same for programs.</summary>
    public JsonObject ToJson() => new()
    {
        ["parameters"] = context.Config.Value?.ParameterCount,
        ["trainable_parameters"] = context.Config.Value is { } config ? TrainableWeights.Count(config, context.Spec) : null,
        ["data"] = DatasetJson.Totals(context.Data.Value),
        ["validation"] = DatasetJson.Totals(context.Data.Value?.Validation),
        ["steps"] = context.Work?.Steps,
        ["seconds"] = Seconds is { } seconds ? Math.Round(seconds, 1) : null,
        ["memory_bytes"] = context.Memory is { } memory ? new JsonObject(
            Parts(memory).Select(part => KeyValuePair.Create(part.Name, (JsonNode?)part.Bytes)).Append(new("total", memory.Total))) : null,
        ["warnings"] = Reporter.ToJson(problems.Where(problem => problem.Severity == PlanSeverity.Warning).Select(problem => problem.Fault)),
        ["spec"] = SpecWriter.ToTree(context.Spec),
    };

    private static void Print(Reporter reporter, string label, DatasetReport? report)
    {
        if (report?.Tokens is { } tokens)
        {
            reporter.Say($"{label} {Units.Count(report.Rows)} rows ({report.Format}), {Units.Count(tokens.Tokens)} tokens, {Units.Count(tokens.TrainableTokens)} of them trained on; half of the rows have at most {Units.Count(tokens.P50)}, the longest {Units.Count(tokens.MaxLength)}");
        }
    }

    private static IEnumerable<(string Name, long Bytes)> Parts(MemoryEstimate memory) =>
    [
        ("weights", memory.Weights), ("adapter", memory.Adapter), ("gradients", memory.Gradients), ("optimizer", memory.Optimizer),
        ("activations", memory.Activations), ("logits", memory.Logits), ("runtime", memory.Runtime),
    ];

    private void PrintProblems(Reporter reporter)
    {
        var terminal = reporter.Terminal;
        foreach (var problem in problems)
        {
            var label = problem.Severity == PlanSeverity.Error ? terminal.Bad("error:") : terminal.Caution("warning:");
            reporter.Say($"{label} {PlainText.Clean(problem.Fault.ToString())}");
        }

        var errors = problems.Count(problem => problem.Severity == PlanSeverity.Error);
        reporter.Say(problems.Count == 0 ? terminal.Good("No problem found.") : $"{Units.Count(errors, "error")}, {Units.Count(problems.Count - errors, "warning")}.");
    }
}
