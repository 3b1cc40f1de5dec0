using System.Globalization;
using System.Net;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Stored;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Records;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Setup.Checklist;

/// <summary>What the host sees of it by itself, and what a person has marked.</summary>
internal sealed class ChecklistService(HostDatabase database, AuditWriter audit, HostOptions options, TimeProvider time)
{
    public const string Password = "password_changed";
    public const string Https = "https";
    public const string Keys = "keys_reviewed";
    public const string Backup = "backup_made";
    public const string ProviderAlone = "provider_alone";

    private const string KeyPrefix = "setup.checklist.";
    private static readonly string[] ByHand = [Keys, Backup, ProviderAlone];

    public async Task<IReadOnlyList<ChecklistItem>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var marked = await context.Set<Setting>().AsNoTracking().Where(setting => setting.Key.StartsWith(KeyPrefix)).Select(setting => setting.Key).ToListAsync(cancellationToken);
        var items = new List<ChecklistItem>
        {
            new(Password, "Choose a password of your own", "The first administrator's password was typed during the setup.", "/account/password", !options.EnableInternalUsers || await IsPasswordChangedAsync(context, cancellationToken), false),
            new(Https, "Use HTTPS", "Put a proxy with a certificate before this host and set PUBLIC_URL to its https:// address; or let the host listen to this machine only.", null, IsSheltered(), false),
            new(Keys, "Review the keys", "Know where SECRET_KEY and the folder keys lie, and who may read them.", null, IsMarked(Keys), true),
            new(Backup, "Make a backup", "The database, config/host.json and the folder keys, together.", null, IsMarked(Backup), true),
        };
        if (options.EnableIdentityServer && await context.Set<Setting>().AnyAsync(setting => setting.Key == FirstAdmin.ProviderAloneKey, cancellationToken))
        {
            items.Insert(1, new(
                ProviderAlone, "Let the provider alone sign people in",
                $"Link your user with your account at {options.IdentityServer.DisplayName} on the profile page, sign out, and sign in with it. Then switch \"Users of this server\" off on the settings page and restart. Mark it as done to keep both.",
                "/profile", !options.EnableInternalUsers || IsMarked(ProviderAlone), true));
        }

        return items;

        bool IsMarked(string item) => marked.Contains(KeyPrefix + item);
    }

    /// <summary>Marks an item that only a person can know of; once more changes nothing.</summary>
    /// <exception cref="HttpFaultException">There is no such item, or the host sees it by itself.</exception>
    public async Task MarkAsync(string item, AuditActor actor, CancellationToken cancellationToken)
    {
        if (!ByHand.Contains(item, StringComparer.Ordinal))
        {
            throw HttpFaultException.NotFound("no_such_item", "There is no item of that name that a person marks.", $"Use one of: {string.Join(", ", ByHand)}.");
        }

        var key = KeyPrefix + item;
        await using var context = database.CreateContext();
        if (await context.Set<Setting>().AnyAsync(setting => setting.Key == key, cancellationToken))
        {
            return;
        }

        try
        {
            await audit.WriteAsync(context, _ =>
            {
                var now = time.GetUtcNow();
                context.Add(new Setting { Key = key, Value = now.ToString("O", CultureInfo.InvariantCulture), Description = "Marked as done on the checklist after the setup.", UpdatedAt = now });
                return Task.FromResult(new AuditEntry { Actor = actor, Action = SetupActions.ChecklistMarked, ResourceType = "setting", ResourceId = key });
            }, cancellationToken);
        }
        catch (DbUpdateException)
        {
            // Somebody marked it at the same moment; anything else fails again here.
            await using var second = database.CreateContext();
            await second.Set<Setting>().SingleAsync(setting => setting.Key == key, cancellationToken);
        }
    }

    private static async Task<bool> IsPasswordChangedAsync(HostDbContext context, CancellationToken cancellationToken)
    {
        var admin = await context.Set<SetupRecord>().Select(record => record.AdminUserId).SingleOrDefaultAsync(cancellationToken);
        return !await context.Set<User>().AnyAsync(user => user.Id == admin && user.MustChangePassword, cancellationToken);
    }

    /// <summary>Whether nobody between a browser and this host can read along.</summary>
    private bool IsSheltered() => options.PublicUrl is { } address
        ? address.Scheme == Uri.UriSchemeHttps || address.IsLoopback
        : options.Host == "localhost" || (IPAddress.TryParse(options.Host, out var ip) && IPAddress.IsLoopback(ip));
}
