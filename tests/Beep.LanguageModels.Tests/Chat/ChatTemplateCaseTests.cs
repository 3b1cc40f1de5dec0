using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Chat;

public sealed class ChatTemplateCaseTests
{
    private static readonly Dictionary<string, string> Tokens = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };

    [Fact]
    public void Render_ReferenceCases_PrintsWhatJinjaPrints()
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.At("tests", "Beep.LanguageModels.Tests", "Chat", "chat_cases.json")));
        var count = 0;
        foreach (var item in cases.RootElement.GetProperty("cases").EnumerateArray())
        {
            var name = item.GetProperty("name").GetString()!;
            var template = cases.RootElement.GetProperty("templates").GetProperty(name).GetString()!;
            var messages = item.GetProperty("messages").EnumerateArray()
                .Select(static message => new ChatMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))
                .ToList();
            Assert.Equal((template, item.GetProperty("text").GetString()), (template, Render(template, messages, item.GetProperty("add_generation_prompt").GetBoolean())));
            count++;
        }

        Assert.Equal(90, count);
    }

    /// <summary>Null where the template fails, as the reference file has it.</summary>
    private static string? Render(string template, List<ChatMessage> messages, bool addGenerationPrompt)
    {
        try
        {
            return new ChatTemplate(template, "test", Tokens).Render(messages, addGenerationPrompt);
        }
        catch (FaultException)
        {
            return null;
        }
    }
}
