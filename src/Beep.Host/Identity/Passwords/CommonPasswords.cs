using System.Text;

namespace Beep.Host.Identity.Passwords;

/// <summary>
/// Passwords that are tried first. The list beside this file was made for this product of words and endings that lists of
/// leaked passwords are known to be full of, from twelve characters on; it holds nobody's own password. Capitals, signs at the
/// ends and the usual letters written as digits make no difference.
/// </summary>
internal static class CommonPasswords
{
    private const string Resource = "common-passwords";
    private const int LeastDistinctCharacters = 5;

    private static readonly Lazy<HashSet<string>> Known = new(Load);

    public static bool Contains(string password) =>
        password.ToUpperInvariant().Distinct().Count() < LeastDistinctCharacters || Known.Value.Contains(Normalize(password));

    /// <summary>What is left when nothing counts that people change to make a weak password pass.</summary>
    public static string Normalize(string password)
    {
        var result = new StringBuilder(password.Length);
        foreach (var c in Trim(password))
        {
            result.Append(char.ToLowerInvariant(c) switch
            {
                '0' => 'o',
                '1' or '!' or '|' => 'i',
                '3' => 'e',
                '4' or '@' => 'a',
                '5' or '$' => 's',
                '7' => 't',
                var other => other,
            });
        }

        return result.ToString();
    }

    /// <summary>Leaves signs at the ends out, and at-signs and dollars not: those stand for letters.</summary>
    private static ReadOnlySpan<char> Trim(string password) => password.AsSpan().Trim(" !?.,;:-_*#+=~&%()[]{}<>/\\\"'^");

    private static HashSet<string> Load()
    {
        using var stream = typeof(CommonPasswords).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            known.Add(Normalize(line));
        }

        return known;
    }
}
