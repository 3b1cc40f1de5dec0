using System.CommandLine;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Cli.Training;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Specs;
using Beep.Host.Quickstart;
using Spectre.Console;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep quickstart</c>: a fine-tune from start to end on what ships with the product.</summary>
internal static class QuickstartCommand
{
    private const int ShownCharacters = 240;

    public static Command Create(HostServices services)
    {
        var exit = new Option<bool>("--exit") { Description = "Ends after the run. There is no server to start afterwards yet, so this is also what happens without it." };
        var again = new Option<bool>("--again") { Description = "Removes a former quickstart and starts over." };
        var json = CommonOptions.Json();
        var command = new Command("quickstart", "Fine-tunes the tiny model that ships with beep, and shows what changed. Takes a few minutes.") { exit, again, json };
        command.SetAction((result, cancellationToken) =>
            RunAsync(services, result.GetValue(again), new Reporter(services.Terminal, result.GetValue(json)), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HostServices services, bool again, Reporter reporter, CancellationToken cancellationToken)
    {
        var folder = HostPaths.FromEnvironment(services.Variable).Quickstart;
        var shipped = ShippedFiles.Require(services.ProgramFolder);
        if (again)
        {
            QuickstartJob.Remove(folder);
        }

        var job = QuickstartJob.Prepare(folder, shipped);
        if (job.State == JobFolderState.Finished)
        {
            reporter.Say($"The quickstart in '{folder}' is finished; this is what came of it. Start over with: {CommandLineText.Call("quickstart", "--again")}");
            return Show(reporter, job, new JobOutcome(WorkerExitCode.Succeeded, JobExit.Read(job.Folder), []));
        }

        JobFolderPreparer.Write(job);
        Announce(reporter, job);
        var view = TrainingSession.ViewFor(services, reporter.IsJson);
        var outcome = await new TrainingSession(services, view).RunAsync(job.Folder, cancellationToken).ConfigureAwait(false);
        if (outcome.ExitCode == WorkerExitCode.Cancelled)
        {
            reporter.Say($"Stopped; a checkpoint is saved in '{folder}'.");
            reporter.Say($"Go on with: {CommandLineText.Call("quickstart")}");
            return reporter.Finish(outcome.ExitCode, [], new JsonObject { ["job_folder"] = folder });
        }

        return outcome.ExitCode == WorkerExitCode.Succeeded
            ? Show(reporter, job, outcome)
            : reporter.Fail(outcome.ExitCode, outcome.Faults, new JsonObject { ["job_folder"] = folder });
    }

    private static void Announce(Reporter reporter, PreparedJob job)
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

    private static int Show(Reporter reporter, PreparedJob job, JobOutcome outcome)
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
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject
        {
            ["job_folder"] = job.Folder.Root,
            ["adapter"] = job.Folder.Adapter,
            ["held_out_loss"] = new JsonArray(outcome.Exit?.Summary?.FirstEvaluationLoss, outcome.Exit?.Summary?.LastEvaluationLoss),
            ["answers"] = new JsonArray([.. answers.Select(answer => new JsonObject { ["prompt"] = answer.Prompt, ["base"] = answer.Base, ["tuned"] = answer.Tuned })]),
        });
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
