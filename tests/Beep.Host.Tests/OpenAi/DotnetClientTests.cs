#pragma warning disable OPENAI001 // What the client says about its own fine-tuning part.
using System.ClientModel;
using System.Text.Json.Nodes;
using Beep.Host.Hosting.Access;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using OpenAI;
using OpenAI.Files;
using OpenAI.FineTuning;

namespace Beep.Host.Tests.OpenAi;

/// <summary>The client that OpenAI publishes for .NET, as it is.</summary>
public sealed class DotnetClientTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task FineTune_FromFileToModel_Succeeds(string kind)
    {
        await using var server = await OpenAiServer.StartAsync(postgres, kind);
        var client = Client(server);
        var files = client.GetOpenAIFileClient();
        OpenAIFile file = await files.UploadFileAsync(server.Rows, FileUploadPurpose.FineTune);
        Assert.Equal(("chats.jsonl", new FileInfo(server.Rows).Length), (file.Filename, file.SizeInBytesLong));
        Assert.Equal([file.Id], ((OpenAIFileCollection)await files.GetFilesAsync(Stop)).Select(found => found.Id));
        Assert.Equal(await File.ReadAllBytesAsync(server.Rows, Stop), ((BinaryData)await files.DownloadFileAsync(file.Id, Stop)).ToArray());

        var tuning = client.GetFineTuningClient();
        var job = await tuning.FineTuneAsync("beep/beep-tiny", file.Id, waitUntilCompleted: false, new FineTuningOptions
        {
            Suffix = "dotnet",
            Seed = 3,
            TrainingMethod = FineTuningTrainingMethod.CreateSupervised(epochCount: 1, batchSize: 4, learningRate: 2),
        }, Stop);
        Assert.StartsWith("ftjob-", job.JobId, StringComparison.Ordinal);
        Assert.Equal(("beep/beep-tiny", "dotnet", 3), (job.BaseModel, job.UserProvidedSuffix, job.Seed));
        await job.WaitForCompletionAsync(Stop);
        Assert.True(job.Status == FineTuningStatus.Succeeded, $"{job.Status}");
        Assert.StartsWith("ft:beep/beep-tiny:beep:dotnet:", job.Value, StringComparison.Ordinal);
        job = await tuning.GetJobAsync(job.JobId, Stop);
        Assert.Single(job.ResultFileIds);

        var events = new List<FineTuningEvent>();
        await foreach (var happened in job.GetEventsAsync(new GetEventsOptions { PageSize = 4 }))
        {
            events.Add(happened);
        }

        Assert.Equal(events.Count, events.Select(happened => happened.Id).Distinct().Count());
        Assert.Contains(events, happened => happened.Message.StartsWith("Step 1: training loss=", StringComparison.Ordinal));
        Assert.Contains(events, happened => happened.Message == "Queued." || happened.Message.Contains("queued", StringComparison.OrdinalIgnoreCase));
        await foreach (var checkpoint in job.GetCheckpointsAsync())
        {
            Assert.Equal(job.JobId, checkpoint.JobId);
            Assert.EndsWith($":ckpt-step-{checkpoint.StepNumber}", checkpoint.ModelId, StringComparison.Ordinal);
        }

        var listed = new List<string>();
        await foreach (var found in tuning.GetJobsAsync(new FineTuningJobCollectionOptions { PageSize = 1 }))
        {
            listed.Add(found.JobId);
        }

        Assert.Equal([job.JobId], listed);
        var models = client.GetOpenAIModelClient();
        Assert.Equal(job.Value, ((global::OpenAI.Models.OpenAIModel)await models.GetModelAsync(job.Value, Stop)).Id);
        Assert.True(((global::OpenAI.Models.ModelDeletionResult)await models.DeleteModelAsync(job.Value, Stop)).Deleted);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(async () => await models.GetModelAsync(job.Value, Stop))).Status);
        Assert.True(((FileDeletionResult)await files.DeleteFileAsync(file.Id, Stop)).Deleted);
    }

    [Fact]
    public async Task Cancel_WhileItWaits_IsCancelled()
    {
        await using var server = await OpenAiServer.StartAsync(postgres);
        var client = Client(server);
        OpenAIFile file = await client.GetOpenAIFileClient().UploadFileAsync(server.ManyRows, FileUploadPurpose.FineTune);
        var tuning = client.GetFineTuningClient();
        var runs = await tuning.FineTuneAsync("beep/beep-tiny", file.Id, waitUntilCompleted: false, new FineTuningOptions { TrainingMethod = FineTuningTrainingMethod.CreateSupervised(epochCount: 50, batchSize: 1) }, Stop);
        var waits = await tuning.FineTuneAsync("beep/beep-tiny", file.Id, waitUntilCompleted: false, null, Stop);
        Assert.Equal(FineTuningStatus.Queued, waits.Status);
        await waits.CancelAndUpdateAsync(Stop);
        Assert.Equal(FineTuningStatus.Cancelled, waits.Status);
        await runs.CancelAndUpdateAsync(Stop);
        await runs.WaitForCompletionAsync(Stop);
        Assert.Equal(FineTuningStatus.Cancelled, runs.Status);
    }

    [Theory]
    [InlineData("GET", "/v1/files", null, 401, "invalid_api_key")]
    [InlineData("GET", "/v1/nothing", "all", 404, "not_found")]
    [InlineData("GET", "/v1/fine_tuning/jobs?limit=0", "all", 400, "invalid_value")]
    [InlineData("GET", "/v1/fine_tuning/jobs?after=ftjob-0123456789abcdef", "all", 404, "fine_tune_not_found")]
    [InlineData("GET", "/v1/files?order=up", "all", 400, "invalid_value")]
    [InlineData("GET", "/v1/models/..%2f..%2fetc", "all", 404, "model_not_found")]
    [InlineData("GET", "/v1/files/file-0123456789abcdef/content", "all", 404, "file_not_found")]
    [InlineData("POST", "/v1/fine_tuning/jobs", "all", 400, "invalid_json")]
    [InlineData("GET", "/v1/files", "llm:view", 403, "not_allowed")]
    [InlineData("POST", "/v1/fine_tuning/jobs", "finetune.read", 403, "not_allowed")]
    public async Task Faults_Each_AreAnObjectOfOpenAi(string method, string path, string? scopes, int status, string code)
    {
        await using var server = await OpenAiServer.StartAsync(postgres, slots: 0);
        using var client = scopes is null ? server.Server.CreateClient() : await server.Server.CreateAdminClientAsync(scopes == "all" ? [] : [scopes]);
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "POST" ? new StringContent("{") : null };
        using var answer = await client.SendAsync(request, Stop);
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!["error"]!.AsObject();
        Assert.Equal(["message", "type", "param", "code"], error.Select(pair => pair.Key));
        Assert.Equal((status, code), ((int)answer.StatusCode, (string?)error["code"]));
    }

    [Fact]
    public async Task Foreign_FilesAndJobs_AreNotThere()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var job = (string)(await server.CreateAsync(server.Wanted()))["id"]!;
        var (_, other) = await server.CreateUserAsync(Permissions.FinetuneRead, Permissions.FinetuneManage, Permissions.DatasetsWrite, Permissions.ModelsView);
        using var _ = other;
        var file = $"file-{server.Dataset}";
        Assert.Equal(200, await StatusAsync(server.Admin, "GET", $"/v1/files/{file}"));
        Assert.Equal(200, await StatusAsync(server.Admin, "GET", $"/v1/fine_tuning/jobs/ftjob-{job}"));
        foreach (var (method, path) in new[]
        {
            ("GET", $"/v1/files/{file}"), ("GET", $"/v1/files/{file}/content"), ("DELETE", $"/v1/files/{file}"), ("GET", $"/v1/files/file-results-{job}"),
            ("GET", $"/v1/fine_tuning/jobs/ftjob-{job}"), ("GET", $"/v1/fine_tuning/jobs/ftjob-{job}/events"), ("GET", $"/v1/fine_tuning/jobs/ftjob-{job}/checkpoints"),
            ("POST", $"/v1/fine_tuning/jobs/ftjob-{job}/cancel"), ("POST", $"/v1/fine_tuning/jobs/ftjob-{job}/pause"), ("POST", $"/v1/fine_tuning/jobs/ftjob-{job}/resume"),
        })
        {
            Assert.Equal((404, path), (await StatusAsync(other, method, path), path));
        }

        using var made = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(other, "/v1/fine_tuning/jobs", new { model = "beep/beep-tiny", training_file = file }, Stop);
        Assert.Equal((404, "training_file"), ((int)made.StatusCode, (string?)JsonNode.Parse(await made.Content.ReadAsStringAsync(Stop))!["error"]!["param"]));
        using var list = await other.GetAsync(new Uri("/v1/fine_tuning/jobs", UriKind.Relative), Stop);
        Assert.Equal("{\"data\":[],\"has_more\":false,\"object\":\"list\"}", await list.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task Area_SwitchedOff_IsNotThere()
    {
        await using var server = await Serving.RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = await server.CreateAdminClientAsync();
        using var answer = await client.GetAsync(new Uri("/v1/models", UriKind.Relative), Stop);
        Assert.Equal(404, (int)answer.StatusCode);
        Assert.DoesNotContain(server.Endpoints.OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>(), endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("v1/", StringComparison.Ordinal));
    }

    private static async Task<int> StatusAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await client.SendAsync(request, Stop);
        return (int)answer.StatusCode;
    }

    private static OpenAIClient Client(OpenAiServer server) =>
        new(new ApiKeyCredential(server.Token), new OpenAIClientOptions { Endpoint = new Uri(server.Server.Address, "v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) });
}
