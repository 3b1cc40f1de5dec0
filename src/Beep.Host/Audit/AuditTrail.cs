using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Audit;

/// <summary>A database with all that its audit log needs.</summary>
internal sealed class AuditTrail
{
    public AuditTrail(DatabaseAddress address, HostOptions options, TimeProvider time)
    {
        Key = AuditKey.LoadOrCreate(options.Paths);
        CheckpointFile = new AuditCheckpointFile(options.Paths.AuditCheckpoints);
        Checkpoints = new AuditCheckpoints(CheckpointFile, Key, time);
        Database = new HostDatabase(address, Checkpoints);
        Writer = new AuditWriter(Key, new AuditText(SecretsOf(options)), Checkpoints, time);
    }

    public AuditKey Key { get; }

    public AuditCheckpointFile CheckpointFile { get; }

    public AuditCheckpoints Checkpoints { get; }

    public HostDatabase Database { get; }

    public AuditWriter Writer { get; }

    private static IEnumerable<string> SecretsOf(HostOptions options) =>
        new[] { options.SecretKey, options.HubToken, options.PythonIndexLogin, options.IdentityServer.ClientSecret, (options.Database as PostgresAddress)?.Password }.OfType<SecretText>().Select(secret => secret.Value);
}
