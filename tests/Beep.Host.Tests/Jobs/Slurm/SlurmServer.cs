using System.Diagnostics;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>A server with a cluster, whose worker is a shell script.</summary>
internal static class SlurmServer
{
    /// <summary>Those who ask the cluster do so one after the other: it has few processors, and some tests take its nodes away.</summary>
    public const string Alone = "Slurm";

    public const string Started = "\"type\":\"started\",\"backend\":\"torchsharp\",\"versions\":{},\"device\":\"cpu\",\"precision\":\"fp32\",\"trainable_parameters\":10,\"total_parameters\":20,\"total_steps\":4";

    /// <summary>Works until its file asks it to stop, then saves a checkpoint, as a worker does; a signal does not end it.</summary>
    public static readonly string Patient = $"trap : TERM; mkdir -p checkpoints/step-00000002; {FakeWorker.WriteEvent(1, Started)} while [ ! -e control/cancel ]; do sleep 0.1; done; {FakeWorker.WriteExit("cancelled", 10)}";

    public static async Task<JobServer> StartAsync(TestCluster cluster, PostgresServer postgres, string script, Func<SlurmOptions, SlurmOptions>? change = null, string kind = TestDatabase.Sqlite)
    {
        await cluster.ReadyAsync();
        var options = new SlurmOptions { IsOn = true, Configuration = cluster.Configuration, Poll = TimeSpan.FromMilliseconds(300) };
        return await JobServer.StartAsync(kind, postgres, configure: services => services.AddSlurm(change?.Invoke(options) ?? options).AddSingleton<Func<TrainerProgram>>(() => FakeWorker.Of(script)));
    }

    /// <summary>Commands of a cluster that does not answer as long as the file <c>broken</c> is there.</summary>
    public static string CommandsOf(TemporaryFolder folder, bool isBroken)
    {
        if (isBroken)
        {
            folder.Write("broken", "");
        }

        foreach (var command in new[] { "sbatch", "squeue", "scancel", "scontrol", "sinfo", "sacct" })
        {
            folder.WriteProgram(command, $"if [ -e '{folder.At("broken")}' ]; then echo '{command}: error: Unable to contact slurm controller (connect failure)' >&2; exit 1; fi\nexec /usr/bin/{command} \"$@\"");
        }

        return folder.Path;
    }

    /// <summary>Writes a program of one's own.</summary>
    public static string WriteProgram(this TemporaryFolder folder, string name, string script)
    {
        var path = folder.Write(name, "#!/bin/sh\n" + script + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    public static async Task<string> StartJobAsync(this JobServer server, JsonObject? cluster = null)
    {
        var wanted = server.Wanted();
        wanted["placement"] = new JsonObject { ["executor"] = "slurm", ["cluster"] = cluster };
        return (string)(await server.CreateAsync(wanted))["id"]!;
    }

    public static string NameOf(this JobServer server, string id) => SlurmRecord.NameOf(server.Folder(id));

    public static long Number(this JobServer server, string id) => SlurmRecord.Read(server.Folder(id))!.Number!.Value;

    public static async Task<IReadOnlyList<string>> NotesAsync(this JobServer server, string id) =>
        [.. (await server.Admin.GetAsync($"{JobServer.Jobs}/{id}/events?size=100", TestContext.Current.CancellationToken) is var answer ? JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))! : null!)["items"]!.AsArray().Select(item => item!["data"]?["message"]?.ToString() ?? "")];

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string otherwise)
    {
        for (var waited = Stopwatch.StartNew(); !await isSo(); await Task.Delay(200, TestContext.Current.CancellationToken))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(3), otherwise);
        }
    }

    /// <summary>Waits until the worker has begun and the server has seen the cluster say so.</summary>
    public static Task<JsonObject> UntilStartedAsync(this JobServer server, string id) => server.UntilAsync(id, job => (string?)job["cluster"]?["state"] == "RUNNING" && EventReader.ReadFrom(server.Folder(id).Events).Any());
}
