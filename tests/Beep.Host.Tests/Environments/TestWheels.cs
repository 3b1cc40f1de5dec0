using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Beep.Host.Tests.Environments;

/// <summary>Wheels written by hand: a zip with the package, its metadata and its record.</summary>
internal static class TestWheels
{
    /// <summary>Writes one and returns its path.</summary>
    /// <param name="folder">The wheelhouse.</param>
    /// <param name="name">Of the package.</param>
    /// <param name="version">Of the package.</param>
    /// <param name="requires">What else it needs.</param>
    /// <param name="more">More files by their paths in the wheel, however they may be written.</param>
    /// <param name="scripts">Programs of it, which call its main.</param>
    /// <param name="zeros">How large a file of nothing it has, in megabytes.</param>
    public static string Write(string folder, string name, string version, string[]? requires = null, Dictionary<string, string>? more = null, string[]? scripts = null, int zeros = 0)
    {
        Directory.CreateDirectory(folder);
        var module = name.Replace('-', '_');
        var info = $"{module}-{version}.dist-info";
        var files = new Dictionary<string, string>(more ?? [])
        {
            [$"{module}/__init__.py"] = $"__version__ = '{version}'\ndef main():\n    print('{name} {version}')\n",
            [$"{info}/METADATA"] = $"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A package <b>for tests</b>\n{string.Concat((requires ?? []).Select(each => $"Requires-Dist: {each}\n"))}",
            [$"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        };
        if (scripts is { Length: > 0 })
        {
            files[$"{info}/entry_points.txt"] = $"[console_scripts]\n{string.Concat(scripts.Select(script => $"{script} = {module}:main\n"))}";
        }

        files[$"{info}/RECORD"] = string.Concat(files.Select(file => $"{file.Key},sha256={Base64Hash(file.Value)},{Encoding.UTF8.GetByteCount(file.Value)}\n")) + $"{info}/RECORD,,\n" + (zeros > 0 ? $"{module}/zeros,,\n" : "");
        var path = Path.Combine(folder, $"{module}-{version}-py3-none-any.whl");
        File.Delete(path);
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (entry, text) in files)
        {
            using var stream = zip.CreateEntry(entry).Open();
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        if (zeros > 0)
        {
            using var stream = zip.CreateEntry($"{module}/zeros", CompressionLevel.Fastest).Open();
            for (var megabyte = 0; megabyte < zeros; megabyte++)
            {
                stream.Write(new byte[1 << 20]);
            }
        }

        return path;
    }

    public static string Sha256(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private static string Base64Hash(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
