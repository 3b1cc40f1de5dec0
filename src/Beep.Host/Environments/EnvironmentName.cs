using System.Text.RegularExpressions;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Environments;

/// <summary>
/// What an environment may be called: small letters, digits, points, hyphens and underscores, begun and ended by a letter or digit. What
/// passes is one folder of that name on every system and no option, path or address.
/// </summary>
internal static partial class EnvironmentName
{
    // Windows keeps the first for devices, whatever stands after a point. The others mean something else here or to tools.
    private static readonly HashSet<string> Devices = new(StringComparer.Ordinal)
    {
        "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
        "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
    };

    private static readonly HashSet<string> Protected = new(StringComparer.Ordinal) { "base", "root", "system", "embedded", "default", "new", "presets", "runtimes", "register" };

    public static bool IsOne(string? text) =>
        text is { Length: <= EnvironmentRow.LongestName } && Pattern().IsMatch(text) && !text.Contains("..", StringComparison.Ordinal) && !Devices.Contains(text.Split('.')[0]);

    /// <summary>Whether no environment of the host's may have the name.</summary>
    public static bool IsProtected(string name) => Protected.Contains(name);

    /// <exception cref="HttpFaultException">422: the text is none. 409: the name is protected.</exception>
    public static string RequireFree(string? text)
    {
        if (!IsOne(text))
        {
            throw HttpFaultException.Invalid(
                "bad_environment_name",
                $"'{Shown(text)}' is no name of an environment.",
                $"Write at most {EnvironmentRow.LongestName} small letters, digits, '.', '-' and '_', begun and ended by a letter or digit.",
                "name");
        }

        return IsProtected(text!)
            ? throw HttpFaultException.Conflict("protected_name", $"'{text}' is a name that no environment may have here.", "Choose another one.")
            : text!;
    }

    private static string Shown(string? text) => text is null ? "" : text.Length <= EnvironmentRow.LongestName ? text : string.Concat(text.AsSpan(0, EnvironmentRow.LongestName), "…");

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9._-]*[a-z0-9])?\z")]
    private static partial Regex Pattern();
}
