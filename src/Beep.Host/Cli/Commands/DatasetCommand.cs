using System.CommandLine;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Cli.Plans;
using Beep.Host.Datasets.Checking;
using Beep.Host.Jobs.Specs;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Tokenization;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep dataset check</c>: what is wrong with a file of rows, line by line, and what it comes to in tokens.</summary>
internal static class DatasetCommand
{
    public static Command Create(HostServices services) => new("dataset", "Looks at training data.") { CreateCheck(services) };

    private static Command CreateCheck(HostServices services)
    {
        var file = new Argument<string>("FILE") { Description = "The rows: .jsonl, .json, .csv or .txt." };
        var model = CommonOptions.Optional("--model", "Counts tokens as this model would see them.", "DIR");
        var validation = CommonOptions.Optional("--validation", "Held-out rows, checked too and compared with the file.", "FILE");
        var set = new Option<string[]>("--set") { Description = "A field of the spec: --set data.max_length=512. May be repeated.", HelpName = "KEY=VALUE", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var json = CommonOptions.Json();
        var command = new Command("check", "Reports what is wrong with a file of rows, line by line, and counts its tokens.") { file, model, validation, set, json };
        command.SetAction((result, cancellationToken) =>
        {
            var sources = new SpecSources
            {
                Data = result.GetValue(file),
                Validation = result.GetValue(validation),
                // Checked as data only; the composer wants a model, and this folder is never opened.
                Model = result.GetValue(model) ?? ".",
                Settings = result.GetValue(set) ?? [],
            };
            var spec = SpecComposer.Compose(sources, "check");
            var isTaskSaid = sources.Settings.Any(setting => setting.StartsWith("task=", StringComparison.Ordinal));
            return Task.FromResult(Run(spec, isTaskSaid, result.GetValue(model) is not null, new Reporter(services.Terminal, result.GetValue(json)), cancellationToken));
        });
        return command;
    }

    private static int Run(JobSpec spec, bool isTaskSaid, bool countsTokens, Reporter reporter, CancellationToken cancellationToken)
    {
        if (countsTokens)
        {
            var context = ModelConfig.Load(spec.Model.Path).MaxPositionEmbeddings;
            spec = spec with { Data = spec.Data with { MaxLength = Math.Min(spec.Data.MaxLength, context) } };
        }

        reporter.Say($"Checking '{spec.Data.Train}'{(countsTokens ? $" with the tokenizer of '{spec.Model.Path}'" : "")}.");
        var report = DatasetChecker.Check(
            spec.Data.Train,
            new DatasetCheckOptions { Data = spec.Data, Task = isTaskSaid ? spec.Task : null, Validation = spec.Data.Validation },
            countsTokens ? Tokenizer.Load(spec.Model.Path) : null,
            countsTokens ? ChatTemplate.Load(spec.Model.Path, spec.Data.ChatTemplate) : null,
            cancellationToken);
        var exitCode = report.Errors == 0 ? WorkerExitCode.Succeeded : WorkerExitCode.Invalid;
        if (!reporter.IsJson)
        {
            new DatasetView(reporter).Print(report, spec.Data);
        }

        return reporter.Finish(exitCode, [], new JsonObject
        {
            ["errors"] = report.Errors,
            ["data"] = DatasetJson.Whole(report),
            ["validation"] = DatasetJson.Whole(report.Validation),
            ["validation_overlap"] = report.ValidationOverlap,
        });
    }
}
