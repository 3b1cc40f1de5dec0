using System.Text.Json.Nodes;
using Beep.LanguageModels.Packing;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

/// <summary>
/// What rows of every format come to, and in which order they are visited: <c>tests/Fixtures/encoding/expected.json</c>. The Hugging
/// Face worker's tests hold it to the same file.
/// </summary>
public sealed class EncodingParityTests
{
    private static readonly string Folder = RepositoryFiles.Fixture("encoding");

    [Fact]
    public void Encoding_OfEveryCase_IsTheAgreedOne()
    {
        var cases = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray();
        var expected = new JsonObject
        {
            ["cases"] = new JsonObject(cases.Select(one => KeyValuePair.Create((string)one!["name"]!, (JsonNode?)EncodedCases.Encode(one.AsObject(), Folder)))),
            ["orders"] = new JsonArray([.. Orders()]),
            ["packings"] = new JsonArray([.. Packings()]),
        };
        EncodedCases.AssertAgreed(Path.Combine(Folder, "expected.json"), expected);
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

    private static JsonArray List(int[] numbers) => EncodedCases.List(numbers);
}
