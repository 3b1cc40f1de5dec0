namespace Beep.LanguageModels.Datasets;

/// <summary>Tells by its first bytes what a file is that is no dataset, whatever its name says.</summary>
internal static class FileSignatures
{
    private static readonly (byte[] Bytes, string Name, string Remedy)[] Known =
    [
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "a Linux program (ELF)", "Name the dataset itself."),
        ([.. "PK\u0003\u0004"u8], "a zip archive", "Unpack it and name the file inside; a spreadsheet (.xlsx) is saved as .csv first."),
        ([.. "PK\u0005\u0006"u8], "an empty zip archive", "Name the dataset itself."),
        ([0x1F, 0x8B], "compressed with gzip", "Unpack it with gunzip and name the result."),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed with zstd", "Unpack it with unzstd and name the result."),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "compressed with xz", "Unpack it with unxz and name the result."),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF], "a 7z archive", "Unpack it and name the file inside."),
        ([.. "PAR1"u8], "a Parquet file", "Write it as JSON lines: pandas.read_parquet(FILE).to_json(\"data.jsonl\", orient=\"records\", lines=True)."),
        ([.. "ARROW1"u8], "an Arrow file", "Write it as JSON lines: datasets.Dataset.from_file(FILE).to_json(\"data.jsonl\")."),
        ([.. "SQLite format 3"u8], "an SQLite database", "Export the table as .csv."),
        ([.. "%PDF-"u8], "a PDF document", "Save its text as .txt."),
        ([0xD0, 0xCF, 0x11, 0xE0], "an Office document", "Save it as .csv or .txt."),
        ([0xFF, 0xFE], "UTF-16 text", "Save it as UTF-8."),
        ([0xFE, 0xFF], "UTF-16 text", "Save it as UTF-8."),
    ];

    /// <summary>How many bytes <see cref="Find"/> wants to see.</summary>
    public const int Length = 16;

    /// <summary>What the file is, as the end of "The content is ...", and what to do; null when nothing speaks against a dataset.</summary>
    public static (string Name, string Remedy)? Find(ReadOnlySpan<byte> head)
    {
        foreach (var (bytes, name, remedy) in Known)
        {
            if (head.StartsWith(bytes))
            {
                return (name, remedy);
            }
        }

        return null;
    }
}
