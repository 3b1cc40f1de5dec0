namespace Beep.LanguageModels.Datasets.Records;

/// <summary>Cuts a file into rows, in bounded memory.</summary>
internal interface IRecordSource : IDisposable
{
    /// <summary>Appends the next rows to an empty block; false when the file has no more.</summary>
    bool Fill(RecordBlock block);
}
