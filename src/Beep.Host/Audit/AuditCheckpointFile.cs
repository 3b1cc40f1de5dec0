using System.Text;
using Beep.Host.Hosting;

namespace Beep.Host.Audit;

/// <summary>Checkpoints, one a line, appended and never changed.</summary>
internal sealed class AuditCheckpointFile(string path)
{
    public string Path => path;

    /// <summary>Every line with its number, from 1; null for one that is no checkpoint. A last line that was cut off by a crash is passed over.</summary>
    public IReadOnlyList<(int Line, AuditCheckpoint? Checkpoint)> Read()
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var text = reader.ReadToEnd();
        var lines = text[..(text.LastIndexOf('\n') + 1)].Split('\n')[..^1];
        return [.. lines.Select((line, index) => (index + 1, AuditCheckpoint.FromLine(line)))];
    }

    /// <summary>Appends and flushes to the disk.</summary>
    public void Append(AuditCheckpoint checkpoint)
    {
        PrivateFiles.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
        using var stream = PrivateFiles.Open(path, FileMode.OpenOrCreate, FileShare.Read);
        stream.Seek(WholeLines(stream), SeekOrigin.Begin);
        stream.SetLength(stream.Position);
        stream.Write(Encoding.UTF8.GetBytes(checkpoint.ToLine() + "\n"));
        stream.Flush(flushToDisk: true);
    }

    private static long WholeLines(FileStream stream)
    {
        for (var end = stream.Length; end > 0; end--)
        {
            stream.Position = end - 1;
            if (stream.ReadByte() == '\n')
            {
                return end;
            }
        }

        return 0;
    }
}
