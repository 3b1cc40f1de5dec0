using System.Formats.Tar;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Datasets;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Datasets;

/// <summary>A server for all bad inputs: each must leave it as it was.</summary>
public sealed class BadInputServer(PostgresServer postgres) : IAsyncLifetime
{
    public const long MaxBytes = 130_000_000;

    private readonly TemporaryFolder _files = new();

    internal PostgresServer Postgres => postgres;

    internal DatasetServer Server { get; private set; } = null!;

    internal string Allowed => Path.Combine(_files.Path, "ds");

    internal string Beside => Path.Combine(_files.Path, "ds2");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Allowed);
        Directory.CreateDirectory(Beside);
        Server = await DatasetServer.StartAsync(postgres, change: host => host with { MaxUploadBytes = MaxBytes, ImportFolders = [Allowed] });
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _files.Dispose();
    }
}

/// <summary>The bad inputs to uploads, by their numbers in the requirements: exactly this answer, and nothing is left.</summary>
public sealed class BadInputTests(BadInputServer fixture, PostgresServer postgres) : IClassFixture<BadInputServer>
{
    private static readonly byte[] Good = DatasetServer.GoodRows;
    private static readonly byte[] Zipped = BadFiles.Zip(("rows.jsonl", Good));
    private static readonly byte[] Gzipped = BadFiles.Gzip(Good);

