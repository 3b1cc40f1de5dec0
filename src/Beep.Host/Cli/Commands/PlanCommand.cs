using System.CommandLine;
using Beep.Contracts;
using Beep.Host.Cli.Plans;
using Beep.Host.Cli.Training;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Planning;
using Beep.Host.Jobs.Specs;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep plan</c>: what a run would take and what stands in its way, before it is started.</summary>
internal static class PlanCommand
{
    public static Command Create(HostServices services)
    {
        var spec = new SpecOptions(requiresOutput: false);
        var json = CommonOptions.Json();
        var command = new Command("plan", "Says what a run would take and lists every problem, without starting it.");
        spec.AddTo(command);
        command.Add(json);
        command.SetAction((result, cancellationToken) =>
            RunAsync(services, spec.Output(result), spec.Read(result), spec.Python(result), new Reporter(services.Terminal, result.GetValue(json)), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HostServices services, string? output, SpecSources sources, PythonChoice python, Reporter reporter, CancellationToken cancellationToken)
    {
        var spec = output is null ? SpecComposer.Compose(sources, "plan") : JobFolderPreparer.Inspect(output, sources).Spec;
        var context = new PlanContext(spec, Machine.Current(), output, cancellationToken);
        reporter.Say($"Planning to train '{spec.Model.Path}' on '{spec.Data.Train}'.");
        IReadOnlyList<PlanProblem> problems = [.. await FindWorkerAsync(services, spec, python, cancellationToken).ConfigureAwait(false), .. Planner.FindProblems(context)];
        var exitCode = problems.Any(problem => problem.Severity == PlanSeverity.Error) ? WorkerExitCode.Invalid : WorkerExitCode.Succeeded;
        var view = new PlanView(context, problems);
        if (reporter.IsJson)
        {
            return reporter.Finish(exitCode, [.. problems.Where(problem => problem.Severity == PlanSeverity.Error).Select(problem => problem.Fault)], view.ToJson());
        }

        view.Print(reporter);
        reporter.Say(exitCode == WorkerExitCode.Succeeded
            ? $"Start it: the same arguments with '{CommandLineText.Call("train")}'{(output is null ? " and --out DIR" : "")}."
            : "Correct the errors above, then plan again.");
        return (int)exitCode;
    }

    /// <summary>What stands in the way of starting the worker. The trainer that ships with the program is not looked for: it is needed when a run starts.</summary>
    private static async Task<IEnumerable<PlanProblem>> FindWorkerAsync(HostServices services, JobSpec spec, PythonChoice python, CancellationToken cancellationToken)
    {
        if (spec.Backend == Backend.Torchsharp && python.Arguments.Count == 0)
        {
            return [];
        }

        try
        {
            await WorkerChoice.FindAsync(services, spec, python, cancellationToken).ConfigureAwait(false);
            return [];
        }
        catch (FaultException error)
        {
            return error.Faults.Select(fault => new PlanProblem(PlanSeverity.Error, fault));
        }
    }
}
