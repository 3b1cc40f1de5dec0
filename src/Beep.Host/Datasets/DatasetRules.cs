using System.Globalization;
using System.Text;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets;

/// <summary>What people may call a dataset and say of it.</summary>
internal static class DatasetRules
{
    private const int Sha256Digits = 64;

    /// <summary>A name without anything that is not seen; null stays null.</summary>
    /// <exception cref="HttpFaultException">422.</exception>
    public static string? Name(string? given)
    {
        if (given is null)
        {
            return null;
        }

        var name = given.Trim();
        return name.Length is > 0 and <= Dataset.LongestName && !name.EnumerateRunes().Any(rune => IsHidden(rune, allowsLines: false))
            ? name
            : throw HttpFaultException.Invalid("bad_name", string.Create(CultureInfo.InvariantCulture, $"The name has {name.Length} characters, or some that cannot be seen."), string.Create(CultureInfo.InvariantCulture, $"Use 1 to {Dataset.LongestName} that can."), "name");
    }

    /// <summary>Text of several lines; empty is none.</summary>
    /// <exception cref="HttpFaultException">422.</exception>
    public static string? Description(string? given)
    {
        if (string.IsNullOrWhiteSpace(given))
        {
            return null;
        }

        var text = given.Trim();
        return text.Length <= Dataset.LongestDescription && !text.EnumerateRunes().Any(rune => IsHidden(rune, allowsLines: true))
            ? text
            : throw HttpFaultException.Invalid("bad_description", string.Create(CultureInfo.InvariantCulture, $"The description has {text.Length} characters, or some that cannot be seen."), string.Create(CultureInfo.InvariantCulture, $"Use at most {Dataset.LongestDescription} that can."), "description");
    }

    /// <exception cref="HttpFaultException">400.</exception>
    public static string? Sha256(string? given) => given is null || (given.Length == Sha256Digits && given.All(char.IsAsciiHexDigit))
        ? given?.ToLowerInvariant()
        : throw HttpFaultException.BadRequest("bad_sha256", "sha256 is no SHA-256.", "Send 64 hexadecimal digits, or leave it out.", "sha256");

    private static bool IsHidden(Rune rune, bool allowsLines) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        && !(allowsLines && rune.Value is '\n' or '\r' or '\t')
        // Emoji are joined by it.
        && rune.Value != 0x200D;
}
