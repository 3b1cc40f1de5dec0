namespace Beep.LanguageModels.Datasets.Records;

/// <summary>Says of a file that fails while it is read that it does, so that nobody blames what is written meanwhile.</summary>
internal sealed class GuardedRecords(IRecordSource records, string path) : IRecordSource
{
    public bool Fill(RecordBlock block)
    {
        try
        {
            return records.Fill(block);
        }
        catch (IOException error)
        {
            throw DatasetFaults.Unreadable(path, error);
        }
    }

    public void Dispose() => records.Dispose();
}
