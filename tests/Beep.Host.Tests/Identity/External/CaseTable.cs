using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Beep.Host.Tests.Identity.External.Providers;

namespace Beep.Host.Tests.Identity.External;

/// <summary>
/// Which of the 50 cases of the acceptance suite is shown against which provider, and why not against the others. A test says its cases
/// in its name (<c>Case07_…</c>, <c>Cases16_17_…</c>, <c>Cases24To39_…</c>) and its providers in its data or name; where it says none,
/// it is against the hostile one. What only a wrong answer shows, a right provider cannot be made to show.
/// </summary>
public sealed partial class CaseTable
{
    private const string Wrong = "only a wrong answer shows it, which a right provider never gives";
    private const string Ours = "nothing is asked of a provider: it is refused before";

    private static readonly ProviderKind[] All = [ProviderKind.Certified, ProviderKind.OpenIddict, ProviderKind.Hostile];
    private static readonly ProviderKind[] Right = [ProviderKind.Certified, ProviderKind.OpenIddict];
    private static readonly ProviderKind[] Hostile = [ProviderKind.Hostile];

    private static readonly (int First, int Last, ProviderKind[] Providers, string? WhyNotAll)[] Rows =
    [
        (1, 1, All, null),
        (2, 2, Hostile, Wrong),
        (3, 3, [], Ours),
        (4, 4, Hostile, "the ways to be away are the hostile one's; that oidc-provider comes up later is shown in a browser"),
        (5, 5, All, null),
        (6, 7, Hostile, "right providers name keys that they publish"),
        (8, 8, All, null),
        (9, 14, All, null),
        (15, 15, Hostile, "the clock of the test jumps, and the answer is refused before a provider is asked"),
        (16, 17, All, null),
        (18, 18, All, null),
        (19, 19, Hostile, Wrong),
        (20, 21, All, null),
        (22, 22, Hostile, Wrong),
        (23, 23, All, null),
        (24, 39, Hostile, Wrong),
        (40, 42, All, null),
        (43, 43, Hostile, Wrong),
        (44, 45, All, null),
        (46, 47, [ProviderKind.Certified, ProviderKind.Hostile], "OpenIddict names no session and has no sign-out over the back channel"),
        (48, 48, Hostile, Wrong),
        (49, 50, All, null),
    ];

    public static TheoryData<int> Numbers => [.. Enumerable.Range(1, 50)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Case_OfTheTable_IsShownByTestsAgainstItsProviders(int number)
    {
        var row = Rows.Single(row => row.First <= number && number <= row.Last);
        Assert.Equal(row.Providers.Length == All.Length, row.WhyNotAll is null);
        var tests = typeof(CaseTable).Assembly.GetTypes().Where(type => type.Namespace == typeof(CaseTable).Namespace)
            .SelectMany(type => type.GetMethods()).Where(method => NumbersOf(method.Name).Contains(number)).ToList();
        Assert.NotEmpty(tests);
        var shown = tests.SelectMany(ProvidersOf).Distinct().Order().ToList();
        Assert.Equal(row.Providers.Length == 0 ? Hostile : row.Providers, shown);
    }

    /// <summary>As its data or its name says; the hostile one where neither does.</summary>
    private static IEnumerable<ProviderKind> ProvidersOf(MethodInfo test)
    {
        var named = test.GetCustomAttributes<InlineDataAttribute>().SelectMany(data => data.Data.OfType<ProviderKind>().Take(1)).ToList();
        named.AddRange(Right.Where(kind => test.Name.Contains($"Of{kind}", StringComparison.Ordinal)));
        return named.Count > 0 ? named : Hostile;
    }

    private static IEnumerable<int> NumbersOf(string name)
    {
        var match = Name().Match(name);
        var numbers = match.Groups["number"].Captures.Select(capture => int.Parse(capture.Value, CultureInfo.InvariantCulture)).ToList();
        return match.Groups["to"].Success ? Enumerable.Range(numbers[0], int.Parse(match.Groups["to"].Value, CultureInfo.InvariantCulture) - numbers[0] + 1) : numbers;
    }

    [GeneratedRegex("^Cases?(?:(?<number>[0-9]{2})(?:_|To(?<to>[0-9]{2})_))+")]
    private static partial Regex Name();
}
