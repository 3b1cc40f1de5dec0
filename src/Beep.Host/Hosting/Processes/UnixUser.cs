using System.Globalization;
using System.Runtime.InteropServices;

namespace Beep.Host.Hosting.Processes;

/// <summary>Who this process is to the system.</summary>
internal static class UnixUser
{
    /// <summary>The effective user.</summary>
    public static uint Id => UserId();

    /// <summary><c>uid:gid</c>, the effective ones.</summary>
    public static string Current => string.Create(CultureInfo.InvariantCulture, $"{UserId()}:{GroupId()}");

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint UserId();

    [DllImport("libc", EntryPoint = "getegid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GroupId();
}
