using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Cli.Commands;
using Beep.Host.Data;
using Beep.Host.Environments;
using Beep.Host.Environments.Api;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Uses;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Databases;

/// <summary>What the subcommands of <c>beep env</c> do: the same as the server does, in this process.</summary>
internal static class EnvironmentActions
{
    private static EnvironmentCaller Caller => new(ModelActions.Anybody, AuditActors.CommandLine, null, IsTask: false);

    public static Task<int> ListAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var environments = new JsonArray();
        string? next = null;
        do
        {
            var page = await tools.Get<EnvironmentReader>().ListAsync(null, new PageRequest(next, PageRequest.MaxSize), ModelActions.Anybody, token).ConfigureAwait(false);
            foreach (var environment in page.Items)
            {
                environments.Add(Show(reporter, environment));
            }

            next = page.Next;
        }
        while (next is not null);
        reporter.Say(environments.Count == 0 ? $"There is none. Make one: {CommandLineText.Call("env", "create", "NAME")}" : Units.Count(environments.Count, "environment"));
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["environments"] = environments });
    }, cancellationToken);

    public static Task<int> RuntimesAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var found = await tools.Get<RuntimeFinder>().ListAsync(isFresh: true, token).ConfigureAwait(false);
        foreach (var runtime in found)
        {
            reporter.Say(string.Join("  ", new[] { runtime.Version.PadRight(8), runtime.Path, runtime.Problem }.OfType<string>()));
        }

        reporter.Say(found.Count == 0 ? "None was found. Install Python 3.10 or later, with venv." : Units.Count(found.Count, "runtime"));
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["runtimes"] = JsonSerializer.SerializeToNode(found.Select(RuntimeView.Of), ModelActions.Json) });
    }, cancellationToken);

    public static Task<int> CreateAsync(HostServices services, Reporter reporter, EnvironmentOrder order, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var request = new CreateEnvironmentRequest
        {
            Name = order.Name,
            Preset = order.Preset,
            Runtime = order.Python is null ? null : Path.GetFullPath(order.Python),
            Index = order.Index,
            ExtraIndex = order.ExtraIndex,
            Wheelhouse = order.Wheelhouse is null ? null : Path.GetFullPath(order.Wheelhouse),
            Lock = order.LockFile is null ? null : await ReadLockAsync(order.LockFile, token).ConfigureAwait(false),
        };
        var row = await tools.Get<EnvironmentService>().CreateAsync(request, Caller, token).ConfigureAwait(false);
        return await WorkAsync(tools, reporter, row, (builder, run) => builder.CreateAsync(row.Id, run, AuditActors.CommandLine, token), token).ConfigureAwait(false);
    }, cancellationToken);

    public static Task<int> RegisterAsync(HostServices services, Reporter reporter, string name, string python, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var row = await tools.Get<EnvironmentService>().RegisterAsync(new RegisterEnvironmentRequest { Name = name, Python = Path.GetFullPath(python) }, Caller, token).ConfigureAwait(false);
        return await WorkAsync(tools, reporter, row, (builder, run) => builder.VerifyAsync(row.Id, run, AuditActors.CommandLine, token), token).ConfigureAwait(false);
    }, cancellationToken);

    /// <summary>Verifies or repairs.</summary>
    public static Task<int> WorkAsync(HostServices services, Reporter reporter, string name, EnvironmentWork work, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var row = await tools.Get<EnvironmentService>().BeginAsync(name, work, Caller, token).ConfigureAwait(false);
        return await WorkAsync(
            tools,
            reporter,
            row,
            (builder, run) => work == EnvironmentWork.Repair ? builder.RepairAsync(row.Id, run, AuditActors.CommandLine, token) : builder.VerifyAsync(row.Id, run, AuditActors.CommandLine, token),
            token).ConfigureAwait(false);
    }, cancellationToken);

    public static Task<int> RemoveAsync(HostServices services, Reporter reporter, string name, bool isConfirmed, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var environment = await tools.Get<EnvironmentReader>().GetAsync(name, ModelActions.Anybody, token).ConfigureAwait(false);
        if (!isConfirmed)
        {
            var files = environment.Origin == EnvironmentOrigin.Created ? $", with {Units.Bytes(environment.Bytes ?? 0)} of files" : "; its files stay where they are";
            throw FaultException.Invalid("not_confirmed", $"This removes the environment '{name}'{files}.", "Add --yes.", "--yes");
        }

        var row = await tools.Get<EnvironmentService>().BeginAsync(name, EnvironmentWork.Remove, Caller, token).ConfigureAwait(false);
        var run = new EnvironmentTerminalRun(tools.Get<HostPaths>(), reporter, tools.Get<TimeProvider>());
        await using (run.ConfigureAwait(false))
        {
            await tools.Get<EnvironmentBuilder>().RemoveAsync(row.Id, run, AuditActors.CommandLine, token).ConfigureAwait(false);
        }

        reporter.Say($"Removed '{name}'.");
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["removed"] = name });
    }, cancellationToken);

    public static Task<int> PackagesAsync(HostServices services, Reporter reporter, string name, string? search, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var packages = new JsonArray();
        string? next = null;
        do
        {
            var page = await tools.Get<EnvironmentReader>().ListPackagesAsync(name, search, new PageRequest(next, PageRequest.MaxSize), token).ConfigureAwait(false);
            foreach (var package in page.Items)
            {
                reporter.Say($"{package.Name} {package.Version}");
                packages.Add(JsonSerializer.SerializeToNode(package, ModelActions.Json));
            }

            next = page.Next;
        }
        while (next is not null);
        reporter.Say(Units.Count(packages.Count, "package"));
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["packages"] = packages });
    }, cancellationToken);

    private static async Task<int> RunAsync(HostServices services, Reporter reporter, Func<IdentityTools, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new StopSignals(stop.Cancel, () => Environment.Exit((int)WorkerExitCode.Failed));
        return await IdentityTools.RunAsync(
            services,
            reporter,
            (collection, options) =>
            {
                // What jobs use stays, also where no server runs.
                if (options.EnableFinetune)
                {
                    collection.AddSingleton(provider => new FineTuneDatabase(provider.GetRequiredService<HostDatabase>().Address)).AddSingleton<IEnvironmentUse, JobEnvironmentUses>();
                }

                if (services.PythonWorker is { } worker)
                {
                    collection.AddSingleton(worker);
                }

                collection.AddTaskCore().AddEnvironmentCore(services.Variable, services.ProgramFolder);
            },
            tools => work(tools, stop.Token),
            stop.Token).ConfigureAwait(false);
    }

    private static async Task<int> WorkAsync(IdentityTools tools, Reporter reporter, EnvironmentRow row, Func<EnvironmentBuilder, IEnvironmentRun, Task> work, CancellationToken cancellationToken)
    {
        var run = new EnvironmentTerminalRun(tools.Get<HostPaths>(), reporter, tools.Get<TimeProvider>());
        await using var _ = run.ConfigureAwait(false);
        try
        {
            await work(tools.Get<EnvironmentBuilder>(), run).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new FaultException(WorkerExitCode.Cancelled, new Fault("cancelled", "Stopped.", "Run the same command again."));
        }
        finally
        {
            run.End();
        }

        var shown = Show(reporter, await tools.Get<EnvironmentReader>().GetAsync(row.Name, ModelActions.Anybody, cancellationToken).ConfigureAwait(false));
        reporter.Say($"{reporter.Terminal.Good("Ready.")} The log: {run.LogPath}");
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["environment"] = shown, ["log"] = run.LogPath });
    }

    private static async Task<string> ReadLockAsync(string file, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(file);
        return File.Exists(path) && new FileInfo(path).Length <= LockFile.MostBytes
            ? await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false)
            : throw FaultException.Invalid("lock_unreadable", $"There is no lock '{path}' of at most {LockFile.MostBytes >> 10} KiB.", "Name a file of name==version --hash=sha256:… lines.", "--lock");
    }

    /// <summary>A line for a person; returns the object for a program.</summary>
    private static JsonObject Show(Reporter reporter, EnvironmentView environment)
    {
        reporter.Say(string.Join("  ", new[]
        {
            environment.Name, environment.PythonVersion is { } version ? $"Python {version}" : null, environment.Preset ?? environment.Origin.Word(), environment.Bytes is { } bytes ? Units.Bytes(bytes) : null,
            environment.State == EnvironmentState.Ready ? environment.PythonPath : $"{environment.State.Word()}: {environment.Message}",
        }.OfType<string>()));
        foreach (var (method, reason) in environment.Report?.Methods ?? new Dictionary<string, string?>())
        {
            reporter.Say($"  {method}: {(reason is null ? "can run" : reason)}");
        }

        return JsonSerializer.SerializeToNode(environment, ModelActions.Json)!.AsObject();
    }
}
