using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Chat;

public sealed class ChatTemplateTests
{
    private static readonly ChatMessage[] Hello = [new("user", "Hi")];

    [Fact]
    public void Load_TextInTokenizerConfig_RendersWithSpecialTokens()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer_config.json", """{"bos_token": {"content": "<s>"}, "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}"}""");

        Assert.Equal("<s>Hi", ChatTemplate.Load(folder.Path)!.Render(Hello, addGenerationPrompt: false));
    }

    [Fact]
    public void Load_NamedTemplates_TakesTheDefault()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer_config.json", """{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}""");

        Assert.Equal("d", ChatTemplate.Load(folder.Path)!.Render(Hello, addGenerationPrompt: false));
    }

    [Fact]
    public void Load_NamedTemplatesWithoutDefault_NamesThem()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("tokenizer_config.json", """{"chat_template": [{"name": "rag", "template": "t"}]}""");

        var fault = Assert.Throws<FaultException>(() => ChatTemplate.Load(folder.Path));

        Assert.Equal(
            $"{path}: chat_template: There are templates named \"rag\", but none named \"default\". Hand in the one to use with data.chat_template. [chat_template_ambiguous]",
            fault.Message);
    }

    [Fact]
    public void Load_SeveralSources_PrefersTheReplacementThenTheFile()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer_config.json", """{"chat_template": "config"}""");
        Assert.Equal("config", ChatTemplate.Load(folder.Path)!.Render(Hello, false));
        folder.Write("chat_template.jinja", "file\n");
        Assert.Equal("file", ChatTemplate.Load(folder.Path)!.Render(Hello, false));
        Assert.Equal("mine", ChatTemplate.Load(folder.Path, "mine")!.Render(Hello, false));
    }

    [Fact]
    public void Load_NoTemplate_GivesNull()
    {
        using var folder = new TemporaryFolder();

        Assert.Null(ChatTemplate.Load(folder.Path));
    }

    [Theory]
    [InlineData("a\n  {% include 'x' %}", "test:2:3: The statement \"include\" is not supported here. Supported: break, continue, for, generation, if, macro, set.")]
    [InlineData("{{ 1 +\n  }}", "test:2:3: Found \"}}\" where a value belongs.")]
    [InlineData("{% if a %}x", "test:1:12: Found the end of the template where \"{% endif %}\" belongs.")]
    [InlineData("{{ 'open }}", "test:1:4: The text literal that starts here is never closed.")]
    [InlineData("{{ a ? b }}", "test:1:6: The character \"?\" has no meaning here.")]
    [InlineData("{# open", "test:1:1: The comment that starts here is never closed with \"#}\".")]
    [InlineData("{{ strftime_now('%Y') }}", "test:1:16: A function is called that is not there: undefined \"strftime_now\".")]
    [InlineData("{{ messages.x.y }}", "test:1:14: \"y\" is asked of undefined \"x\".")]
    [InlineData("{{ 1 + 'a' }}", "test:1:4: \"+\" cannot be applied to integer and text.")]
    public void Render_SomethingWrong_SaysWhereAndWhat(string template, string expected)
    {
        var fault = Assert.Throws<FaultException>(() => new ChatTemplate(template, "test", new Dictionary<string, string>()).Render(Hello, false));

        Assert.StartsWith(expected + " ", fault.Message, StringComparison.Ordinal);
        Assert.Equal(WorkerExitCode.Invalid, fault.ExitCode);
    }

    [Fact]
    public void Render_UnknownFilter_NamesTheKnownOnes()
    {
        var fault = Assert.Throws<FaultException>(() => new ChatTemplate("{{ 'a'|xmlattr }}", "test", new Dictionary<string, string>()).Render(Hello, false));

        Assert.Equal("chat_template_unsupported", fault.Faults[0].Code);
        Assert.StartsWith("The filter \"xmlattr\" is not supported. Supported: capitalize, count, d, default, first,", fault.Faults[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_TemplateRefuses_PassesItsReasonOn()
    {
        var template = new ChatTemplate("{{ raise_exception('roles must alternate') }}", "test", new Dictionary<string, string>());

        var fault = Assert.Throws<FaultException>(() => template.Render(Hello, false));

        Assert.Equal("chat_template_refused", fault.Faults[0].Code);
        Assert.Equal("The chat template refuses the conversation: roles must alternate", fault.Faults[0].Message);
    }

    [Theory]
    [InlineData("{% for a in range(99999999999) %}x{% endfor %}")]
    [InlineData("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}")]
    [InlineData("{{ 'x' * 99999999999 }}")]
    [InlineData("{% set n = namespace(x='xx') %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for a in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}")]
    public void Render_BoundlessTemplate_IsStopped(string template)
    {
        var fault = Assert.Throws<FaultException>(() => new ChatTemplate(template, "test", new Dictionary<string, string>()).Render(Hello, false));

        Assert.Equal("chat_template_failed", fault.Faults[0].Code);
    }

    [Fact]
    public void Constructor_DeepNesting_IsRefused()
    {
        var template = "{{ " + new string('(', 100_000) + "1" + new string(')', 100_000) + " }}";

        Assert.Throws<FaultException>(() => new ChatTemplate(template, "test", new Dictionary<string, string>()));
    }

    [Fact]
    public void Constructor_TemplateCutAnywhere_FaultsOrRuns()
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.At("tests", "Beep.LanguageModels.Tests", "Chat", "chat_cases.json")));
        var outcomes = 0;
        foreach (var template in cases.RootElement.GetProperty("templates").EnumerateObject())
        {
            var text = template.Value.GetString()!;
            for (var length = 0; length < text.Length; length++)
            {
                try
                {
                    new ChatTemplate(text[..length], "test", new Dictionary<string, string>()).Render(Hello, addGenerationPrompt: true);
                }
                catch (FaultException fault)
                {
                    Assert.Equal(WorkerExitCode.Invalid, fault.ExitCode);
                }

                outcomes++;
            }
        }

        Assert.True(outcomes > 5000, $"{outcomes} cut templates");
    }
}
