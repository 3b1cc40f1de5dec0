using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Beep.Host.Tests.Models;

/// <summary>
/// A hub of models on the loopback that answers in the shapes of huggingface.co: large files by a redirect to another port, byte ranges,
/// error codes in headers. What goes wrong is said beforehand.
/// </summary>
internal sealed class TestHub : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    /// <summary>The trouble of a connection that breaks.</summary>
    public const int Broken = int.MinValue;

    public const string Token = "hf_testtokentesttokentesttoken";

    private readonly WebApplication _hub;
    private readonly WebApplication _storage;

    private TestHub()
    {
        _hub = Build();
        _storage = Build();
        _hub.Run(AnswerAsync);
        _storage.Run(context => SendAsync(context, context.Request.Path.Value!.Split('/')[^1], "storage"));
    }

    /// <summary>What it has, by name; by default a base model.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public string Repository { get; set; } = "acme/tiny";

    public string? ModelType { get; set; } = "llama";

    public bool IsGated { get; set; }

    public bool NeedsToken { get; set; }

    /// <summary>Whether the first question says sizes; else the tree must be asked.</summary>
    public bool SaysSizes { get; set; } = true;

    /// <summary>What the hub says that a file's checksum is, where that is a lie.</summary>
    public Dictionary<string, string> Lies { get; } = new(StringComparer.Ordinal);

    /// <summary>Each answer of a file that is to go wrong: a status, or minus the bytes after which it is cut.</summary>
    public ConcurrentDictionary<string, ConcurrentQueue<int>> Troubles { get; } = new(StringComparer.Ordinal);

    /// <summary>Where large files are sent to, instead of the other port.</summary>
    public Func<string, string>? RedirectTo { get; set; }

    /// <summary>Every request: where, its path, its range and whether it showed a token.</summary>
    public ConcurrentQueue<(string Where, string Path, string? Range, bool HasToken)> Requests { get; } = new();

    /// <summary>Held by the bytes of large files while it is not released.</summary>
    public TaskCompletionSource? Hold { get; set; }

    public Uri Address => AddressOf(_hub);

    public static async Task<TestHub> StartAsync()
    {
        var hub = new TestHub();
        using var folder = new Beep.Tests.TemporaryFolder();
        hub.Take(TestModels.WriteBase(folder.Path));
        await hub._storage.StartAsync(TestContext.Current.CancellationToken);
        await hub._hub.StartAsync(TestContext.Current.CancellationToken);
        return hub;
    }

    /// <summary>Has the files of a folder.</summary>
    public void Take(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            Files[Path.GetFileName(path)] = File.ReadAllBytes(path);
        }
    }

    public void Trouble(string file, params int[] answers) => Troubles[file] = new ConcurrentQueue<int>(answers);

    public async ValueTask DisposeAsync()
    {
        Hold?.TrySetResult();
        await _hub.StopAsync(CancellationToken.None);
        await _storage.StopAsync(CancellationToken.None);
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        return builder.Build();
    }

    private static Uri AddressOf(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    private static bool IsLarge(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal);

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (NeedsToken && context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            await RefuseAsync(context, path.Contains("/resolve/", StringComparison.Ordinal) && IsGated ? "GatedRepo" : "RepoNotFound", 401);
        }
        else if (path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
        {
            await DescribeAsync(context, path.Split('/')[^1]);
        }
        else if (path == $"/api/models/{Repository}/tree/{Commit}")
        {
            await ListAsync(context);
        }
        else if (path.StartsWith($"/{Repository}/resolve/{Commit}/", StringComparison.Ordinal) && Files.ContainsKey(path.Split('/')[^1]))
        {
            await ResolveAsync(context, path.Split('/')[^1]);
        }
        else
        {
            await RefuseAsync(context, "RepoNotFound", path.StartsWith("/api", StringComparison.Ordinal) ? 401 : 404);
        }
    }

    private async Task ResolveAsync(HttpContext context, string name)
    {
        if (IsGated && IsLarge(name) && context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            await RefuseAsync(context, "GatedRepo", context.Request.Headers.Authorization.Count == 0 ? 401 : 403);
        }
        else if (IsLarge(name))
        {
            Record(context, "hub");
            context.Response.Redirect(RedirectTo?.Invoke(name) ?? new Uri(AddressOf(_storage), $"/blobs/{name}").ToString());
        }
        else
        {
            await SendAsync(context, name, "hub");
        }
    }

    private async Task DescribeAsync(HttpContext context, string revision)
    {
        Record(context, "hub");
        if (Troubles.TryGetValue("info", out var troubles) && troubles.TryDequeue(out var trouble))
        {
            context.Response.StatusCode = trouble;
            return;
        }

        if (revision is not ("main" or Commit))
        {
            await RefuseAsync(context, "RevisionNotFound", 404);
            return;
        }

        var siblings = new JsonArray([.. Files.Select(file => (JsonNode)(SaysSizes ? Sibling(file.Key, file.Value, "blobId", "rfilename", "sha256") : new JsonObject { ["rfilename"] = file.Key }))]);
        siblings.Add(new JsonObject { ["rfilename"] = "onnx/model.onnx", ["size"] = 5, ["blobId"] = Sha1([]) });
        await WriteAsync(context, new JsonObject
        {
            ["id"] = Repository,
            ["sha"] = Commit,
            ["private"] = false,
            ["gated"] = IsGated ? "manual" : false,
            ["tags"] = new JsonArray("transformers", "license:apache-2.0"),
            ["cardData"] = new JsonObject { ["license"] = "apache-2.0" },
            ["config"] = new JsonObject { ["model_type"] = ModelType },
            ["safetensors"] = new JsonObject { ["parameters"] = new JsonObject { ["F32"] = 64 }, ["total"] = 64 },
            ["siblings"] = siblings,
        });
    }

    /// <summary>In two pages.</summary>
    private Task ListAsync(HttpContext context)
    {
        Record(context, "hub");
        var names = Files.Keys.Order(StringComparer.Ordinal).ToList();
        var isSecond = context.Request.Query.ContainsKey("cursor");
        if (!isSecond)
        {
            context.Response.Headers.Link = $"<{Address}api/models/{Repository}/tree/{Commit}?cursor=2>; rel=\"next\"";
        }

        return WriteAsync(context, new JsonArray([.. (isSecond ? names.Skip(2) : names.Take(2)).Select(name =>
        {
            var entry = Sibling(name, Files[name], "oid", "path", "oid");
            entry["type"] = "file";
            return (JsonNode)entry;
        })]));
    }

    private JsonObject Sibling(string name, byte[] content, string blob, string nameKey, string hashKey)
    {
        var entry = new JsonObject { [nameKey] = name, ["size"] = content.Length, [blob] = Sha1(content) };
        if (IsLarge(name))
        {
            entry["lfs"] = new JsonObject { [hashKey] = Lies.GetValueOrDefault(name) ?? Convert.ToHexStringLower(SHA256.HashData(content)), ["size"] = content.Length, ["pointerSize"] = 135 };
        }
        else if (Lies.TryGetValue(name, out var lie))
        {
            entry[blob] = lie;
        }

        return entry;
    }

    private async Task SendAsync(HttpContext context, string name, string where)
    {
        Record(context, where);
        var content = Files[name];
        var trouble = Troubles.TryGetValue(name, out var troubles) && troubles.TryDequeue(out var next) ? next : 0;
        if (trouble > 0)
        {
            context.Response.StatusCode = trouble;
            if (trouble == 429)
            {
                context.Response.Headers.RetryAfter = "0";
            }

            return;
        }

        var from = 0;
        if (context.Request.GetTypedHeaders().Range?.Ranges.Single().From is { } start)
        {
            if (start >= content.Length)
            {
                context.Response.StatusCode = 416;
                return;
            }

            from = (int)start;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{content.Length - 1}/{content.Length}");
        }

        if (trouble == Broken)
        {
            context.Abort();
            return;
        }

        if (trouble < 0)
        {
            await context.Response.Body.WriteAsync(content.AsMemory(from, Math.Min(-trouble, content.Length - from)));
            return;
        }

        context.Response.ContentLength = content.Length - from;

        if (IsLarge(name) && Hold is { } hold)
        {
            await context.Response.Body.WriteAsync(content.AsMemory(from, 1));
            await context.Response.Body.FlushAsync();
            await hold.Task;
            from++;
        }

        await context.Response.Body.WriteAsync(content.AsMemory(from));
    }

    private void Record(HttpContext context, string where) =>
        Requests.Enqueue((where, context.Request.Path.Value!, context.Request.Headers.Range.FirstOrDefault(), context.Request.Headers.Authorization.Count > 0));

    private static Task RefuseAsync(HttpContext context, string code, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["X-Error-Code"] = code;
        return WriteAsync(context, new JsonObject { ["error"] = "refused" });
    }

    private static Task WriteAsync(HttpContext context, JsonNode json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json.ToJsonString());
    }

#pragma warning disable CA5350 // As git names its blobs.
    private static string Sha1(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")), .. content]));
#pragma warning restore CA5350
}
