using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Tokenization;

/// <summary>One object of a <c>tokenizer.json</c>, and where it stands, so that every fault names the place.</summary>
internal readonly struct TokenizerJson(JsonElement element, string file, string path)
{
    public JsonElement Element { get; } = element;

    public string Where => path.Length == 0 ? file : $"{file}: {path}";

    /// <summary>The <c>type</c> of a component.</summary>
    public string Type => String("type");

    /// <summary>Whether a member is there and not null.</summary>
    public bool Has(string name) => Element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A member that must be an object.</summary>
    public TokenizerJson Object(string name) => Member(name, JsonValueKind.Object, "an object");

    /// <summary>A member that is an object, or null where it is absent or null.</summary>
    public TokenizerJson? OptionalObject(string name) => Has(name) ? Object(name) : null;

    /// <summary>The objects of a member that must be an array.</summary>
    public IEnumerable<TokenizerJson> Objects(string name)
    {
        var array = Member(name, JsonValueKind.Array, "an array");
        var (file_, path_) = (file, array.PathOnly);
        return array.Element.EnumerateArray().Select((item, index) =>
        {
            var member = new TokenizerJson(item, file_, $"{path_}[{index}]");
            return item.ValueKind == JsonValueKind.Object ? member : throw member.Wrong("an object");
        });
    }

    public string String(string name) => Member(name, JsonValueKind.String, "a text").Element.GetString()!;

    public bool Flag(string name, bool otherwise)
    {
        if (!Has(name))
        {
            return otherwise;
        }

        var member = new TokenizerJson(Element.GetProperty(name), file, Join(name));
        return member.Element.ValueKind is JsonValueKind.True or JsonValueKind.False ? member.Element.GetBoolean() : throw member.Wrong("true or false");
    }

    /// <summary>The fault of a member that is not what it has to be.</summary>
    public FaultException Wrong(string wanted) => FaultException.Invalid(
        "tokenizer_invalid",
        $"Found {Excerpt(Element)} where {wanted} belongs.",
        "Download the model's tokenizer.json again: this one does not read as a tokenizer of the tokenizers library.",
        Where);

    /// <summary>The fault of a component this program has no code for.</summary>
    public FaultException Unsupported(string kind, string value, IEnumerable<string> known) => FaultException.Invalid(
        "tokenizer_unsupported",
        $"The {kind} \"{value}\" is not supported.",
        $"Supported: {string.Join(", ", known)}. Take a model of the llama or qwen2 family with a byte-level BPE tokenizer.",
        Where);

    private string PathOnly => path;

    private TokenizerJson Member(string name, JsonValueKind kind, string wanted)
    {
        var there = Element.TryGetProperty(name, out var value);
        var member = new TokenizerJson(value, file, Join(name));
        if (!there)
        {
            throw FaultException.Invalid(
                "tokenizer_invalid",
                $"\"{name}\" is missing; {wanted} belongs there.",
                "Download the model's tokenizer.json again: this one does not read as a tokenizer of the tokenizers library.",
                member.Where);
        }

        return value.ValueKind == kind ? member : throw member.Wrong(wanted);
    }

    private string Join(string name) => path.Length == 0 ? name : $"{path}.{name}";

    [SuppressMessage("Globalization", "CA1305", Justification = "Raw JSON text has no culture.")]
    private static string Excerpt(JsonElement element)
    {
        var text = element.ValueKind == JsonValueKind.Undefined ? "nothing" : element.GetRawText();
        return text.Length <= 60 ? text : text[..60] + "…";
    }
}
