using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets;

/// <summary>What is answered to uploads that cannot be kept.</summary>
internal static class DatasetFaults
{
    private const int NoSpace = 28;
    private const int OverDiskQuota = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    public static HttpFaultException TooLarge(long most) => new(StatusCodes.Status413PayloadTooLarge, new Fault(
        "file_too_large", $"The file is larger than {Units.Bytes(most)}.", "Upload less, or ask an administrator to raise MAX_UPLOAD_MB."));

    public static HttpFaultException OverQuota(long quota) => new(StatusCodes.Status413PayloadTooLarge, new Fault(
        "quota_exceeded", $"Your datasets and jobs would take more than your {Units.Bytes(quota)}.", "Delete what you need no more, or ask an administrator for a larger quota."));

    public static HttpFaultException TooManyDatasets(int most) => HttpFaultException.Conflict(
        "too_many_datasets", $"You have {Units.Count(most, "dataset")}, which is all that your quota allows.", "Delete one, add a version to one, or ask an administrator for a larger quota.");

    public static HttpFaultException DiskFull() => new(StatusCodes.Status507InsufficientStorage, new Fault(
        "disk_full", "The server's disk has no room for this file.", "Tell an administrator; nothing of the file was kept."));

    /// <summary>409, so that clients which resume do so.</summary>
    public static HttpFaultException WrongChecksum(string message) => HttpFaultException.Conflict("checksum_mismatch", message, "Send it again: what was received before is kept.");

    public static HttpFaultException Unreadable(string code, string message, string remedy) => HttpFaultException.Invalid(code, message, remedy, "file");

    public static bool IsDiskFull(IOException error) => error.HResult is NoSpace or OverDiskQuota or WindowsDiskFull or WindowsHandleDiskFull;
}
