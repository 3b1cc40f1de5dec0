using System.Text.Json.Nodes;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Tokenization;

/// <summary>A copy of a fixture's tokenizer, changed for one test.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public JsonObject File { get; } = JsonNode.Parse(System.IO.File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "tokenizer.json")))!.AsObject();

    public string Path => _folder.Path;

    public string FilePath => _folder.At("tokenizer.json");

    public Tokenizer Load()
    {
        _folder.Write("tokenizer.json", File.ToJsonString());
        return Tokenizer.Load(_folder.Path);
    }

    public TokenizerFolder Set(string name, string json)
    {
        File[name] = JsonNode.Parse(json);
        return this;
    }

    public TokenizerFolder SetModel(string name, string json)
    {
        File["model"]![name] = JsonNode.Parse(json);
        return this;
    }

    public TokenizerFolder AddToken(int id, string content, string flags = "")
    {
        File["added_tokens"]!.AsArray().Add(JsonNode.Parse($$"""{"id": {{id}}, "content": "{{content}}"{{flags}}}"""));
        return this;
    }

    public void Write(string name, string text) => _folder.Write(name, text);

    public void Dispose() => _folder.Dispose();
}
