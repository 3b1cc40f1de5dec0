using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Beep.Contracts;

/// <summary>Reads <c>spec.json</c>, applies overrides, and reports every fault at once.</summary>
public static class SpecReader
{
    private const int MaxBytes = 1 << 20;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>Reads a spec file. Unknown fields are ignored: a later minor version may have written them.</summary>
    /// <exception cref="FaultException">Every fault found, exit code 20.</exception>
    public static JobSpec Read(string path)
    {
        var spec = Bind(Load(path), ignoreUnknown: true, out var faults);
        faults.AddRange(SpecValidator.Validate(spec));
        return faults.Count == 0 ? spec : throw new FaultException(WorkerExitCode.Invalid, faults);
    }

    /// <summary>Loads a spec or preset as a tree, to merge and override before <see cref="Bind"/>.</summary>
    /// <exception cref="FaultException">The file is missing, too large or not one JSON object.</exception>
    public static JsonObject Load(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaxBytes)
            {
                throw FaultException.Invalid("too_large", $"The spec has {length:N0} bytes; at most {MaxBytes:N0} are read.", "Put data into files and name them in the spec.", path);
            }

            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid("unreadable", $"The spec '{path}' cannot be read: {error.Message}", "Check the path and its permissions.", path, error);
        }
    }

    /// <summary>Parses one JSON object; <paramref name="source"/> names it in faults.</summary>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8, string source)
    {
        try
        {
            return JsonNode.Parse(utf8, documentOptions: Strict) as JsonObject
                ?? throw FaultException.Invalid("not_an_object", "A spec is one JSON object.", "Begin the file with '{'.", source);
        }
        catch (JsonException error)
        {
            var where = $"{source}:{(error.LineNumber ?? 0) + 1}:{(error.BytePositionInLine ?? 0) + 1}";
            throw FaultException.Invalid("bad_json", $"The spec is not valid JSON: {error.Message}", "Correct the text at that line and column.", where, error);
        }
    }

    /// <summary>Sets the field at a dotted <paramref name="path"/> such as <c>train.max_steps</c>; the value is JSON, or text where it is not.</summary>
    public static void Override(JsonObject tree, string path, string value)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(path);
        var keys = path.Split('.');
        var node = tree;
        foreach (var key in keys[..^1])
        {
            if (node[key] is not JsonObject child)
            {
                node[key] = child = [];
            }

            node = child;
        }

        node[keys[^1]] = ParseValue(value);
    }

    /// <summary>Lays <paramref name="over"/> upon <paramref name="under"/>, field by field; lists and values are replaced.</summary>
    public static void Merge(JsonObject under, JsonObject over)
    {
        ArgumentNullException.ThrowIfNull(under);
        ArgumentNullException.ThrowIfNull(over);
        foreach (var (key, value) in over)
        {
            if (value is JsonObject overChild && under[key] is JsonObject underChild)
            {
                Merge(underChild, overChild);
            }
            else
            {
                under[key] = value?.DeepClone();
            }
        }
    }

    /// <summary>Makes a spec of a tree. Fields at fault keep their default and are listed in <paramref name="faults"/>.</summary>
    public static JobSpec Bind(JsonObject tree, bool ignoreUnknown, out List<Fault> faults)
    {
        ArgumentNullException.ThrowIfNull(tree);
        faults = [];
        if (tree["version"] is JsonValue version && version.TryGetValue<int>(out var major) && major > JobSpec.CurrentVersion)
        {
            faults.Add(new("unknown_version", $"The spec is of version {major}; this program reads up to {JobSpec.CurrentVersion}.", "Update the program or write the spec anew.", "version"));
            return new JobSpec();
        }

        // Generated readers set absent init-only properties to null, so the defaults are laid underneath.
        var full = SpecWriter.ToTree(new JobSpec());
        Merge(full, Clean(tree, ContractJson.Indented.JobSpec, "", ignoreUnknown, faults));
        return full.Deserialize(ContractJson.Indented.JobSpec)!;
    }

    /// <summary>Copies the fields that bind to their type and lists the others, so that one bad field does not hide the next.</summary>
    private static JsonObject Clean(JsonObject tree, JsonTypeInfo type, string prefix, bool ignoreUnknown, List<Fault> faults)
    {
        var clean = new JsonObject();
        foreach (var (key, value) in tree)
        {
            var path = prefix + key;
            var property = type.Properties.FirstOrDefault(p => p.Name == key);
            if (property is null)
            {
                if (!ignoreUnknown)
                {
                    faults.Add(new("unknown_field", $"There is no field '{path}'.", $"Known here: {string.Join(", ", type.Properties.Select(p => p.Name))}.", path));
                }

                continue;
            }

            var valueType = type.Options.GetTypeInfo(property.PropertyType);
            if (valueType.Kind == JsonTypeInfoKind.Object && value is JsonObject child)
            {
                clean[key] = Clean(child, valueType, path + ".", ignoreUnknown, faults);
                continue;
            }

            try
            {
                if (value is null && !property.IsSetNullable)
                {
                    throw new JsonException("null");
                }

                _ = value.Deserialize(valueType);
                clean[key] = value?.DeepClone();
            }
            catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
            {
                faults.Add(new("wrong_type", $"'{path}' is {value?.ToJsonString() ?? "null"}, which is not {Describe(property.PropertyType)}.", "Correct the value or leave the field out.", path));
            }
        }

        return clean;
    }

    private static JsonNode? ParseValue(string value)
    {
        try
        {
            return JsonNode.Parse(value, documentOptions: Strict);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }

    private static string Describe(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type switch
        {
            { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(type).Select(name => SpecWriter.WireName(type, name)))}",
            _ when type == typeof(int) || type == typeof(long) => "a whole number",
            _ when type == typeof(double) => "a number",
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(string) => "text",
            _ when type == typeof(TargetModules) => "\"all-linear\" or a list of layer names",
            _ when type == typeof(IReadOnlyList<string>) => "a list of texts",
            _ => "an object",
        };
    }
}
