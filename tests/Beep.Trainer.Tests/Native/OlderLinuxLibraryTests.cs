using System.Text;
using Beep.Trainer.Native;

namespace Beep.Trainer.Tests.Native;

public sealed class OlderLinuxLibraryTests
{
    [Fact]
    public void Patch_TorchSharpsLibrary_MakesTheVersionOptionalAndRenamesTheSymbol()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the library of another system is not there");
        var original = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));

        var patched = OlderLinuxLibrary.Patch([.. original]);

        Assert.NotNull(patched);
        Assert.Equal(original.Length, patched.Length);
        Assert.Equal(1, Count(original, "_ZSt21ios_base_library_initv\0"));
        Assert.Equal(0, Count(patched, "_ZSt21ios_base_library_initv\0"));
        var changed = Enumerable.Range(0, original.Length).Where(i => original[i] != patched[i]).ToArray();
        Assert.InRange(changed.Length, 1, "getpid\0".Length + 1 + 2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MZ not an ELF file, but long enough to hold the header of one, had it been one at all")]
    public void Patch_AnythingElse_IsLeftAlone(string content) => Assert.Null(OlderLinuxLibrary.Patch(Encoding.ASCII.GetBytes(content)));

    [Fact]
    public void Patch_LibraryCutShort_IsLeftAlone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the library of another system is not there");
        var library = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));

        Assert.Null(OlderLinuxLibrary.Patch(library[..4096]));
    }

    [Fact]
    public void Patch_LibraryWithoutTheNeed_IsLeftAlone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the library of another system is not there");
        var library = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libc10.so"));

        Assert.Null(OlderLinuxLibrary.Patch(library));
    }

    [Fact]
    public void Enable_LibraryThatNeedsNoPatch_IsNotCopied()
    {
        // On a system with a newer libstdc++ the ordinary load succeeds; on an older one the copy must be in use.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has this need");
        using var tensor = TorchSharp.torch.ones(1);
        var library = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        var loadsAsItIs = System.Runtime.InteropServices.NativeLibrary.TryLoad(library, out _);

        Assert.Equal(!loadsAsItIs, OlderLinuxLibrary.IsInUse);
    }

    private static int Count(byte[] bytes, string text)
    {
        ReadOnlySpan<byte> rest = bytes;
        var pattern = Encoding.ASCII.GetBytes(text);
        var count = 0;
        while (rest.IndexOf(pattern) is >= 0 and var at)
        {
            count++;
            rest = rest[(at + 1)..];
        }

        return count;
    }
}
