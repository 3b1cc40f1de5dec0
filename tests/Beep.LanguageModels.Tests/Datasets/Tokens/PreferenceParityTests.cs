using System.Text.Json.Nodes;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Tokens;

/// <summary>
/// What pairs of answers in every spelling come to: <c>tests/Fixtures/preferences/expected.json</c>. The Hugging Face worker's tests
/// hold it to the same file.
/// </summary>
public sealed class PreferenceParityTests
{
    [Fact]
    public void Encoding_OfEveryPair_IsTheAgreedOne()
    {
        var folder = RepositoryFiles.Fixture("preferences");
        var expected = new JsonObject();
        foreach (var one in JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "cases.json")))!.AsArray())
        {
            one!["task"] = "dpo";
            expected[(string)one["name"]!] = EncodedCases.Encode(one.AsObject(), folder);
        }

        EncodedCases.AssertAgreed(Path.Combine(folder, "expected.json"), expected);
    }
}
