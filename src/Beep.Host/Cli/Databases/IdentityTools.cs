using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Setup.Records;
using Microsoft.AspNetCore.DataProtection;

namespace Beep.Host.Cli.Databases;

/// <summary>The services of people over the database that the settings name, migrated and with its roles.</summary>
internal sealed class IdentityTools : IAsyncDisposable
{
    private readonly ServiceProvider _provider;

    private IdentityTools(ServiceProvider provider, HostOptions options) => (_provider, Options) = (provider, options);

    public HostOptions Options { get; }

    public T Get<T>() where T : notnull => _provider.GetRequiredService<T>();

    /// <summary>Opens them, runs the work, and says faults of a request as those of a command.</summary>
    public static Task<int> RunAsync(HostServices services, Reporter reporter, Func<IdentityTools, Task<int>> work, CancellationToken cancellationToken) =>
        RunAsync(services, reporter, (_, _) => { }, work, cancellationToken);

    /// <summary>As the other, with the services of more rooms.</summary>
    public static async Task<int> RunAsync(HostServices services, Reporter reporter, Action<IServiceCollection, HostOptions> add, Func<IdentityTools, Task<int>> work, CancellationToken cancellationToken)
    {
        var configuration = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable });
        if (!await SetupState.IsCompleteAsync(new HostDatabase(configuration.RequireDatabase()), cancellationToken).ConfigureAwait(false))
        {
            throw SetupState.NotSetUp();
        }

        var trail = new AuditTrail(configuration.RequireDatabase(), configuration.Options, services.Time);
        reporter.Say($"Database: {trail.Database.Address.Display}");
        await MigrateAsync(services, trail, cancellationToken).ConfigureAwait(false);
        var collection = Collect(services, trail).AddSingleton(configuration.Options).AddSingleton(configuration.Options.Paths);
        add(collection, configuration.Options);
        var tools = new IdentityTools(collection.BuildServiceProvider(), configuration.Options);
        await using var _ = tools.ConfigureAwait(false);
        try
        {
            await tools.Get<IdentitySeeder>().SeedAsync(cancellationToken).ConfigureAwait(false);
            return await work(tools).ConfigureAwait(false);
        }
        catch (HttpFaultException fault)
        {
            throw new FaultException(WorkerExitCode.Invalid, fault.Faults, fault);
        }
    }

    /// <summary>The services of people, for a command beside a server or without one.</summary>
    public static IServiceCollection Collect(HostServices services, AuditTrail trail) => new ServiceCollection()
        .AddLogging().AddSingleton(services.Time).AddSingleton(trail.Database).AddSingleton(trail.Writer).AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>()
        .AddIdentityServices();

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    private static async Task MigrateAsync(HostServices services, AuditTrail trail, CancellationToken cancellationToken)
    {
        var applied = await new DatabaseMigrator(trail.Database, services.Time).MigrateAsync(cancellationToken).ConfigureAwait(false);
        if (applied.Count == 0)
        {
            return;
        }

        var context = trail.Database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var entry = new AuditEntry { Actor = AuditActors.CommandLine, Action = "database_migrated", ResourceType = "database", Details = new AuditDetails { Name = applied[^1], Count = applied.Count } };
        await trail.Writer.WriteAsync(context, _ => Task.FromResult(entry), cancellationToken).ConfigureAwait(false);
    }
}
