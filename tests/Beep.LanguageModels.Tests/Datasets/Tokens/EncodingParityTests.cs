using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Packing;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

/// <summary>
/// What rows of every format come to, and in which order they are visited: <c>tests/Fixtures/encoding/expected.json</c>. The Hugging
/// Face worker's tests hold it to the same file.
/// </summary>
public sealed class EncodingParityTests
{
    private const string Write = "BEEP_WRITE_SNAPSHOTS";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n", WriteIndented = true, IndentSize = 1 };

    private static readonly string Folder = RepositoryFiles.Fixture("encoding");

    [Fact]
    public void Encoding_OfEveryCase_IsTheAgreedOne()
    {
        var cases = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray();
        var expected = new JsonObject
        {
            ["cases"] = new JsonObject(cases.Select(one => KeyValuePair.Create((string)one!["name"]!, (JsonNode?)Encode(one.AsObject())))),
            ["orders"] = new JsonArray([.. Orders()]),
            ["packings"] = new JsonArray([.. Packings()]),
        };
        var path = Path.Combine(Folder, "expected.json");
        var text = Flatten(expected.ToJsonString(Readable)) + "\n";
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
        var tree = new JsonObject { ["version"] = 1, ["job_id"] = "parity", ["model"] = new JsonObject { ["path"] = model }, ["data"] = data };
        var spec = SpecReader.Bind(tree, ignoreUnknown: false, out var faults);
        Assert.Empty(faults);
        try
        {
            var template = ChatTemplate.Load(model, spec.Data.ChatTemplate);
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
                    ["message"] = Relative(fault.Message),
                    ["remedy"] = Relative(fault.Remedy),
                    ["where"] = fault.Where is null ? null : Relative(fault.Where),
                })]),
            };
        }
    }

    private static IEnumerable<JsonNode> Orders()
    {
        foreach (var (count, seed, epoch) in new[] { (1, 42L, 0), (10, 42L, -1), (10, 42L, 0), (10, 42L, 1), (33, -7L, 2), (20, long.MaxValue, 3) })
        {
            yield return new JsonObject
            {
                ["count"] = count,
                ["seed"] = seed,
                ["epoch"] = epoch,
                ["order"] = List(SeededOrder.Permutation(count, seed, epoch)),
                ["derived"] = SeededOrder.Derive(seed, epoch + 2),
            };
        }
    }

    private static IEnumerable<JsonNode> Packings()
    {
        // The last has more sequences open at once than may wait.
        foreach (var (count, longest, maxLength) in new[] { (12, 9, 16), (60, 40, 64), (700, 90, 100) })
        {
            var lengths = Array.ConvertAll(SeededOrder.Permutation(count, count, 0), number => 1 + (number * 31 % longest));
            var sequences = SequenceSet.Pack(lengths, maxLength, SeededOrder.Permutation(count, 42, -1));
            yield return new JsonObject
            {
                ["lengths"] = List(lengths),
                ["max_length"] = maxLength,
                ["sequences"] = new JsonArray([.. Enumerable.Range(0, sequences.Count).Select(sequence => List(sequences.Rows(sequence).ToArray()))]),
            };
        }
    }

    private static JsonArray List(int[] numbers) => new([.. numbers.Select(number => (JsonNode)number)]);

    private static string Relative(string text) => text.Replace(Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);

    /// <summary>Lists of numbers on one line each.</summary>
    private static string Flatten(string json) =>
        System.Text.RegularExpressions.Regex.Replace(json, @"\[\s+(-?\d+(?:,\s+-?\d+)*)\s+\]", match => "[" + string.Join(",", match.Groups[1].Value.Split(',').Select(number => number.Trim())) + "]");
}
