using System.Globalization;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Identity;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Stored;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Choices;
using Beep.Host.Setup.Drafts;
using Beep.Host.Setup.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace Beep.Host.Setup.Completion;

/// <summary>The part of a completion that happens in the database.</summary>
internal sealed class FirstAdmin(ChoiceSettings settings, AuditActor actor, TimeProvider time, Func<CompletionPoint, Task> reach)
{
    /// <summary>The row of the wish that accounts of this host be switched off; the checklist reads it.</summary>
    public const string ProviderAloneKey = "setup.provider_alone";

    /// <exception cref="Hosting.Http.HttpFaultException">409: somebody was first; nothing has been changed.</exception>
    public async Task<User> CreateAsync(AdminDraft admin, IReadOnlyList<SetupEvent> events, CancellationToken cancellationToken)
    {
        var trail = new AuditTrail(settings.Database, settings.Options, time);
        var applied = await new DatabaseMigrator(trail.Database, time).MigrateAsync(cancellationToken).ConfigureAwait(false);
        await reach(CompletionPoint.Migrated).ConfigureAwait(false);
        await new IdentitySeeder(trail.Database, trail.Writer, time).SeedAsync(cancellationToken).ConfigureAwait(false);
        await reach(CompletionPoint.Seeded).ConfigureAwait(false);

        var context = trail.Database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        await IdentityWriter.LockAsync(context, cancellationToken).ConfigureAwait(false);
        if (await SetupState.IsCompleteAsync(context, cancellationToken).ConfigureAwait(false))
        {
            throw SetupState.AlreadySetUp();
        }

        foreach (var entry in events.Select(Past))
        {
            await trail.Writer.AppendAsync(context, entry, cancellationToken).ConfigureAwait(false);
        }

        var hasher = new UserPasswordHasher();
        using var passwords = new PasswordService(hasher, time);
        // Beside those that an import may have brought: who is let in is decided by the record alone.
        var user = await new AdminBootstrap(new IdentityUsers(hasher, NullLoggerFactory.Instance), passwords, trail.Writer, time)
            .CreateAdminAsync(context, admin, actor, cancellationToken).ConfigureAwait(false);
        await reach(CompletionPoint.AdminCreated).ConfigureAwait(false);
        context.Add(new SetupRecord { CompletedAt = time.GetUtcNow(), CompletedBy = user.UserName!, AdminUserId = user.Id });
        if (settings.WantsProviderAlone)
        {
            context.Add(new Setting { Key = ProviderAloneKey, Value = "true", Description = "Chosen in the setup: the provider alone is to sign people in, once it has been tried.", UpdatedAt = time.GetUtcNow() });
        }

        foreach (var entry in Ending(applied, user))
        {
            await trail.Writer.AppendAsync(context, entry, cancellationToken).ConfigureAwait(false);
        }

        await reach(CompletionPoint.RecordsWritten).ConfigureAwait(false);
        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return user;
    }

    /// <summary>What happened before there was a database to say it in.</summary>
    private static AuditEntry Past(SetupEvent happened) => new()
    {
        Actor = happened.IpAddress is null ? AuditActors.System : Visitor(happened.IpAddress),
        Action = happened.Action,
        ResourceType = SetupActions.Resource,
        Outcome = happened.Outcome,
        Details = new AuditDetails { Name = happened.Name, At = happened.At, Count = happened.Count > 1 ? happened.Count : null },
    };

    private IEnumerable<AuditEntry> Ending(IReadOnlyList<string> applied, User user)
    {
        if (settings.Changes.Count > 0)
        {
            yield return New(SetupActions.SettingsWritten) with { Details = new AuditDetails { Fields = [.. settings.Changes.Where(change => change.Value is not null).Select(change => change.Key.Name).Order(StringComparer.Ordinal)] } };
        }

        if (applied.Count > 0)
        {
            yield return New(SetupActions.DatabaseMigrated) with { ResourceType = "database", Details = new AuditDetails { Name = applied[^1], Count = applied.Count } };
        }

        yield return New(SetupActions.Completed) with { ResourceId = user.Id.ToString(CultureInfo.InvariantCulture), Details = new AuditDetails { Name = user.UserName } };
    }

    private AuditEntry New(string action) => new() { Actor = actor, Action = action, ResourceType = SetupActions.Resource };

    /// <summary>Whoever has a page of the wizard open.</summary>
    public static AuditActor Visitor(string? ipAddress) => new(AuditActorKind.Anonymous, SetupActions.Resource) { IpAddress = ipAddress };
}
