using Beep.Contracts;

namespace Beep.Trainer.Optimizers;

/// <summary>The learning rate of each step: a linear rise over the warm-up, then the schedule's fall.</summary>
/// <param name="spec">The course of the training.</param>
/// <param name="totalSteps">Optimizer steps of the run.</param>
internal sealed class LearningRateSchedule(TrainSpec spec, int totalSteps)
{
    private readonly int _warmup = (int)Math.Ceiling(spec.WarmupRatio * totalSteps);

    /// <summary>The rate of a step counted from 0. The first step of a warm-up is not zero, and the last step of a fall is not either.</summary>
    public double At(int step)
    {
        if (step < _warmup)
        {
            return spec.LearningRate * (step + 1) / _warmup;
        }

        var left = (double)(totalSteps - step) / Math.Max(1, totalSteps - _warmup);
        return spec.LearningRate * spec.LrScheduler switch
        {
            LrScheduler.Constant => 1,
            LrScheduler.Linear => left,
            LrScheduler.Cosine => 0.5 * (1 - Math.Cos(Math.PI * left)),
        };
    }
}