    private static readonly Dictionary<string, Case> Cases = new Case[]
    {
        File("01 dots", 201, null, "../../x.jsonl", Good),
        File("01 backslash", 201, null, "..\\x.jsonl", Good),
        File("01 percent", 201, null, "%2e%2e/x.jsonl", Good),
        File("01 fullwidth", 201, null, "．．／x.jsonl", Good),
        File("02 absolute", 201, null, "/etc/x.jsonl", Good),
        File("02 drive", 201, null, "C:\\x.jsonl", Good),
        Named("03 nul", "x\0.jsonl"),
        Named("03 line break", "x\r\ny.jsonl"),
        Named("03 bidi", "x\u202Elnosj.jsonl"),
        Named("03 300 characters", new string('x', 294) + ".jsonl"),
        Named("03 device", "CON"),
        Named("03 device with an end", "con.jsonl"),
        Named("03 trailing dot", "x.jsonl."),
        Named("03 empty", ""),
        Named("03 only dots", ".."),
        Import("04 sibling", test => Path.Combine(test.Beside, "rows.jsonl")),
        Import("04 dots", test => Path.Combine(test.Allowed, "..", "ds2", "rows.jsonl")),
        Import("04 link", test => Path.Combine(test.Allowed, "link.jsonl")),
        Import("04 link of a folder", test => Path.Combine(test.Allowed, "folder", "rows.jsonl")),
        new("05 too large", 413, "file_too_large", test => test.Server.UploadAsync(BadFiles.LongLine((int)BadInputServer.MaxBytes + 1))),
        new("05 announced too large", 413, "file_too_large", test => BeginAsync(test, BadInputServer.MaxBytes + 1, "rows.jsonl")),
        new("05 over quota", 413, "quota_exceeded", test => WithQuotaAsync(test, 100)),
        new("06 more than announced", 413, "longer_than_announced", test => AppendAsync(test, Good.Length - 1, Good)),
        new("06 endless", 413, "file_too_large", EndlessAsync),
        new("07 slow", 408, "too_slow", SlowAsync),
        new("09 many fields", 400, "field_twice", ManyFieldsAsync),
        new("09 no file", 400, "file_missing", test => FormAsync(test, [("name", null, Good[..4])])),
        new("09 two files", 400, "file_twice", test => FormAsync(test, [("file", "a.jsonl", Good), ("file", "b.jsonl", Good)])),
        new("09 field twice", 400, "field_twice", test => FormAsync(test, [("name", null, Good[..4]), ("name", null, Good[..4]), ("file", "a.jsonl", Good)])),
        File("10 program", 415, "wrong_content", "rows.jsonl", [0x7F, (byte)'E', (byte)'L', (byte)'F', .. Good]),
        File("10 zip", 415, "wrong_content", "rows.jsonl", Zipped),
        File("10 no zip", 415, "wrong_content", "rows.zip", Good),
        File("10 no gzip", 415, "wrong_content", "rows.jsonl.gz", Good),
        File("10 pickle", 415, "unknown_extension", "model.pkl", Good),
        File("11 dots", 422, "unsafe_archive", "a.zip", BadFiles.Zip(("../rows.jsonl", Good))),
        File("11 absolute", 422, "unsafe_archive", "a.zip", BadFiles.Zip(("/rows.jsonl", Good))),
        File("12 backslash", 422, "unsafe_archive", "a.zip", BadFiles.Zip(("..\\rows.jsonl", Good))),
        File("13 link", 422, "unsafe_archive", "a.zip", BadFiles.Zip(unchecked((int)0xA1FF0000), ("rows.jsonl", Good))),
        File("15 bomb", 422, "expands_too_far", "a.zip", BadFiles.Zip(("rows.jsonl", new byte[20_000_000]))),
        File("15 gzip bomb", 422, "expands_too_far", "rows.jsonl.gz", BadFiles.Gzip(new byte[20_000_000])),
        File("15 bomb beside", 422, "expands_too_far", "a.tar.gz", BadFiles.Gzip(BadFiles.Tar(BadFiles.TarFile("rest.md", new byte[20_000_000]), BadFiles.TarFile("rows.jsonl", Good)))),
        File("16 nested", 422, "nested_archive", "a.zip", BadFiles.Zip(("rows.zip", Zipped))),
        File("16 nested by content", 422, "nested_archive", "a.zip", BadFiles.Zip(("rows.jsonl", Zipped))),
        File("16 gzip in gzip", 422, "nested_archive", "rows.jsonl.gz", BadFiles.Gzip(Gzipped)),
        File("16 many", 422, "too_many_entries", "a.zip", BadFiles.ZipOfMany(10_001)),
        File("17 shorter", 422, "archive_lies", "a.zip", BadFiles.PatchZip(Zipped, 24, 10, 4)),
        File("17 longer", 422, "archive_lies", "a.zip", BadFiles.PatchZip(Zipped, 24, 1_000_000, 4)),
        File("18 twice", 422, "duplicate_entry", "a.zip", BadFiles.Zip(("rows.jsonl", Good), ("rows.jsonl", Good))),
        File("18 capitals", 422, "duplicate_entry", "a.zip", BadFiles.Zip(("rows.jsonl", Good), ("ROWS.jsonl", Good))),
        File("19 encrypted", 422, "encrypted_archive", "a.zip", BadFiles.PatchZip(Zipped, 8, 1, 2)),
        File("20 symlink", 422, "unsafe_archive", "a.tar", BadFiles.Tar(BadFiles.TarLink(TarEntryType.SymbolicLink))),
        File("20 hard link", 422, "unsafe_archive", "a.tar", BadFiles.Tar(BadFiles.TarLink(TarEntryType.HardLink))),
        File("20 device", 422, "unsafe_archive", "a.tar", BadFiles.Tar(BadFiles.TarSpecial(TarEntryType.CharacterDevice))),
        File("20 pipe", 422, "unsafe_archive", "a.tar.gz", BadFiles.Gzip(BadFiles.Tar(BadFiles.TarSpecial(TarEntryType.Fifo)))),
        File("21 garbage", 422, "broken_archive", "rows.jsonl.gz", [.. Gzipped, .. "garbage"u8]),
        File("21 cut off", 422, "broken_archive", "rows.jsonl.gz", Gzipped[..^20]),
        File("21 cut off tar", 422, "broken_archive", "a.tar", BadFiles.Tar(BadFiles.TarFile("rows.jsonl", new byte[5000]))[..3000]),
        File("22 not utf-8", 422, "not_utf8", "rows.jsonl", [.. Good, .. "{\"prompt\": \""u8, 0xFF, .. "\", \"completion\": \"b\"}"u8], "rows.jsonl:21"),
        File("22 half a character", 422, "not_utf8", "rows.jsonl", [.. Good, .. Encoding.UTF8.GetBytes("""{"prompt": "\ud83d", "completion": "b"}""")], "rows.jsonl:21"),
        File("22 mark", 201, null, "rows.jsonl", [0xEF, 0xBB, 0xBF, .. Good]),
        File("22 CRLF", 201, null, "rows.jsonl", Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Good).Replace("\n", "\r\n", StringComparison.Ordinal))),
        File("23 deep", 422, "too_deep", "rows.jsonl", [.. Good, .. BadFiles.Deep(65)], "rows.jsonl:21"),
        File("23 long line", 422, "line_too_long", "rows.jsonl", [.. Good, .. BadFiles.LongLine(100_000_000)], "rows.jsonl:21"),
        File("23 infinite", 422, "nan_literal", "rows.jsonl", BadFiles.Text("""{"prompt": "a", "completion": "b", "n": 1e999}"""), "rows.jsonl:1"),
        File("23 not a number", 422, "nan_literal", "rows.jsonl", BadFiles.Text("""{"prompt": "a", "completion": "b", "n": NaN}"""), "rows.jsonl:1"),
        File("24 key twice", 422, "duplicate_key", "rows.jsonl", [.. Good, .. Encoding.UTF8.GetBytes("""{"prompt": "a", "prompt": "c", "completion": "b"}""")], "rows.jsonl:21"),
        File("25 empty", 422, "empty_dataset", "rows.jsonl", []),
        File("25 blank", 422, "empty_dataset", "rows.jsonl", BadFiles.Text("\n\n \n")),
        File("25 no valid row", 422, "empty_completion", "rows.jsonl", BadFiles.Text(string.Concat(Enumerable.Repeat("""{"prompt": "a", "completion": ""}""" + "\n", 50))), "rows.jsonl:1"),
        File("25 wrong schema", 422, "unknown_columns", "rows.jsonl", BadFiles.Text("""{"colour": "blue"}""")),
        File("26 formula", 201, null, "rows.csv", BadFiles.Text("prompt,completion\n=1+1,=cmd()\n")),
        File("27 script", 201, null, "rows.jsonl", BadFiles.Text("""{"prompt": "<script>alert(1)</script>", "completion": "<b>"}""")),
        new("28 wrong checksum", 409, "checksum_mismatch", ChecksumAsync),
        new("28 wrong offset", 409, "offset_mismatch", OffsetAsync),
        new("28 wrong sum of the file", 409, "checksum_mismatch", test => test.Server.UploadAsync(Good, fields: ("sha256", new string('0', 64)))),
    }.ToDictionary(one => one.Name);

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal sealed record Case(string Name, int Status, string? Code, Func<BadInputServer, Task<(int Status, JsonNode Body)>> Send, string? Where = null);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Upload_BadInput_IsAnsweredAsRequiredAndLeavesNothing(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && name.StartsWith("04 link", StringComparison.Ordinal), "Links need rights on Windows.");
        var input = Cases[name];
        var (status, body) = await input.Send(fixture);
        Assert.True((status, (string?)body["code"]) == (input.Status, input.Code), $"{status}: {body}");
        if (input.Where is not null)
        {
            Assert.Equal(input.Where, (string?)body["where"]);
        }

        Assert.InRange(body["faults"]?.AsArray().Count ?? 1, 1, 20);
        if (status == 201)
        {
            await AssertIsOursAsync(body);
        }

        await fixture.Server.ClearAsync();
        await fixture.Server.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Upload_OnAFullDisk_IsRefusedAndLeavesNothing()
    {
        Assert.SkipUnless(System.IO.File.Exists("/dev/full"), "There is no /dev/full here.");
        await using var server = await DatasetServer.StartAsync(postgres, options: new DatasetOptions { UploadsPerMinute = 100, Create = _ => new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0) });
        var (status, body) = await server.UploadAsync(BadFiles.LongLine(3_000_000));
        Assert.True((status, (string?)body["code"]) == (507, "disk_full"), body.ToString());
        await server.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Upload_OfWhatTheDiskCannotHold_IsRefusedBeforeTheFirstByte()
    {
        await using var server = await DatasetServer.StartAsync(postgres, options: new DatasetOptions { UploadsPerMinute = 100, DiskReserve = long.MaxValue / 2 });
        var (status, _, body) = await server.BeginAsync(1000, "rows.jsonl");
        Assert.Equal((HttpStatusCode)507, status);
        Assert.Contains("disk_full", body, StringComparison.Ordinal);
        await server.AssertNothingIsLeftAsync();
    }

    /// <summary>29.</summary>
    [Theory]
    [MemberData(nameof(TestDatabase.Kinds), MemberType = typeof(TestDatabase))]
    public async Task Upload_TwiceAtOnce_IsOneVersion(string kind)
    {
        await using var server = await DatasetServer.StartAsync(postgres, kind);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => server.UploadAsync(Good)));
        Assert.Single(answers, answer => answer.Status == 201);
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.Equal((409, "name_taken"), (answer.Status, (string?)answer.Body["code"])));
        var id = (string)(await server.GetAsync(DatasetServer.Root))["items"]!.AsArray().Single()!["id"]!;

        byte[] other = [.. Good, .. Encoding.UTF8.GetBytes(DatasetServer.GoodRow)];
        answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => server.UploadAsync(other, datasetId: id)));
        Assert.Single(answers, answer => answer.Status == 201);
        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 201 or 409, answer.Body.ToString()));
        Assert.Equal([2, 1], (await server.GetAsync($"{DatasetServer.Root}/{id}/versions"))["items"]!.AsArray().Select(version => (int)version!["version"]!));
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Paths.Uploads));
        Assert.Equal(["v1", "v2"], Directory.EnumerateDirectories(Path.Combine(server.Paths.Datasets, id)).Select(Path.GetFileName).Order());
    }

    /// <summary>14, and what is taken whatever it was called.</summary>
    private async Task AssertIsOursAsync(JsonNode body)
    {
        var id = (string)body["dataset"]!["id"]!;
        var folder = fixture.Server.Paths.DatasetVersion(id, 1);
        await fixture.Server.UntilCheckedAsync(id, 1);
        Assert.All(Directory.EnumerateFiles(folder), file => Assert.Contains(Path.GetFileName(file), (string[])["source.jsonl", "source.csv", "manifest.json", "report.json", "rows.index"]));
        Assert.Matches(@"\A(x|rows)\.(jsonl|csv)\z", (string)body["version"]!["filename"]!);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(folder));
            Assert.DoesNotContain(Directory.EnumerateFiles(folder), Beep.Host.Hosting.PrivateFiles.IsOpenToOthers);
        }

        using var answer = await fixture.Server.Client.GetAsync($"{DatasetServer.Root}/{id}/versions/1/download", Token);
        Assert.Equal(("attachment", "application/octet-stream", "nosniff"), (answer.Content.Headers.ContentDisposition?.DispositionType, answer.Content.Headers.ContentType?.MediaType, answer.Headers.GetValues("X-Content-Type-Options").Single()));
        Assert.Equal((string)body["version"]!["sha256"]!, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await answer.Content.ReadAsByteArrayAsync(Token))));
    }

    private static Case File(string name, int status, string? code, string fileName, byte[] content, string? where = null) => new(name, status, code, test => test.Server.UploadAsync(content, fileName), where);

    /// <summary>Both ways in: metadata of an upload, and a form.</summary>
    private static Case Named(string name, string fileName) => new(name, 400, "bad_file_name", async test =>
    {
        var (status, body) = await BeginAsync(test, Good.Length, fileName);
        var encoded = string.Concat(Encoding.UTF8.GetBytes(fileName).Select(value => string.Create(CultureInfo.InvariantCulture, $"%{value:X2}")));
        var form = await RawFormAsync(test, $"form-data; name=\"file\"; filename*=UTF-8''{encoded}");
        Assert.Equal((status, (string?)body["code"]), (form.Status, (string?)form.Body["code"]));
        return (status, body);
    });

    private static Case Import(string name, Func<BadInputServer, string> path) => new(name, 422, "bad_import_path", async test =>
    {
        await System.IO.File.WriteAllBytesAsync(Path.Combine(test.Beside, "rows.jsonl"), Good, Token);
        foreach (var link in new[] { Path.Combine(test.Allowed, "link.jsonl"), Path.Combine(test.Allowed, "folder") })
        {
            if (!Path.Exists(link))
            {
                Directory.CreateSymbolicLink(link, link.EndsWith("folder", StringComparison.Ordinal) ? test.Beside : Path.Combine(test.Beside, "rows.jsonl"));
            }
        }

        return await test.Server.PostAsync($"{DatasetServer.Root}/import", new { path = path(test) });
    });

    private static async Task<(int, JsonNode)> BeginAsync(BadInputServer test, long length, string fileName)
    {
        var (status, _, body) = await test.Server.BeginAsync(length, fileName);
        return ((int)status, JsonNode.Parse(body)!);
    }

    private static async Task<(int, JsonNode)> AppendAsync(BadInputServer test, long length, byte[] bytes)
    {
        var (_, location, _) = await test.Server.BeginAsync(length, "rows.jsonl");
        var (status, _, _, body) = await test.Server.PatchAsync(location!, 0, bytes);
        return (status, body);
    }

    private static async Task<(int, JsonNode)> WithQuotaAsync(BadInputServer test, long bytes)
    {
        using var admin = await test.Server.Server.CreateAdminClientAsync();
        Assert.Equal(200, (await test.Server.SendAsync(HttpMethod.Put, "/api/v1/finetune/quotas", System.Net.Http.Json.JsonContent.Create(new { holder = "everybody", bytes }), admin)).Status);
        try
        {
            return await test.Server.UploadAsync(Good);
        }
        finally
        {
            Assert.Equal(204, (await test.Server.SendAsync(HttpMethod.Put, "/api/v1/finetune/quotas", System.Net.Http.Json.JsonContent.Create(new { holder = "everybody" }), admin)).Status);
        }
    }

    private static async Task<(int, JsonNode)> ChecksumAsync(BadInputServer test)
    {
        var (_, location, _) = await test.Server.BeginAsync(Good.Length, "rows.jsonl", "checked");
        var answer = await test.Server.PatchAsync(location!, 0, Good[..100], "sha1 " + Convert.ToBase64String(new byte[20]));
        await ResumeAsync(test, location!, answer.Status);
        return (answer.Status, answer.Body);
    }

    private static async Task<(int, JsonNode)> OffsetAsync(BadInputServer test)
    {
        var (_, location, _) = await test.Server.BeginAsync(Good.Length, "rows.jsonl", "offset");
        var answer = await test.Server.PatchAsync(location!, 50, Good[50..]);
        await ResumeAsync(test, location!, answer.Status);
        return (answer.Status, answer.Body);
    }

    /// <summary>Nothing of what was refused is counted, and the upload goes on.</summary>
    private static async Task ResumeAsync(BadInputServer test, string location, int status)
    {
        Assert.Equal(409, status);
        Assert.Equal((200, "0"), await test.Server.HeadAsync(location));
        Assert.Equal((204, "100"), await Short(test.Server.PatchAsync(location, 0, Good[..100], "sha256 " + Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Good.AsSpan(0, 100))))));
        var (last, offset, dataset, _) = await test.Server.PatchAsync(location, 100, Good[100..]);
        Assert.Equal((204, $"{Good.Length}"), (last, offset));
        Assert.NotNull(dataset);

        static async Task<(int, string?)> Short(Task<(int Status, string? Offset, string? Dataset, JsonNode Body)> answer) => ((await answer).Status, (await answer).Offset);
    }

    /// <summary>Chunks without end, until the server has answered.</summary>
    private static async Task<(int, JsonNode)> EndlessAsync(BadInputServer test)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, test.Server.Server.Address.Port, Token);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Head(test.Server, "Transfer-Encoding: chunked")), Token);
        const string part = "--b\r\nContent-Disposition: form-data; name=file; filename=a.jsonl\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{part.Length:x}\r\n{part}\r\n"), Token);
        byte[] chunk = [.. "10000\r\n"u8, .. new byte[0x10000], .. "\r\n"u8];
        try
        {
            while (!stream.DataAvailable)
            {
                await stream.WriteAsync(chunk, Token);
            }
        }
        catch (IOException)
        {
            // It has answered and hears no more.
        }

        return await ReadAnswerAsync(stream);
    }

    private static async Task<(int, JsonNode)> ManyFieldsAsync(BadInputServer test)
    {
        using var form = new MultipartFormDataContent();
        for (var field = 0; field < 10_000; field++)
        {
            form.Add(new StringContent("x"), field == 0 ? "name" : field == 1 ? "description" : field == 2 ? "sha256" : "name");
        }

        return await test.Server.SendAsync(HttpMethod.Post, DatasetServer.Root, form);
    }

    private static async Task<(int, JsonNode)> FormAsync(BadInputServer test, (string Name, string? FileName, byte[] Content)[] parts)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, fileName, content) in parts)
        {
            if (fileName is null)
            {
                form.Add(new ByteArrayContent(content), name);
            }
            else
            {
                form.Add(new ByteArrayContent(content), name, fileName);
            }
        }

        return await test.Server.SendAsync(HttpMethod.Post, DatasetServer.Root, form);
    }

    private static async Task<(int Status, JsonNode Body)> RawFormAsync(BadInputServer test, string disposition)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes($"--b\r\nContent-Disposition: {disposition}\r\n\r\n{DatasetServer.GoodRow}\r\n--b--\r\n"));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
        return await test.Server.SendAsync(HttpMethod.Post, DatasetServer.Root, content);
    }

    /// <summary>Announces a megabyte, sends a little, and waits. The other servers of tests wait for whoever stands still.</summary>
    private static async Task<(int, JsonNode)> SlowAsync(BadInputServer test)
    {
        await using var server = await DatasetServer.StartAsync(test.Postgres, configure: services => services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(2))));
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Server.Address.Port, Token);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{Head(server, "Content-Length: 1000000")}--b\r\nContent-Disposition: form-data; name=file; filename=a.jsonl\r\n\r\n{DatasetServer.GoodRow}"), Token);
        var answer = await ReadAnswerAsync(stream);
        await server.AssertNothingIsLeftAsync();
        return answer;
    }

    private static string Head(DatasetServer server, string header) =>
        $"POST {DatasetServer.Root} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {server.Client.DefaultRequestHeaders.Authorization}\r\nContent-Type: multipart/form-data; boundary=b\r\n{header}\r\n\r\n";

    private static async Task<(int, JsonNode)> ReadAnswerAsync(Stream stream)
    {
        using var reader = new StreamReader(stream);
        var status = (await reader.ReadLineAsync(Token))!.Split(' ')[1];
        while (await reader.ReadLineAsync(Token) is { Length: > 0 })
        {
        }

        // In chunks: the first has all of it.
        await reader.ReadLineAsync(Token);
        return (int.Parse(status, CultureInfo.InvariantCulture), JsonNode.Parse((await reader.ReadLineAsync(Token))!)!);
    }
}
