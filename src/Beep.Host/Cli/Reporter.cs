using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Cli;

/// <summary>Ends a command: faults one a line, or one JSON object.</summary>
internal sealed class Reporter(Terminal terminal, bool isJson)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Terminal Terminal => terminal;

    public bool IsJson => isJson;

    /// <summary>A line for a person; nothing with <c>--json</c>.</summary>
    public void Say(string line = "")
    {
        if (!isJson)
        {
            terminal.Out.WriteLine(line);
        }
    }

    /// <summary>A line that also whoever reads only stderr must see.</summary>
    public void Note(string line) => terminal.Error.WriteLine(line);

    /// <summary>Lists faults on stderr, or as the one object on stdout.</summary>
    public int Fail(WorkerExitCode exitCode, IReadOnlyList<Fault> faults, JsonObject? more = null)
    {
        if (isJson)
        {
            return Finish(exitCode, faults, more);
        }

        foreach (var fault in faults)
        {
            terminal.Error.WriteLine($"{terminal.Bad("error:")} {PlainText.Clean(fault.ToString())}");
        }

        return (int)exitCode;
    }

    /// <summary>Writes the one object where <c>--json</c> asks for it.</summary>
    public int Finish(WorkerExitCode exitCode, IReadOnlyList<Fault> faults, JsonObject? more = null)
    {
        if (isJson)
        {
            var result = new JsonObject
            {
                ["status"] = exitCode switch
                {
                    WorkerExitCode.Succeeded => "succeeded",
                    WorkerExitCode.Cancelled => "cancelled",
                    _ => "failed",
                },
                ["exit_code"] = (int)exitCode,
            };
            foreach (var (key, value) in more ?? [])
            {
                result[key] = value?.DeepClone();
            }

            result["faults"] = ToJson(faults);
            terminal.Out.WriteLine(result.ToJsonString(Indented));
        }

        return (int)exitCode;
    }

    /// <summary>Faults as JSON objects.</summary>
    public static JsonArray ToJson(IEnumerable<Fault> faults) => [.. faults.Select(fault => new JsonObject
    {
        ["code"] = fault.Code,
        ["message"] = fault.Message,
        ["remedy"] = fault.Remedy,
        ["where"] = fault.Where,
    })];
}
