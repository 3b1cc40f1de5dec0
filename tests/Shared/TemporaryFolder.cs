namespace Beep.Tests;

/// <summary>A fresh folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("beep-test-").FullName;

    /// <summary>A path inside the folder; nothing is created.</summary>
    public string At(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a UTF-8 text file without a byte order mark and returns its path.</summary>
    public string Write(string name, string text)
    {
        var path = At(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>A process that was just ended may still be writing its last file: that is waited for, a little.</summary>
    public void Dispose()
    {
        const int tries = 400;
        for (var left = tries; ; left--)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (IOException) when (left > 1)
            {
                Thread.Sleep(50);
            }
        }
    }
}
