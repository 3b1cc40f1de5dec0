using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Beep.Host.Audit;

/// <summary>Makes text safe to keep and to show: no secret, no second line, nothing that turns the reading direction.</summary>
internal sealed partial class AuditText(IEnumerable<string> secrets)
{
    private const string Hidden = "[secret]";
    private const int ShortestSecret = 6;
    private const string Cut = "…";

    // Longest first, so that no part of one is left when another is inside it.
    private readonly string[] _secrets = [.. secrets.Where(secret => secret.Length >= ShortestSecret).Distinct(StringComparer.Ordinal).OrderByDescending(secret => secret.Length)];

    public string Clean(string text, int longest)
    {
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        }

        text = Neutralize(SecretShapes().Replace(text, match => match.Groups["before"].Value + Hidden + match.Groups["after"].Value));
        return text.Length <= longest ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[longest - 2]) ? longest - 2 : longest - 1), Cut);
    }

    /// <summary>Controls, line breaks, and marks that are not seen become the escapes that name them.</summary>
    private static string Neutralize(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
            }
            else
            {
                result.Append(rune);
            }
        }

        return result.ToString();
    }

    [GeneratedRegex(
        """
        (?<before>://[^/\s:@]*:)[^/\s@]+(?<after>@)
        |\b(?:ftk|hf|sk|ghp)_[A-Za-z0-9_-]{16,}
        |(?<before>\bBearer\s+)\S{8,}
        |\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*
        |-----BEGIN[^-]*PRIVATE\ KEY-----[\s\S]*
        |(?<before>\b(?:pass(?:word|wd)?|pwd|secret|token|api[_-]?key|client_secret|secret_key)\s*["']?\s*[=:]\s*["']?)[^\s"',;&]+
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex SecretShapes();
}
