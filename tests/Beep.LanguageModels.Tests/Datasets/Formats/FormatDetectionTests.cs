using Beep.Contracts;
using Beep.LanguageModels.Datasets;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Formats;

public sealed class FormatDetectionTests
{
    private const string Known = "Known formats and their columns: messages (messages), tokens (input_ids), prompt_completion (prompt, completion), alpaca (instruction, output), text (text), preference (chosen, rejected). "
        + "Map other names with --set data.columns.prompt=NAME --set data.columns.completion=NAME";

    [Theory]
    [InlineData("{\"messages\":[]}", DataFormat.Messages)]
    [InlineData("{\"id\":1,\"prompt\":\"\",\"completion\":\"\"}", DataFormat.PromptCompletion)]
    [InlineData("{\"instruction\":\"\",\"input\":\"\",\"output\":\"\"}", DataFormat.Alpaca)]
    [InlineData("{\"instruction\":\"\",\"output\":\"\",\"text\":\"\"}", DataFormat.Alpaca)]
    [InlineData("{\"text\":\"\"}", DataFormat.Text)]
    [InlineData("{\"input_ids\":[],\"attention_mask\":[]}", DataFormat.Tokens)]
    [InlineData("{\"prompt\":\"\",\"chosen\":\"\",\"rejected\":\"\"}", DataFormat.Preference)]
    [InlineData("{\"conversations\":[],\"chosen\":{},\"rejected\":{}}", DataFormat.Preference)]
    [InlineData("{\"input\":{},\"preferred_output\":[],\"non_preferred_output\":[]}", DataFormat.Preference)]
    [InlineData("{\"messages\":[],\"chosen\":[],\"rejected\":[]}", DataFormat.Preference)]
    [InlineData("not json\n{\"text\":\"\"}", DataFormat.Text)]
    public void Auto_KeysOfTheFirstObject_DecideTheFormat(string content, DataFormat format)
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(format, OpenedDataset.Open(folder.Write("data.jsonl", content), new DataSpec()).Kind?.Format);
    }

    [Fact]
    public void Auto_NoObjectInTheFile_LeavesTheFormatOpen()
    {
        using var folder = new TemporaryFolder();

        Assert.Null(OpenedDataset.Open(folder.Write("data.jsonl", "x\ny\n"), new DataSpec()).Kind);
    }

    [Theory]
    [InlineData("{\"question\":\"\",\"answer\":\"\"}", "'question', 'answer'", "Say which column is which: --set data.columns.prompt=question --set data.columns.completion=answer")]
    [InlineData("{\"id\":1,\"Input\":\"\",\"Output\":\"\"}", "'id', 'Input', 'Output'", "Say which column is which: --set data.columns.prompt=Input --set data.columns.completion=Output")]
    [InlineData("{\"content\":\"\"}", "'content'", "Say which column it is: --set data.columns.text=content")]
    [InlineData("{\"dialog\":[]}", "'dialog'", "Say which column it is: --set data.columns.messages=dialog")]
    [InlineData("{\"prompt\":\"\"}", "'prompt'", Known)]
    [InlineData("{}", "(none)", Known)]
    public void Auto_UnknownKeys_NamesThemAndWhatToDo(string content, string keys, string remedy)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", content);

        var fault = DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec()));

        Assert.Equal($"{path}: The rows of '{path}' have the keys {keys}, which fit no known format. {remedy} [unknown_columns]", fault.ToString());
    }

    [Fact]
    public void Auto_CsvWithAnotherSeparator_SaysSo()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.csv", "prompt;completion\na;b\n");

        var fault = DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec()));

        Assert.Equal("Separate the cells by commas; this file seems to use another separator.", fault.Remedy);
    }

    [Theory]
    [InlineData("{\"conversations\":[]}", DataFormat.Auto, "sharegpt", "Write the rows as 'messages': rename 'conversations' to 'messages', 'from' to 'role' (human: user, gpt: assistant) and 'value' to 'content'.")]
    [InlineData("{}", DataFormat.Sharegpt, "sharegpt", "Write the rows as 'messages': rename 'conversations' to 'messages', 'from' to 'role' (human: user, gpt: assistant) and 'value' to 'content'.")]
    public void Format_NotReadYet_IsRefusedByName(string content, DataFormat format, string name, string remedy)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", content);

        var fault = DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec { Format = format }));

        Assert.Equal($"data.format: '{path}' has the format '{name}', which this version does not read. {remedy} [unsupported_format]", fault.ToString());
    }

    [Theory]
    [InlineData("data.csv", "messages\nx\n", DataFormat.Auto, "holds text only, so it cannot have the format 'messages'. Set data.format to prompt_completion or alpaca or text or preference, or write the rows as .jsonl.")]
    [InlineData("data.csv", "text\nx\n", DataFormat.Tokens, "holds text only, so it cannot have the format 'tokens'. Set data.format to prompt_completion or alpaca or text or preference, or write the rows as .jsonl.")]
    [InlineData("data.txt", "x\n", DataFormat.Alpaca, "holds a text a line, so it cannot have the format 'alpaca'. Set data.format to text, or write the rows as .jsonl.")]
    public void Format_ThatTheFileCannotHave_IsRefused(string name, string content, DataFormat format, string expected)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(name, content);

        var fault = DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec { Format = format }));

        Assert.Equal($"data.format: '{path}' {expected} [wrong_format]", fault.ToString());
    }

    [Fact]
    public void Mapping_OfColumns_ChoosesTheFormatThatKnowsThem()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", "{\"question\":\"q\",\"answer\":\"a\",\"text\":\"t\"}\n");
        var data = new DataSpec { Columns = new Dictionary<string, string> { ["prompt"] = "question", ["completion"] = "answer" } };

        Assert.Equal([new CompletionRow(1, "q", "a")], DatasetSamples.Read(path, data).Rows);
    }

    [Fact]
    public void Mapping_OfAnUnknownField_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", "{\"text\":\"t\"}\n");
        var columns = new Dictionary<string, string> { ["question"] = "prompt" };

        var any = DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec { Columns = columns }));
        var text = DatasetSamples.FaultOf(() => OpenedDataset.Open(path, new DataSpec { Columns = columns, Format = DataFormat.Text }));

        Assert.Equal(
            "data.columns.question: data.columns maps 'question', which no format knows. The name before the colon is the format's, the one after it the file's; "
            + "known: messages, input_ids, labels, prompt, completion, instruction, output, input, system, history, text, chosen, rejected, conversations, preferred_output, non_preferred_output. [unknown_column]",
            any.ToString());
        Assert.Equal(
            "data.columns.question: data.columns maps 'question', which the format 'text' does not know. The name before the colon is the format's, the one after it the file's; known: text. [unknown_column]",
            text.ToString());
    }

    [Fact]
    public void Alpaca_SystemAndHistory_AreRead()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", "{\"instruction\":\"i\",\"output\":\"o \\ud83d\\ude00\",\"system\":\"s\",\"history\":[[\"q1\",\"a1\"],[\"q2\",\"a2\"]]}\n");

        var row = Assert.IsType<InstructionRow>(Assert.Single(DatasetSamples.Read(path).Rows));

        Assert.Equal(("i", "", "o 😀", "s"), (row.Instruction, row.Input, row.Output, row.System));
        Assert.Equal([("q1", "a1"), ("q2", "a2")], row.History);
    }
}
