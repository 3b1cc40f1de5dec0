using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.LanguageModels.Estimation;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Checkpoints and results must fit the disk. Where all checkpoints are kept, their number is bounded by the steps.</summary>
internal sealed class RequireDisk : IPlanRule
{
    private const int BytesPerWeight = 4;
    private const int StatesPerWeight = 3;

    public bool ReadsRows => true;

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Output is not { } output || context.Config.Value is not { } config || context.Work is not { } work || context.Machine.FreeDisk(output) is not { } free)
        {
            yield break;
        }

        var needed = Needed(context.Spec, TrainableWeights.Count(config, context.Spec), work.Steps);
        if (needed > free)
        {
            yield return PlanProblem.Error("disk_full", $"Checkpoints and results take about {Units.Bytes(needed)}; the disk of '{output}' has {Units.Bytes(free)} free.", "Free space, choose another --out, or lower train.save_total_limit.", "train.save_total_limit").MendedBy("train.save_total_limit", context.Spec.Train.SaveTotalLimit == 1 ? null : 1);
        }
    }

    /// <summary>The kept checkpoints (weights and optimizer), one more while it is written, and the result.</summary>
    public static long Needed(JobSpec spec, long trained, long steps)
    {
        var written = spec.Train.SaveSteps is { } every ? Math.Max(1, steps / every) : 1;
        var kept = Math.Min(written, spec.Train.SaveTotalLimit ?? written) + 1;
        return trained * BytesPerWeight * ((StatesPerWeight * kept) + 1);
    }
}
