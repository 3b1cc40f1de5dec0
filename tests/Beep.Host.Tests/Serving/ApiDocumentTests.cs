using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Host.Cli.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Beep.Host.Tests.Serving;

/// <summary>The API as it is promised: other people's programs depend on it, so that every change of it is seen in review.</summary>
public sealed class ApiDocumentTests(PostgresServer postgres)
{
    private const string Write = "BEEP_WRITE_SNAPSHOTS";

    [Fact]
    public async Task Document_IsTheOneInTheRepository()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });
        var document = await server.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(ApiDocument.Name).GetOpenApiDocumentAsync(TestContext.Current.CancellationToken);
        var actual = Normalize(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, TestContext.Current.CancellationToken));
        var path = RepositoryFiles.At("contracts", "openapi.v1.json");
        if (Environment.GetEnvironmentVariable(Write) is { Length: > 0 })
        {
            await File.WriteAllTextAsync(path, actual, TestContext.Current.CancellationToken);
        }

        Assert.True(File.Exists(path) && await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken) == actual,
            $"The API has changed: if that is meant, run this test with {Write}=1, look at the difference in contracts/openapi.v1.json, and name it in the CHANGELOG.");
    }

    [Fact]
    public async Task Document_Operations_HaveASummaryAndAName()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });
        var document = await server.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(ApiDocument.Name).GetOpenApiDocumentAsync(TestContext.Current.CancellationToken);
        var bare = from path in document.Paths
                   from operation in path.Value.Operations!
                   where string.IsNullOrEmpty(operation.Value.Summary) || string.IsNullOrEmpty(operation.Value.OperationId)
                   select $"{operation.Key} {path.Key}";
        Assert.Empty(bare);
    }

    private static string Normalize(string json) => JsonNode.Parse(json)!.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" }) + "\n";
}
