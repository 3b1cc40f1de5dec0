namespace Beep.Host.Cli.Serving;

/// <summary>The description of the API: /openapi/v1.json.</summary>
internal static class ApiDocument
{
    public const string Name = "v1";

    public static IServiceCollection AddApiDocument(this IServiceCollection services) => services.AddOpenApi(Name, document =>
        document.AddDocumentTransformer((description, _, _) =>
        {
            description.Info = new() { Title = "Beep.Python Host Admin", Version = Name, Description = "Fine-tuning language models on your own machines." };
            description.Servers?.Clear();
            return Task.CompletedTask;
        }));
}
