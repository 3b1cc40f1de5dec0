using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Jobs.Executors;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Beep.Host.Tests.Tasks;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs;

/// <summary>What becomes of the container of a run whose host goes away, with an engine that says what it was asked.</summary>
public sealed class ChildExecutorTests(PostgresServer server) : IDisposable
{
    private const string Name = "beep-job";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Find_ContainerWhoseEngineIsGone_IsRemovedBeforeTheNextBegins()
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        var engine = WriteEngine();
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Handler(engine));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        await host.UntilAsync(id, row => row.Message == "began");
        Assert.Equal([$"rm --force {Name}", $"rm --force {Name}", $"run {Name}"], await File.ReadAllLinesAsync(_folder.At("asked"), Token));
        await host.Queue.CancelAsync(await host.ReadAsync(id), AuditActors.CommandLine, Token);
        await host.UntilEndAsync(id);
    }

    [Fact]
    public async Task Cancel_OfARunThatWasTakenOver_RemovesItsContainer()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc.");
        var engine = WriteEngine();
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Handler(engine));
        await using var next = host.Beside(Handler(engine));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        await host.UntilAsync(id, row => row.Message == "began");
        host.Restart.Ask();
        await host.StopAsync();
        File.Delete(_folder.At("asked"));

        await next.StartAsync();
        await next.UntilAsync(id, row => row.Message == "goes on");
        Assert.False(File.Exists(_folder.At("asked")));
        Assert.Equal(CancelAnswer.Requested, await next.Queue.CancelAsync(await next.ReadAsync(id), AuditActors.CommandLine, Token));
        Assert.Equal(TaskState.Cancelled, (await next.UntilEndAsync(id)).Status);
        Assert.Equal([$"rm --force {Name}"], await File.ReadAllLinesAsync(_folder.At("asked"), Token));
    }

    public void Dispose() => _folder.Dispose();

    private WorkerContainer WriteEngine()
    {
        var program = ProgramFile.Write(_folder.At("engine"), $"#!/bin/sh\necho \"$*\" >>'{_folder.At("asked")}'\n[ \"$1\" = rm ] || exec sleep 300\n");
        return new WorkerContainer(program, Name);
    }

    private TestHandler Handler(WorkerContainer container) => new(TaskTestHost.Kind, async (run, token) =>
    {
        var folder = new JobFolder(_folder.At("job"));
        Directory.CreateDirectory(folder.Root);
        var executor = new ChildExecutor(TimeProvider.System);
        var found = await executor.FindAsync(run, folder, container, token);
        var worker = found ?? await executor.StartAsync(run, folder, new WorkerCommand(container.Engine, ["run", Name]) { Container = container }, Placement.Default, token);
        while (found is null && File.ReadAllLines(_folder.At("asked")) is not [.., "run beep-job"])
        {
            await Task.Delay(50, token);
        }

        await run.ReportAsync(1, found is null ? "began" : "goes on", token);
        try
        {
            await worker.WaitAsync(token);
        }
        catch (OperationCanceledException) when (!run.IsLeaving)
        {
            await worker.StopAsync(TaskTestHost.Patience);
            throw;
        }

        return new JsonObject();
    })
    { WhenLost = WhenLost.Adopt };
}
