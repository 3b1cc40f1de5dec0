using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Retention;
using Beep.Host.Models;
using Beep.Host.Quotas;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Databases;

/// <summary>What <c>beep cleanup</c> does, beside a server or without one.</summary>
internal static class CleanUpActions
{
    public static async Task<int> RunAsync(HostServices services, bool isDryRun, Reporter reporter, CancellationToken cancellationToken)
    {
        var configuration = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable });
        var options = configuration.Options;
        var address = configuration.RequireDatabase();
        if (!options.EnableFinetune)
        {
            throw FaultException.Invalid("finetune_off", "Fine-tuning is switched off, so there is nothing of it to clean up.", $"Set {SettingKeys.Finetune.Name} to true.", SettingKeys.Finetune.Name);
        }

        var trail = new AuditTrail(address, options, services.Time);
        reporter.Say($"Home: {options.Paths.Home}");
        await RequireCurrentAsync(new DatabaseMigrator(trail.Database, services.Time), cancellationToken).ConfigureAwait(false);
        await RequireCurrentAsync(new DatabaseMigrator(new FineTuneDatabase(address), services.Time), cancellationToken).ConfigureAwait(false);
        var collection = IdentityTools.Collect(services, trail);
        collection.AddSingleton(options).AddSingleton(options.Paths).AddTaskCore().AddTraining(services.LocateTrainer);
        collection.AddSingleton(new FineTuneDatabase(address)).AddSingleton<FineTuneWriter>().AddQuotas().AddSingleton<DatasetAccess>().AddSingleton<ModelReader>().AddJobs();
        var provider = collection.BuildServiceProvider();
        await using var _ = provider.ConfigureAwait(false);
        var cleanUp = provider.GetRequiredService<CleanUp>();
        var result = isDryRun
            ? await cleanUp.PlanAsync(cancellationToken).ConfigureAwait(false)
            : await cleanUp.RunAsync(_ => Task.CompletedTask, cancellationToken).ConfigureAwait(false);
        return Show(result, isDryRun, options.Paths, reporter);
    }

    private static async Task RequireCurrentAsync(DatabaseMigrator migrator, CancellationToken cancellationToken)
    {
        var state = await migrator.ReadStateAsync(cancellationToken).ConfigureAwait(false);
        if (!state.Exists || state.Pending.Count > 0)
        {
            throw FaultException.Invalid("database_not_current", "The database does not have every table of this version.", $"Run {CommandLineText.Call("db", "migrate")}.", DatabaseAddress.Variable);
        }
    }

    private static int Show(CleanUpResult result, bool isDryRun, HostPaths paths, Reporter reporter)
    {
        foreach (var item in result.Items)
        {
            reporter.Say(CleanUpResult.Describe(item, paths));
        }

        foreach (var (kind, count, bytes) in result.ByKind)
        {
            reporter.Say($"{kind}: {Units.Count(count, "piece")}, {Units.Bytes(bytes)}");
        }

        var all = $"{Units.Count(result.Items.Count, "piece")}, {Units.Bytes(result.Bytes)}";
        reporter.Say(result.Items.Count == 0 ? "Nothing is past its time." : isDryRun ? $"Would remove {all}. Do it: {CommandLineText.Call("cleanup")}" : $"Removed {all}.");
        var json = new JsonObject
        {
            ["dry_run"] = isDryRun,
            ["bytes"] = result.Bytes,
            ["items"] = new JsonArray([.. result.Items.Select(item => new JsonObject
            {
                ["kind"] = item.Kind.ToString().ToLowerInvariant(),
                ["path"] = Path.GetRelativePath(paths.Home, item.Path).Replace('\\', '/'),
                ["bytes"] = item.Bytes,
                ["at"] = item.At,
                ["why"] = item.Why,
                ["job_id"] = item.JobId,
            })]),
        };
        return result.Failed.Count == 0
            ? reporter.Finish(WorkerExitCode.Succeeded, [], json)
            : reporter.Fail(WorkerExitCode.Failed, [.. result.Failed.Select(failed => new Fault("not_removed", $"'{failed.Item.Path}' could not be removed: {failed.Reason}", "Correct the rights of the file, then run it again.", failed.Item.Path))], json);
    }
}
