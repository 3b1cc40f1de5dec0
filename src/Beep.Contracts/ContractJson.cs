using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Beep.Contracts;

/// <summary>The one way in which the files of a job folder are written: snake_case, names for enumerations, instants in UTC.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    AllowOutOfOrderMetadataProperties = true)]
[JsonSerializable(typeof(JobSpec))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(JobExit))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(List<string>))]
internal sealed partial class ContractJson : JsonSerializerContext
{
    /// <summary>One object a line, text left readable: these files are never put into a web page unescaped.</summary>
    public static ContractJson Line => Variants.Line;

    /// <summary>Indented, for files that people read.</summary>
    public static ContractJson Indented => Variants.Indented;

    /// <summary>Apart, so that the generated default options exist before they are copied.</summary>
    private static class Variants
    {
        public static readonly ContractJson Line = Derive(indented: false);
        public static readonly ContractJson Indented = Derive(indented: true);

        private static ContractJson Derive(bool indented) =>
            new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = indented, NewLine = "\n" });
    }
}
