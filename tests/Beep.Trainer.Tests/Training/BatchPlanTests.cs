using Beep.Contracts;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.Trainer.Data;

namespace Beep.Trainer.Tests.Training;

public sealed class BatchPlanTests
{
    [Theory]
    [InlineData(1.1, 10, 11)]
    [InlineData(3, 7, 21)]
    [InlineData(0.5, 7, 4)]
    [InlineData(0.001, 7, 1)]
    public void TotalSteps_FractionOfAnEpoch_IsRoundedUpOnce(double epochs, int stepsPerEpoch, long expected) =>
        Assert.Equal(expected, new TrainSpec { NumEpochs = epochs }.TotalSteps(stepsPerEpoch));

    [Theory]
    [InlineData(true, 50)]
    [InlineData(false, 20)]
    public void LongestSequence_Rows_IsTheLongestThatAStepSees(bool packing, int expected)
    {
        using var job = new TestJob();
        var spec = job.Spec();
        spec = spec with { Data = spec.Data with { Packing = packing, MaxLength = 50, Shuffle = false } };
        int[] lengths = [20, 20, 10, 15];
        using var store = TokenStore.Build(job.At("rows.tokens"), lengths.Select((length, i) => new EncodedRow(new int[length], new int[length], i + 1)), spec.Data, out _);

        var plan = new BatchPlan(store, spec);

        Assert.Equal(expected, plan.LongestSequence);
        Assert.Equal(expected, Enumerable.Range(0, plan.StepsPerEpoch).SelectMany(plan.MicroBatches).Max(batch => batch.Length));
    }
}
