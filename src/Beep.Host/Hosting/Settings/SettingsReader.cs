using System.Text;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.Host.Hosting.Settings;

/// <summary>Gathers what is set: the environment over <c>config/host.json</c>, and secrets from the files that <c>NAME_FILE</c> names.</summary>
internal sealed class SettingsReader(Func<string, string?> variable, HostPaths paths, List<Fault> faults)
{
    private const int MaxConfigurationBytes = 1 << 20;
    private const int MaxSecretBytes = 1 << 16;

    /// <summary>The value of every key that is set.</summary>
    public Dictionary<string, string> Read()
    {
        var file = ReadConfiguration();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in SettingKeys.All)
        {
            var value = ReadOne(key, name => variable(name)) ?? ReadOne(key, file.GetValueOrDefault);
            if (value is not null)
            {
                values[key.Name] = value;
            }
        }

        return values;
    }

    private string? ReadOne(SettingKey key, Func<string, string?> source)
    {
        var plain = NullIfEmpty(source(key.Name));
        if (!key.IsSecret || NullIfEmpty(source(key.FileName)) is not { } path)
        {
            return plain;
        }

        if (plain is not null)
        {
            faults.Add(new Fault("set_twice", $"{key.Name} and {key.FileName} are both set.", "Keep one of them.", key.Name));
            return plain;
        }

        return ReadSecret(key, path);
    }

    private string? ReadSecret(SettingKey key, string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length is > 0 and <= MaxSecretBytes)
            {
                return NullIfEmpty(File.ReadAllText(path, Encoding.UTF8).TrimEnd('\r', '\n')) ?? Fault("is empty");
            }

            return Fault(file.Length == 0 ? "is empty" : $"is larger than {MaxSecretBytes} bytes");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return Fault("cannot be read");
        }

        string? Fault(string what)
        {
            faults.Add(new Fault("bad_secret_file", $"The file '{path}' {what}.", $"Name a file that holds the value of {key.Name} and that this user may read.", key.FileName));
            return null;
        }
    }

    private Dictionary<string, string?> ReadConfiguration()
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        var path = paths.Configuration;
        try
        {
            if (!File.Exists(path))
            {
                return values;
            }

            if (PrivateFiles.IsOpenToOthers(path))
            {
                faults.Add(new Fault("open_to_others", $"Others may read or change '{path}', which may hold secrets.", $"Run: chmod 600 '{path}'", path));
            }

            if (new FileInfo(path).Length > MaxConfigurationBytes)
            {
                throw new JsonException($"The file is larger than {MaxConfigurationBytes} bytes.");
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException("It is no JSON object.");
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                Take(property, values, path);
            }
        }
        catch (JsonException error)
        {
            faults.Add(new Fault("bad_configuration", $"'{path}' cannot be read as settings: {error.Message}", "Correct it: a JSON object of names and values.", path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            faults.Add(new Fault("bad_configuration", $"'{path}' cannot be read: {error.Message}", "Correct its rights.", path));
        }

        return values;
    }

    private void Take(JsonProperty property, Dictionary<string, string?> values, string path)
    {
        var key = SettingKeys.All.FirstOrDefault(key => key.Name == property.Name || (key.IsSecret && key.FileName == property.Name));
        if (key is null or { IsOfEnvironmentOnly: true })
        {
            faults.Add(key is null
                ? new Fault("unknown_setting", $"'{property.Name}' is no setting.", $"Use one of: {string.Join(", ", SettingKeys.All.Where(key => !key.IsOfEnvironmentOnly).Select(key => key.Name))}.", path)
                : new Fault("unknown_setting", $"'{property.Name}' cannot be set in a file that lies in it.", "Set it in the environment.", path));
            return;
        }

        values[property.Name] = property.Value.ValueKind switch
        {
            JsonValueKind.String => property.Value.GetString(),
            JsonValueKind.Number => property.Value.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Null => null,
            _ => Refuse(),
        };

        string? Refuse()
        {
            faults.Add(new Fault("bad_configuration", $"'{property.Name}' is a list or an object.", "Write a text, a number, true or false.", path));
            return null;
        }
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
