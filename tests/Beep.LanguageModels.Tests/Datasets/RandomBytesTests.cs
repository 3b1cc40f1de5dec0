using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Formats;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Datasets.Rows;
using Beep.LanguageModels.Tests.Datasets.Records;

namespace Beep.LanguageModels.Tests.Datasets;

/// <summary>Whatever a file holds, reading it ends, and ends in rows and findings rather than in an exception.</summary>
public sealed class RandomBytesTests
{
    private const string Valid = """{"messages":[{"role":"user","content":"q \u00e9 \"x\""},{"role":"assistant","content":"a\n"}],"input_ids":[1,2.5e3],"text":"t","prompt":null}""";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Readers_RandomBytes_GiveRowsOrFindings(int seed)
    {
        var random = new Random(seed);
        var alphabet = "{}[]\",:\\ \r\n\ttruefalsn0123456789.eE-+abdu"u8.ToArray().Concat(new byte[] { 0, 0x1F, 0x7F, 0xC3, 0xA9, 0xED, 0xA0, 0xEF, 0xBB, 0xBF, 0xFF }).ToArray();
        for (var round = 0; round < 2000; round++)
        {
            var content = new byte[random.Next(60)];
            foreach (ref var value in content.AsSpan())
            {
                value = alphabet[random.Next(alphabet.Length)];
            }

            ReadAll(new LineRecords(new TrickleStream(content), isPlainText: false));
            ReadAll(new LineRecords(new TrickleStream(content), isPlainText: true));
            ReadAll(new JsonArrayRecords(new TrickleStream([(byte)'[', .. content])));
            ReadAll(OpenCsv([.. "text,b\n"u8, .. content]));
            ReadAll(OpenCsv(content));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Scanner_DamagedRows_AreAcceptedExactlyWhenTheyAreJson(int seed)
    {
        var random = new Random(seed);
        var scanner = new RowScanner();
        var accepted = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var row = Encoding.UTF8.GetBytes(Valid);
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                row[random.Next(row.Length)] = (byte)Valid[random.Next(Valid.Length)];
            }

            var isScanned = scanner.Scan(row, new FindingLog());

            Assert.Equal(IsObject(row), isScanned);
            accepted += isScanned ? 1 : 0;
        }

        Assert.InRange(accepted, 1000, 19_000);
    }

    private static bool IsObject(byte[] row)
    {
        try
        {
            using var document = JsonDocument.Parse(row);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static CsvRecords? OpenCsv(byte[] content)
    {
        try
        {
            return new CsvRecords(new TrickleStream(content), "a.csv");
        }
        catch (FaultException)
        {
            return null;
        }
    }

    private static void ReadAll(IRecordSource? source)
    {
        if (source is null)
        {
            return;
        }

        var readers = FormatKind.Known.Select(kind => new RowReader(kind, new DataSpec(), vocabularySize: 100)).ToList();
        var (block, log) = (new RecordBlock(), new FindingLog());
        while (source.Fill(block))
        {
            foreach (var record in block.Records)
            {
                foreach (var reader in readers)
                {
                    var row = reader.Read(block, record, log, materialize: true);
                    Assert.Equal(log.RowHasError, row is null);
                }
            }

            block.Clear();
        }
    }
}
