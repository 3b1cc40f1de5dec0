using System.Text;
using System.Text.Json;
using Beep.LanguageModels.Datasets.Records;
using Beep.Tests;
using FsCheck.Xunit;

namespace Beep.LanguageModels.Tests.Datasets.Records;

public sealed class JsonArrayRecordsTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static TheoryData<string, string[]> Broken => new()
    {
        { "[{\"a\":1}", ["1 {\"a\":1}", "1 bad_json: The file ends inside the array: it is cut off or lacks a ']'."] },
        { "[{\"a\":1},\n{\"a\":", ["1 {\"a\":1}", "2 bad_json: The file ends inside this element: it is cut off, or a quotation mark or bracket is not closed."] },
        { "[{\"a\":1}\n{\"a\":2}]", ["1 {\"a\":1}", "2 bad_json: '{' stands where a comma or ']' is expected."] },
        { "[{\"a\":1},\n]", ["1 {\"a\":1}", "2 bad_json: ']' stands where an element is expected."] },
        { "[,]", ["1 bad_json: ',' stands where a comma or ']' is expected."] },
        { "[{\"a\":1}]\n\nx", ["1 {\"a\":1}", "3 bad_json: 'x' follows the end of the array."] },
        { "[{\"a\":1}]\u0001", ["1 {\"a\":1}", "1 bad_json: 'byte 0x01' follows the end of the array."] },
        { "[1, \"a,]\",\nnull , [2]\n]", ["1 1", "1 \"a,]\"", "2 null", "2 [2]"] },
        { "[]", [] },
    };

    [Fact]
    public void Array_PrettyPrinted_GivesTheLineOfEachElement()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.json", "[\r\n  {\r\n    \"a\": \"}]\\\"{\"\r\n  },\r\n  {\"a\": [{}]}\r\n]\r\n");

        Assert.Equal([(2, "{\r\n    \"a\": \"}]\\\"{\"\r\n  }"), (5, "{\"a\": [{}]}")], DatasetSamples.Records(path));
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void Array_Irregular_IsReportedWhereItBreaks(string text, string[] expected)
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(expected, DatasetSamples.Records(folder.Write("a.json", text)).Select(record => $"{record.Line} {record.Text}"));
    }

    [Fact]
    public void Array_ElementOverTheBound_IsReportedAndTheNextIsRead()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.json", $"[{{\"a\":\"{new string('x', 17 << 20)}\"}},\n{{\"a\":2}}]");

        Assert.Equal([(1, "line_too_long: The row is longer than 16 MiB."), (2, "{\"a\":2}")], DatasetSamples.Records(path));
    }

    [Property]
    public void Array_AnyTexts_ComeBackInOrder(string[] texts)
    {
        texts = [.. texts.Select(text => text ?? "")];
        var json = JsonSerializer.SerializeToUtf8Bytes(texts.Select(text => new Dictionary<string, string> { ["text"] = text }), texts.Length % 2 == 0 ? Indented : JsonSerializerOptions.Default);
        using var source = new JsonArrayRecords(new TrickleStream(json));
        var block = new RecordBlock();
        source.Fill(block);

        var read = block.Records.Select(record => JsonDocument.Parse(Encoding.UTF8.GetString(block.Bytes(record))).RootElement.GetProperty("text").GetString());

        Assert.Equal(texts.Select(text => JsonDocument.Parse(JsonSerializer.Serialize(text)).RootElement.GetString()), read);
    }
}
