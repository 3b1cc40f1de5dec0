using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

/// <summary>
/// What pairs of answers in every spelling come to: <c>tests/Fixtures/preferences/expected.json</c>. The Hugging Face worker's tests
/// hold it to the same file.
/// </summary>
public sealed class PreferenceParityTests
{
    private const string Write = "BEEP_WRITE_SNAPSHOTS";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n", WriteIndented = true, IndentSize = 1 };

    private static readonly string Folder = RepositoryFiles.Fixture("preferences");

    [Fact]
    public void Encoding_OfEveryPair_IsTheAgreedOne()
    {
        var expected = new JsonObject();
        foreach (var one in JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray())
        {
            expected[(string)one!["name"]!] = Encode(one.AsObject());
        }

        var path = Path.Combine(Folder, "expected.json");
        var text = Regex.Replace(expected.ToJsonString(Readable), @"\[\s+(-?\d+(?:,\s+-?\d+)*)\s+\]", match => "[" + Regex.Replace(match.Groups[1].Value, @"\s", "") + "]") + "\n";
        if (Environment.GetEnvironmentVariable(Write) == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path), text);
    }

    private static JsonObject Encode(JsonObject one)
    {
        using var temporary = new TemporaryFolder();
        var model = RepositoryFiles.Fixture((string)one["model"]!);
        var data = one["data"]!.DeepClone().AsObject();
        data["train"] = Path.Combine(Folder, (string)data["train"]!);
        var tree = new JsonObject { ["version"] = 1, ["job_id"] = "parity", ["task"] = "dpo", ["model"] = new JsonObject { ["path"] = model }, ["data"] = data };
        var spec = SpecReader.Bind(tree, ignoreUnknown: false, out var faults);
        Assert.Empty(faults);
        try
        {
            var template = (bool?)one["template"] == false ? null : ChatTemplate.Load(model, spec.Data.ChatTemplate);
            using var store = DatasetPreparation.Prepare(spec, spec.Data.Train, Tokenizer.Load(model), template, temporary.At("train.tokens"), CancellationToken.None);
            var (truncated, dropped) = (store.Statistics.Truncated, store.Statistics.Dropped);
            return new JsonObject { ["content"] = Convert.ToHexStringLower(store.Content), ["truncated"] = truncated, ["dropped"] = dropped, ["rows"] = new JsonArray([.. Rows(store)]) };
        }
        catch (FaultException error)
        {
            return new JsonObject { ["faults"] = JsonSerializer.SerializeToNode(error.Faults.Select(fault => new { code = fault.Code, message = Relative(fault.Message), remedy = Relative(fault.Remedy), where = Relative(fault.Where) })) };
        }
    }

    private static IEnumerable<JsonNode> Rows(LanguageModels.Datasets.Tokens.TokenStore store)
    {
        for (var row = 0; row < store.Rows; row++)
        {
            var (ids, labels) = (new int[store.Length(row)], new int[store.Length(row)]);
            store.Read(row, ids, labels);
            yield return new JsonObject { ["line"] = store.Line(row), ["input_ids"] = JsonSerializer.SerializeToNode(ids), ["labels"] = JsonSerializer.SerializeToNode(labels) };
        }
    }

    private static string? Relative(string? text) => text?.Replace(Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
}
