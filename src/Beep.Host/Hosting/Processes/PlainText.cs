using System.Globalization;
using System.Text;

namespace Beep.Host.Hosting.Processes;

/// <summary>Text of models, data and workers, made harmless to a terminal.</summary>
internal static class PlainText
{
    /// <summary>Replaces control and direction characters, which could move the cursor or reorder a line, by '?'; line ends and tabs by spaces.</summary>
    public static string Clean(string text)
    {
        if (!text.Any(MustGo))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(!MustGo(c) ? c : char.IsWhiteSpace(c) ? ' ' : '?');
        }

        return clean.ToString();
    }

    private static bool MustGo(char c) =>
        char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
