using Beep.Host.Hosting.Processes;

namespace Beep.Host.Models;

/// <summary>The licence that a model card names in the lines between its first two rules.</summary>
internal static class ModelLicense
{
    private const int MostLines = 200;
    private const int MostCharacters = 64 * 1024;

    /// <summary>Null where the card says none.</summary>
    public static string? Read(string folder)
    {
        var path = Path.Combine(folder, "README.md");
        if (!File.Exists(path))
        {
            return null;
        }

        using var reader = new StreamReader(path);
        var buffer = new char[MostCharacters];
        return Parse(new string(buffer, 0, reader.ReadBlock(buffer, 0, buffer.Length)));
    }

    /// <summary>As <see cref="Read"/>, of the card's text.</summary>
    public static string? Parse(string card)
    {
        var lines = card.ReplaceLineEndings("\n").Split('\n', MostLines);
        if (lines[0].TrimEnd() != "---")
        {
            return null;
        }

        var head = lines.Skip(1).TakeWhile(line => line.TrimEnd() != "---").ToList();
        var license = Value(head, "license:");
        return license is null or "other" ? Value(head, "license_name:") ?? license : license;
    }

    /// <summary>Made harmless and short.</summary>
    public static string? Clean(string? license)
    {
        var clean = PlainText.Clean(license ?? "").Trim();
        return clean.Length == 0 ? null : clean[..Math.Min(clean.Length, Model.LongestName)];
    }

    private static string? Value(List<string> head, string key) =>
        Clean(head.Find(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..].Trim().Trim('"', '\''));
}
