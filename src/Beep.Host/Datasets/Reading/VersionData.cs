using Beep.Contracts;
using Beep.Host.Datasets.Files;
using Beep.LanguageModels.Datasets;
using Beep.LanguageModels.Datasets.Records;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.Host.Datasets.Reading;

/// <summary>Reads rows of a version as its check understood them.</summary>
internal static class VersionData
{
    /// <summary>A spec's <c>data</c> for the version: the file, and what its columns were taken for.</summary>
    public static DataSpec SpecOf(FoundVersion found) => new() { Train = found.Path, Columns = DatasetManifest.Read(found.Folder)?.Columns };

    /// <summary>Rows in the order of the file, each given to <paramref name="take"/> until it says that it has enough.</summary>
    /// <param name="found">The version.</param>
    /// <param name="skip">How many rows are passed over, without being looked at.</param>
    /// <param name="take">Gets the block, the row in it and its number from 1; false to stop.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static void Read(FoundVersion found, long skip, Func<RecordBlock, RecordSpan, long, bool> take, CancellationToken cancellationToken)
    {
        using var source = DatasetFile.Open(found.Path).ReadRecords();
        var block = new RecordBlock();
        for (var row = 0L; source.Fill(block); block.Clear())
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var record in block.Records)
            {
                if (++row > skip && !take(block, record, row))
                {
                    return;
                }
            }
        }
    }

    /// <summary>The reader of rows of the version's format.</summary>
    public static RowReader ReaderOf(FoundVersion found, DataSpec data, int? vocabularySize = null) => new(OpenedDataset.Open(found.Path, data).Kind, data, vocabularySize);
}
