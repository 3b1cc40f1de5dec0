using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Tokenization;

/// <summary>The small JSON files of a model folder, each of which may be absent.</summary>
internal static class ModelJson
{
    /// <summary>Parses a file; null when there is none.</summary>
    public static JsonDocument? TryRead(string modelFolder, string name)
    {
        var path = Path.Combine(modelFolder, name);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 64 });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new JsonException("The file does not hold an object.");
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid(
                "model_file_invalid",
                $"The file cannot be read: {fault.Message}",
                "Check its permissions, or download the model again.",
                path,
                fault);
        }
    }

    /// <summary>The text of a token member, which is a text or an object with <c>content</c>; null when absent.</summary>
    public static string? TokenText(JsonDocument? document, string name)
    {
        if (document is null || !document.RootElement.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content))
        {
            value = content;
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
