using System.CommandLine;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Jobs.Specs;
using Spectre.Console;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep presets</c>: what <c>--preset</c> can name, and what it sets.</summary>
internal static class PresetsCommand
{
    public static Command Create(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("presets", "Lists the presets and what each of them sets.") { json };
        command.SetAction(result => Run(new Reporter(services.Terminal, result.GetValue(json))));
        return command;
    }

    private static int Run(Reporter reporter)
    {
        var presets = PresetCatalog.Names.Select(PresetCatalog.Get).ToList();
        if (!reporter.IsJson)
        {
            reporter.Say("Presets for --preset; any field can be changed with --set:");
            var table = new Table().Border(TableBorder.Rounded).AddColumns("Preset", "What it is", "What it sets");
            foreach (var preset in presets)
            {
                table.AddRow(Markup.Escape(preset.Name), Markup.Escape(preset.Description), Markup.Escape(string.Join("\n", Fields(preset.Tree, ""))));
            }

            reporter.Terminal.ToAnsiConsole().Write(table);
            reporter.Say($"Use one: {CommandLineText.Call("plan", "--preset", PresetCatalog.Default, "--model", "DIR", "--data", "FILE")}");
        }

        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject
        {
            ["presets"] = new JsonArray([.. presets.Select(preset => new JsonObject
            {
                ["name"] = preset.Name,
                ["description"] = preset.Description,
                ["spec"] = preset.Tree.DeepClone(),
            })]),
        });
    }

    private static IEnumerable<string> Fields(JsonObject tree, string prefix) => tree.SelectMany(pair =>
        pair.Value is JsonObject child ? Fields(child, $"{prefix}{pair.Key}.") : [$"{prefix}{pair.Key}={pair.Value?.ToJsonString() ?? "null"}"]);
}
