using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text;

namespace Beep.Trainer.Native;

/// <summary>
/// Lets TorchSharp's native library load on Linux systems whose libstdc++ is older than GCC 13 (Debian 12, Ubuntu 22.04,
/// RHEL 9). The library asks for one symbol of version GLIBCXX_3.4.32, <c>std::ios_base_library_init()</c>, which only
/// makes sure that the standard streams are initialised; older runtimes do that by themselves. Where the ordinary load
/// fails, a copy in memory is loaded in which that version is optional and the symbol is <c>getpid</c>: it exists
/// everywhere, takes nothing and changes nothing. The file on the disk is never touched, and nothing happens where the
/// library loads as it is.
/// </summary>
internal static class OlderLinuxLibrary
{
    private const string LibraryFile = "libLibTorchSharp.so";
    private const string MissingSymbol = "_ZSt21ios_base_library_initv";
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const string HarmlessSymbol = "getpid";

    private static readonly Lock Gate = new();
    private static nint _handle;

    /// <summary>Whether the copy had to be loaded.</summary>
    public static bool IsInUse => _handle != 0;

    /// <summary>Must be called before the first use of TorchSharp.</summary>
    public static void Enable()
    {
        if (OperatingSystem.IsLinux())
        {
            // Raised only once every ordinary way to load a library has failed.
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += static (_, name) =>
                name.Contains("LibTorchSharp", StringComparison.Ordinal) ? Load() : 0;
        }
    }

    private static nint Load()
    {
        lock (Gate)
        {
            if (_handle == 0 && Find() is { } path && Patch(File.ReadAllBytes(path)) is { } patched)
            {
                // The copy has no folder of its own to search: what it needs must be there by name before it.
                var folder = Path.GetDirectoryName(path)!;
                foreach (var dependency in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" })
                {
                    NativeLibrary.TryLoad(Path.Combine(folder, dependency), out _);
                }

                _handle = LoadFromMemory(patched);
            }

            return _handle;
        }
    }

    private static string? Find()
    {
        var runtime = $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        string[] candidates =
        [
            Path.Combine(AppContext.BaseDirectory, LibraryFile),
            Path.Combine(AppContext.BaseDirectory, "runtimes", runtime, "native", LibraryFile),
        ];
        return candidates.FirstOrDefault(File.Exists);
    }

    /// <summary>
    /// The library with the version need marked weak and the symbol renamed, or null when the bytes are not a 64-bit
    /// little-endian ELF library with exactly that need (System V ABI, chapter 4; LSB symbol versioning).
    /// </summary>
    internal static byte[]? Patch(byte[] library)
    {
        try
        {
            var sections = Sections(library);
            if (sections is null
                || Find(sections, type: 11) is not { } symbols
                || Find(sections, type: 0x6fffffff) is not { } versions
                || Find(sections, type: 0x6ffffffe) is not { } needs)
            {
                return null;
            }

            var strings = sections[(int)symbols.Link];
            return MarkVersionWeak(library, needs, strings) is { } version && RenameSymbol(library, symbols, versions, strings, version)
                ? library
                : null;
        }
        catch (ArgumentException)
        {
            return null; // An offset that points outside: damaged, so not ours to repair.
        }
    }

    private static ushort? MarkVersionWeak(byte[] library, Section needs, Section strings)
    {
        const ushort weak = 2;
        var need = (int)needs.Offset;
        while (true)
        {
            var auxiliary = need + (int)UInt32(library, need + 8);
            while (true)
            {
                if (Text(library, strings, UInt32(library, auxiliary + 8)) == MissingVersion)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(library.AsSpan(auxiliary + 4), weak);
                    return UInt16(library, auxiliary + 6);
                }

                var next = (int)UInt32(library, auxiliary + 12);
                if (next == 0)
                {
                    break;
                }

                auxiliary += next;
            }

            var nextNeed = (int)UInt32(library, need + 12);
            if (nextNeed == 0)
            {
                return null;
            }

            need += nextNeed;
        }
    }

    /// <summary>True when the missing symbol was the only one of its version, and is renamed.</summary>
    private static bool RenameSymbol(byte[] library, Section symbols, Section versions, Section strings, ushort version)
    {
        const int symbolSize = 24;
        const ushort anyVersion = 1;
        var (count, found) = ((int)(symbols.Size / symbolSize), -1);
        for (var i = 0; i < count; i++)
        {
            if (UInt16(library, (int)versions.Offset + (2 * i)) != version)
            {
                continue;
            }

            if (found >= 0 || Text(library, strings, UInt32(library, (int)symbols.Offset + (symbolSize * i))) != MissingSymbol)
            {
                return false;
            }

            found = i;
        }

        if (found < 0)
        {
            return false;
        }

        var name = (int)strings.Offset + (int)UInt32(library, (int)symbols.Offset + (symbolSize * found));
        Encoding.ASCII.GetBytes(HarmlessSymbol + '\0').CopyTo(library, name);
        BinaryPrimitives.WriteUInt16LittleEndian(library.AsSpan((int)versions.Offset + (2 * found)), anyVersion);
        return true;
    }

    private static Section[]? Sections(byte[] library)
    {
        if (library.Length < 64 || !library.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            return null;
        }

        var table = (int)UInt64(library, 0x28);
        var (entrySize, count) = (UInt16(library, 0x3A), UInt16(library, 0x3C));
        return [.. from i in Enumerable.Range(0, count)
                   let at = table + (i * entrySize)
                   select new Section(UInt32(library, at + 4), (long)UInt64(library, at + 24), (long)UInt64(library, at + 32), UInt32(library, at + 40))];
    }

    private static Section? Find(Section[] sections, uint type) => Array.Find(sections, section => section.Type == type);

    private static string Text(byte[] library, Section strings, uint offset)
    {
        var text = library.AsSpan((int)(strings.Offset + offset));
        return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
    }

    private static ushort UInt16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint UInt32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static ulong UInt64(byte[] bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));

    private static nint LoadFromMemory(byte[] library)
    {
        var descriptor = MemoryFile("LibTorchSharp", flags: 0);
        if (descriptor < 0)
        {
            return 0;
        }

        var path = $"/proc/self/fd/{descriptor}";
        File.WriteAllBytes(path, library);
        return NativeLibrary.TryLoad(path, out var handle) ? handle : 0;
    }

    [DllImport("libc", EntryPoint = "memfd_create")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MemoryFile([MarshalAs(UnmanagedType.LPUTF8Str)] string name, uint flags);

    private sealed record Section(uint Type, long Offset, long Size, uint Link);
}
