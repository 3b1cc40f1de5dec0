using System.Text;
using Beep.LanguageModels.Datasets.Findings;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets;

/// <summary>What is said about a bad row: one case for each code and each way to come to it.</summary>
public sealed class FindingTests
{
    private const string LineRemedy = "Write each row with a JSON library, one object on one line.";
    private const string MessageRemedy = "Write each message as {\"role\": \"...\", \"content\": \"...\"}.";

    /// <summary>First row, second row, what is said about the second.</summary>
    public static TheoryData<string, string, string[]> Rows => new()
    {
        // Notation.
        { Text("a"), "{\"text\":", [$"bad_json: The row is not valid JSON: it ends before its object is closed. {LineRemedy}"] },
        { Text("a"), "{\"text\":\"cut off", [$"bad_json: The row is not valid JSON: it ends before its object is closed. {LineRemedy}"] },
        { Text("a"), "{'text':'x'}", ["bad_json: The row is not valid JSON at byte 2: ''' is an invalid start of a property name. Expected a '\"'. Write it with a JSON library (json.dumps); JSON has double quotation marks only."] },
        { Text("a"), "{\"text\":\"x\"} {}", [$"bad_json: The row is not valid JSON at byte 14: '{{' is invalid after a single JSON value. Expected end of data. {LineRemedy}"] },
        { Text("a"), "{\"text\":\"\\ud83d\"}", ["not_utf8: An escape such as \\ud83d names half a character: its other half is missing. Write the text anew from its source; it was cut in the middle of a character."] },
        { Text("a"), "{\"text\":\"\\ude00\\ud83d\"}", ["not_utf8: An escape such as \\ud83d names half a character: its other half is missing. Write the text anew from its source; it was cut in the middle of a character."] },
        { Text("a"), "{\"text\":\"\\ud83d\\ude00 \\\\ud83d\"}", [] },
        { Text("a"), "{\"text\":\"x\",\"n\":NaN}", ["nan_literal: NaN stands at byte 17 of the row; JSON has no such number. Write a finite number or null."] },
        { Text("a"), "{\"text\":\"x\",\"n\":-Infinity}", ["nan_literal: -Infinity stands at byte 17 of the row; JSON has no such number. Write a finite number or null."] },
        { Text("a"), "{\"text\":\"x\",\"n\":Infinity}", ["nan_literal: Infinity stands at byte 17 of the row; JSON has no such number. Write a finite number or null."] },
        { Text("a"), "{\"text\":\"x\",\"n\":1e999}", ["nan_literal: The number 1e999 is too large: it would be read as Infinity. Write a finite number or null."] },
        { Text("a"), "{\"text\":\"x\",\"n\":[1,-1E400]}", ["nan_literal: The number -1E400 is too large: it would be read as Infinity. Write a finite number or null."] },
        { Text("a"), "{\"text\":\"x\",\"text\":\"y\"}", ["duplicate_key: [text] The key 'text' appears twice in one object. Keep one of the two values."] },
        { Text("a"), "{\"text\":\"x\",\"\\u0074ext\":\"y\"}", ["duplicate_key: [text] The key 'text' appears twice in one object. Keep one of the two values."] },
        { Text("a"), "{\"text\":\"x\",\"o\":{\"a\":1,\"b\":{\"a\":2},\"a\":3}}", ["duplicate_key: [a] The key 'a' appears twice in one object. Keep one of the two values."] },
        { Text("a"), $"{{\"text\":\"x\",\"o\":{new string('[', 63)}{new string(']', 63)}}}", [] },
        { Text("a"), $"{{\"text\":\"x\",\"o\":{new string('[', 64)}{new string(']', 64)}}}", ["too_deep: Objects and lists are nested more than 64 deep. Flatten the row."] },
        { Text("a"), $"{{\"text\":{new string('[', 100_000)}", ["too_deep: Objects and lists are nested more than 64 deep. Flatten the row."] },
        { Text("a"), $"{{\"text\":[{string.Join(',', Enumerable.Repeat("\"\"", 1 << 20))}]}}", ["too_many_values: The row has more than 1,048,576 values. Split it into several rows."] },
        { Text("a"), "[1]", ["wrong_type: The row is a list, not an object. Write each row as an object: {\"prompt\": \"...\", \"completion\": \"...\"}."] },
        { Text("a"), "null", ["wrong_type: The row is null, not an object. Write each row as an object: {\"prompt\": \"...\", \"completion\": \"...\"}."] },

        // Columns.
        { Text("a"), "{}", ["missing_column: [text] The row lacks 'text'; it has no keys. Add 'text', or remove the row."] },
        { Text("a"), "{\"txt\":\"x\"}", ["mixed_schema: The row has the keys 'txt'; the file's format is 'text'. Keep one format a file: give every row 'text'."] },
        { Pair("p", "c"), Text("a"), ["mixed_schema: The row has the keys 'text' of the format 'text'; the file's format is 'prompt_completion'. Keep one format a file: give every row 'prompt' and 'completion'."] },
        { Pair("p", "c"), "{\"prompt\":\"p\",\"answer\":\"c\"}", ["missing_column: [completion] The row lacks 'completion'; it has the keys 'prompt', 'answer'. Add 'completion', or remove the row."] },
        { Text("a"), "{\"text\":null}", ["wrong_type: [text] 'text' is null; text is expected. Write it as text."] },
        { Text("a"), "{\"text\":1}", ["wrong_type: [text] 'text' is a number; text is expected. Write it as text."] },
        { Pair("p", "c"), "{\"prompt\":[{\"role\":\"user\",\"content\":\"q\"}],\"completion\":\"c\"}", ["wrong_type: [prompt] 'prompt' is a list; text is expected. Write it as text, or put the whole conversation into a column 'messages'."] },
        { DatasetSamples.Conversation, "{\"messages\":\"hi\"}", ["wrong_type: [messages] 'messages' is text; a list is expected. Write it as a list."] },

        // Empty texts.
        { Text("a"), Text(" \\n\\t\\u00a0\\u3000 　"), ["empty_text: [text] 'text' is empty. Write the text, or remove the row."] },
        { Pair("p", "c"), Pair("p", ""), ["empty_completion: [completion] 'completion' is empty: there is no answer to learn. Write the answer, or remove the row."] },
        { Pair("p", "c"), Pair(" ", "c"), ["empty_prompt: [prompt] 'prompt' is empty. Write the question, or remove the row."] },
        { Alpaca("i", "", "o"), Alpaca("i", "x", "\\r\\n"), ["empty_completion: [output] 'output' is empty: there is no answer to learn. Write the answer, or remove the row."] },
        { Alpaca("i", "", "o"), Alpaca("", "", "o"), ["empty_prompt: [instruction] 'instruction' is empty. Write the instruction, or remove the row."] },
        { Alpaca("i", "", "o"), Alpaca("", "x", "o"), [] },
        { Alpaca("i", "", "o"), "{\"instruction\":\"i\",\"output\":\"o\",\"input\":null,\"history\":[[\"q\"]]}", ["wrong_type: [history] 'history' has an element that is no list of two texts. Write each element as [\"question\", \"answer\"]."] },

        // Conversations.
        { DatasetSamples.Conversation, Messages("human:q", "gpt:a"), ["role_unknown: [messages] Message 1 has the role 'human'. Write 'user'.", "role_unknown: [messages] Message 2 has the role 'gpt'. Write 'assistant'."] },
        { DatasetSamples.Conversation, Messages("judge:q", "assistant:a"), ["role_unknown: [messages] Message 1 has the role 'judge'. Write 'system', 'user', 'assistant' or 'tool'."] },
        { DatasetSamples.Conversation, Messages("assistant:a"), ["role_order: [messages] Message 1 is from the assistant, with no user message before it. Begin with the user's message, or a system message and then the user's."] },
        { DatasetSamples.Conversation, Messages("system:s", "assistant:a"), ["role_order: [messages] Message 2 is from the assistant, with no user message before it. Add the user's message after the system message."] },
        { DatasetSamples.Conversation, Messages("user:q", "user:q", "assistant:a"), ["role_order: [messages] Message 2 is from the user, as the one before it. Join the two messages into one, or add the one that is missing between them."] },
        { DatasetSamples.Conversation, Messages("user:q", "system:s", "assistant:a"), ["role_order: [messages] Message 2 is a system message, but not the first. Move the system message to the beginning, or join it with the first."] },
        { DatasetSamples.Conversation, Messages("user:q", "tool:t", "assistant:a"), ["role_order: [messages] Message 2 is from the tool after one from the user. Let the assistant's message come between them."] },
        { DatasetSamples.Conversation, Messages("system:s", "user:q", "assistant:a", "tool:t", "tool:t", "assistant:a", "user:q", "assistant:a"), [] },
        { DatasetSamples.Conversation, Messages("user:q", "assistant: \\n"), ["empty_assistant_turn: [messages] Message 2, from the assistant, is empty. Write the answer, or remove the message and its question."] },
        { DatasetSamples.Conversation, Messages("user:q"), ["missing_assistant_turn: [messages] The conversation has no assistant message: there is no answer to learn. Add the assistant's answer, or remove the row."] },
        { DatasetSamples.Conversation, Messages(), ["missing_assistant_turn: [messages] The conversation has no assistant message: there is no answer to learn. Add the assistant's answer, or remove the row."] },
        { DatasetSamples.Conversation, Messages("user:q", "assistant:a", "user:q"), ["missing_assistant_turn: [messages] The last message ('user') has no answer. Add the assistant's answer, or remove that message."] },
        { DatasetSamples.Conversation, "{\"messages\":[\"hi\"]}", [$"wrong_type: [messages] Message 1 is text, not an object. {MessageRemedy}"] },
        { DatasetSamples.Conversation, "{\"messages\":[{\"from\":\"human\",\"value\":\"q\"}]}", ["missing_column: [messages] Message 1 lacks 'role'. Write each message as {\"role\": \"...\", \"content\": \"...\"}; rows with 'from' and 'value' are of the format sharegpt.", "missing_column: [messages] Message 1 lacks 'content'. Add the text of the message, or remove it."] },
        { DatasetSamples.Conversation, "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}", ["wrong_type: [messages] 'content' of message 1 is a list; text is expected. Write 'content' as one text."] },
        { DatasetSamples.Conversation, "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[{}]}],\"tools\":[]}", ["unsupported_field: [tool_calls] 'tool_calls' is not read by this version: the model would not see it. Remove 'tool_calls', or write the call into 'content' as the model should say it."] },

        // Tokens, in a vocabulary of 100.
        { Tokens("[1]"), Tokens("[]"), ["empty_text: [input_ids] 'input_ids' is empty. Write the token ids, or remove the row."] },
        { Tokens("[1]"), Tokens("[1,100]"), ["token_out_of_range: [input_ids] 'input_ids' has 100 at place 1; a token id is from 0 to 99. Tokenise the rows with the tokenizer of the model that is trained."] },
        { Tokens("[1]"), Tokens("[1, -1 , 2]"), ["token_out_of_range: [input_ids] 'input_ids' has -1 at place 1; a token id is from 0 to 99. Tokenise the rows with the tokenizer of the model that is trained."] },
        { Tokens("[1]"), Tokens("[1,2]", "[-100,-1]"), ["token_out_of_range: [labels] 'labels' has -1 at place 1; a token id is from 0 to 99 or -100. Tokenise the rows with the tokenizer of the model that is trained."] },
        { Tokens("[1]"), Tokens("[1,2,3]", "[-100,2]"), ["label_length: [labels] 'labels' has 2 elements, 'input_ids' has 3. Give every token a label, -100 where no loss is taken; labels are not shifted."] },
        { Tokens("[1]"), Tokens("[1,2.5]"), ["wrong_type: [input_ids] 'input_ids' has an element that is no whole number. Write token ids as a list of whole numbers."] },
        { Tokens("[1]"), Tokens("[[1],2]"), ["wrong_type: [input_ids] 'input_ids' has an element that is no whole number. Write token ids as a list of whole numbers."] },
        { Tokens("[1]"), Tokens("[1,99999999999]"), ["wrong_type: [input_ids] 'input_ids' has an element that is no whole number. Write token ids as a list of whole numbers."] },
        { Tokens("[1]"), Tokens("[1,2]", "null"), [] },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_Bad_IsReportedWithLineCodeMessageAndRemedy(string first, string second, string[] expected)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.jsonl", $"{first}\n\n{second}\n{first}\n");

        var (rows, findings) = DatasetSamples.Read(path, vocabularySize: 100);

        Assert.Equal(expected, findings.Select(finding => $"{finding.Code}: {(finding.Field is null ? "" : $"[{finding.Field}] ")}{finding.Message} {finding.Remedy}"));
        Assert.All(findings, finding => Assert.Equal(3, finding.Line));
        var isSound = findings.All(finding => finding.Severity == FindingSeverity.Warning);
        Assert.Equal(isSound ? [1, 3, 4] : [1L, 4], rows.Select(row => row.Line));
    }

    [Theory]
    [InlineData(new byte[] { 0xC3, 0x28 }, 11)]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, 11)]
    [InlineData(new byte[] { (byte)'a', 0xFF }, 12)]
    public void Row_NotUtf8_IsReportedWithItsLine(byte[] bytes, int place)
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("data.jsonl");
        File.WriteAllBytes(path, [.. "{\"text\":\"a\"}\n{\"text\":\" "u8, .. bytes, .. "\"}\n"u8]);

        var finding = Assert.Single(DatasetSamples.Read(path).Findings);

        Assert.Equal((2, "not_utf8", $"The row is not UTF-8: byte {place} of it begins no character.", "Save the file as UTF-8."), (finding.Line, finding.Code, finding.Message, finding.Remedy));
    }

    [Fact]
    public void Row_ManyKeysWithOneTwice_IsReportedInLinearTime()
    {
        using var folder = new TemporaryFolder();
        var keys = string.Join(',', Enumerable.Range(0, 200_000).Select(index => $"\"k{index}\":1"));
        var path = folder.Write("data.jsonl", $"{{\"text\":\"a\",{keys},\"k0\":2}}\n");

        var finding = Assert.Single(DatasetSamples.Read(path).Findings);

        Assert.Equal(("duplicate_key", "The key 'k0' appears twice in one object."), (finding.Code, finding.Message));
    }

    [Fact]
    public void JsonArray_BadElement_CarriesTheLineOnWhichItBegins()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.json", "[\n  {\"text\": \"a\"},\n  {\n    \"text\": NaN\n  },\n  {\n    \"text\": tru\n  }\n]\n");

        var findings = DatasetSamples.Read(path).Findings;

        Assert.Equal(
            [
                "3 nan_literal: NaN stands at byte 13 of its line 2 of the row; JSON has no such number.",
                "6 bad_json: The row is not valid JSON at byte 16 of its line 2: 'tru\n  }' is an invalid JSON literal. Expected the literal 'true'.",
            ],
            findings.Select(finding => $"{finding.Line} {finding.Code}: {finding.Message}"));
    }

    [Fact]
    public void Csv_NotUtf8AndFormulaAndHtml_AreReportedOrKeptAsText()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("data.csv");
        File.WriteAllBytes(path, [.. "prompt,completion\n=cmd|' /C calc'!A0,<script>alert(1)</script>\nx,\"a\n"u8, 0xFF, .. "\"\n"u8]);

        var (rows, findings) = DatasetSamples.Read(path);

        Assert.Equal(new Beep.LanguageModels.Datasets.CompletionRow(2, "=cmd|' /C calc'!A0", "<script>alert(1)</script>"), Assert.Single(rows));
        Assert.Equal((3, "not_utf8"), findings.Select(finding => (finding.Line, finding.Code)).Single());
    }

    private static string Text(string text) => $"{{\"text\":\"{text}\"}}";

    private static string Pair(string prompt, string completion) => $"{{\"prompt\":\"{prompt}\",\"completion\":\"{completion}\"}}";

    private static string Alpaca(string instruction, string input, string output) => $"{{\"instruction\":\"{instruction}\",\"input\":\"{input}\",\"output\":\"{output}\"}}";

    private static string Tokens(string ids, string? labels = null) => $"{{\"input_ids\":{ids}{(labels is null ? "" : $",\"labels\":{labels}")}}}";

    private static string Messages(params string[] turns)
    {
        var messages = new StringBuilder();
        foreach (var turn in turns)
        {
            var colon = turn.IndexOf(':', StringComparison.Ordinal);
            messages.Append(messages.Length > 0 ? "," : "").Append(System.Globalization.CultureInfo.InvariantCulture, $"{{\"role\":\"{turn[..colon]}\",\"content\":\"{turn[(colon + 1)..]}\"}}");
        }

        return $"{{\"messages\":[{messages}]}}";
    }
}
