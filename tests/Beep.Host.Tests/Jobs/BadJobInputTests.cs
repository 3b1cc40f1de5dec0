using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Models;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Jobs;

/// <summary>What must be refused of jobs, by the numbers of the list of bad inputs.</summary>
public sealed class BadJobInputTests(PostgresServer postgres)
{
    private const string Unknown = "0123456789abcdef";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_OfTheListOfBadInputs_GetTheirAnswers()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var (other, client) = await server.CreateUserAsync();
        var foreignDataset = server.Dataset;
        var foreignModel = await server.AddModelAsync("admin/own", server.Paths.Home, server.AdminId, kind: ModelKind.Merged);
        var foreignJob = (string)(await server.CreateAsync(server.Wanted()))["id"]!;
        var own = await server.AddDatasetAsync(other, "Own", ["""{"text":"One."}""", """{"text":"Two."}"""]);
        var deleted = await server.AddDatasetAsync(other, "Deleted", ["""{"text":"One."}"""]);
        await using (var context = server.Get<FineTuneDatabase>().CreateContext())
        {
            await context.Set<Dataset>().Where(dataset => dataset.Id == deleted).ExecuteUpdateAsync(set => set.SetProperty(dataset => dataset.DeletedAt, TimeProvider.System.GetUtcNow()), Token);
        }

