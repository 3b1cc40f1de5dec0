using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Beep.Host.Tests.Datasets;

/// <summary>Files that nobody should take.</summary>
internal static class BadFiles
{
    public static byte[] Gzip(byte[] content)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return memory.ToArray();
    }

    public static byte[] Zip(params (string Name, byte[] Content)[] files) => Zip(0, files);

    /// <param name="attributes">The kind of every file, as Unix has it.</param>
    /// <param name="files">Names as they are to stand in the archive.</param>
    public static byte[] Zip(int attributes, params (string Name, byte[] Content)[] files)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                var entry = zip.CreateEntry(name, CompressionLevel.SmallestSize);
                entry.ExternalAttributes = attributes;
                using var stream = entry.Open();
                stream.Write(content);
            }
        }

        return memory.ToArray();
    }

    /// <summary>Changes a field of the first entry in a zip's directory.</summary>
    public static byte[] PatchZip(byte[] zip, int field, uint value, int bytes)
    {
        var copy = (byte[])zip.Clone();
        var entry = copy.AsSpan().IndexOf("PK\u0001\u0002"u8);
        if (bytes == 2)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(entry + field), (ushort)value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(entry + field), value);
        }

        return copy;
    }

    /// <summary>A directory of so many empty files.</summary>
    public static byte[] ZipOfMany(int count)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (var file = 0; file < count; file++)
            {
                zip.CreateEntry($"{file}.md");
            }
        }

        return memory.ToArray();
    }

    public static byte[] Tar(params TarEntry[] entries)
    {
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                tar.WriteEntry(entry);
            }
        }

        return memory.ToArray();
    }

    public static TarEntry TarFile(string name, byte[] content) => new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) };

    public static TarEntry TarLink(TarEntryType type) => new PaxTarEntry(type, "rows.jsonl") { LinkName = "/etc/passwd" };

    public static TarEntry TarSpecial(TarEntryType type) => new PaxTarEntry(type, "rows.jsonl");

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Deep(int depth) => Text($$"""{"prompt": "a", "completion": "b", "more": {{new string('[', depth)}}{{new string(']', depth)}}}""");

    public static byte[] LongLine(int bytes)
    {
        var line = new byte[bytes];
        line.AsSpan().Fill((byte)'a');
        "{\"prompt\": \""u8.CopyTo(line);
        "\", \"completion\": \"b\"}\n"u8.CopyTo(line.AsSpan(bytes - 22));
        return line;
    }
}
