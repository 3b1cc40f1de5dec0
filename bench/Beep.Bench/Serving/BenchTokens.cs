using System.Globalization;
using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity;
using Beep.Host.Identity.Tokens;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Bench.Serving;

/// <summary>Tokens of an administrator that may do everything, as many as a user can have: each has a rate that it must keep to.</summary>
internal static class BenchTokens
{
    public static async Task<IReadOnlyList<string>> CreateAsync(AuditTrail trail, long adminId, CancellationToken cancellationToken)
    {
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton(TimeProvider.System).AddSingleton(trail.Database).AddSingleton(trail.Writer).AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
        await using var provider = services.AddIdentityServices().BuildServiceProvider();
        var admin = new ClaimsIdentity(
            [new(ClaimNames.UserId, adminId.ToString(CultureInfo.InvariantCulture)), new(ClaimNames.UserName, "admin"), .. Permissions.All.Keys.Select(name => new Claim(ClaimNames.Permission, name))], "bench");
        var (grantor, tokens) = (Grantor.Of(new ClaimsPrincipal(admin), ipAddress: null), new List<string>());
        for (var number = 1; number <= TokenService.MostPerUser; number++)
        {
            tokens.Add((await provider.GetRequiredService<TokenService>().CreateAsync(grantor, $"bench {number}", [.. Permissions.All.Keys], days: 1, cancellationToken)).Text);
        }

        return tokens;
    }
}