        string Body(string more, string? dataset = null, string? model = null) =>
            $$"""{"model":"{{model ?? server.Model}}","dataset":"{{dataset ?? own}}","preset":"lora-small"{{(more.Length == 0 ? "" : "," + more)}}}""";
        string Set(string path, string value) => Body($"\"overrides\":{{\"{path}\":{value}}}");
        (int Number, string Body, HttpStatusCode Status, string Code, string? Where, string? Message)[] cases =
        [
            (32, Body("", foreignDataset), HttpStatusCode.NotFound, "dataset_not_found", null, null),
            (32, Body("", Unknown), HttpStatusCode.NotFound, "dataset_not_found", null, null),
            (32, Body("", model: foreignModel), HttpStatusCode.NotFound, "model_not_found", null, null),
            (32, Body("", model: Unknown), HttpStatusCode.NotFound, "model_not_found", null, null),
            (32, Body("", deleted), HttpStatusCode.Conflict, "dataset_deleted", null, null),
            (32, Body("\"dataset_version\":7"), HttpStatusCode.NotFound, "dataset_not_found", null, null),
            (32, Body($"\"validation_dataset\":\"{foreignDataset}\""), HttpStatusCode.NotFound, "dataset_not_found", null, null),
            (33, Set("train.num_epochs", "0"), HttpStatusCode.UnprocessableEntity, "out_of_range", "train.num_epochs", "'train.num_epochs' is 0; it must be above 0 and at most 10000."),
            (33, Set("train.num_epochs", "-1"), HttpStatusCode.UnprocessableEntity, "out_of_range", "train.num_epochs", "'train.num_epochs' is -1; it must be above 0 and at most 10000."),
            (33, Set("train.num_epochs", "1e9"), HttpStatusCode.UnprocessableEntity, "out_of_range", "train.num_epochs", "'train.num_epochs' is 1000000000; it must be above 0 and at most 10000."),
            (33, Set("train.num_epochs", "\"NaN\""), HttpStatusCode.UnprocessableEntity, "wrong_type", "train.num_epochs", null),
            (33, Set("lora.r", "0"), HttpStatusCode.UnprocessableEntity, "out_of_range", "lora.r", "'lora.r' is 0; it must be from 1 to 1024."),
            (33, Set("train.per_device_batch_size", "4097"), HttpStatusCode.UnprocessableEntity, "out_of_range", "train.per_device_batch_size", "'train.per_device_batch_size' is 4097; it must be from 1 to 4096."),
            (33, Set("train.per_device_batch_size", "99999999999"), HttpStatusCode.UnprocessableEntity, "out_of_range", "train.per_device_batch_size", "'train.per_device_batch_size' is 99999999999; it must be from 1 to 4096."),
            (33, Body("\"validation_share\":0.9"), HttpStatusCode.UnprocessableEntity, "out_of_range", "validation_share", "'validation_share' is 0.9; it must be above 0 and at most 0.5."),
            (33, Body("\"validation_share\":-0.1"), HttpStatusCode.UnprocessableEntity, "out_of_range", "validation_share", null),
            (33, Body("\"priority\":1000"), HttpStatusCode.UnprocessableEntity, "out_of_range", "priority", null),
            (33, Set("train.num_epochs", "NaN"), HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, Body("\"colour\":\"red\""), HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, Body("\"ownerId\":1"), HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, Body("\"owner_id\":1"), HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, Body("\"status\":\"succeeded\""), HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, Body("\"state\":\"succeeded\""), HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, Body("\"dataset_version\":\"one\""), HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, """["model"]""", HttpStatusCode.BadRequest, "bad_json", null, null),
            (34, Set("train.colour", "1"), HttpStatusCode.UnprocessableEntity, "unknown_field", "train.colour", null),
            (34, Body("\"dataset\":\"twice\""), HttpStatusCode.BadRequest, "bad_json", null, null),
            (35, Body("", model: "--flag"), HttpStatusCode.UnprocessableEntity, "bad_model", "model", "'--flag' is no id of a model."),
            (35, Body("", model: "; rm -rf /"), HttpStatusCode.UnprocessableEntity, "bad_model", "model", null),
            (35, Body("", model: "$(x)"), HttpStatusCode.UnprocessableEntity, "bad_model", "model", null),
            (35, Body("", model: "../models"), HttpStatusCode.UnprocessableEntity, "bad_model", "model", null),
            (35, Body("", model: "https://example.org/model"), HttpStatusCode.UnprocessableEntity, "bad_model", "model", null),
            (35, Body("", model: "hf://publisher/name"), HttpStatusCode.UnprocessableEntity, "bad_model", "model", null),
            (35, Body("", "../rows.jsonl"), HttpStatusCode.UnprocessableEntity, "bad_dataset", "dataset", null),
            (36, Set("model.path", "\"/etc\""), HttpStatusCode.UnprocessableEntity, "server_chooses", "model.path", "'model.path' cannot be given: the server chooses 'model.path'."),
            (36, Set("data.train", "\"/etc/passwd\""), HttpStatusCode.UnprocessableEntity, "server_chooses", "data.train", null),
            (36, Set("data.validation", "\"/etc/passwd\""), HttpStatusCode.UnprocessableEntity, "server_chooses", "data.validation", null),
            (36, Set("data", "{\"train\":\"/etc/passwd\"}"), HttpStatusCode.UnprocessableEntity, "server_chooses", "data", null),
            (36, Set("adapter", "\"/etc\""), HttpStatusCode.UnprocessableEntity, "server_chooses", "adapter", null),
            (36, Set("job_id", "\"mine\""), HttpStatusCode.UnprocessableEntity, "server_chooses", "job_id", null),
            (36, Set("model", "null"), HttpStatusCode.UnprocessableEntity, "server_chooses", "model", null),
            (36, Set("output", "\"/tmp/out\""), HttpStatusCode.UnprocessableEntity, "unknown_field", "output", null),
            (36, Body("\"output\":\"/tmp/out\""), HttpStatusCode.BadRequest, "bad_json", null, null),
        ];
        List<string> wrong = [];
        foreach (var (number, body, status, code, where, message) in cases)
        {
            using var answer = await client.PostAsync(JobServer.Jobs, new StringContent(body, Encoding.UTF8, "application/json"), Token);
            var text = await answer.Content.ReadAsStringAsync(Token);
            var problem = JsonNode.Parse(text)!;
            if (answer.StatusCode != status || (string?)problem["code"] != code || (where is not null && (string?)problem["where"] != where) || (message is not null && (string?)problem["detail"] != message))
            {
                wrong.Add($"{number} {body} => {(int)answer.StatusCode} {text}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        await using (var context = server.Get<FineTuneDatabase>().CreateContext())
        {
            // Nothing that was refused has left anything.
            Assert.Equal(1, await context.Set<Beep.Host.Jobs.Stored.Job>().CountAsync(Token));
        }

        Assert.Equal([foreignJob], Directory.EnumerateDirectories(server.Paths.Jobs).Select(Path.GetFileName));
        foreach (var action in new[] { "cancel", "restart", "resume", "clone", "reproduce", "start" })
        {
            using var answer = await server.PostAsync(foreignJob, action, client);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        using var read = await client.GetAsync($"{JobServer.Jobs}/{foreignJob}", Token);
        Assert.Equal(HttpStatusCode.NotFound, read.StatusCode);
        using var malformed = await client.GetAsync($"{JobServer.Jobs}/..%2f..%2fetc", Token);
        Assert.Equal(HttpStatusCode.NotFound, malformed.StatusCode);
    }

    [Theory]
    [InlineData(TestDatabase.Sqlite)]
    [InlineData(TestDatabase.Postgres)]
    public async Task IdempotencyKey_SameAndChangedBody_GiveTheSameJobAnd422(string kind)
    {
        await using var server = await JobServer.StartAsync(kind, postgres, slots: 0);
        var made = await SendAsync(server, server.Wanted(), "key-1");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        var again = await SendAsync(server, server.Wanted(), "key-1");
        Assert.Equal((HttpStatusCode.OK, (string)made.Body["id"]!), (again.Status, (string)again.Body["id"]!));
        var changed = await SendAsync(server, server.Wanted(7), "key-1");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_mismatch"), (changed.Status, (string)changed.Body["code"]!));
        // At the same moment there is still one job.
        var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SendAsync(server, server.Wanted(), "key-2")));
        Assert.Single(together.Select(answer => (string)answer.Body["id"]!).Distinct());
        Assert.Single(together, answer => answer.Status == HttpStatusCode.Created);
        Assert.Equal(2, Directory.EnumerateDirectories(server.Paths.Jobs).Count());
    }

    [Fact]
    public async Task Create_ThirtyFirstWithinAnHour_IsRefusedWithRetryAfter()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        for (var made = 0; made < 30; made++)
        {
            var wanted = server.Wanted();
            wanted["start"] = false;
            await server.CreateAsync(wanted);
        }

        using var answer = await server.Admin.PostAsJsonAsync(JobServer.Jobs, server.Wanted(), Token);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 3600);
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(JobServer server, JsonObject wanted, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, JobServer.Jobs) { Content = JsonContent.Create(wanted) };
        request.Headers.Add("Idempotency-Key", key);
        using var answer = await server.Admin.SendAsync(request, Token);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonObject>(Token))!);
    }
}
