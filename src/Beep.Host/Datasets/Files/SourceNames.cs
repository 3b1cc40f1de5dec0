using System.Text;
using Beep.Contracts;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Files;

/// <summary>
/// Names of files as others give them. They are shown and never part of a path: what they are is told by their end, and everything
/// that could be taken for a folder is cut off.
/// </summary>
internal static class SourceNames
{
    private const int LongestShown = 80;

    private static readonly HashSet<string> Devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(number => (string[])[$"COM{number}", $"LPT{number}"])], StringComparer.OrdinalIgnoreCase);

    /// <summary>The name without folders and without anything that is not what it seems.</summary>
    /// <exception cref="HttpFaultException">400: nothing of use is left of it, or it is no name at all.</exception>
    public static string Clean(string? given)
    {
        if (string.IsNullOrWhiteSpace(given))
        {
            throw Refused("The file has no name.");
        }

        if (given.Length > DatasetVersion.LongestSourceName)
        {
            throw Refused($"The name of the file has {given.Length} characters, and at most {DatasetVersion.LongestSourceName} are taken.");
        }

        if (given.EnumerateRunes().Any(IsUnseen))
        {
            throw Refused("The name of the file has characters that cannot be seen, such as a line break or one that turns the direction of reading.");
        }

        var plain = string.Concat(given.Select(Narrow));
        var name = plain[(plain.LastIndexOfAny(['/', '\\']) + 1)..];
        name = string.Concat(name.Select(letter => letter is ':' or '*' or '?' or '"' or '<' or '>' or '|' ? '_' : letter));
        if (name.Length == 0 || name.EndsWith('.') || name.EndsWith(' ') || name.StartsWith(' '))
        {
            throw Refused($"'{Shown(given)}' is no name of a file: it is empty, or begins or ends with a space or a dot.");
        }

        return Devices.Contains(name.Split('.')[0].TrimEnd())
            ? throw Refused($"'{Shown(given)}' is what Windows calls a device.")
            : name;
    }

    /// <summary>A name to begin with for what lies in a file: without its ends.</summary>
    public static string Title(string sourceName)
    {
        var title = sourceName;
        foreach (var end in SourceKind.Ends.OrderByDescending(end => end.Length))
        {
            if (title.Length > end.Length && title.EndsWith(end, StringComparison.OrdinalIgnoreCase))
            {
                title = title[..^end.Length];
            }
        }

        return title;
    }

    private static bool IsUnseen(Rune rune) => Rune.GetUnicodeCategory(rune) is
        System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator
        or System.Globalization.UnicodeCategory.ParagraphSeparator or System.Globalization.UnicodeCategory.Surrogate or System.Globalization.UnicodeCategory.OtherNotAssigned
        || rune == Rune.ReplacementChar;

    /// <summary>Fullwidth letters and dots are ordinary ones drawn wider: what they hide is seen as what it is.</summary>
    private static char Narrow(char letter) => letter switch
    {
        >= '\uFF01' and <= '\uFF5E' => (char)(letter - 0xFEE0),
        '\u2024' => '.',
        '\u2044' or '\u2215' or '\u29F8' => '/',
        _ => letter,
    };

    private static string Shown(string name) => name.Length <= LongestShown ? name : name[..LongestShown] + "…";

    private static HttpFaultException Refused(string message) =>
        new(StatusCodes.Status400BadRequest, new Fault("bad_file_name", message, "Give the file a plain name such as rows.jsonl.", "filename"));
}
