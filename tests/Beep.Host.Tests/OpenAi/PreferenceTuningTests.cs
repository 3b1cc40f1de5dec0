using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.OpenAi;

/// <summary>Fine-tunes of <c>method.type</c> <c>dpo</c>, with OpenAI's own format of preferences.</summary>
public sealed class PreferenceTuningTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Row = """{"input":{"messages":[{"role":"user","content":"Hi"}],"tools":[],"parallel_tool_calls":true},"preferred_output":[{"role":"assistant","content":"Hello!"}],"non_preferred_output":[{"role":"assistant","content":"No."}]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_NoEnvironmentIsReady_SaysSoAsOpenAiDoes()
    {
        await using var server = await OpenAiServer.StartAsync(postgres);
        var (status, body) = await CreateAsync(server, await UploadAsync(server, Row));

        Assert.Equal(400, status);
        var error = body["error"]!;
        Assert.Equal(("no_environment", "method.type", "invalid_request_error"), ((string?)error["code"], (string?)error["param"], (string?)error["type"]));
        Assert.Contains("needs a Python environment", (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithAnEnvironment_MakesAPreferenceJobWithItsFigures()
    {
        await using var server = await OpenAiServer.StartAsync(postgres);
        await AddEnvironmentAsync(server);
        var (status, body) = await CreateAsync(server, await UploadAsync(server, Row));

        Assert.True(status == 200, body.ToJsonString());
        Assert.Equal("dpo", (string?)body["method"]!["type"]);
        Assert.Equal(0.25, (double)body["method"]!["dpo"]!["hyperparameters"]!["beta"]!);
        await using var context = server.Server.Services.GetRequiredService<FineTuneDatabase>().CreateContext();
        var job = await context.Set<Job>().AsNoTracking().SingleAsync(Token);
        var spec = JsonNode.Parse(job.Spec!)!;
        Assert.Equal(("transformers", "dpo", "lora", 0.25), ((string?)spec["backend"], (string?)spec["task"], (string?)spec["method"], (double)spec["dpo"]!["beta"]!));
        Assert.Equal(1e-5, (double)spec["train"]!["learning_rate"]!, 12);
    }

    [Fact]
    public async Task Create_RowsThatAreNoPairs_NamesTheMethod()
    {
        await using var server = await OpenAiServer.StartAsync(postgres);
        await AddEnvironmentAsync(server);
        var (status, body) = await CreateAsync(server, await UploadAsync(server, await File.ReadAllTextAsync(server.Rows, Token)));

        Assert.Equal((400, "wrong_format", "method.type"), (status, (string?)body["error"]!["code"], (string?)body["error"]!["param"]));
    }

    private static async Task<string> UploadAsync(OpenAiServer server, string rows)
    {
        using var form = new MultipartFormDataContent { { new StringContent("fine-tune"), "purpose" }, { new ByteArrayContent(Encoding.UTF8.GetBytes(rows)), "file", "pairs.jsonl" } };
        using var answer = await server.Client.PostAsync("/v1/files", form, Token);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
        Assert.True(answer.IsSuccessStatusCode, body.ToJsonString());
        return (string)body["id"]!;
    }

    private static async Task<(int Status, JsonNode Body)> CreateAsync(OpenAiServer server, string file)
    {
        var figures = new JsonObject { ["beta"] = 0.25, ["n_epochs"] = 1, ["learning_rate_multiplier"] = 2 };
        var wanted = new JsonObject { ["model"] = "beep/beep-tiny", ["training_file"] = file, ["method"] = new JsonObject { ["type"] = "dpo", ["dpo"] = new JsonObject { ["hyperparameters"] = figures } } };
        using var answer = await server.Client.PostAsJsonAsync("/v1/fine_tuning/jobs", wanted, Token);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!);
    }

    private static async Task AddEnvironmentAsync(OpenAiServer server)
    {
        await using var context = server.Server.Services.GetRequiredService<HostDatabase>().CreateContext();
        context.Add(new EnvironmentRow { Id = PublicId.New(), Name = "cpu", Origin = EnvironmentOrigin.Registered, State = EnvironmentState.Ready, Python = "/no/such/python3", CreatedAt = TimeProvider.System.GetUtcNow() });
        await context.SaveChangesAsync(Token);
    }
}
