using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Keys;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Sessions;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Cli.Databases;

/// <summary>What <c>beep admin rotate-keys</c> does.</summary>
internal static class KeyActions
{
    /// <summary>Revokes every key that protects tickets, makes a new one, and ends every session.</summary>
    public static Task<int> RotateAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken) => IdentityTools.RunAsync(services, reporter, async tools =>
    {
        if (tools.Options.SecretKey is null)
        {
            throw FaultException.Invalid("missing_secret_key", $"{SettingKeys.SecretKey.Name} is not set, so the keys cannot be read or written.", $"Set {SettingKeys.SecretKey.Name} as the server has it.", SettingKeys.SecretKey.Name);
        }

        var provider = new ServiceCollection().AddLogging().AddSingleton(tools.Options).AddKeyRing(tools.Options).BuildServiceProvider();
        await using var _ = provider.ConfigureAwait(false);
        var (keys, now) = (provider.GetRequiredService<IKeyManager>(), services.Time.GetUtcNow());
        keys.RevokeAllKeys(now, "beep admin rotate-keys");
        keys.CreateNewKey(now, now + KeyRing.KeyLifetime);
        var ended = await EndSessionsAsync(tools, cancellationToken).ConfigureAwait(false);
        reporter.Say($"The keys are new, and {(ended == 1 ? "1 session has" : $"{ended} sessions have")} ended: everybody signs in again.");
        reporter.Say("Restart a server that runs, so that it takes the new keys up.");
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["sessions_ended"] = ended });
    }, cancellationToken);

    private static async Task<int> EndSessionsAsync(IdentityTools tools, CancellationToken cancellationToken)
    {
        var context = tools.Get<HostDatabase>().CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var ended = 0;
        await tools.Get<AuditWriter>().WriteAsync(context, async token =>
        {
            ended = await context.Set<Session>().ExecuteDeleteAsync(token).ConfigureAwait(false);
            return new AuditEntry { Actor = AuditActors.CommandLine, Action = "keys_rotated", ResourceType = "key_ring", Details = new AuditDetails { Count = ended } };
        }, cancellationToken).ConfigureAwait(false);
        return ended;
    }
}
