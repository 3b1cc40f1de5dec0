using Beep.Host.Hosting;

namespace Beep.Host.Datasets;

/// <summary>How datasets are taken in; what people set is in the settings.</summary>
internal sealed record DatasetOptions
{
    /// <summary>How many uploads a user may begin in a minute.</summary>
    public int UploadsPerMinute { get; init; } = 10;

    /// <summary>How many of a user's uploads may be received at a time.</summary>
    public int ConcurrentUploads { get; init; } = 2;

    /// <summary>How many uploads a user may have begun and not finished.</summary>
    public int OpenUploads { get; init; } = 20;

    /// <summary>How long an upload that nobody goes on with is kept.</summary>
    public TimeSpan UploadExpiry { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How much of a file is read before the upload is answered: rows at fault in it are refused at once, later ones are in the report.</summary>
    public long ReadAtOnce { get; init; } = 64 << 20;

    /// <summary>The largest file whose tokens are counted while somebody waits; longer ones take a task.</summary>
    public long CountAtOnce { get; init; } = 8 << 20;

    /// <summary>How much room the disk keeps for everything else.</summary>
    public long DiskReserve { get; init; } = 256 << 20;

    /// <summary>Opens a new file for what comes in; another in tests of a full disk.</summary>
    public Func<string, FileStream> Create { get; init; } = path => PrivateFiles.Open(path, FileMode.CreateNew, FileShare.None);
}
