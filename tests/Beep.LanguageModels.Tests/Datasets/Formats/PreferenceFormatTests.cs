using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Checking;
using Beep.LanguageModels.Datasets.Findings;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Formats;

public sealed class PreferenceFormatTests
{
    private const string User = """{"role":"user","content":"Hi"}""";
    private const string Yes = """{"role":"assistant","content":"Hello!"}""";
    private const string No = """{"role":"assistant","content":"No."}""";

    [Theory]
    [InlineData("""{"prompt":"Hi","chosen":"Hello!","rejected":"No."}""", true)]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Yes}}],"rejected":[{{No}}]}""", false)]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":"Hello!","rejected":"No."}""", false)]
    [InlineData($$"""{"prompt":"Hi","chosen":[{{Yes}}],"rejected":[{{No}}]}""", false)]
    [InlineData($$"""{"chosen":[{{User}},{{Yes}}],"rejected":[{{User}},{{No}}]}""", false)]
    [InlineData($$"""{"prompt":"Hi","chosen":[{{User}},{{Yes}}],"rejected":[{{User}},{{No}}],"messages":[{{User}},{{Yes}}],"score":9.5}""", false)]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{User}},{{Yes}}],"rejected":[{{User}},{{No}}]}""", false)]
    [InlineData($$"""{"input":{"messages":[{{User}}],"tools":[],"parallel_tool_calls":true},"preferred_output":[{{Yes}}],"non_preferred_output":[{{No}}]}""", false)]
    [InlineData("""{"conversations":[{"from":"human","value":"Hi"}],"chosen":{"from":"gpt","value":"Hello!"},"rejected":{"from":"gpt","value":"No."}}""", false)]
    [InlineData($$"""{"conversations":[{{User}}],"chosen":{{Yes}},"rejected":{{No}}}""", false)]
    public void Row_InAnySpelling_MeansTheSamePair(string row, bool isText)
    {
        var pair = Assert.Single(ReadRows(row));

        Assert.Equal([new ChatMessage("user", "Hi")], pair.Prompt);
        Assert.Equal(("Hello!", "No.", isText), (pair.Chosen, pair.Rejected, pair.IsText));
    }

    [Theory]
    [InlineData("""{"system":"Be brief.","prompt":"Hi","chosen":"Hello!","rejected":"No."}""")]
    [InlineData($$"""{"system":"Be brief.","prompt":"Hi","chosen":[{{User}},{{Yes}}],"rejected":[{{User}},{{No}}]}""")]
    [InlineData($$"""{"prompt":"Hi","chosen":[{"role":"system","content":"Be brief."},{{User}},{{Yes}}],"rejected":[{"role":"system","content":"Be brief."},{{User}},{{No}}]}""")]
    [InlineData("""{"system":"Be brief.","conversations":[{"from":"human","value":"Hi"}],"chosen":{"from":"gpt","value":"Hello!"},"rejected":{"from":"gpt","value":"No."}}""")]
    public void Row_WithASystemMessage_BeginsWithIt(string row)
    {
        var pair = Assert.Single(ReadRows(row));

        Assert.Equal([new ChatMessage("system", "Be brief."), new ChatMessage("user", "Hi")], pair.Prompt);
    }

    [Theory]
    [InlineData("""{"prompt":"Hi","chosen":"x","rejected":"x"}""", "same_answers", "'chosen' and 'rejected' are the same: nothing is preferred.", "Write two answers, or remove the row.")]
    [InlineData("""{"prompt":"Hi","chosen":"caf\u00e9","rejected":"café"}""", "same_answers", "'chosen' and 'rejected' are the same: nothing is preferred.", "Write two answers, or remove the row.")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Yes}}],"rejected":[{{Yes}}]}""", "same_answers", "'chosen' and 'rejected' are the same: nothing is preferred.", "Write two answers, or remove the row.")]
    [InlineData("""{"prompt":"Hi","chosen":"x","rejected":" "}""", "empty_completion", "'rejected' is empty: there is no answer to learn.", "Write the answer, or remove the row.")]
    [InlineData("""{"prompt":"Hi","chosen":"x","rejected":[{"role":"assistant","content":"No."}]}""", "wrong_type", "'chosen' is text and 'rejected' is a list.", "Write both as text, or both as messages.")]
    [InlineData("""{"prompt":"Hi","chosen":5,"rejected":"x"}""", "wrong_type", "'chosen' is a number; text or a list is expected.", "Write it as text or a list.")]
    [InlineData("""{"chosen":"x","rejected":"y"}""", "missing_column", "The row lacks 'prompt'.", "Add 'prompt', or remove the row.")]
    [InlineData("""{"chosen":[{"role":"user","content":"a"}],"rejected":[{"role":"user","content":"b"}]}""", "missing_assistant_turn", "The conversation has no assistant message: there is no answer to learn.", "Add the assistant's answer, or remove the row.")]
    [InlineData($$"""{"chosen":[{{User}},{{Yes}}],"rejected":[{"role":"user","content":"Ho"},{{No}}]}""", "wrong_type", "'chosen' and 'rejected' differ before their last messages.", "Put what comes before the answers into 'prompt'.")]
    [InlineData($$"""{"prompt":"Ho","chosen":[{{User}},{{Yes}}],"rejected":[{{User}},{{No}}]}""", "wrong_type", "'chosen' has 2 messages after the prompt; one is expected.", "Write one answer of the assistant.")]
    [InlineData($$"""{"prompt":"Hi","chosen":[],"rejected":[{{No}}]}""", "wrong_type", "'chosen' has 0 messages after the prompt; one is expected.", "Write one answer of the assistant.")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Yes}}],"rejected":[{"role":"user","content":"b"}]}""", "role_order", "Message 2 is from the user, as the one before it.", "Join the two messages into one, or add the one that is missing between them.")]
    [InlineData($$"""{"prompt":[{{User}}],"chosen":[{{Yes}}],"rejected":[{"role":"assistant","content":""}]}""", "empty_assistant_turn", "Message 2, from the assistant, is empty.", "Write the answer, or remove the message and its question.")]
    [InlineData($$"""{"prompt":[{{User}},{{No}}],"chosen":"a","rejected":"b"}""", "role_order", "Message 3 is from the assistant, as the one before it.", "Join the two messages into one, or add the one that is missing between them.")]
    [InlineData($$"""{"input":{"messages":"Hi"},"preferred_output":[{{Yes}}],"non_preferred_output":[{{No}}]}""", "wrong_type", "'messages' of 'input' is text; a list is expected.", "Write it as a list of messages.")]
    [InlineData($$"""{"input":{"messages":[{{User}}],"tools":[{"type":"function"}]},"preferred_output":[{{Yes}}],"non_preferred_output":[{{No}}]}""", "unsupported_field", "'tools' is not read by this version: the model would not see it.", "Remove 'tools', or write the call into 'content' as the model should say it.")]
    [InlineData("""{"conversations":[{"from":"human","value":"Hi"}],"chosen":{"from":"gpt","value":"a"},"rejected":{"from":"gpt"}}""", "missing_column", "Message 2 lacks 'value'.", "Add the text of the message, or remove it.")]
    [InlineData("""{"conversations":[{"from":"human","value":"Hi"}],"chosen":{"from":"function_call","value":"a"},"rejected":{"from":"gpt","value":"b"}}""", "role_unknown", "Message 2 has the role 'function_call'.", "Write 'system', 'user', 'assistant' or 'tool'.")]
    public void Row_FromWhichNothingIsLearnt_IsRefusedWithARemedy(string row, string code, string message, string remedy)
    {
        using var folder = new TemporaryFolder();

        var (rows, findings) = DatasetSamples.Read(folder.Write("data.jsonl", "\n" + row + "\n"));

        Assert.Empty(rows);
        Assert.All(findings, finding => Assert.Equal(FindingSeverity.Error, finding.Severity));
        var finding = findings.Single(finding => finding.Code == code);
        Assert.Equal((2, code, message, remedy), (finding.Line, finding.Code, finding.Message, finding.Remedy));
    }

    [Fact]
    public void Prompt_ThatIsEmpty_IsWarnedOf()
    {
        using var folder = new TemporaryFolder();

        var (rows, findings) = DatasetSamples.Read(folder.Write("data.jsonl", """{"prompt":" ","chosen":"a","rejected":"b"}"""));

        Assert.Single(rows);
        Assert.Equal((FindingSeverity.Warning, "empty_prompt"), findings.Select(finding => (finding.Severity, finding.Code)).Single());
    }

    [Fact]
    public void Columns_OfOtherNames_AreMapped()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.csv", "question,good,bad\nHi,Hello!,No.\n");
        var data = new DataSpec { Columns = new Dictionary<string, string> { ["prompt"] = "question", ["chosen"] = "good", ["rejected"] = "bad" } };

        var pair = (PreferenceRow)Assert.Single(DatasetSamples.Read(path, data).Rows);

        Assert.Equal(("Hi", "Hello!", "No."), (pair.Prompt[0].Content, pair.Chosen, pair.Rejected));
    }

    [Fact]
    public void Format_NamedInTheSpec_IsSpeltAsTheFirstRowHasIt()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", $$"""{"input":{"messages":[{{User}}]},"preferred_output":[{{Yes}}],"non_preferred_output":[{{No}}]}""");

        Assert.Single(DatasetSamples.Read(path, new DataSpec { Format = DataFormat.Preference }).Rows);
    }

    [Fact]
    public void Rows_OfTwoSpellings_AreMixed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", $$"""
            {"prompt":"Hi","chosen":"a","rejected":"b"}
            {"prompt":"Hi","completion":"a"}
            """);

        Assert.Equal(
            "The row has the keys 'prompt', 'completion' of the format 'prompt_completion'; the file's format is 'preference'.",
            Assert.Single(DatasetSamples.Read(path).Findings).Message);
    }

    [Fact]
    public void Check_PairsThatAreEqual_AreDuplicates()
    {
        using var folder = new TemporaryFolder();
        const string row = """{"prompt":"Hi","chosen":"a","rejected":"b"}""";
        var path = folder.Write("data.jsonl", $"{row}\n{row}\n{row.Replace("\"b\"", "\"c\"", StringComparison.Ordinal)}\n");

        var report = DatasetChecker.Check(path, new DatasetCheckOptions(), null, null, CancellationToken.None);

        Assert.Equal(("preference", 3, 3, 1), (report.Format, report.Rows, report.ValidRows, report.Duplicates));
    }

    private static List<PreferenceRow> ReadRows(string row)
    {
        using var folder = new TemporaryFolder();
        var (rows, findings) = DatasetSamples.Read(folder.Write("data.jsonl", row + "\n"));
        Assert.Empty(findings);
        return [.. rows.Cast<PreferenceRow>()];
    }
}
