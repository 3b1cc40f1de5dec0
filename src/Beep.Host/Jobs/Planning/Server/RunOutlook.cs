using Beep.Contracts;
using Beep.Host.Jobs.Planning.Rules;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Estimation;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>What the model and the rows say of a run.</summary>
internal sealed record RunOutlook(IReadOnlyList<PlanProblem> Problems)
{
    public long? Parameters { get; private init; }

    public long? TrainableParameters { get; private init; }

    public PlannedData? Data { get; private init; }

    public PlannedData? Validation { get; private init; }

    public PlannedWork? Work { get; private init; }

    public PlannedMemory? Memory { get; private init; }

    public PlannedDisk? Disk { get; private init; }

    /// <param name="context">What was read.</param>
    /// <param name="problems">What was found.</param>
    /// <param name="sampled">The part of the rows that was read.</param>
    /// <param name="device">What plans call what it runs on.</param>
    /// <param name="history">What past runs there have shown.</param>
    /// <param name="rate">Floating-point operations a second; null where nobody knows.</param>
    /// <param name="spread">How many times more or less the time may be.</param>
    public static RunOutlook Of(PlanContext context, IReadOnlyList<PlanProblem> problems, double sampled, string device, RunHistory history, double? rate, double spread)
    {
        if (context.Config.Value is not { } config)
        {
            return new RunOutlook(problems);
        }

        var trained = TrainableWeights.Count(config, context.Spec);
        var seconds = context.Work?.Operations / rate;
        return new RunOutlook(problems)
        {
            Parameters = config.ParameterCount,
            TrainableParameters = trained,
            Data = Describe(context.Data.Value, context.Spec, sampled),
            Validation = Describe(context.Data.Value?.Validation, context.Spec, sampled),
            Work = context.Work is { } work ? new PlannedWork(work.Steps, Epochs(context, work.Steps), seconds, seconds / spread, seconds * spread, work.Operations) : null,
            Memory = Describe(context, device, history.MemoryRuns),
            Disk = context.Work is { } planned ? new PlannedDisk(RequireDisk.Needed(context.Spec, trained, planned.Steps), context.Output is { } output ? context.Machine.FreeDisk(output) : null) : null,
        };
    }

    private static PlannedData? Describe(DatasetReport? report, JobSpec spec, double sampled) => report?.Tokens is { } tokens
        ? new PlannedData(
            report.Rows,
            Math.Max(0, tokens.Tokens - (spec.Data.Overlong == Contracts.OverlongPolicy.Truncate ? tokens.TokensCut : 0)),
            tokens.TrainableTokens,
            Math.Round(tokens.MaskedShare, 4),
            tokens.Overlong,
            SpecWriter.WireName(spec.Data.Overlong),
            tokens.TokensCut,
            tokens.Untrainable,
            tokens.MaxLength,
            Math.Round(sampled, 4))
        : null;

    private static double Epochs(PlanContext context, long steps)
    {
        if (context.Spec.Train.MaxSteps is null)
        {
            return context.Spec.Train.NumEpochs;
        }

        var whole = context.Config.Value is { } config && context.Rows is { } rows
            ? WorkEstimate.For(config, context.Spec with { Train = context.Spec.Train with { MaxSteps = null, NumEpochs = 1 } }, rows, context.HeldOutRows).Steps
            : steps;
        return Math.Round((double)steps / Math.Max(1, whole), 2);
    }

    private static PlannedMemory? Describe(PlanContext context, string device, int pastRuns)
    {
        if (context.Memory is not { } memory)
        {
            return null;
        }

        MemoryPart[] parts =
        [
            new("weights", memory.Weights), new("adapter", memory.Adapter), new("gradients", memory.Gradients), new("optimizer", memory.Optimizer),
            new("activations", memory.Activations), new("logits", memory.Logits), new("runtime", memory.Runtime),
        ];
        var (all, free, total) = (context.Machine.IsKnown ? context.Machine.MemoryBytes : (long?)null, context.Machine.FreeMemoryBytes, context.BytesOf(memory));
        return new PlannedMemory(
            total,
            [.. parts.Where(part => part.Bytes > 0).Select(part => part with { Bytes = (long)(part.Bytes * context.MemoryFactor) })],
            device,
            all,
            free,
            all is not { } known || total <= Math.Min(known, free ?? known),
            memory.Total,
            pastRuns);
    }
}
