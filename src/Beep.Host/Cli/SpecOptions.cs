using System.CommandLine;
using Beep.Host.Cli.Training;
using Beep.Host.Jobs.Specs;

namespace Beep.Host.Cli;

/// <summary>The options of which a spec is composed, shared by <c>train</c> and <c>plan</c>.</summary>
internal sealed class SpecOptions(bool requiresOutput)
{
    private readonly Option<string?> _model = new("--model") { Description = "The base model: a folder in Hugging Face layout.", HelpName = "DIR" };
    private readonly Option<string?> _data = new("--data") { Description = "The training rows: .jsonl, .json, .csv or .txt.", HelpName = "FILE" };
    private readonly Option<string?> _validation = new("--validation") { Description = "Held-out rows, scored before, while and after training.", HelpName = "FILE" };
    private readonly Option<string?> _preset = new("--preset") { Description = $"{string.Join(", ", PresetCatalog.Names)}; '{PresetCatalog.Default}' where none is named.", HelpName = "NAME" };
    private readonly Option<string?> _spec = new("--spec") { Description = "A JSON file with fields of the spec, laid over the preset.", HelpName = "FILE" };
    private readonly Option<string[]> _set = new("--set") { Description = "One field of the spec, over everything else: --set train.max_steps=20. May be repeated.", HelpName = "KEY=VALUE", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
    private readonly Option<string?> _backend = new("--backend") { Description = "The worker that runs it: torchsharp or transformers.", HelpName = "NAME" };
    private readonly Option<string?> _environment = new("--environment") { Description = "For transformers: the environment of this host that runs it; left out where exactly one is ready.", HelpName = "NAME" };
    private readonly Option<string?> _python = new("--python") { Description = "For transformers: any Python that has its libraries, in the place of an environment.", HelpName = "PATH" };
    private readonly Option<string?> _out = new("--out") { Description = "The job folder. An existing one of the same spec is resumed.", HelpName = "DIR", Required = requiresOutput };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _model, _data, _validation, _out, _preset, _spec, _set, _backend, _environment, _python })
        {
            command.Add(option);
        }
    }

    /// <summary>The job folder that was named; null for none.</summary>
    public string? Output(ParseResult result) => result.GetValue(_out);

    /// <summary>Which Python was named.</summary>
    public PythonChoice Python(ParseResult result) => new(result.GetValue(_environment), result.GetValue(_python));

    /// <summary>What was named.</summary>
    public SpecSources Read(ParseResult result) => new()
    {
        Model = result.GetValue(_model),
        Data = result.GetValue(_data),
        Validation = result.GetValue(_validation),
        Preset = result.GetValue(_preset),
        SpecFile = result.GetValue(_spec),
        Settings = result.GetValue(_set) ?? [],
        Backend = result.GetValue(_backend),
    };
}
