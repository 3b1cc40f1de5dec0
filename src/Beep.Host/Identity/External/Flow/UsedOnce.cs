using System.Security.Cryptography;
using System.Text;
using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.External.Flow;

/// <summary>Something that was good once and has been used: a state, a logout token. It lies in the table that all hosts share.</summary>
internal sealed class UsedOnce
{
    /// <summary>What it was for, and a hash of it.</summary>
    public required string Id { get; init; }

    /// <summary>From then on it would be refused for its age: the row may go.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class UsedOnceConfiguration : IEntityTypeConfiguration<UsedOnce>
{
    private const int LongestId = 80;

    public void Configure(EntityTypeBuilder<UsedOnce> builder)
    {
        builder.ToTable("used_once");
        builder.HasKey(used => used.Id);
        builder.Property(used => used.Id).HasMaxLength(LongestId);
        builder.HasIndex(used => used.ExpiresAt);
    }
}

/// <summary>Which states and logout tokens were used, on whichever host. The key of the table decides between two that come at once.</summary>
internal sealed class UsedOnceTable(HostDatabase database, TimeProvider time, int most = UsedOnceTable.Most)
{
    public const string State = "state";
    public const string LogoutToken = "logout";

    /// <summary>Rows that are kept whatever comes: with what an address may bring in their lifetime, those of two thousand addresses at once.</summary>
    public const int Most = 1_000_000;

    /// <summary>Marks it as used; false where it was before.</summary>
    public async Task<bool> UseAsync(string kind, string value, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var id = IdOf(kind, value);
        return await context.Database.ExecuteSqlAsync($"INSERT INTO used_once (id, expires_at) VALUES ({id}, {until.UtcTicks}) ON CONFLICT DO NOTHING", cancellationToken) == 1;
    }

    public async Task<bool> WasUsedAsync(string kind, string value, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var id = IdOf(kind, value);
        return await context.Set<UsedOnce>().AnyAsync(used => used.Id == id, cancellationToken);
    }

    /// <summary>Takes away what would be refused for its age, and of the rest what is next where there is too much.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var context = database.CreateContext();
        var table = context.Set<UsedOnce>();
        await table.Where(used => used.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
        if (await table.OrderByDescending(used => used.ExpiresAt).Skip(most).Select(used => (DateTimeOffset?)used.ExpiresAt).FirstOrDefaultAsync(cancellationToken) is { } from)
        {
            await table.Where(used => used.ExpiresAt <= from).ExecuteDeleteAsync(cancellationToken);
        }
    }

    private static string IdOf(string kind, string value) => $"{kind}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)))}";
}
