using System.Text;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Tasks;

/// <summary>The log of a task: a file in the home of the host that ran it.</summary>
internal static class TaskLog
{
    private const int LongestLine = 16 << 10;

    public static string PathOf(HostPaths paths, string id) => Path.Combine(paths.TaskLogs, $"{id}.log");

    /// <summary>For appending; a task that is begun again goes on in the same file.</summary>
    public static OutputLog Open(HostPaths paths, string id, long maxBytes)
    {
        PrivateFiles.CreateFolder(paths.Home);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(paths.TaskLogs)!);
        PrivateFiles.CreateFolder(paths.TaskLogs);
        PrivateFiles.CreateFolder(paths.TaskFolders);
        var path = PathOf(paths, id);
        // Private from its first moment.
        PrivateFiles.Open(path, FileMode.Append, FileShare.ReadWrite).Dispose();
        return new OutputLog(path, maxBytes);
    }

    /// <summary>Whole lines from a byte on, made harmless, and where the next one begins. A last line without an end is only given when <paramref name="isComplete"/>.</summary>
    public static async Task<(IReadOnlyList<string> Lines, long Next)> ReadAsync(string path, long offset, int most, bool isComplete, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return ([], 0);
        }

        var stream = new FileStream(path, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete, Options = FileOptions.Asynchronous });
        await using var _ = stream.ConfigureAwait(false);
        stream.Position = Math.Clamp(offset, 0, stream.Length);
        List<string> lines = [];
        var next = stream.Position;
        var buffer = new byte[LongestLine];
        while (lines.Count < most)
        {
            stream.Position = next;
            var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            var begin = 0;
            while (lines.Count < most && begin < read)
            {
                var length = buffer.AsSpan(begin, read - begin).IndexOf((byte)'\n');
                // A longer line is cut into several.
                var isWhole = length >= 0 || (begin == 0 && read == buffer.Length) || (isComplete && read < buffer.Length);
                if (!isWhole)
                {
                    break;
                }

                var text = Encoding.UTF8.GetString(buffer, begin, length >= 0 ? length : read - begin);
                lines.Add(PlainText.Clean(text.TrimEnd('\r')));
                begin = length >= 0 ? begin + length + 1 : read;
            }

            next += begin;
            if (begin == 0)
            {
                break;
            }
        }

        return (lines, next);
    }
}
