namespace Beep.Contracts;

/// <summary>
/// Held by the one worker of a job folder while it runs. The operating system lets go of it when the worker ends,
/// however it ends. The file stays: removing it would let two workers hold two files of one name.
/// </summary>
public sealed class JobLock : IDisposable
{
    private readonly FileStream _stream;

    private JobLock(FileStream stream) => _stream = stream;

    /// <summary>Takes the lock; null while another process, or another holder in this one, has it.</summary>
    /// <exception cref="IOException">The folder is read-only or the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder belongs to someone else.</exception>
    public static JobLock? TryTake(JobFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Directory.CreateDirectory(folder.Control);
        try
        {
            // FileShare.None is an exclusive lock on every system; FileShare.Read is not one between writers on Unix.
            return new JobLock(new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException error) when (MeansInUse(error.HResult))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static bool MeansInUse(int code)
    {
        const int linuxWouldBlock = 11, macWouldBlock = 35, windowsSharingViolation = unchecked((int)0x80070020);
        return code is linuxWouldBlock or macWouldBlock or windowsSharingViolation;
    }
}
