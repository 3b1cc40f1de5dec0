using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Datasets;

/// <summary>The tus endpoint against the client that most programs use, as it is published.</summary>
public sealed class TusClientTests(PostgresServer postgres)
{
    private static readonly string Clients = RepositoryFiles.At("tests", "clients");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TusJsClient_BrokenOff_GoesOnAndBecomesADataset()
    {
        Assert.SkipUnless(IsThere("node"), "Node is not installed: tus-js-client needs it.");
        Assert.SkipUnless(Directory.Exists(Path.Combine(Clients, "node_modules", "tus-js-client")), "tus-js-client is not installed: run ./test, or npm ci in tests/clients.");
        await using var server = await DatasetServer.StartAsync(postgres);
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "rows.jsonl");
        await File.WriteAllBytesAsync(file, [.. Enumerable.Repeat(DatasetServer.GoodRows, 400).SelectMany(rows => rows)], Token);

        var result = await RunAsync("tus-upload.mjs", new Uri(server.Server.Address, DatasetServer.Uploads).ToString(), server.Client.DefaultRequestHeaders.Authorization!.ToString(), file, "by tus", "200000");
        Assert.Equal("broken off", (string?)result["first"]);
        Assert.True((long)result["resumedAt"]! > (long)result["brokenAt"]!, result.ToString());
        var id = (string)result["dataset"]!;
        var version = await server.UntilCheckedAsync(id, 1);
        Assert.Equal(("ready", 8000L), ((string)version["state"]!, (long)version["rows"]!));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file, Token))), (string)version["sha256"]!);
        Assert.Equal("by tus", (string)(await server.GetAsync($"{DatasetServer.Root}/{id}"))["name"]!);
    }

    private static async Task<JsonNode> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("node", arguments) { WorkingDirectory = Clients, RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        stop.CancelAfter(TimeSpan.FromMinutes(5));
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(stop.Token), process.StandardError.ReadToEndAsync(stop.Token));
            await process.WaitForExitAsync(stop.Token);
            Assert.True(process.ExitCode == 0, await error);
            return JsonNode.Parse(await output)!;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static bool IsThere(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, program + ".exe")));
}
