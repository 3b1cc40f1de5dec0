using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs;

namespace Beep.Host.Cli.Training;

/// <summary>The last lines of a run: what came of it, where it is, and what to type next.</summary>
/// <param name="reporter">Tells.</param>
/// <param name="folder">The job folder.</param>
/// <param name="spec">What was run.</param>
/// <param name="options">Options that the same run needs again.</param>
internal sealed class TrainingReport(Reporter reporter, JobFolder folder, JobSpec spec, params IReadOnlyList<string> options)
{
    /// <summary>Says how the run ended and returns the exit code.</summary>
    public int Tell(JobOutcome outcome)
    {
        if (outcome.Faults.Count > 0)
        {
            return reporter.Fail(outcome.ExitCode, outcome.Faults, Describe(outcome.Exit));
        }

        if (outcome.ExitCode == WorkerExitCode.Cancelled)
        {
            var last = folder.ListCheckpoints() is { Count: > 0 } checkpoints ? checkpoints[^1].Step : 0;
            reporter.Say($"Stopped; the checkpoint of step {last} is saved.");
            reporter.Say($"Go on with: {CommandLineText.Call(["train", "--out", folder.Root, .. options])}");
        }
        else
        {
            TellSuccess(outcome.Exit);
        }

        return reporter.Finish(outcome.ExitCode, [], Describe(outcome.Exit));
    }

    /// <summary>The held-out loss before and after, where it was taken.</summary>
    public static string? DescribeEvaluation(JobSummary? summary) =>
        summary is { FirstEvaluationLoss: { } before, LastEvaluationLoss: { } after }
            ? $"Held-out loss {Units.Loss(before)} → {Units.Loss(after)} ({Units.Change(before, after)})."
            : null;

    /// <summary>The folder of the result: an adapter, or the whole model where all of it was trained.</summary>
    public static string ResultOf(JobFolder folder, JobSpec spec) => spec.Method == TrainingMethod.Full ? folder.Merged : folder.Adapter;

    private void TellSuccess(JobExit? exit)
    {
        var summary = exit?.Summary;
        var done = summary is null ? "Done." : $"Done: {Units.Count(summary.Steps)} steps, {Units.Count(summary.Tokens)} tokens in {Units.Duration(summary.Seconds)}.";
        reporter.Say(reporter.Terminal.Good(done) + (DescribeEvaluation(summary) is { } evaluation ? " " + evaluation : ""));
        var result = ResultOf(folder, spec);
        var isFull = spec.Method == TrainingMethod.Full;
        reporter.Say($"{(isFull ? "Model" : "Adapter")}: {result}");
        string[] model = isFull ? ["--model", result] : ["--model", spec.Model.Path, "--adapter", result];
        reporter.Say($"Try it: {CommandLineText.Call(["generate", .. model, "--prompt", "…"])}");
    }

    private JsonObject Describe(JobExit? exit)
    {
        var more = new JsonObject { ["job_folder"] = folder.Root };
        if (exit is null)
        {
            return more;
        }

        if (exit.Status == JobStatus.Succeeded)
        {
            more[spec.Method == TrainingMethod.Full ? "model" : "adapter"] = ResultOf(folder, spec);
        }

        // As the worker wrote it, so that both spell every figure alike.
        more["summary"] = JsonNode.Parse(File.ReadAllBytes(folder.Exit))!["summary"]?.DeepClone();
        return more;
    }
}
