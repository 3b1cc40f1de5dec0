using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

/// <summary>Files of rows with what they come to, to which both workers are held.</summary>
internal static class EncodedCases
{
    private const string Write = "BEEP_WRITE_SNAPSHOTS";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n", WriteIndented = true, IndentSize = 1 };

    /// <summary>Compares with the file, which is written anew where that is asked for.</summary>
    public static void AssertAgreed(string path, JsonObject found)
    {
        var text = Flatten(found.ToJsonString(Readable)) + "\n";
        if (Environment.GetEnvironmentVariable(Write) == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path), text);
    }

    /// <summary>The rows that the case comes to, or the faults that it is refused with.</summary>
    public static JsonObject Encode(JsonObject one, string folder)
    {
        using var temporary = new TemporaryFolder();
        var model = RepositoryFiles.Fixture((string)one["model"]!);
        var data = one["data"]!.DeepClone().AsObject();
        data["train"] = Path.Combine(folder, (string)data["train"]!);
        var tree = new JsonObject { ["version"] = 1, ["job_id"] = "parity", ["task"] = one["task"]?.DeepClone() ?? "sft", ["model"] = new JsonObject { ["path"] = model }, ["data"] = data };
        var spec = SpecReader.Bind(tree, ignoreUnknown: false, out var faults);
        Assert.Empty(faults);
        try
        {
            var template = (bool?)one["template"] == false ? null : ChatTemplate.Load(model, spec.Data.ChatTemplate);
            using var store = DatasetPreparation.Prepare(spec, spec.Data.Train, Tokenizer.Load(model), template, temporary.At("train.tokens"), CancellationToken.None);
            var rows = new JsonArray();
            for (var row = 0; row < store.Rows; row++)
            {
                var (ids, labels) = (new int[store.Length(row)], new int[store.Length(row)]);
                store.Read(row, ids, labels);
                rows.Add((JsonNode)new JsonObject { ["line"] = store.Line(row), ["input_ids"] = List(ids), ["labels"] = List(labels) });
            }

            return new JsonObject { ["content"] = Convert.ToHexStringLower(store.Content), ["truncated"] = store.Statistics.Truncated, ["dropped"] = store.Statistics.Dropped, ["rows"] = rows };
        }
        catch (FaultException error)
        {
            return new JsonObject
            {
                ["faults"] = new JsonArray([.. error.Faults.Select(fault => (JsonNode)new JsonObject
                {
                    ["code"] = fault.Code,
                    ["message"] = Relative(fault.Message, folder),
                    ["remedy"] = Relative(fault.Remedy, folder),
                    ["where"] = fault.Where is null ? null : Relative(fault.Where, folder),
                })]),
            };
        }
    }

    public static JsonArray List(int[] numbers) => new([.. numbers.Select(number => (JsonNode)number)]);

    private static string Relative(string text, string folder) => text.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);

    /// <summary>Lists of numbers on one line each.</summary>
    private static string Flatten(string json) =>
        System.Text.RegularExpressions.Regex.Replace(json, @"\[\s+(-?\d+(?:,\s+-?\d+)*)\s+\]", match => "[" + string.Join(",", match.Groups[1].Value.Split(',').Select(number => number.Trim())) + "]");
}
