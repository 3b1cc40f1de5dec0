using System.Runtime.InteropServices;

namespace Beep.Trainer.Native;

/// <summary>
/// How torch's threads wait for each other. By default they spin for milliseconds, which is fastest alone and ruinous
/// beside another busy program: measured on two shared cores, a step took four times as long as on one thread.
/// </summary>
internal static class ThreadWaiting
{
    private const string SpinCount = "GOMP_SPINCOUNT";
    private const string ShortSpin = "1000";

    /// <summary>Must be called before torch is loaded; a value in the environment is left alone.</summary>
    public static void Shorten()
    {
        if (OperatingSystem.IsLinux())
        {
            // The native library reads the C environment, which .NET's own setter does not reach.
            _ = SetEnvironment(SpinCount, ShortSpin, overwrite: 0);
        }
    }

    [DllImport("libc", EntryPoint = "setenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetEnvironment([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
