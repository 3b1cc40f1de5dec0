using Beep.Host.Hosting.Access;
using Scalar.AspNetCore;

namespace Beep.Host.Cli.Serving;

/// <summary>The description of the API, /openapi/v1.json, and a page to read it in.</summary>
internal static class ApiDocument
{
    public const string Name = "v1";
    private const string Reference = "/reference";
    private const string Scripts = Reference + "/scripts";

    // The library's own page starts itself by an inline script, which our policy forbids; this one starts it from a file.
    private const string Page = $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>API reference · beep</title>
        <link rel="icon" type="image/svg+xml" href="/favicon.svg">
        <script src="/beep.js"></script>
        <script src="{Scripts}/scalar.js" defer></script>
        <script src="/reference.js" defer></script>
        </head>
        <body><main id="app"></main></body>
        </html>
        """;

    public static IServiceCollection AddApiDocument(this IServiceCollection services) => services.AddOpenApi(Name, document =>
        document.AddDocumentTransformer((description, _, _) =>
        {
            description.Info = new() { Title = "Beep.Python Host Admin", Version = Name, Description = "Fine-tuning language models on your own machines." };
            description.Servers?.Clear();
            return Task.CompletedTask;
        }));

    public static void MapApiDocument(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi/{documentName}.json").RequireSignedIn();
        routes.MapScalarApiReference(Scripts).RequireSignedIn();
        routes.MapGet(Reference, () => TypedResults.Content(Page, "text/html; charset=utf-8")).RequireSignedIn().ExcludeFromDescription();
    }
}
