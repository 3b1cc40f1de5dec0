using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Data;

/// <summary>
/// Held by the one process that migrates an embedded database; the operating system lets go of it however the process
/// ends. EF's own lock is a row, which a killed migration would leave behind for ever.
/// </summary>
internal static class MigrationLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static async Task<FileStream> TakeAsync(SqliteAddress address, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = address.Path + ".migrating";
        for (var started = time.GetTimestamp(); ;)
        {
            try
            {
                // The file stays: removing it would let two migrations hold two files of one name.
                return PrivateFiles.Open(path, FileMode.OpenOrCreate, FileShare.None);
            }
            catch (IOException) when (File.Exists(path) && time.GetElapsedTime(started) < Patience)
            {
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException error)
            {
                throw FaultException.Failed("migration_running", $"The lock '{path}' could not be taken: {error.Message}", "Wait until the other migration has ended, then run the same command again.", path, error);
            }
        }
    }
}
