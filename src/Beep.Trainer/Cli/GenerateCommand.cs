using System.CommandLine;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Tokenization;
using Beep.Trainer.Adapters;
using Beep.Trainer.Generation;
using Beep.Trainer.Models;
using Beep.Trainer.Training;

namespace Beep.Trainer.Cli;

/// <summary><c>beep-trainer generate</c>: lets a model, with or without an adapter, answer a prompt.</summary>
internal static class GenerateCommand
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Option<string> Model = new("--model") { Description = "A model folder in Hugging Face layout", Required = true };
    private static readonly Option<string?> Adapter = new("--adapter") { Description = "An adapter folder in PEFT layout" };
    private static readonly Option<string> Prompt = new("--prompt") { Description = "What to answer", Required = true };
    private static readonly Option<string?> System = new("--system") { Description = "A system message before it" };
    private static readonly Option<int> MaxNewTokens = new("--max-new-tokens") { Description = "The longest answer, in tokens", DefaultValueFactory = _ => 256 };
    private static readonly Option<double> Temperature = new("--temperature") { Description = "0 takes the likeliest words; 1 draws as the model learnt", DefaultValueFactory = _ => 0 };
    private static readonly Option<double> TopP = new("--top-p") { Description = "Draw from the fewest tokens that hold this share", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> TopK = new("--top-k") { Description = "Draw from so many tokens at most; 0 from all", DefaultValueFactory = _ => 0 };
    private static readonly Option<long> Seed = new("--seed") { Description = "Makes the draws repeatable", DefaultValueFactory = _ => 42 };
    private static readonly Option<bool> Raw = new("--raw") { Description = "Continue the prompt as plain text, without the chat template" };
    private static readonly Option<bool> Json = new("--json") { Description = "One JSON object instead of text" };
    private static readonly Option<Precision> NumberFormat = new("--precision") { Description = "auto, fp32 or bf16", DefaultValueFactory = _ => Precision.Auto };

    public static Command Build()
    {
        var command = new Command("generate", "Answer a prompt.") { Model, Adapter, Prompt, System, MaxNewTokens, Temperature, TopP, TopK, Seed, Raw, Json, NumberFormat };
        command.SetAction(result => TrainerCommands.Guard(() => Run(result)));
        return command;
    }

    private static WorkerExitCode Run(ParseResult arguments)
    {
        var options = Options(arguments);
        var folder = arguments.GetRequiredValue(Model);
        var tokenizer = Tokenizer.Load(folder);
        using var model = CausalLanguageModel.Load(folder, trained: false, Support.ComputeType(arguments.GetValue(NumberFormat)), Support.Device());
        if (arguments.GetValue(Adapter) is { } adapter)
        {
            LoraAdapter.Load(model, adapter);
        }

        var raw = arguments.GetValue(Raw);
        var generator = new TextGenerator(model, tokenizer, raw ? null : ChatTemplate.Load(folder));
        var prompt = arguments.GetRequiredValue(Prompt);
        var pieces = raw ? generator.Complete(prompt, options) : generator.Answer(prompt, arguments.GetValue(System), options);
        var started = Stopwatch.GetTimestamp();
        if (arguments.GetValue(Json))
        {
            var text = string.Concat(pieces);
            Console.WriteLine(Describe(text, generator, Stopwatch.GetElapsedTime(started).TotalSeconds).ToJsonString(Readable));
            return WorkerExitCode.Succeeded;
        }

        foreach (var piece in pieces)
        {
            Console.Write(piece);
            Console.Out.Flush();
        }

        Console.WriteLine();
        return WorkerExitCode.Succeeded;
    }

    private static JsonObject Describe(string text, TextGenerator generator, double seconds) => new()
    {
        ["text"] = text,
        ["finish_reason"] = generator.FinishReason,
        ["prompt_tokens"] = generator.Usage.Prompt,
        ["completion_tokens"] = generator.Usage.Answer,
        ["tokens_per_second"] = Math.Round(generator.Usage.Answer / Math.Max(seconds, 1e-9), 1),
    };

    private static SamplingOptions Options(ParseResult arguments)
    {
        var options = new SamplingOptions(
            arguments.GetValue(Temperature), arguments.GetValue(TopP), arguments.GetValue(TopK), arguments.GetValue(Seed), arguments.GetValue(MaxNewTokens));
        var faults = new List<Fault>();
        Check(options.Temperature is >= 0 and <= 10, "--temperature", options.Temperature, "from 0 to 10");
        Check(options.TopP is > 0 and <= 1, "--top-p", options.TopP, "above 0 and at most 1");
        Check(options.TopK >= 0, "--top-k", options.TopK, "0 or more");
        Check(options.MaxNewTokens is >= 1 and <= 1 << 20, "--max-new-tokens", options.MaxNewTokens, "from 1 to 1048576");
        return faults.Count == 0 ? options : throw new FaultException(WorkerExitCode.Invalid, faults);

        void Check(bool isSound, string name, double value, string bounds)
        {
            if (!isSound)
            {
                faults.Add(new("out_of_range", FormattableString.Invariant($"'{name}' is {value}; it must be {bounds}."), "Correct the value.", name));
            }
        }
    }
}
