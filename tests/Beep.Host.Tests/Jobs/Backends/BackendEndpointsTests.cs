using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Jobs.Backends;

/// <summary>Registering workers.</summary>
public sealed class BackendEndpointsTests(PostgresServer postgres)
{
    private const string Backends = "/api/v1/finetune/backends";

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Backend_RegisteredChangedAndDeleted_IsListedAndAudited(string kind)
    {
        await using var server = await JobServer.StartAsync(kind, postgres, slots: 0);
        using (var made = await PutAsync(server, "own-worker", new JsonObject { ["program"] = Shell }))
        {
            Assert.Equal((HttpStatusCode.Created, $"{Backends}/own-worker"), (made.StatusCode, made.Headers.Location!.OriginalString));
        }

        using (var changed = await PutAsync(server, "own-worker", new JsonObject { ["program"] = Shell, ["gpus"] = 2 }))
        {
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        }

        var (_, other) = await server.CreateUserAsync();
        using (other)
        {
            var seen = (await other.GetFromJsonAsync<JsonObject>(Backends, Token))!["items"]!.AsArray().Single()!;
            Assert.Equal(("own-worker", 2, null), ((string)seen["name"]!, (int)seen["gpus"]!, seen["definition"]));
            using var refused = await other.PutAsJsonAsync($"{Backends}/mine", new JsonObject { ["definition"] = new JsonObject { ["program"] = Shell } }, Token);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Assert.Equal(Shell, (string)(await server.Admin.GetFromJsonAsync<JsonObject>($"{Backends}/own-worker", Token))!["definition"]!["program"]!);
        var wanted = server.Wanted(2, ("backend", "custom"));
        wanted["placement"] = new JsonObject { ["custom_backend"] = "own-worker" };
        var job = (string)(await server.CreateAsync(wanted))["id"]!;
        using (var busy = await server.Admin.DeleteAsync($"{Backends}/own-worker", Token))
        {
            Assert.Equal(HttpStatusCode.Conflict, busy.StatusCode);
        }

        using (var cancelled = await server.PostAsync(job, "cancel"))
        {
            Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        }

        using (var deleted = await server.Admin.DeleteAsync($"{Backends}/own-worker", Token))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        using var gone = await server.Admin.GetAsync($"{Backends}/own-worker", Token);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await using var context = server.Get<HostDatabase>().CreateContext();
        Assert.Equal(["backend_registered", "backend_changed", "backend_deleted"], await context.Set<AuditRow>().Where(row => row.ResourceType == "backend").OrderBy(row => row.Seq).Select(row => row.Action).ToListAsync(Token));
    }

    [Fact]
    public async Task Put_EverythingWrong_SaysSoAtOnce()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        using var answer = await PutAsync(server, "transformers", new JsonObject
        {
            ["engine"] = "podman",
            ["program"] = "podman",
            ["image"] = "--privileged",
            ["mounts"] = new JsonArray(new JsonObject { ["source"] = "/etc", ["target"] = "data:rw" }),
            ["arguments"] = new JsonArray("a\nb"),
            ["environment"] = new JsonObject { ["A B"] = "x", ["BEEP_TASK"] = "y" },
            ["pass_environment"] = new JsonArray("SECRET_KEY", "DATABASE_URL_FILE"),
            ["memory_mib"] = -1,
        });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        var problem = (await answer.Content.ReadFromJsonAsync<JsonObject>(Token))!;
        Assert.Equal(
            ["bad_name", "engine_missing", "no_image", "bad_mount", "bad_entries", "bad_variable", "bad_variable", "bad_variable", "bad_variable", "out_of_range"],
            problem["faults"]!.AsArray().Select(error => (string)error!["code"]!));
        using var unknown = await PutAsync(server, "own", new JsonObject { ["program"] = Shell, ["privileged"] = true });
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        using var missing = await PutAsync(server, "own", new JsonObject { ["program"] = "/nowhere/at-all" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, missing.StatusCode);
    }

    [Fact]
    public async Task Plan_BackendThatIsNotThereOrNotNamed_SaysWhich()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        Assert.Equal("no_custom_backend", await ProblemAsync(new JsonObject()));
        Assert.Equal("backend_not_found", await ProblemAsync(new JsonObject { ["custom_backend"] = "unknown" }));
        using (var made = await server.Admin.PutAsJsonAsync($"{Backends}/own", new JsonObject { ["is_enabled"] = false, ["definition"] = new JsonObject { ["program"] = Shell } }, Token))
        {
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        }

        Assert.Equal("backend_off", await ProblemAsync(new JsonObject { ["custom_backend"] = "own" }));
        Assert.Equal("unknown_executor", await ProblemAsync(new JsonObject { ["executor"] = "kubernetes" }, "torchsharp"));
        Assert.Equal("too_many_gpus", await ProblemAsync(new JsonObject { ["gpus"] = 3 }, "torchsharp"));
        Assert.Equal("unknown_device", await ProblemAsync(new JsonObject { ["devices"] = new JsonArray(7) }, "torchsharp"));

        async Task<string> ProblemAsync(JsonObject placement, string backend = "custom")
        {
            var wanted = server.Wanted(2, ("backend", backend));
            wanted["placement"] = placement;
            using var answer = await server.Admin.PostAsJsonAsync($"{JobServer.Jobs}/plan", wanted, Token);
            var plan = (await answer.Content.ReadFromJsonAsync<JsonObject>(Token))!;
            Assert.False((bool)plan["can_start"]!, plan.ToString());
            return (string)plan["problems"]!.AsArray().First(problem => ((string?)problem!["field"])?.StartsWith("placement", StringComparison.Ordinal) == true)!["code"]!;
        }
    }

    private static string Shell => OperatingSystem.IsWindows() ? @"C:\Windows\System32\cmd.exe" : "/bin/sh";

    private static Task<HttpResponseMessage> PutAsync(JobServer server, string name, JsonObject definition) =>
        server.Admin.PutAsJsonAsync($"{Backends}/{name}", new JsonObject { ["description"] = "Ours.", ["definition"] = definition }, Token);
}
