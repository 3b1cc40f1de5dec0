using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Backends;

/// <summary>A worker that misbehaves, run as a job: what it sees, what it leaves behind, what it prints.</summary>
public sealed class WorkerHygieneTests(PostgresServer postgres) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_WorkerThatMisbehaves_SeesLittleLeavesNothingAndPrintsPlainText()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sessions and marks are those of Linux.");
        Environment.SetEnvironmentVariable("TESTS_OWN_TOKEN", "not-for-workers");
        Environment.SetEnvironmentVariable("BEEP_TESTS_OWN_SECRET", "not-for-workers");
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        var id = await RunAsync(server, """
            cd "$2"
            env | sed 's/=.*//' | sort > names.seen
            { umask; ulimit -n; ulimit -c; cat | wc -c; grep NoNewPrivs /proc/self/status | tr -d '\t'; } > limits.seen
            setsid sh -c 'trap "" TERM; sleep 600' > /dev/null 2>&1 &
            (exec env -i sleep 600) > /dev/null 2>&1 &
            printf '\033[31mred\033[0m <script>alert(1)</script>\n'
            """ + "\n" + FakeWorker.WriteExit("failed", 50));
        await server.UntilStateAsync(id, "failed");
        var folder = server.Folder(id).Root;
        var names = await File.ReadAllLinesAsync(Path.Combine(folder, "names.seen"), Token);
        Assert.Contains(ProcessGroup.Variable, names);
        Assert.DoesNotContain(names, name => name is "TESTS_OWN_TOKEN" or "BEEP_TESTS_OWN_SECRET" || name.StartsWith("IDENTITYSERVER", StringComparison.Ordinal));
        Assert.Equal(["0077", "4096", "0", "0", "NoNewPrivs:1"], await File.ReadAllLinesAsync(Path.Combine(folder, "limits.seen"), Token));
        var task = (string)(await server.GetAsync(id))["task_id"]!;
        Assert.Empty(new ProcessGroup(null, task).Members());

        using var answer = await server.Admin.GetAsync($"{JobServer.Jobs}/{id}/logs", Token);
        Assert.Equal(("application/json", "nosniff"), (answer.Content.Headers.ContentType?.MediaType, answer.Headers.GetValues("X-Content-Type-Options").Single()));
        Assert.Contains("?[31mred?[0m <script>alert(1)</script>", (await answer.Content.ReadFromJsonAsync<JsonObject>(Token))!["items"]!.AsArray().Select(line => (string)line!["text"]!));
    }

    [Fact]
    public async Task Job_WorkerThatPrintsWithoutEnd_IsEndedWithTheReason()
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        var id = await RunAsync(server, "yes 'over and over'");
        var failed = await server.UntilStateAsync(id, "failed");
        Assert.Equal("output_too_long", (string)failed["error"]!["code"]!);
        Assert.InRange(new FileInfo(server.Folder(id).Output).Length, OutputLog.MaxBytes, 64 * OutputLog.MaxBytes);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string> RunAsync(JobServer server, string script)
    {
        var program = _folder.Write("misbehaves.sh", script);
        using var made = await server.Admin.PutAsJsonAsync("/api/v1/finetune/backends/own", new JsonObject { ["definition"] = new JsonObject { ["program"] = "/bin/sh", ["arguments"] = new JsonArray(program, "train", "{job}") } }, Token);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var wanted = server.Wanted(2, ("backend", "custom"));
        wanted["placement"] = new JsonObject { ["custom_backend"] = "own" };
        return (string)(await server.CreateAsync(wanted))["id"]!;
    }
}
