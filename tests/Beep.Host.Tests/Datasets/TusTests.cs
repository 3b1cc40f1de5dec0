using System.Net;
using System.Text;
using Beep.Host.Datasets;
using Beep.Host.Datasets.Tus;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Datasets;

public sealed class TusTests(PostgresServer postgres)
{
    private static readonly byte[] Good = DatasetServer.GoodRows;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Options_Asked_SayWhatIsSpoken()
    {
        await using var server = await DatasetServer.StartAsync(postgres);
        using var request = new HttpRequestMessage(HttpMethod.Options, DatasetServer.Uploads);
        using var answer = await server.Client.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        string Header(string name) => answer.Headers.GetValues(name).Single();
        Assert.Equal(("1.0.0", "1.0.0", "creation,creation-with-upload,checksum,termination,expiration", "51200000000", "sha1,sha256,md5"),
            (Header("Tus-Resumable"), Header("Tus-Version"), Header("Tus-Extension"), Header("Tus-Max-Size"), Header("Tus-Checksum-Algorithm")));
    }

    [Fact]
    public async Task Creation_WithItsBytes_IsADatasetAtOnce()
    {
        await using var server = await DatasetServer.StartAsync(postgres);
        using var request = new HttpRequestMessage(HttpMethod.Post, DatasetServer.Uploads) { Content = new ByteArrayContent(Good) };
        request.Content.Headers.ContentType = new("application/offset+octet-stream");
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Length", $"{Good.Length}");
        request.Headers.Add("Upload-Metadata", $"filename {DatasetServer.Base64("rows.jsonl")}");
        using var answer = await server.Client.SendAsync(request, Token);
        Assert.Equal((HttpStatusCode.Created, $"{Good.Length}"), (answer.StatusCode, answer.Headers.GetValues("Upload-Offset").Single()));
        await server.UntilCheckedAsync(answer.Headers.GetValues("Beep-Dataset").Single(), 1);
        var upload = await server.GetAsync(answer.Headers.Location!.OriginalString);
        Assert.True((bool)upload["is_finished"]!);
        Assert.Equal((200, $"{Good.Length}"), await server.HeadAsync(answer.Headers.Location.OriginalString));
        Assert.Single(Directory.EnumerateFiles(server.Paths.Uploads, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Upload_WhoseServerEnded_GoesOnFromTheBytesThatAreThere()
    {
        await using var server = await DatasetServer.StartAsync(postgres);
        var (_, location, _) = await server.BeginAsync(Good.Length, "rows.jsonl", "resumed");
        Assert.Equal(204, (await server.PatchAsync(location!, 0, Good[..300])).Status);

        // The end of a server loses the running hash, and leaves a part that was being checked.
        var id = location!.Split('/')[^1];
        var store = server.Server.Services.GetRequiredService<TusStore>();
        store.TakeHash(id, 300)!.Dispose();
        store.BeginUnchecked(id, 300);
        await File.AppendAllTextAsync(store.DataOf(id), "half of a part", Token);

        Assert.Equal((200, "300"), await server.HeadAsync(location));
        var (status, _, dataset, body) = await server.PatchAsync(location, 300, Good[300..]);
        Assert.True(status == 204, body.ToString());
        var version = await server.UntilCheckedAsync(dataset!, 1);
        Assert.Equal(("ready", Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Good))), ((string)version["state"]!, (string)version["sha256"]!));
    }

    [Fact]
    public async Task Upload_WholeWhenItsServerEnded_IsFinishedWhenSomebodyAsks()
    {
        await using var server = await DatasetServer.StartAsync(postgres);
        var (_, location, _) = await server.BeginAsync(Good.Length, "rows.jsonl", "late");
        await File.WriteAllBytesAsync(server.Server.Services.GetRequiredService<TusStore>().DataOf(location!.Split('/')[^1]), Good, Token);
        Assert.Equal((200, $"{Good.Length}"), await server.HeadAsync(location));
        Assert.Equal("late", (string)(await server.GetAsync(DatasetServer.Root))["items"]![0]!["name"]!);
    }

    [Fact]
    public async Task Upload_ForADataset_IsItsNextVersion()
    {
        await using var server = await DatasetServer.StartAsync(postgres);
        var id = await server.AddAsync(Good);
        byte[] more = [.. Good, .. Encoding.UTF8.GetBytes(DatasetServer.GoodRow)];
        var (_, location, _) = await server.BeginAsync(more.Length, "more.jsonl", extra: $",dataset {DatasetServer.Base64(id)}");
        Assert.Equal(id, (await server.PatchAsync(location!, 0, more)).Dataset);
        Assert.Equal(21, (long)(await server.UntilCheckedAsync(id, 2))["rows"]!);
    }

    [Fact]
    public async Task Upload_OfSomebodyElse_IsNotThere()
    {
        await using var server = await DatasetServer.StartAsync(postgres);
        var (_, location, _) = await server.BeginAsync(Good.Length, "rows.jsonl");
        using var other = await server.CreateOtherClientAsync();
        Assert.Equal(404, (await server.SendAsync(HttpMethod.Get, location!, client: other)).Status);
        Assert.Empty((await server.SendAsync(HttpMethod.Get, DatasetServer.Uploads, client: other)).Body.AsArray());
        var (status, _, body) = await server.BeginAsync(Good.Length, "rows.jsonl", extra: $",dataset {DatasetServer.Base64(await server.AddAsync(Good))}", client: other);
        Assert.True(status == HttpStatusCode.NotFound, body);
    }

    [Theory]
    [InlineData("0.2.2", HttpStatusCode.PreconditionFailed)]
    [InlineData(null, HttpStatusCode.PreconditionFailed)]
    public async Task Request_OfAnotherVersion_IsRefused(string? version, HttpStatusCode status)
    {
        await using var server = await DatasetServer.StartAsync(postgres);
        using var request = new HttpRequestMessage(HttpMethod.Post, DatasetServer.Uploads);
        if (version is not null)
        {
            request.Headers.Add("Tus-Resumable", version);
        }

        using var answer = await server.Client.SendAsync(request, Token);
        Assert.Equal((status, "1.0.0"), (answer.StatusCode, answer.Headers.GetValues("Tus-Version").Single()));
    }

    [Fact]
    public async Task Uploads_GivenUpOrStale_AreRemovedWithTheirBytes()
    {
        await using var server = await DatasetServer.StartAsync(postgres, options: new DatasetOptions { UploadsPerMinute = 100 });
        var (_, given, _) = await server.BeginAsync(Good.Length, "rows.jsonl", "first");
        using (var request = new HttpRequestMessage(HttpMethod.Delete, given))
        {
            request.Headers.Add("Tus-Resumable", "1.0.0");
            using var answer = await server.Client.SendAsync(request, Token);
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }

        Assert.Equal(404, (await server.HeadAsync(given!)).Status);
        await server.BeginAsync(Good.Length, "rows.jsonl", "second");
        Directory.CreateDirectory(Path.Combine(server.Paths.Uploads, "0123456789abcdef", "staged"));
        // What was made just now is older than that: the server itself, which cleans up at its start, leaves it alone.
        Assert.Equal(2, new TusStore(server.Paths, new DatasetOptions { UploadExpiry = TimeSpan.FromHours(-1) }, TimeProvider.System).RemoveStale(Token));
        await server.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Uploads_TooMany_AreRefused()
    {
        var options = new DatasetOptions { UploadsPerMinute = 2 };
        await using var server = await DatasetServer.StartAsync(postgres, options: options, configure: services => services.AddSingleton(new UploadGate(options, new ManualTime())));
        for (var upload = 0; upload < 2; upload++)
        {
            Assert.Equal(HttpStatusCode.Created, (await server.BeginAsync(Good.Length, "rows.jsonl", $"upload {upload}")).Status);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await server.BeginAsync(Good.Length, "rows.jsonl", "one more")).Status);
        await using var few = await DatasetServer.StartAsync(postgres, options: new DatasetOptions { UploadsPerMinute = 100, OpenUploads = 1 });
        await few.BeginAsync(Good.Length, "rows.jsonl", "open");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await few.BeginAsync(Good.Length, "rows.jsonl", "one more")).Status);
    }
}
