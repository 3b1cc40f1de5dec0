using System.Text.Json;

namespace Beep.LanguageModels.Tokenization;

/// <summary>
/// Finds the tokens with a role: by name in <c>tokenizer_config.json</c> (or the older <c>special_tokens_map.json</c>), by id in
/// <c>generation_config.json</c> and <c>config.json</c>. A name that the vocabulary lacks is passed over.
/// </summary>
internal static class SpecialTokensReader
{
    public static SpecialTokens Read(string modelFolder, Func<string, int?> idOf)
    {
        using var tokenizer = ModelJson.TryRead(modelFolder, "tokenizer_config.json");
        using var map = ModelJson.TryRead(modelFolder, "special_tokens_map.json");
        using var generation = ModelJson.TryRead(modelFolder, "generation_config.json");
        using var config = ModelJson.TryRead(modelFolder, "config.json");
        var ends = new List<int>();
        if (Named("eos_token") is { } named)
        {
            ends.Add(named);
        }

        ends.AddRange(Ids(generation, "eos_token_id"));
        ends.AddRange(Ids(config, "eos_token_id"));
        var pad = Named("pad_token") ?? FirstId(generation, "pad_token_id") ?? FirstId(config, "pad_token_id");
        return new SpecialTokens([.. ends.Distinct()], pad, Named("bos_token"));

        int? Named(string role) => (ModelJson.TokenText(tokenizer, role) ?? ModelJson.TokenText(map, role)) is { } text ? idOf(text) : null;
    }

    private static int? FirstId(JsonDocument? document, string name) => Ids(document, name).Select(static id => (int?)id).FirstOrDefault();

    /// <summary>A member that is one id or a list of them; anything else counts as absent.</summary>
    private static IEnumerable<int> Ids(JsonDocument? document, string name)
    {
        if (document is null || !document.RootElement.TryGetProperty(name, out var value))
        {
            return [];
        }

        var values = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value];
        return values
            .Select(static item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) ? id : -1)
            .Where(static id => id >= 0);
    }
}
