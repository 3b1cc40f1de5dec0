using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Models.Hub;

/// <summary>Brings the files of a plan into a folder: small ones first, so that a model that cannot be used is refused before its weights come.</summary>
internal sealed class HubDownload(HubClient client, HubOptions options, ModelStore store, TimeProvider time)
{
    /// <summary>Brings all that is missing; what has come stays where it was interrupted.</summary>
    /// <param name="plan">What to bring.</param>
    /// <param name="folder">Where to; it exists.</param>
    /// <param name="judge">Looks at the small files, once they are there, and throws where the rest is of no use.</param>
    /// <param name="report">Told a few times a second how far it is.</param>
    /// <param name="cancellationToken">Stops; what has come stays.</param>
    public async Task RunAsync(HubPlan plan, string folder, Action<string> judge, Func<FileProgress, Task> report, CancellationToken cancellationToken)
    {
        var meter = new FileMeter(time, $"Download {plan.Repository}", plan.Bytes, report);
        var files = plan.Files.Select(file => (File: file, Download: new HubFileDownload(client, options, plan, file, folder, meter.Add))).ToList();
        meter.Begin(files.Sum(each => Math.Min(each.Download.Present, each.File.Bytes)));
        store.RequireSpace(plan.Bytes - meter.Done, plan.Repository);
        try
        {
            await meter.RunAsync(async () =>
            {
                await BringAsync(files.Where(each => !HubFiles.IsWeights(each.File)).Select(each => each.Download), cancellationToken);
                judge(folder);
                await BringAsync(files.Where(each => HubFiles.IsWeights(each.File)).Select(each => each.Download), cancellationToken);
            }, cancellationToken);
        }
        catch (IOException error) when (IsFull(error))
        {
            throw FaultException.Failed(ModelStore.DiskFull, $"The disk is full: {Units.Bytes(meter.Done)} of {Units.Bytes(plan.Bytes)} of '{plan.Repository}' have come.", "Free space and start the download again: it goes on from there.", "disk", error);
        }

        RemoveOthers(plan, folder);
    }

    private Task BringAsync(IEnumerable<HubFileDownload> files, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        files, new ParallelOptions { MaxDegreeOfParallelism = options.Parallel, CancellationToken = cancellationToken }, async (file, token) => await file.RunAsync(token));

    /// <summary>Of an older version, or of what another plan wanted.</summary>
    private static void RemoveOthers(HubPlan plan, string folder)
    {
        foreach (var other in new DirectoryInfo(folder).EnumerateFiles().Where(other => !plan.Files.Any(file => file.Name == other.Name)))
        {
            other.Delete();
        }
    }

    /// <summary>ENOSPC; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.</summary>
    private static bool IsFull(IOException error) => OperatingSystem.IsWindows() ? (error.HResult & 0xFFFF) is 112 or 39 : error.HResult == 28;
}
