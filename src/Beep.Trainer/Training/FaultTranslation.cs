using System.Runtime.InteropServices;
using Beep.Contracts;

namespace Beep.Trainer.Training;

/// <summary>Makes a fault with a code and a remedy of whatever went wrong.</summary>
internal static class FaultTranslation
{
    private const int UnixNoSpace = 28;
    private const int LinuxQuota = 122;
    private const int MacQuota = 69;
    private const int WindowsDiskFull = 0x70;
    private const int WindowsHandleDiskFull = 0x27;

    public static FaultException Translate(Exception error) => error switch
    {
        FaultException fault => fault,
        OutOfMemoryException => OutOfMemory(error),
        ExternalException or IOException when IsOutOfMemory(error.Message) => OutOfMemory(error),
        IOException io when IsDiskFull(io) => FaultException.Failed("disk_full", "The disk is full.", "Free some space, then run the job again: it goes on from its last checkpoint.", cause: error),
        UnauthorizedAccessException or IOException => FaultException.Failed("not_writable", $"A file could not be read or written: {error.Message}", "Check the permissions of the job folder and its disk.", cause: error),
        DllNotFoundException or TypeInitializationException => FaultException.Failed("torch_not_loaded", $"The native torch library did not load: {FirstLine(error.GetBaseException().Message)}", "Run 'beep doctor'; it says what is missing.", cause: error),
        _ => FaultException.Failed("internal_error", $"{error.GetType().Name}: {FirstLine(error.Message)}", "This is a fault of the program: please report it with the job's output.log.", cause: error),
    };

    private static FaultException OutOfMemory(Exception error) =>
        new(WorkerExitCode.OutOfMemory, new Fault("out_of_memory", $"The memory did not suffice: {FirstLine(error.Message)}", "Lower train.per_device_batch_size (raise train.gradient_accumulation_steps by as much to learn the same), lower data.max_length, or set train.gradient_checkpointing=on; then run the job again."), error);

    private static bool IsOutOfMemory(string message) =>
        message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("cannot allocate memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("bad_alloc", StringComparison.OrdinalIgnoreCase);

    private static bool IsDiskFull(IOException error) =>
        error.HResult is UnixNoSpace || error.HResult == (OperatingSystem.IsMacOS() ? MacQuota : LinuxQuota) || (error.HResult & 0xFFFF) is WindowsDiskFull or WindowsHandleDiskFull || error.Message.Contains("No space left", StringComparison.Ordinal);

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
