using System.CommandLine;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Jobs;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep merge</c>: adds an adapter into its base model.</summary>
internal static class MergeCommand
{
    public static Command Create(HostServices services)
    {
        var model = CommonOptions.Required("--model", "The base model: a folder in Hugging Face layout.", "DIR");
        var adapter = CommonOptions.Required("--adapter", "The adapter in PEFT layout.", "DIR");
        var output = CommonOptions.Required("--out", "The folder of the merged model, which must not exist yet.", "DIR");
        var json = CommonOptions.Json();
        var command = new Command("merge", "Adds an adapter into its base model, so that the result needs neither.") { model, adapter, output, json };
        command.SetAction((result, cancellationToken) => RunAsync(
            services,
            Path.GetFullPath(result.GetValue(model)!),
            Path.GetFullPath(result.GetValue(adapter)!),
            Path.GetFullPath(result.GetValue(output)!),
            new Reporter(services.Terminal, result.GetValue(json)),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HostServices services, string model, string adapter, string output, Reporter reporter, CancellationToken cancellationToken)
    {
        reporter.Say($"Merging '{adapter}' into '{model}'.");
        var arguments = new WorkerArguments("merge").Add("--model", model).Add("--adapter", adapter).Add("--out", output);
        var answer = await WorkerCall.CaptureAsync(services.LocateTrainer(), arguments.Items, cancellationToken).ConfigureAwait(false);
        if (answer.ExitCode != 0)
        {
            return reporter.Fail(WorkerFaults.ExitCodeOf(answer), WorkerFaults.Read(answer, "merge"));
        }

        reporter.Say($"Model: {output}");
        reporter.Say($"Try it: {CommandLineText.Call("generate", "--model", output, "--prompt", "…")}");
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["model"] = output });
    }
}
