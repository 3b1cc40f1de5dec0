using System.Text.Json;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Beep.Host.Identity.Stored;

/// <summary>Lists of words as a JSON array in a text column, as the predecessor of this program has them.</summary>
internal static class StringListConversion
{
    private static readonly ValueConverter<IReadOnlyList<string>, string> Converter = new(list => Write(list), text => Read(text));

    private static readonly ValueComparer<IReadOnlyList<string>> Comparer = new(
        (left, right) => (left ?? Array.Empty<string>()).SequenceEqual(right ?? Array.Empty<string>()),
        list => list.Aggregate(0, (hash, word) => HashCode.Combine(hash, word)),
        list => list.ToList());

    public static PropertyBuilder<IReadOnlyList<string>> HasJsonList(this PropertyBuilder<IReadOnlyList<string>> property) => property.HasConversion(Converter, Comparer);

    /// <summary>What is no array of words counts as an empty one: it grants nothing.</summary>
    public static IReadOnlyList<string> Read(string? text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? [] : JsonSerializer.Deserialize<List<string>>(text)?.OfType<string>().ToList() ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static string Write(IReadOnlyList<string> list) => JsonSerializer.Serialize(list);
}
