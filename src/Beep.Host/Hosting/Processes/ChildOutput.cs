using System.Diagnostics;
using System.Text;

namespace Beep.Host.Hosting.Processes;

/// <summary>Where a child's stdout and stderr go.</summary>
internal interface IChildOutput : IDisposable
{
    /// <summary>The file, where there is one.</summary>
    string? Name { get; }

    /// <summary>Whether it is beyond its bound and nothing but the end of the child stops it.</summary>
    bool IsTooLong { get; }

    /// <summary>Takes what the process prints until it prints no more.</summary>
    Task CopyAsync(Process? process, CancellationToken cancellationToken);

    /// <summary>The last lines, oldest first, without control characters.</summary>
    IReadOnlyList<string> LastLines(int count);
}

/// <summary>Through the host into the log of the task, and into a file of the child's own where it has one: cut at the bound of each.</summary>
internal sealed class OutputCopy(OutputLog log, OutputLog? own) : IChildOutput
{
    public string? Name => null;

    public bool IsTooLong => false;

    public Task CopyAsync(Process? process, CancellationToken cancellationToken)
    {
        IReadOnlyList<OutputLog> logs = own is null ? [log] : [log, own];
        return Task.WhenAll(OutputLog.CopyAsync(process!.StandardOutput.BaseStream, logs, cancellationToken), OutputLog.CopyAsync(process.StandardError.BaseStream, logs, cancellationToken));
    }

    public IReadOnlyList<string> LastLines(int count) => own?.LastLines(count) ?? [];

    public void Dispose() => own?.Dispose();
}

/// <summary>Into a file that the child writes itself.</summary>
internal sealed class OutputFile(string path) : IChildOutput
{
    private const int TailBytes = 8 << 10;

    public string Name => path;

    public bool IsTooLong => new FileInfo(path) is { Exists: true, Length: > OutputLog.MaxBytes };

    public Task CopyAsync(Process? process, CancellationToken cancellationToken) => Task.CompletedTask;

    public IReadOnlyList<string> LastLines(int count)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Position = Math.Max(0, stream.Length - TailBytes);
            var bytes = new byte[TailBytes];
            var read = stream.ReadAtLeast(bytes, TailBytes, throwOnEndOfStream: false);
            return [.. Encoding.UTF8.GetString(bytes, 0, read)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .TakeLast(count)
                .Select(PlainText.Clean)];
        }
        catch (IOException)
        {
            return [];
        }
    }

    public void Dispose()
    {
        // The file is the child's.
    }
}
