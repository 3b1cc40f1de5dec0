using System.IO.Compression;
using Beep.LanguageModels.Datasets;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Datasets;

public sealed class DatasetFileTests
{
    public static TheoryData<byte[], string, string> Impostors => new()
    {
        { [0x7F, .. "ELF\u0002\u0001"u8], "a Linux program (ELF)", "Name the dataset itself." },
        { [.. "PK\u0003\u0004rest"u8], "a zip archive", "Unpack it and name the file inside; a spreadsheet (.xlsx) is saved as .csv first." },
        { Gzip(), "compressed with gzip", "Unpack it with gunzip and name the result." },
        { [0x28, 0xB5, 0x2F, 0xFD, 0], "compressed with zstd", "Unpack it with unzstd and name the result." },
        { [.. "PAR1\u0015\u0004"u8], "a Parquet file", "Write it as JSON lines: pandas.read_parquet(FILE).to_json(\"data.jsonl\", orient=\"records\", lines=True)." },
        { [.. "SQLite format 3\0"u8], "an SQLite database", "Export the table as .csv." },
        { [.. "%PDF-1.7"u8], "a PDF document", "Save its text as .txt." },
        { [0xFF, 0xFE, (byte)'{', 0], "UTF-16 text", "Save it as UTF-8." },
    };

    [Theory]
    [MemberData(nameof(Impostors))]
    public void Open_ContentOfAnotherKind_IsRefusedByName(byte[] content, string name, string remedy)
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("data.jsonl");
        File.WriteAllBytes(path, content);

        var fault = DatasetSamples.FaultOf(() => DatasetFile.Open(path));

        Assert.Equal($"{path}: '{path}' holds no rows: its content is {name}. {remedy} [not_a_dataset]", fault.ToString());
    }

    [Theory]
    [InlineData("data.parquet", ".parquet")]
    [InlineData("data.tsv", ".tsv")]
    [InlineData("data", "")]
    public void Open_UnknownExtension_NamesTheKnownOnes(string name, string extension)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(name, "{}");

        var fault = DatasetSamples.FaultOf(() => DatasetFile.Open(path));

        Assert.Equal(
            $"{path}: '{path}' has the extension '{extension}', which names no known layout of rows. Rename or convert the file; known: .jsonl, .json, .csv, .txt. [unknown_extension]",
            fault.ToString());
    }

    [Fact]
    public void Open_MissingFile_SaysSo()
    {
        var fault = DatasetSamples.FaultOf(() => DatasetFile.Open("no-such-file.jsonl"));

        Assert.Equal("unreadable", fault.Code);
        Assert.StartsWith("The dataset 'no-such-file.jsonl' cannot be read: Could not find file", fault.Message, StringComparison.Ordinal);
        Assert.Equal("Check the path and its permissions.", fault.Remedy);
    }

    [Fact]
    public void Open_Folder_SaysSo()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("x.jsonl"));

        Assert.Equal("unreadable", DatasetSamples.FaultOf(() => DatasetFile.Open(folder.At("x.jsonl"))).Code);
    }

    [Fact]
    public void Open_JsonWithOneObjectOverManyLines_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data.json", "\n{\n  \"data\": []\n}\n");

        var fault = DatasetSamples.FaultOf(() => DatasetFile.Open(path));

        Assert.Equal(
            $"{path}: '{path}' begins with one object over several lines. Write the rows as an array of objects, or as one object a line. [not_a_dataset]",
            fault.ToString());
    }

    [Theory]
    [InlineData("a.jsonl", "{}", DatasetContainer.JsonLines)]
    [InlineData("a.JSONL", "{}", DatasetContainer.JsonLines)]
    [InlineData("a.json", " \n [", DatasetContainer.JsonArray)]
    [InlineData("a.json", "\uFEFF[", DatasetContainer.JsonArray)]
    [InlineData("a.json", "{\"text\":\"x\"}\n{}", DatasetContainer.JsonLines)]
    [InlineData("a.json", "", DatasetContainer.JsonLines)]
    [InlineData("a.csv", "text", DatasetContainer.Csv)]
    [InlineData("a.txt", "text", DatasetContainer.PlainText)]
    public void Open_KnownFile_TellsItsLayout(string name, string content, object container)
    {
        using var folder = new TemporaryFolder();

        Assert.Equal((DatasetContainer)container, DatasetFile.Open(folder.Write(name, content)).Container);
    }

    private static byte[] Gzip()
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionMode.Compress))
        {
            gzip.Write("{}"u8);
        }

        return stream.ToArray();
    }
}
