using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Audit;

/// <summary>A fresh database with an audit log.</summary>
internal sealed class AuditLog : IDisposable
{
    public const string Secret = "qF3vT8mZ1xK6wB9nL2rD7hJ4pS0cY5gU";

    private readonly TestDatabase _database;

    private AuditLog(TestDatabase database, TimeProvider time)
    {
        _database = database;
        var options = new HostOptions { Paths = database.Paths, Host = "127.0.0.1", IdentityServer = new(), Database = database.Address, SecretKey = new SecretText(Secret) };
        Trail = new AuditTrail(database.Address, options, time);
    }

    public AuditTrail Trail { get; }

    public HostPaths Paths => _database.Paths;

    public TestDatabase Database => _database;

    public AuditCheckpointFile Checkpoints => new(Paths.AuditCheckpoints);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<AuditLog> CreateAsync(string kind, PostgresServer server, TimeProvider? time = null) =>
        new(await TestDatabase.CreateMigratedAsync(kind, server), time ?? TimeProvider.System);

    public static AuditEntry Entry(string action = "user_created", AuditDetails? details = null) => new()
    {
        Actor = new AuditActor(AuditActorKind.User, "7") { SessionId = "s-1", IpAddress = "192.0.2.1" },
        Action = action,
        ResourceType = "user",
        ResourceId = "8",
        CorrelationId = "c-1",
        Details = details,
    };

    public async Task AppendAsync(int count = 1, AuditDetails? details = null)
    {
        for (var i = 0; i < count; i++)
        {
            await using var context = Trail.Database.CreateContext();
            await Trail.Writer.WriteAsync(context, _ => Task.FromResult(Entry(details: details)), Token);
        }
    }

    public async Task<AuditReport> VerifyAsync()
    {
        await using var context = Trail.Database.CreateContext();
        return await new AuditVerifier(AuditKey.Load(Paths)!, Checkpoints).VerifyAsync(context, Token);
    }

    public async Task<List<AuditRow>> RowsAsync()
    {
        await using var context = Trail.Database.CreateContext();
        return await context.Set<AuditRow>().AsNoTracking().OrderBy(row => row.Seq).ToListAsync(Token);
    }

    /// <summary>What an attacker with the database's rights does: takes the triggers away and changes what is there.</summary>
    public async Task TamperAsync(string sql)
    {
        await ExecuteAsync(_database.Address is SqliteAddress
            ? "DROP TRIGGER IF EXISTS audit_log_no_update; DROP TRIGGER IF EXISTS audit_log_no_delete; DROP TRIGGER IF EXISTS audit_log_in_order"
            : "DROP TRIGGER IF EXISTS audit_log_no_change ON audit_log; DROP TRIGGER IF EXISTS audit_log_no_truncate ON audit_log");
        await ExecuteAsync(sql);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var context = Trail.Database.CreateContext();
        await context.Database.ExecuteSqlRawAsync(sql, Token);
    }

    public void Dispose() => _database.Dispose();
}
