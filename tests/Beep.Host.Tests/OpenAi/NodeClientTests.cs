using System.Diagnostics;
using System.Text.Json.Nodes;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.OpenAi;

/// <summary>The client that OpenAI publishes for Node, as it is.</summary>
public sealed class NodeClientTests(PostgresServer postgres)
{
    private static readonly string Folder = RepositoryFiles.At("tests", "clients");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Flow_FromFileToModel_IsSeenAsAtOpenAi()
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(Folder, "node_modules", "openai")), "The client is not installed: run npm ci in tests/clients.");
        await using var server = await OpenAiServer.StartAsync(postgres);
        var seen = await RunAsync(server);

        Assert.Equal(("file", "chats.jsonl", "fine-tune", "processed"), (Text(seen["file"]!["object"]), Text(seen["file"]!["filename"]), Text(seen["file"]!["purpose"]), Text(seen["file"]!["status"])));
        Assert.Equal(new FileInfo(server.Rows).Length, (long)seen["file"]!["bytes"]!);
        Assert.Equal(Texts(seen["uploaded"]), Texts(seen["files"]));
        Assert.Equal(await File.ReadAllTextAsync(server.Rows, Stop), Text(seen["content"]));
        Assert.Equal((400, "invalid_value", "purpose", "invalid_request_error"), Fault(seen["badPurpose"]));
        Assert.Equal((404, "file_not_found", "file_id", "invalid_request_error"), Fault(seen["noFile"]));

        var created = seen["created"]!;
        Assert.Equal("fine_tuning.job", Text(created["object"]));
        Assert.Contains(Text(created["status"]), new[] { "queued", "running" });
        Assert.Equal((1, 6, 0.5), ((int)created["hyperparameters"]!["n_epochs"]!, (int)created["hyperparameters"]!["batch_size"]!, (double)created["hyperparameters"]!["learning_rate_multiplier"]!));
        Assert.Equal(("beep/beep-tiny", 7, "maps", "flow"), (Text(created["model"]), (int)created["seed"]!, Text(created["metadata"]!["team"]), Text(created["user_provided_suffix"])));
        Assert.Equal((null, null, null, null), (Text(created["error"]), Text(created["fine_tuned_model"]), (long?)created["finished_at"], (long?)created["estimated_finish"]));
        Assert.Equal((404, "fine_tune_not_found", "fine_tune_id", "invalid_request_error"), Fault(seen["cancelForeign"]));

        var job = seen["job"]!;
        var id = Text(job["id"])!["ftjob-".Length..];
        Assert.True(Text(job["status"]) == "succeeded", job.ToString());
        Assert.Equal($"ft:beep/beep-tiny:beep:flow:{id}", Text(job["fine_tuned_model"]));
        Assert.True((long)job["trained_tokens"]! > 0 && (long)job["finished_at"]! >= (long)job["created_at"]!);
        var events = seen["events"]!.AsArray();
        Assert.Equal(events.Count, events.Select(happened => Text(happened!["id"])).Distinct().Count());
        Assert.Equal(events.Select(happened => (long)happened!["created_at"]!).OrderDescending(), events.Select(happened => (long)happened!["created_at"]!));
        var metrics = events.Where(happened => Text(happened!["type"]) == "metrics").Select(happened => happened!["data"]!).ToList();
        Assert.Contains(metrics, data => data["train_loss"] is not null && (int)data["step"]! == 1);
        Assert.Contains(metrics, data => data["full_valid_mean_token_accuracy"] is not null);
        Assert.All(seen["checkpoints"]!.AsArray(), checkpoint => Assert.Equal((Text(job["id"]), "fine_tuning.job.checkpoint"), (Text(checkpoint!["fine_tuning_job_id"]), Text(checkpoint["object"]))));
        Assert.Equal(["beep/beep-tiny", Text(job["fine_tuned_model"])], Texts(seen["models"]).Order(StringComparer.Ordinal));
        Assert.Equal(("model", "beep"), (Text(seen["tuned"]!["object"]), Text(seen["base"]!["owned_by"])));
        Assert.StartsWith("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n", Text(seen["results"]), StringComparison.Ordinal);
        Assert.Equal(409, Fault(seen["cancelFinished"]).Status);

        Assert.Equal(("paused", "cancelled"), (Text(seen["paused"]), Text(seen["cancelled"])));
        Assert.Contains(Text(seen["resumed"]), new[] { "queued", "running" });
        Assert.Contains(Text(seen["cancelling"]), new[] { "running", "cancelled" });
        Assert.Equal((409, "dataset_in_use"), (Fault(seen["deleteUsed"]).Status, Fault(seen["deleteUsed"]).Code));
        Assert.Equal(3, Texts(seen["jobs"]).Distinct().Count());
        Assert.Equal([Text(job["id"])], Texts(seen["ofTeam"]));
        Assert.Equal((400, "invalid_value", "hyperparameters.n_epochs", "invalid_request_error"), Fault(seen["badEpochs"]));
        Assert.Equal((400, "unsupported_value", "method.type", "invalid_request_error"), Fault(seen["reinforcement"]));
        Assert.Equal((400, "method.type"), (Fault(seen["dpo"]).Status, Fault(seen["dpo"]).Param));
        Assert.Equal((400, "unsupported_value", "integrations", "invalid_request_error"), Fault(seen["wandb"]));
        Assert.Equal((404, "model_not_found", "model", "invalid_request_error"), Fault(seen["noModel"]));
        Assert.Equal((400, "unknown_parameter", "owner_id", "invalid_request_error"), Fault(seen["unknown"]));
        Assert.True((bool)seen["deleted"]!["deleted"]!);
        Assert.Equal(404, Fault(seen["tunedGone"]).Status);
        Assert.True((bool)seen["fileDeleted"]!["deleted"]!);
        Assert.Equal((401, "invalid_api_key", null, "authentication_error"), Fault(seen["wrongKey"]));
    }

    private static async Task<JsonNode> RunAsync(OpenAiServer server)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(Folder, "openai-flow.mjs"), server.Server.Address.ToString(), server.Rows, server.ManyRows]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        start.Environment["BEEP_TOKEN"] = server.Token;
        using var process = Process.Start(start)!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(Stop), process.StandardError.ReadToEndAsync(Stop));
            await process.WaitForExitAsync(Stop).WaitAsync(TimeSpan.FromMinutes(10), Stop);
            Assert.True(process.ExitCode == 0, await errors);
            return JsonNode.Parse(await output)!;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string? Text(JsonNode? node) => (string?)node;

    private static IEnumerable<string?> Texts(JsonNode? node) => node!.AsArray().Select(Text);

    private static (int Status, string? Code, string? Param, string? Type) Fault(JsonNode? fault) => fault is null ? default : ((int)fault["status"]!, Text(fault["code"]), Text(fault["param"]), Text(fault["type"]));
}
