using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Host.Jobs.Specs;

/// <summary>A named part of a spec that ships with the product.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Description">One sentence for a list.</param>
/// <param name="Tree">The fields it sets.</param>
internal sealed record Preset(string Name, string Description, JsonObject Tree);

/// <summary>The presets of the <c>Presets</c> folder, compiled into the program.</summary>
internal static class PresetCatalog
{
    private const string ResourcePrefix = "presets/";
    private const string CommentKey = "$comment";

    /// <summary>What is taken where nobody chose.</summary>
    public const string Default = "lora";

    /// <summary>Every name, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(PresetCatalog).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => name[ResourcePrefix.Length..])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Finds a preset.</summary>
    /// <exception cref="FaultException">There is none of that name.</exception>
    public static Preset Get(string name)
    {
        using var stream = typeof(PresetCatalog).Assembly.GetManifestResourceStream(ResourcePrefix + name)
            ?? throw FaultException.Invalid("unknown_preset", $"There is no preset '{name}'.", $"Known: {string.Join(", ", Names)}.", "--preset");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var tree = SpecReader.Parse(bytes, $"preset {name}");
        var description = tree[CommentKey]?.GetValue<string>() ?? "";
        tree.Remove(CommentKey);
        return new Preset(name, description, tree);
    }
}
