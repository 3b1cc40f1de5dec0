using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.LanguageModels.Datasets.Checking;

namespace Beep.Host.Datasets.Checking;

/// <summary>What was found in a version, as <c>beep dataset check --json</c> says it: <c>report.json</c> in its folder.</summary>
internal static class ReportFile
{
    private const string FileName = "report.json";

    private static readonly JsonSerializerOptions Options = new() { WriteIndented = false };

    /// <summary>The report; null while there is none.</summary>
    public static JsonObject? Read(string folder)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, FileName))) as JsonObject;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Of rows that were read.</summary>
    /// <param name="folder">Of the version.</param>
    /// <param name="report">What was found.</param>
    /// <param name="sourceName">What the file is called in the report: where it lies is nobody's business.</param>
    /// <param name="columns">What was taken for what.</param>
    /// <param name="model">Whose tokens were counted; null for none.</param>
    public static void Write(string folder, DatasetReport report, string sourceName, IReadOnlyDictionary<string, string>? columns, string? model) => Write(folder, new JsonObject
    {
        ["errors"] = report.Errors,
        ["model"] = model,
        ["columns"] = columns is null ? null : new JsonObject([.. columns.Select(column => KeyValuePair.Create(column.Key, (JsonNode?)column.Value))]),
        ["data"] = Rename(DatasetJson.Whole(report)!, report.File, sourceName),
    });

    /// <summary>Of a file that could not be read as rows at all.</summary>
    public static void Write(string folder, IReadOnlyList<Fault> faults, string path, string sourceName, long bytes) => Write(folder, new JsonObject
    {
        ["errors"] = faults.Count,
        ["model"] = null,
        ["columns"] = null,
        ["data"] = new JsonObject
        {
            ["file"] = sourceName,
            ["bytes"] = bytes,
            ["format"] = "auto",
            ["rows"] = 0,
            ["valid_rows"] = 0,
            ["duplicates"] = 0,
            ["tokens"] = null,
            ["findings"] = new JsonArray([.. faults.Select(fault => QuickCheck.Hide(fault, path, sourceName)).Select(fault => new JsonObject
            {
                ["code"] = fault.Code,
                ["severity"] = "error",
                ["count"] = 1,
                ["first"] = new JsonArray(new JsonObject { ["line"] = null, ["field"] = null, ["message"] = fault.Message, ["remedy"] = fault.Remedy }),
            })]),
        },
    });

    private static JsonObject Rename(JsonObject data, string path, string sourceName)
    {
        data["file"] = sourceName;
        foreach (var finding in data["findings"]!.AsArray().SelectMany(group => group!["first"]!.AsArray()))
        {
            foreach (var text in new[] { "message", "remedy" })
            {
                finding![text] = ((string)finding[text]!).Replace(path, sourceName, StringComparison.Ordinal);
            }
        }

        return data;
    }

    private static void Write(string folder, JsonObject report) => AtomicFile.Write(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(report, Options));
}
