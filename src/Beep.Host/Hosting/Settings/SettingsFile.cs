using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Beep.Host.Hosting.Settings;

/// <summary>Writes <c>config/host.json</c>: what it holds beyond the changes stays.</summary>
internal sealed class SettingsFile(HostPaths paths)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Relaxed = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    /// <summary>As it is on the disk; null where there is none.</summary>
    public byte[]? Read() => File.Exists(paths.Configuration) ? File.ReadAllBytes(paths.Configuration) : null;

    /// <summary>Puts back what <see cref="Read"/> gave.</summary>
    public void Restore(byte[]? content)
    {
        if (content is null)
        {
            AtomicFile.Delete(paths.Configuration);
        }
        else
        {
            AtomicFile.Write(paths.Configuration, content);
        }
    }

    /// <summary>Sets the keys that have a value and removes those that have none.</summary>
    public void Change(IReadOnlyDictionary<SettingKey, string?> changes)
    {
        var file = Read() is { } bytes ? JsonNode.Parse(bytes, documentOptions: Relaxed)!.AsObject() : [];
        foreach (var (key, value) in changes)
        {
            // The twin would be a second value.
            file.Remove(key.FileName);
            file.Remove(key.Name);
            if (value is not null)
            {
                file[key.Name] = value is "true" or "false" ? JsonValue.Create(value == "true") : JsonValue.Create(value);
            }
        }

        AtomicFile.Write(paths.Configuration, JsonSerializer.SerializeToUtf8Bytes(file, Indented));
    }
}
