using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Cli.Training;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Specs;
using Beep.Host.Quickstart;
using Spectre.Console;

namespace Beep.Host.Cli.Quickstarting;

/// <summary>What the quickstart says of its job.</summary>
internal static class QuickstartReport
{
    private const int ShownCharacters = 240;

    /// <summary>What is going to happen, before it does.</summary>
    public static void Announce(Reporter reporter, PreparedJob job)
    {
        reporter.Say(job.State == JobFolderState.New
            ? "Fine-tuning the tiny model that ships with beep, on this machine and with nothing sent anywhere."
            : "Going on with the quickstart where it was stopped.");
        reporter.Say($"  Model   {job.Spec.Model.Path}");
        reporter.Say($"  Data    {job.Spec.Data.Train}");
        reporter.Say($"  Result  {job.Folder.Root}");
        reporter.Say("It takes a few minutes. Ctrl+C saves; the same command goes on from there.");
        reporter.Say();
    }

    /// <summary>That nothing is left to be trained.</summary>
    public static void SayFinished(Reporter reporter, PreparedJob job) =>
        reporter.Say($"The quickstart in '{job.Folder.Root}' is finished; this is what came of it. Start over with: {CommandLineText.Call("quickstart", "--again")}");

    /// <summary>What came of it; ends the command where <c>--json</c> wants one object.</summary>
    /// <param name="reporter">Where to.</param>
    /// <param name="job">The job.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="more">More for the object.</param>
    public static int Show(Reporter reporter, PreparedJob job, JobOutcome outcome, JsonObject? more = null)
    {
        var answers = AnswerPair.Read(job.Folder);
        reporter.Say();
        ShowAnswers(reporter, answers);
        if (TrainingReport.DescribeEvaluation(outcome.Exit?.Summary) is { } evaluation)
        {
            reporter.Say(reporter.Terminal.Good(evaluation) + " Lower is better. These questions are about things that the training rows leave out; the base model had read of them, but never a question.");
        }

        reporter.Say($"Adapter  {job.Folder.Adapter}");
        reporter.Say($"Log      {job.Folder.Events}");
        reporter.Say("Next:");
        reporter.Say($"  {CommandLineText.Call("generate", "--model", job.Spec.Model.Path, "--adapter", job.Folder.Adapter, "--prompt", answers.Count > 0 ? answers[0].Prompt : "What is a river?")}");
        reporter.Say($"  {CommandLineText.Call("plan", "--model", job.Spec.Model.Path, "--data", "your-rows.jsonl")}");
        var result = new JsonObject
        {
            ["job_folder"] = job.Folder.Root,
            ["adapter"] = job.Folder.Adapter,
            ["held_out_loss"] = new JsonArray(outcome.Exit?.Summary?.FirstEvaluationLoss, outcome.Exit?.Summary?.LastEvaluationLoss),
            ["answers"] = new JsonArray([.. answers.Select(answer => new JsonObject { ["prompt"] = answer.Prompt, ["base"] = answer.Base, ["tuned"] = answer.Tuned })]),
        };
        foreach (var (name, value) in more ?? [])
        {
            result[name] = value?.DeepClone();
        }

        return reporter.Finish(WorkerExitCode.Succeeded, [], result);
    }

    private static void ShowAnswers(Reporter reporter, IReadOnlyList<AnswerPair> answers)
    {
        if (reporter.IsJson || answers.Count == 0)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).ShowRowSeparators().AddColumns("Asked", "The base model answers", "The tuned model answers");
        foreach (var answer in answers)
        {
            table.AddRow(Cell(answer.Prompt), Cell(answer.Base), Cell(answer.Tuned));
        }

        reporter.Terminal.ToAnsiConsole().Write(table);
    }

    private static string Cell(string text)
    {
        var clean = PlainText.Clean(text).Trim();
        return Markup.Escape(clean.Length <= ShownCharacters ? clean : clean[..ShownCharacters] + "…");
    }
}
