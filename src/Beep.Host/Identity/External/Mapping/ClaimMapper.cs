using System.Text.Json;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.Users;

namespace Beep.Host.Identity.External.Mapping;

/// <summary>What a set of claims comes to on this host.</summary>
/// <param name="Words">What the provider says that somebody is, in the order of the claims, each once.</param>
/// <param name="Roles">Our roles for those words that the map holds; empty for somebody unmapped.</param>
/// <param name="Groups">Our groups for those words that the map of groups holds.</param>
/// <param name="UserName">A wish: who somebody is, is told by issuer and subject alone.</param>
/// <param name="Email">Cleaned; null where there is none that could be one.</param>
/// <param name="DisplayName">Cleaned.</param>
internal sealed record MappedClaims(IReadOnlyList<string> Words, IReadOnlyList<string> Roles, IReadOnlyList<string> Groups, string UserName, string? Email, string? DisplayName);

/// <summary>
/// Turns a provider's claims into roles, groups and names. Roles are read from <c>role</c>, <c>roles</c>, <c>groups</c> and Keycloak's
/// <c>realm_access.roles</c>, as a text or a list, from the ID token and userinfo; only words that the map holds exactly, case
/// and all, mean anything.
/// </summary>
internal static class ClaimMapper
{
    private const int MostWords = 2000;
    private const int LongestWord = 200;
    private static readonly string[] Names = ["role", "roles", "groups"];

    /// <param name="options">The maps.</param>
    /// <param name="sources">What the ID token says, then what userinfo says; the first that has a name gives it.</param>
    public static MappedClaims Map(IdentityServerOptions options, params IReadOnlyList<JsonElement> sources)
    {
        var words = sources.SelectMany(Words).Where(word => word.Length is > 0 and <= LongestWord).Distinct(StringComparer.Ordinal).Take(MostWords).ToList();
        var email = First(sources, "email");
        return new MappedClaims(
            words,
            Mapped(words, options.RoleMap),
            Mapped(words, options.GroupMap),
            First(sources, "preferred_username") ?? email ?? First(sources, "name") ?? "",
            email?.Length <= User.LongestEmail && email.Count(c => c == '@') == 1 && !email.Any(c => char.IsControl(c) || c == ' ') ? email : null,
            First(sources, "name") is { } name ? Cut(name) : null);
    }

    private static IEnumerable<string> Words(JsonElement claims) =>
    [
        .. Names.SelectMany(name => claims.Texts(name)),
        .. claims.TryGetProperty("realm_access", out var realm) && realm.ValueKind == JsonValueKind.Object ? realm.Texts("roles") : [],
    ];

    private static List<string> Mapped(IEnumerable<string> words, IReadOnlyDictionary<string, string> map) =>
        [.. words.Select(map.GetValueOrDefault).OfType<string>().Distinct(StringComparer.Ordinal)];

    private static string? First(IEnumerable<JsonElement> sources, string name) => sources.Select(claims => claims.Text(name)).FirstOrDefault(text => !string.IsNullOrWhiteSpace(text))?.Trim();

    private static string Cut(string name)
    {
        var clean = string.Concat(name.Where(c => !char.IsControl(c)));
        return clean.Length <= User.LongestDisplayName ? clean : char.IsHighSurrogate(clean[User.LongestDisplayName - 1]) ? clean[..(User.LongestDisplayName - 1)] : clean[..User.LongestDisplayName];
    }
}
