using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets.Records;

public sealed class LineRecordsTests
{
    [Fact]
    public void JsonLines_ByteOrderMarkCrlfAndBlankLines_AreAccepted()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.jsonl", "\uFEFF{\"a\":1}\r\n\r\n  \t\r\n{\"a\":2}\n{\"a\":3}");

        Assert.Equal([(1, "{\"a\":1}"), (4, "{\"a\":2}"), (5, "{\"a\":3}")], DatasetSamples.Records(path));
    }

    [Fact]
    public void PlainText_SpecialCharacters_AreEscaped()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.txt", "\uFEFFsay \"hi\" \\ there\r\n\n\ttab \u0001 é\n");

        Assert.Equal([(1, "{\"text\":\"say \\\"hi\\\" \\\\ there\"}"), (3, "{\"text\":\"\\ttab \\u0001 é\"}")], DatasetSamples.Records(path));
    }

    [Fact]
    public void JsonLines_LineOverTheBound_IsReportedAndTheNextIsRead()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("a.jsonl");
        using (var stream = File.Create(path))
        {
            stream.Write("{\"a\":1}\n{\"a\":\""u8);
            stream.Write(new byte[(16 << 20) + 1]);
            stream.Write("\"}\n{\"a\":3}\n"u8);
        }

        Assert.Equal([(1, "{\"a\":1}"), (2, "line_too_long: The row is longer than 16 MiB."), (3, "{\"a\":3}")], DatasetSamples.Records(path));
    }
}
