using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>A run that cannot fit is better told now. The estimate has a margin of error, so only a clear miss is an error.</summary>
internal sealed class LimitMemory : IPlanRule
{
    private const double ClearMiss = 1.25;

    public bool ReadsRows => true;

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Memory is not { } memory || !context.Machine.IsKnown)
        {
            yield break;
        }

        const string remedy = "Lower train.per_device_batch_size or data.max_length, or set train.gradient_checkpointing=on.";
        var (machine, free, taken) = (context.Machine.MemoryBytes, context.Machine.FreeMemoryBytes, context.BytesOf(memory));
        if (taken > machine * ClearMiss)
        {
            yield return Mend(PlanProblem.Error("out_of_memory", $"The run takes about {Units.Bytes(taken)} of memory; {context.Machine.Device} has {Units.Bytes(machine)}.", remedy, "train"), context, machine);
        }
        else if (taken > Math.Min(machine, free ?? machine))
        {
            yield return Mend(PlanProblem.Warning("tight_memory", $"The run takes about {Units.Bytes(taken)} of memory; {Units.Bytes(free ?? machine)} of {Units.Bytes(machine)} are free.", remedy, "train"), context, free ?? machine);
        }
    }

    /// <summary>The gentlest single change that makes it fit: activations computed again, else the largest batch that fits.</summary>
    private static PlanProblem Mend(PlanProblem problem, PlanContext context, long bytes)
    {
        var train = context.Spec.Train;
        if (train.GradientCheckpointing == AutoSwitch.Off && Fits(train with { GradientCheckpointing = AutoSwitch.On }))
        {
            return problem.MendedBy("train.gradient_checkpointing", "on");
        }

        for (var batch = train.PerDeviceBatchSize / 2; batch > 0; batch /= 2)
        {
            if (Fits(train with { PerDeviceBatchSize = batch }))
            {
                return problem.MendedBy("train.per_device_batch_size", batch);
            }
        }

        return problem;

        bool Fits(TrainSpec changed) => context.MemoryOf(context.Spec with { Train = changed }) is { } memory && context.BytesOf(memory) <= bytes;
    }
}
