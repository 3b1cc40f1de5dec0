using System.Text.Json;
using System.Text.Json.Serialization;

namespace Beep.Contracts;

/// <summary>Which linear layers get an adapter: <c>"all-linear"</c> or a list of names, as in PEFT.</summary>
[JsonConverter(typeof(TargetModulesConverter))]
public sealed record TargetModules
{
    private const string AllLinearName = "all-linear";

    private TargetModules(IReadOnlyList<string> names) => Names = names;

    /// <summary>Every linear layer but the output head.</summary>
    public static TargetModules AllLinear { get; } = new([]);

    /// <summary>The last parts of the layers' names (<c>q_proj</c>); empty for <see cref="AllLinear"/>.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether every linear layer is meant.</summary>
    public bool IsAllLinear => Names.Count == 0;

    /// <summary>The layers whose name is, or ends in a dot and, one of <paramref name="names"/>, which must not be empty.</summary>
    public static TargetModules Named(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentOutOfRangeException.ThrowIfZero(names.Count);
        return new([.. names.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>Whether both mean the same layers, in whatever order.</summary>
    public bool Equals(TargetModules? other) => other is not null && Names.ToHashSet(StringComparer.Ordinal).SetEquals(other.Names);

    /// <inheritdoc/>
    public override int GetHashCode() => Names.Aggregate(0, (hash, name) => hash ^ name.GetHashCode(StringComparison.Ordinal));

    /// <summary>As it stands in a spec.</summary>
    public override string ToString() => IsAllLinear ? AllLinearName : string.Join(", ", Names);

    internal sealed class TargetModulesConverter : JsonConverter<TargetModules>
    {
        public override TargetModules Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                var text = reader.GetString()!;
                return text == AllLinearName ? AllLinear : Named([text]);
            }

            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException("expected \"all-linear\" or a list of layer names");
            }

            var names = new List<string>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                names.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException("expected layer names as text"));
            }

            return names.Count > 0 ? Named(names) : throw new JsonException("expected at least one layer name");
        }

        public override void Write(Utf8JsonWriter writer, TargetModules value, JsonSerializerOptions options)
        {
            if (value.IsAllLinear)
            {
                writer.WriteStringValue(AllLinearName);
                return;
            }

            writer.WriteStartArray();
            foreach (var name in value.Names)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }
    }
}
