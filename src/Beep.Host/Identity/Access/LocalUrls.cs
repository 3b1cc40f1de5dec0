namespace Beep.Host.Identity.Access;

/// <summary>Addresses that a browser may be sent to after a sign-in: pages of this server and nothing else.</summary>
internal static class LocalUrls
{
    public const string Home = "/";
    public const string Parameter = "return_url";
    private const int Longest = 2000;

    /// <summary>The address, or home when it leads elsewhere.</summary>
    public static string OrHome(string? url) => IsLocal(url) ? url! : Home;

    /// <summary>A path from the root; browsers read a backslash as a slash, and two slashes as the start of a host.</summary>
    public static bool IsLocal(string? url) =>
        url is { Length: > 0 and <= Longest } && url[0] == '/' && !url.StartsWith("//", StringComparison.Ordinal)
        && !url.Contains('\\', StringComparison.Ordinal) && !url.Any(c => char.IsControl(c) || char.IsSurrogate(c) || c > '~' || c == ' ');

    /// <summary>The query that brings somebody back to the page that was asked for.</summary>
    public static string QueryFor(HttpRequest request)
    {
        var url = HttpMethods.IsGet(request.Method) ? $"{request.PathBase}{request.Path}{request.QueryString}" : Home;
        return IsLocal(url) && url != Home ? $"?{Parameter}={Uri.EscapeDataString(url)}" : "";
    }
}
