using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Setup.Completion;

/// <summary>One completion at a time in one home, over all processes; the system lets go of it however the process ends.</summary>
internal static class HomeLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task<FileStream> TakeAsync(HostPaths paths, TimeProvider time, CancellationToken cancellationToken)
    {
        PrivateFiles.CreateFolder(paths.Home);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(paths.SetupLock)!);
        for (var started = time.GetTimestamp(); ;)
        {
            try
            {
                // The file stays: removing it would let two completions hold two files of one name.
                return PrivateFiles.Open(paths.SetupLock, FileMode.OpenOrCreate, FileShare.None);
            }
            catch (IOException) when (File.Exists(paths.SetupLock) && time.GetElapsedTime(started) < Patience)
            {
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException error)
            {
                throw FaultException.Failed("setup_running", $"The lock '{paths.SetupLock}' could not be taken: {error.Message}", "Wait until the other setup has ended, then try again.", paths.SetupLock, error);
            }
        }
    }
}
