using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Chat.Jinja;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Chat;

/// <summary>Turns a conversation into the text a model was trained to read, by the Jinja template that comes with the model.</summary>
internal sealed class ChatTemplate
{
    private static readonly string[] SpecialTokens = ["bos_token", "eos_token", "pad_token", "unk_token"];

    private readonly TemplateSource _source;
    private readonly IReadOnlyList<TemplateNode> _nodes;
    private readonly IReadOnlyDictionary<string, string> _specialTokens;

    /// <param name="template">The Jinja text.</param>
    /// <param name="origin">Where it came from, for faults.</param>
    /// <param name="specialTokens">Variables such as <c>bos_token</c>; absent ones are undefined.</param>
    public ChatTemplate(string template, string origin, IReadOnlyDictionary<string, string> specialTokens)
    {
        _source = new TemplateSource(template, origin);
        _nodes = TemplateParser.Parse(_source);
        _specialTokens = specialTokens;
    }

    /// <summary>
    /// Reads the template of a model: <c>chat_template.jinja</c>, else <c>chat_template</c> of <c>tokenizer_config.json</c>, of several the one
    /// named <c>default</c>. A replacement takes the place of both. Null when the model has none.
    /// </summary>
    public static ChatTemplate? Load(string modelFolder, string? replacement = null)
    {
        using var config = ModelJson.TryRead(modelFolder, "tokenizer_config.json");
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in SpecialTokens)
        {
            if (ModelJson.TokenText(config, name) is { } text)
            {
                tokens[name] = text;
            }
        }

        var file = Path.Combine(modelFolder, "chat_template.jinja");
        if (replacement is not null)
        {
            return new ChatTemplate(replacement, "data.chat_template", tokens);
        }

        if (File.Exists(file))
        {
            return new ChatTemplate(File.ReadAllText(file), file, tokens);
        }

        var place = Path.Combine(modelFolder, "tokenizer_config.json") + ": chat_template";
        return config is not null && config.RootElement.TryGetProperty("chat_template", out var template) && Choose(template, place) is { } chosen
            ? new ChatTemplate(chosen, place, tokens)
            : null;
    }

    /// <summary>The text of the messages; with <paramref name="addGenerationPrompt"/> up to where the assistant's answer starts.</summary>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = messages.Select(static message => (object?)new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["role"] = message.Role,
                ["content"] = message.Content,
            }).ToList(),
            ["add_generation_prompt"] = addGenerationPrompt,
            ["tools"] = null,
            ["documents"] = null,
        };
        foreach (var (name, token) in _specialTokens)
        {
            variables[name] = token;
        }

        return TemplateRunner.Run(_source, _nodes, variables);
    }

    private static string? Choose(JsonElement template, string place)
    {
        switch (template.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                return template.GetString();
            case JsonValueKind.Array:
                var named = template.EnumerateArray()
                    .Where(static entry => entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("template", out _) && entry.TryGetProperty("name", out _))
                    .ToDictionary(static entry => entry.GetProperty("name").ToString(), static entry => entry.GetProperty("template").ToString());
                return named.TryGetValue("default", out var chosen) ? chosen : throw FaultException.Invalid(
                    "chat_template_ambiguous",
                    $"There are templates named {string.Join(", ", named.Keys.Select(static name => $"\"{name}\""))}, but none named \"default\".",
                    "Hand in the one to use with data.chat_template.",
                    place);
            default:
                throw FaultException.Invalid(
                    "model_file_invalid",
                    $"The chat template is {template.ValueKind}, not a text or a list of named texts.",
                    "Download the model again, or hand in a template with data.chat_template.",
                    place);
        }
    }
}
