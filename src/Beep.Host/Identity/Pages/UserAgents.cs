namespace Beep.Host.Identity.Pages;

/// <summary>What a browser says of itself, in two words that people know.</summary>
internal static class UserAgents
{
    // In this order: most browsers also claim to be those that come later.
    private static readonly (string Mark, string Name)[] Browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")];
    private static readonly (string Mark, string Name)[] Systems = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux")];

    public static string Describe(string? userAgent)
    {
        var browser = Find(Browsers, userAgent) ?? "A browser";
        return Find(Systems, userAgent) is { } system ? $"{browser} on {system}" : browser;
    }

    private static string? Find((string Mark, string Name)[] known, string? text) =>
        known.FirstOrDefault(entry => text?.Contains(entry.Mark, StringComparison.Ordinal) == true).Name;
}
