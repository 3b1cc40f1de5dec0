using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Jobs;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep generate</c>: the worker answers straight to the terminal.</summary>
internal static class GenerateCommand
{
    public static Command Create(HostServices services)
    {
        var model = CommonOptions.Required("--model", "The model: a folder in Hugging Face layout.", "DIR");
        var adapter = CommonOptions.Optional("--adapter", "An adapter in PEFT layout, such as a job's artifacts/adapter.", "DIR");
        var prompt = CommonOptions.Required("--prompt", "What is asked.", "TEXT");
        var system = CommonOptions.Optional("--system", "A system message before it.", "TEXT");
        var length = new Option<int?>("--max-new-tokens") { Description = "The longest answer, in tokens.", HelpName = "N" };
        var temperature = new Option<double?>("--temperature") { Description = "0 takes the likeliest token each time; more is more varied.", HelpName = "X" };
        var topP = new Option<double?>("--top-p") { Description = "Draws from the likeliest tokens that make up this share.", HelpName = "X" };
        var topK = new Option<int?>("--top-k") { Description = "Draws from so many of the likeliest tokens.", HelpName = "N" };
        var seed = new Option<long?>("--seed") { Description = "The same seed gives the same answer.", HelpName = "N" };
        var raw = new Option<bool>("--raw") { Description = "Hands the prompt over as it is, without the chat template." };
        var json = CommonOptions.Json();
        var command = new Command("generate", "Asks a model, with or without an adapter.")
        {
            model, adapter, prompt, system, length, temperature, topP, topK, seed, raw, json,
        };
        command.SetAction((result, cancellationToken) =>
        {
            var arguments = new WorkerArguments("generate")
                .Add("--model", Path.GetFullPath(result.GetValue(model)!))
                .Add("--adapter", result.GetValue(adapter) is { } folder ? Path.GetFullPath(folder) : null)
                .Add("--prompt", result.GetValue(prompt))
                .Add("--system", result.GetValue(system))
                .Add("--max-new-tokens", Text(result.GetValue(length)))
                .Add("--temperature", Text(result.GetValue(temperature)))
                .Add("--top-p", Text(result.GetValue(topP)))
                .Add("--top-k", Text(result.GetValue(topK)))
                .Add("--seed", Text(result.GetValue(seed)))
                .Add("--raw", result.GetValue(raw))
                .Add("--json", result.GetValue(json));
            var reporter = new Reporter(services.Terminal, result.GetValue(json));
            return AnswerAsync(services.LocateTrainer(), arguments.Items, reporter, cancellationToken);
        });
        return command;
    }

    /// <summary>A person reads the answer as it is written; a program gets it whole.</summary>
    private static async Task<int> AnswerAsync(TrainerProgram program, IReadOnlyList<string> arguments, Reporter reporter, CancellationToken cancellationToken)
    {
        var answer = reporter.IsJson
            ? await WorkerCall.CaptureAsync(program, arguments, cancellationToken).ConfigureAwait(false)
            : await WorkerCall.PassThroughAsync(program, arguments, cancellationToken).ConfigureAwait(false);
        if (answer.ExitCode != 0)
        {
            return reporter.Fail(WorkerFaults.ExitCodeOf(answer), WorkerFaults.Read(answer, "generate"));
        }

        try
        {
            return !reporter.IsJson ? 0 : reporter.Finish(WorkerExitCode.Succeeded, [], JsonNode.Parse(answer.Output)?.AsObject());
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw FaultException.Failed("worker_unreadable", $"The worker's answer cannot be read: {error.Message}", "Run ./beep doctor.", cause: error);
        }
    }

    private static string? Text<T>(T? value)
        where T : struct, IFormattable => value?.ToString(null, CultureInfo.InvariantCulture);
}
