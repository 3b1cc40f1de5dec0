using System.Runtime.InteropServices;

namespace Beep.Contracts;

/// <summary>Writes files and folders so that a crash leaves the old content or the new, never a part.</summary>
public static class DurableFile
{
    /// <summary>Writes <paramref name="content"/> beside <paramref name="path"/>, flushes it to the disk and renames it into place.</summary>
    /// <exception cref="IOException">The disk is full or the folder is read-only; the old file is untouched and no part is left.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var bytes = content.ToArray();
        Write(path, stream => stream.Write(bytes));
    }

    /// <summary>As <see cref="Write(string, ReadOnlySpan{byte})"/>, with the content written by <paramref name="write"/>.</summary>
    public static void Write(string path, Action<FileStream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var temporary = TemporaryName(path);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            Discard(temporary, isFolder: false);
            throw;
        }
    }

    /// <summary>
    /// Fills a new folder beside <paramref name="path"/>, flushes its files and renames it into place. An existing
    /// folder of that name is replaced only once the new one is complete.
    /// </summary>
    public static void WriteFolder(string path, Action<string> fill)
    {
        ArgumentNullException.ThrowIfNull(fill);
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var temporary = TemporaryName(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Directory.CreateDirectory(temporary);
            fill(temporary);
            foreach (var file in Directory.EnumerateFiles(temporary, "*", SearchOption.AllDirectories))
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
                stream.Flush(flushToDisk: true);
            }

            FlushFolder(temporary);
            DeleteFolder(path);
            Directory.Move(temporary, path);
            FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch
        {
            Discard(temporary, isFolder: true);
            throw;
        }
    }

    /// <summary>
    /// Renames a folder whose files are complete, so that it is found under the new name after a crash, or under the old one. There must
    /// be nothing under the new name.
    /// </summary>
    public static void MoveFolder(string from, string to)
    {
        FlushFolder(from);
        Directory.Move(from, to);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    /// <summary>Removes a folder so that a crash leaves all of it under its name or nothing; nothing happens when it does not exist.</summary>
    public static void DeleteFolder(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(path))
        {
            var condemned = TemporaryName(path + ".old");
            Directory.Move(path, condemned);
            Directory.Delete(condemned, recursive: true);
        }
    }

    /// <summary>Removes what interrupted writes left in <paramref name="folder"/>; nothing when it does not exist.</summary>
    public static void RemoveLeftovers(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(folder, ".*.partial"))
        {
            Discard(entry, isFolder: Directory.Exists(entry));
        }
    }

    private static string TemporaryName(string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.{Environment.ProcessId}.partial");

    private static void Discard(string path, bool isFolder)
    {
        try
        {
            if (isFolder)
            {
                if (Directory.Exists(path))
                {
                    Directory.Delete(path, recursive: true);
                }
            }
            else
            {
                File.Delete(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The write's own error is what the caller must hear; RemoveLeftovers tries again at the next start.
        }
    }

    /// <summary>A rename is durable on Unix only once the folder that holds the name is flushed; Windows has no such call.</summary>
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int readOnly = 0;
        var descriptor = Open(folder, readOnly);
        if (descriptor >= 0)
        {
            _ = FileSync(descriptor);
            _ = Close(descriptor);
        }
    }

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FileSync(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
