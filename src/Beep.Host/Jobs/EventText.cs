using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Jobs;

/// <summary>Events as lines for a person.</summary>
internal static class EventText
{
    /// <summary>The line for an event that stays on the screen; null for those that only move the progress.</summary>
    public static string? Describe(JobEvent jobEvent) => jobEvent switch
    {
        StartedEvent started => Describe(started),
        DataEvent data => Describe(data),
        EvaluationEvent evaluation => $"Step {evaluation.Step}: held-out loss {Units.Loss(evaluation.Loss)}, {Units.Percent(evaluation.TokenAccuracy)} of the tokens right.",
        SampleEvent sample => $"Step {sample.Step}: \"{PlainText.Clean(sample.Prompt)}\" is answered: {PlainText.Clean(sample.Text)}",
        CheckpointEvent checkpoint => $"Step {checkpoint.Step}: checkpoint saved.",
        WarningEvent warning => PlainText.Clean($"warning: {warning.Message} {warning.Remedy} [{warning.Code}]"),
        _ => null,
    };

    /// <summary>The line for how far the run is.</summary>
    public static string Describe(TrainingProgress progress)
    {
        var rate = progress.TokensPerSecond is { } tokens ? $", {Units.Count(tokens)} tokens/s" : "";
        var eta = progress.EtaSeconds is { } seconds ? $", {Units.Duration(seconds)} left" : "";
        return $"Step {progress.Step} of {progress.TotalSteps} ({Units.Percent(progress.Share)}): loss {Units.Loss(progress.Loss)}{rate}{eta}";
    }

    private static string Describe(StartedEvent started)
    {
        var resumed = started.ResumedFrom is { } step ? $", going on from step {step}" : "";
        return $"On {started.Device} in {started.Precision}: {Units.Count(started.TrainableParameters)} of {Units.Count(started.TotalParameters)} weights are trained, {Units.Count(started.TotalSteps)} steps{resumed}.";
    }

    private static string Describe(DataEvent data)
    {
        var cut = data.Truncated > 0 ? $", {Units.Count(data.Truncated)} cut" : "";
        var dropped = data.Dropped > 0 ? $", {Units.Count(data.Dropped)} left out" : "";
        var heldOut = data.ValidationRows > 0 ? $"; {Units.Count(data.ValidationRows)} rows held out" : "";
        return $"Data: {Units.Count(data.Rows)} rows{cut}{dropped}, {Units.Count(data.Tokens)} tokens ({Units.Count(data.TrainableTokens)} trained on) in {Units.Count(data.Sequences)} sequences{heldOut}.";
    }
}
