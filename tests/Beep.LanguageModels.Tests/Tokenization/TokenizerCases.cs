using System.Text.Json;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Tests.Tokenization;

/// <summary>Replays what the tokenizers library made of texts: ids, decoded text and, where given, offsets in code points.</summary>
internal static class TokenizerCases
{
    public static int Replay(Tokenizer tokenizer, string referenceFile)
    {
        using var reference = JsonDocument.Parse(File.ReadAllBytes(referenceFile));
        var count = 0;
        foreach (var item in reference.RootElement.GetProperty("tokenizer_cases").EnumerateArray())
        {
            var text = item.GetProperty("text").GetString()!;
            var ids = Ints(item.GetProperty("ids"));
            Assert.Equal((text, string.Join(' ', ids)), (text, string.Join(' ', tokenizer.Encode(text))));
            Assert.Equal(item.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
            var traced = tokenizer.EncodeWithOffsets(text);
            Assert.Equal(ids, traced.Ids);
            if (item.TryGetProperty("offsets", out var offsets))
            {
                var expected = Ints(offsets);
                var toPoint = PointOfUnit(text);
                var actual = traced.Starts.Zip(traced.Ends).SelectMany(span => new[] { toPoint[span.First], toPoint[span.Second] });
                Assert.Equal((text, string.Join(' ', expected)), (text, string.Join(' ', actual)));
            }

            count++;
        }

        return count;
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(static value => value.GetInt32())];

    private static int[] PointOfUnit(string text)
    {
        var result = new int[text.Length + 1];
        for (var index = 0; index < text.Length; index++)
        {
            result[index + 1] = result[index] + (char.IsHighSurrogate(text[index]) ? 0 : 1);
        }

        return result;
    }
}
