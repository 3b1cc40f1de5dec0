using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Jobs.Artifacts;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Beep.Host.Tests.Jobs.Runs;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using static Beep.Host.Tests.Jobs.Runs.RunHome;

namespace Beep.Host.Tests.Jobs.Artifacts;

public sealed class ArtifactTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Download_FileOfAnArtifact_HasRangesAndItsHash()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await AddAsync(home);
        var weights = RandomNumberGenerator.GetBytes(300_000);
        await File.WriteAllBytesAsync(Path.Combine(folder.Adapter, "adapter_model.safetensors"), weights, Token);
        var path = $"/api/v1/finetune/jobs/{job.Id}/artifacts/adapter/adapter_model.safetensors";
        using var whole = await home.Admin.GetAsync(path, Token);
        Assert.Equal(weights, await whole.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal($"\"{Convert.ToHexStringLower(SHA256.HashData(weights))}\"", whole.Headers.ETag!.Tag);
        Assert.Equal(("application/octet-stream", "attachment", "adapter_model.safetensors", "nosniff"),
            (whole.Content.Headers.ContentType!.MediaType, whole.Content.Headers.ContentDisposition!.DispositionType, whole.Content.Headers.ContentDisposition.FileName, whole.Headers.GetValues("X-Content-Type-Options").Single()));

        using var rest = await SendAsync(home, path, headers => (headers.Range, headers.IfRange) = (new RangeHeaderValue(299_990, null), new RangeConditionHeaderValue(whole.Headers.ETag)));
        Assert.Equal((HttpStatusCode.PartialContent, "bytes 299990-299999/300000"), (rest.StatusCode, rest.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(weights[299_990..], await rest.Content.ReadAsByteArrayAsync(Token));
        using var beyond = await SendAsync(home, path, headers => headers.Range = new RangeHeaderValue(300_000, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        using var known = await SendAsync(home, path, headers => headers.IfNoneMatch.Add(whole.Headers.ETag));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);

        // A changed file is another one.
        weights[0] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(folder.Adapter, "adapter_model.safetensors"), weights, Token);
        File.SetLastWriteTimeUtc(Path.Combine(folder.Adapter, "adapter_model.safetensors"), new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc));
        using var changed = await SendAsync(home, path, headers => (headers.Range, headers.IfRange) = (new RangeHeaderValue(299_990, null), new RangeConditionHeaderValue(whole.Headers.ETag)));
        Assert.Equal((HttpStatusCode.OK, $"\"{Convert.ToHexStringLower(SHA256.HashData(weights))}\""), (changed.StatusCode, changed.Headers.ETag!.Tag));
    }

    [Fact]
    public async Task Names_ThatAreNotThere_LeadNowhere()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await AddAsync(home);
        Directory.CreateDirectory(Path.Combine(folder.Artifacts, ".merged.1.partial"));
        await File.WriteAllTextAsync(Path.Combine(folder.Artifacts, "notes.txt"), "a file", Token);
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(Path.Combine(folder.Adapter, "link"), "/etc/passwd");
            Directory.CreateSymbolicLink(Path.Combine(folder.Artifacts, "out"), "/etc");
        }

        var list = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts");
        Assert.Equal(["adapter", "notes.txt"], list.EnumerateArray().Select(artifact => artifact.GetProperty("name").GetString()));
        Assert.Equal(["README.md", "adapter_config.json", "adapter_model.safetensors", "deep/x.bin"], list[0].GetProperty("files").EnumerateArray().Select(file => file.GetProperty("name").GetString()));
        Assert.Equal("a file", await home.Admin.GetStringAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts/notes.txt", Token));
        Assert.Equal("deep", await home.Admin.GetStringAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts/adapter/deep/x.bin", Token));
        foreach (var name in new[] { "..%2f..%2fspec.json", "out", ".merged.1.partial", "ADAPTER", "%2fetc%2fpasswd", "..%5c..", "adapter." })
        {
            using var answer = await home.Admin.GetAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts/{name}", Token);
            Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{name}: {answer.StatusCode}");
        }

        foreach (var name in new[] { "link", "..%2f..%2fspec.json", "../../spec.json", "%2fetc%2fpasswd", "out/passwd", "deep", "deep/..%2fREADME.md", "deep//x.bin", "readme.md" })
        {
            using var answer = await home.Admin.GetAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts/adapter/{name}", Token);
            Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{name}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task Archive_HoldsEverythingAndItsChecksumsHold()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await AddAsync(home);
        await File.WriteAllTextAsync(folder.Events, Started(1) + Metric(2, 1, 2) + "{\"v\":1,\"se", Token);
        await File.WriteAllTextAsync(folder.Output, "said\n", Token);
        using var answer = await home.Admin.GetAsync($"/api/v1/finetune/jobs/{job.Id}/archive", Token);
        Assert.Equal(("application/zip", $"job-{job.Id}.zip"), (answer.Content.Headers.ContentType!.MediaType, answer.Content.Headers.ContentDisposition!.FileName));
        using var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync(Token));
        Assert.Equal(
            ["job.json", "plan.json", "spec.json", "output.log", "events.jsonl", "metrics.csv", "artifacts/adapter/README.md", "artifacts/adapter/adapter_config.json", "artifacts/adapter/adapter_model.safetensors", "artifacts/adapter/deep/x.bin", "SHA256SUMS"],
            zip.Entries.Select(entry => entry.FullName));
        var sums = Encoding.UTF8.GetString(await ReadAsync(zip, "SHA256SUMS")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split("  ")).ToList();
        Assert.Equal(zip.Entries.Count - 1, sums.Count);
        foreach (var sum in sums)
        {
            Assert.Equal(sum[0], Convert.ToHexStringLower(SHA256.HashData(await ReadAsync(zip, sum[1]))));
        }

        Assert.Equal(Started(1) + Metric(2, 1, 2), Encoding.UTF8.GetString(await ReadAsync(zip, "events.jsonl")));
        Assert.Equal(await File.ReadAllBytesAsync(folder.Spec, Token), await ReadAsync(zip, "spec.json"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Register_Adapter_IsAModelWithItsLineage(string kind)
    {
        await using var home = await StartAsync(postgres, kind);
        var (job, _) = await AddAsync(home);
        var path = $"/api/v1/finetune/jobs/{job.Id}/artifacts/adapter/register";
        await AssertFaultAsync(HttpStatusCode.UnprocessableEntity, "bad_name", await home.Admin.PostAsJsonAsync(path, new { name = "../x/y" }, Token));
        await AssertFaultAsync(HttpStatusCode.BadRequest, "bad_json", await home.Admin.PostAsJsonAsync(path, new { owner_id = 1 }, Token));
        using var reader = await home.Server.CreateAdminClientAsync("finetune.read");
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsJsonAsync(path, new { }, Token)).StatusCode);
        using var stranger = await home.Server.CreateAdminClientAsync("finetune.read", "finetune.manage");
        await AssertFaultAsync(HttpStatusCode.NotFound, "job_not_found", await stranger.PostAsJsonAsync(path, new { }, Token));

        var answer = await home.Admin.PostAsJsonAsync(path, new { name = "me/mine" }, Token);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("id").GetString()!;
        await using var context = home.Get<HostDatabase>().CreateContext();
        var model = await context.Set<Model>().SingleAsync(found => found.Id == id, Token);
        Assert.Equal((ModelKind.Adapter, ModelOrigin.Trained, ModelState.Ready, job.Id, job.ModelId, $"finetune/jobs/{job.Id}/artifacts/adapter"), (model.Kind, model.Origin, model.State, model.JobId, model.BaseId, model.Path));
        var listed = (await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts"))[0];
        Assert.Equal((id, model.Sha256), (listed.GetProperty("model_id").GetString(), listed.GetProperty("sha256").GetString()));
        Assert.Contains("artifact_registered", (await home.GetAsync("/api/v1/audit?action=artifact_registered")).GetRawText(), StringComparison.Ordinal);
        await AssertFaultAsync(HttpStatusCode.Conflict, "already_registered", await home.Admin.PostAsJsonAsync(path, new { name = "me/other" }, Token));
        var (second, _) = await AddAsync(home);
        await AssertFaultAsync(HttpStatusCode.Conflict, "name_taken", await home.Admin.PostAsJsonAsync($"/api/v1/finetune/jobs/{second.Id}/artifacts/adapter/register", new { name = "me/mine" }, Token));
        Assert.Equal(HttpStatusCode.Created, (await home.Admin.PostAsync($"/api/v1/finetune/jobs/{second.Id}/artifacts/adapter/register", JsonContent.Create(new { }), Token)).StatusCode);
    }

    [Fact]
    public async Task Export_Merged_IsThereWholeWithItsCard()
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        await using var home = await StartAsync(postgres, configure: services => services.AddSingleton(() => FakeWorker.Of("""mkdir "$7"; echo '{}' > "$7/config.json"; cat "$5/adapter_model.safetensors" > "$7/model.safetensors" """)));
        var (job, folder) = await AddAsync(home);
        var path = $"/api/v1/finetune/jobs/{job.Id}/exports";
        await AssertFaultAsync(HttpStatusCode.UnprocessableEntity, "unknown_kind", await home.Admin.PostAsJsonAsync(path, new { kind = "gguf" }, Token));
        var task = await ExportAsync(home, job);
        Assert.Equal(("completed", 100), (task.GetProperty("status").GetString(), task.GetProperty("progress").GetInt32()));
        Assert.Equal(["adapter", "merged"], (await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts")).EnumerateArray().Select(artifact => artifact.GetProperty("name").GetString()));
        Assert.Contains("A model trained from `beep/tiny`", await File.ReadAllTextAsync(Path.Combine(folder.Merged, "README.md"), Token), StringComparison.Ordinal);
        await AssertFaultAsync(HttpStatusCode.Conflict, "already_merged", await home.Admin.PostAsJsonAsync(path, new { kind = "merged" }, Token));
        Assert.Equal(HttpStatusCode.Created, (await home.Admin.PostAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts/merged/register", JsonContent.Create(new { }), Token)).StatusCode);
    }

    [Fact]
    public async Task Export_WorkerThatFails_LeavesNothing()
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        await using var home = await StartAsync(postgres, configure: services => services.AddSingleton(() => FakeWorker.Of("""mkdir "$7" "$7.part"; echo x > "$7/model.safetensors"; echo 'error: The disk is full. Free some space. [disk_full]' >&2; exit 50""")));
        var (job, folder) = await AddAsync(home);
        var task = await ExportAsync(home, job);
        Assert.Equal("failed", task.GetProperty("status").GetString());
        Assert.Equal(["adapter"], (await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/artifacts")).EnumerateArray().Select(artifact => artifact.GetProperty("name").GetString()));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(folder.Artifacts), entry => entry.EndsWith(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Export_WithoutRoomOrAdapter_IsRefusedBeforeItBegins()
    {
        await using var home = await StartAsync(postgres);
        var (bare, _) = await home.AddAsync(JobState.Succeeded);
        await AssertFaultAsync(HttpStatusCode.Conflict, "no_adapter", await home.Admin.PostAsJsonAsync($"/api/v1/finetune/jobs/{bare.Id}/exports", new { kind = "merged" }, Token));
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root on Linux can mount a small disk to fill.");
        var (job, folder) = await home.AddAsync(JobState.Succeeded, spec: Spec());
        Assert.SkipUnless(Execute("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.Root), "This root may not mount a small disk to fill.");
        try
        {
            SpecWriter.Write(folder, Spec());
            Fill(folder);
            await AssertFaultAsync(HttpStatusCode.InsufficientStorage, "disk_full", await home.Admin.PostAsJsonAsync($"/api/v1/finetune/jobs/{job.Id}/exports", new { kind = "merged" }, Token));
        }
        finally
        {
            Execute("umount", folder.Root);
        }
    }

    [Fact]
    public void Card_HostileNames_AreTextAndEverythingIsSaid()
    {
        var job = new Job
        {
            Id = "0123456789abcdef", OwnerId = 1, Name = "a|b <script>\n# x [y](z)", ModelId = "m", ModelName = "beep/tiny\": evil", DatasetVersionSeq = 1, Backend = "torchsharp", Method = "lora", Spec = "{}", CreatedAt = default,
        };
        var card = ModelCards.Write(job, Spec() with { Model = new ModelSpec { Path = "/x", Sha256 = new string('a', 64) } }, new JobSummary(100, 2, 12_345, 61, 0.5, 2.0, 1.25),
            new RunLineage(null, "d", "rows|x", 3, new string('b', 64)), isAdapter: true);
        Assert.StartsWith("---\nbase_model: \"beep/tiny\\u0022: evil\"\nlibrary_name: \"peft\"\npipeline_tag: \"text-generation\"\n---\n\n# a\\|b \\<script\\> # x \\[y\\](z)\n", card, StringComparison.Ordinal);
        foreach (var said in new[] { "| dataset | rows\\|x, version 3 (SHA-256 bbbbbbbbbbbb) |", "| steps | 100 |", "| tokens | 12,345 |", "| held-out loss before | 2.0000 |", "| held-out loss after | 1.2500 |", "PeftModel.from_pretrained", "load_adapter", "beep generate --model BASE --adapter ADAPTER", "rank 16, alpha 32", "licence of the base" })
        {
            Assert.Contains(said, card, StringComparison.Ordinal);
        }
    }

    private static async Task<(Job Job, JobFolder Folder)> AddAsync(RunHome home)
    {
        var (job, folder) = await home.AddAsync(JobState.Succeeded, spec: Spec());
        Fill(folder);
        return (job, folder);
    }

    private static JobSpec Spec() => new() { JobId = "x", Model = new ModelSpec { Path = RepositoryFiles.Fixture("llama-tied") }, Data = new DataSpec { Train = "/rows.jsonl" } };

    private static void Fill(JobFolder folder)
    {
        Directory.CreateDirectory(Path.Combine(folder.Adapter, "deep"));
        File.WriteAllText(Path.Combine(folder.Adapter, "adapter_config.json"), "{}");
        File.WriteAllText(Path.Combine(folder.Adapter, "adapter_model.safetensors"), "weights");
        File.WriteAllText(Path.Combine(folder.Adapter, "README.md"), "card");
        File.WriteAllText(Path.Combine(folder.Adapter, "deep", "x.bin"), "deep");
    }

    private static async Task<JsonElement> ExportAsync(RunHome home, Job job)
    {
        var answer = await home.Admin.PostAsJsonAsync($"/api/v1/finetune/jobs/{job.Id}/exports", new { kind = "merged" }, Token);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(Token));
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < RunningServer.Patience;)
        {
            var task = await home.GetAsync(answer.Headers.Location!.ToString());
            if (task.GetProperty("status").GetString() is "completed" or "failed" or "cancelled")
            {
                return task;
            }

            await Task.Delay(50, Token);
        }

        throw new TimeoutException("The merge did not end.");
    }

    private static Task<HttpResponseMessage> SendAsync(RunHome home, string path, Action<HttpRequestHeaders> change)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        change(request.Headers);
        return home.Admin.SendAsync(request, Token);
    }

    private static async Task<byte[]> ReadAsync(ZipArchive zip, string name)
    {
        await using var entry = await zip.GetEntry(name)!.OpenAsync(Token);
        using var copy = new MemoryStream();
        await entry.CopyToAsync(copy, Token);
        return copy.ToArray();
    }

    private static bool Execute(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
