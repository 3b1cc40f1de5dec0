using System.Text;
using System.Text.RegularExpressions;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Models;

/// <summary>
/// <c>publisher/name</c>, each part of letters, digits, points, hyphens and underscores, begun and ended by a letter or digit. What passes
/// is a safe path of two folders on every system and no option, address or command.
/// </summary>
internal static partial class ModelName
{
    public const int LongestPart = 96;

    // Windows keeps these for devices, whatever stands after a point.
    private static readonly HashSet<string> Devices = new(StringComparer.OrdinalIgnoreCase)
    {
        "CON", "PRN", "AUX", "NUL", "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
    };

    public static bool IsOne(string? text)
    {
        var parts = text?.Split('/') ?? [];
        return parts.Length == 2 && text!.Length <= Model.LongestName && Array.TrueForAll(parts, IsPart);
    }

    /// <exception cref="HttpFaultException">422: the text is none.</exception>
    public static string Require(string? text, string field) => IsOne(text)
        ? text!
        : throw HttpFaultException.Invalid(
            "bad_model_name",
            $"'{Shown(text)}' is not the name of a model.",
            $"Write publisher/name, of letters, digits, '.', '-' and '_', each part of at most {LongestPart} characters that begins and ends with a letter or digit.",
            field);

    /// <summary>The nearest part of a name to any text: for a name that is made from what people typed.</summary>
    public static string Part(string text, string otherwise)
    {
        var part = new StringBuilder();
        foreach (var character in text)
        {
            if (char.IsAsciiLetterOrDigit(character))
            {
                part.Append(character);
            }
            else if (part.Length > 0 && char.IsAsciiLetterOrDigit(part[^1]))
            {
                part.Append(character is '_' or '.' ? character : '-');
            }
        }

        var cut = part.ToString(0, Math.Min(part.Length, LongestPart)).TrimEnd('-', '.', '_');
        return IsPart(cut) ? cut : otherwise;
    }

    private static bool IsPart(string part) =>
        part.Length <= LongestPart && Pattern().IsMatch(part) && !part.Contains("..", StringComparison.Ordinal) && !Devices.Contains(part.Split('.')[0]);

    private static string Shown(string? text) => text is null ? "" : text.Length <= LongestPart ? text : string.Concat(text.AsSpan(0, LongestPart), "…");

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\z")]
    private static partial Regex Pattern();
}
