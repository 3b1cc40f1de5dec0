using System.Text;
using System.Text.Json;
using Beep.LanguageModels.Datasets.Records;
using Beep.Tests;
using FsCheck.Xunit;

namespace Beep.LanguageModels.Tests.Datasets.Records;

public sealed class CsvRecordsTests
{
    public static TheoryData<string, string[]> Files => new()
    {
        { "a,b\n1,2\n", ["2 {\"a\":\"1\",\"b\":\"2\"}"] },
        { "\uFEFFa,b\r\n1,2\r\n3,4", ["2 {\"a\":\"1\",\"b\":\"2\"}", "3 {\"a\":\"3\",\"b\":\"4\"}"] },
        { "a,b\n\"x\ny\",\"say \"\"hi\"\"\"\n1,2\n", ["2 {\"a\":\"x\\ny\",\"b\":\"say \\\"hi\\\"\"}", "4 {\"a\":\"1\",\"b\":\"2\"}"] },
        { "a,b\n\"x\r\ny\",\"\"\r\n", ["2 {\"a\":\"x\\r\\ny\",\"b\":\"\"}"] },
        { "a,b\n,\n\n\r\n1,\n", ["2 {\"a\":\"\",\"b\":\"\"}", "5 {\"a\":\"1\",\"b\":\"\"}"] },
        { "a\n\"\"\nx", ["3 {\"a\":\"x\"}"] },
        { "a,b\n=1+1,@SUM(A1)\n", ["2 {\"a\":\"=1+1\",\"b\":\"@SUM(A1)\"}"] },
        { "a,b\n1\n1,2,3\n4,5\n", ["2 cell_count: The row has 1 cells; the header names 2 columns.", "3 cell_count: The row has 3 cells; the header names 2 columns.", "4 {\"a\":\"4\",\"b\":\"5\"}"] },
        { "a,b\nx\"y,2\n1,2", ["2 bad_csv: A quotation mark stands inside a cell that does not begin with one.", "3 {\"a\":\"1\",\"b\":\"2\"}"] },
        { "a,b\n\"x\"y,2\n1,2", ["2 bad_csv: Text follows the closing quotation mark of a cell.", "3 {\"a\":\"1\",\"b\":\"2\"}"] },
        { "a,b\n1,2\n\"x,2\n1,2", ["2 {\"a\":\"1\",\"b\":\"2\"}", "3 bad_csv: The file ends inside a quoted cell."] },
        { "a,b\n", [] },
        { "", [] },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Csv_Cells_BecomeObjectsWithTheirLine(string text, string[] expected)
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(expected, DatasetSamples.Records(folder.Write("a.csv", text)).Select(record => $"{record.Line} {record.Text}"));
    }

    [Fact]
    public void Csv_ColumnNamedTwice_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.csv", "text,text\n1,2\n");

        var fault = DatasetSamples.FaultOf(() => DatasetSamples.Records(path));

        Assert.Equal($"{path}:1: The header row names the column 'text' twice. Rename or remove one of the two columns. [duplicate_key]", fault.ToString());
    }

    [Fact]
    public void Csv_QuoteNeverClosedInALargeFile_IsOneReportInBoundedMemory()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.csv", "text\nfirst\n\"" + string.Concat(Enumerable.Repeat("a line of the file\n", 1_000_000)));

        Assert.Equal([(2, "{\"text\":\"first\"}"), (3, "line_too_long: The row is longer than 16 MiB.")], DatasetSamples.Records(path));
    }

    [Property]
    public void Csv_AnyCells_ComeBack((string First, string Second)[] cells)
    {
        var rows = cells.Select(pair => (First: Valid(pair.First), Second: Valid(pair.Second))).ToList();
        var text = "a,b\r\n" + string.Concat(rows.Select(row => $"{Quote(row.First)},{Quote(row.Second)}\r\n"));
        using var source = new CsvRecords(new TrickleStream(Encoding.UTF8.GetBytes(text)), "a.csv");
        var block = new RecordBlock();
        source.Fill(block);

        var read = block.Records.Select(record => JsonDocument.Parse(Encoding.UTF8.GetString(block.Bytes(record))).RootElement);

        Assert.Equal(rows, read.Select(row => (row.GetProperty("a").GetString()!, row.GetProperty("b").GetString()!)));
    }

    private static string Valid(string? text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text ?? ""));

    private static string Quote(string cell) => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
