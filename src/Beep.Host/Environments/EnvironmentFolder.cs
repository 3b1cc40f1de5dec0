using System.IO.Enumeration;
using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Environments;

/// <summary>The folder of an environment that is made here, and what lies in it.</summary>
/// <param name="Path">Absolute.</param>
internal sealed record EnvironmentFolder(string Path)
{
    private const string VenvName = "venv";
    private const long LargestScript = 1 << 20;

    private static readonly EnumerationOptions AllButLinks = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    public string Venv => System.IO.Path.Combine(Path, VenvName);

    /// <summary>Its interpreter.</summary>
    public string Python => System.IO.Path.Combine(Path, PythonIn);

    /// <summary>Where the programs of its packages are.</summary>
    public string Programs => System.IO.Path.GetDirectoryName(Python)!;

    /// <summary>What was asked for.</summary>
    public string Requirements => System.IO.Path.Combine(Path, "requirements.txt");

    /// <summary>What it consists of.</summary>
    public string Lock => System.IO.Path.Combine(Path, "lock.txt");

    /// <summary>The id of the environment that it is of.</summary>
    public string Mark => System.IO.Path.Combine(Path, "environment.id");

    /// <summary>The interpreter, from the folder on.</summary>
    public static string PythonIn { get; } = OperatingSystem.IsWindows() ? System.IO.Path.Combine(VenvName, "Scripts", "python.exe") : System.IO.Path.Combine(VenvName, "bin", "python");

    /// <summary>Whether it is there and of this environment.</summary>
    public bool IsOf(string id)
    {
        try
        {
            return File.Exists(Mark) && File.ReadAllText(Mark).Trim() == id;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What its files take on the disk; links are not followed.</summary>
    public long Bytes() => Directory.Exists(Path) ? new DirectoryInfo(Path).EnumerateFiles("*", AllButLinks).Sum(file => file.Length) : 0;

    /// <summary>How many packages were put into it so far.</summary>
    public int CountPackages()
    {
        try
        {
            return Directory.Exists(Venv) ? Directory.EnumerateDirectories(Venv, "*.dist-info", AllButLinks).Count() : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>Refuses what a package has put there to lead out of the folder: only the interpreter itself lies elsewhere.</summary>
    /// <exception cref="FaultException">A link leads out.</exception>
    public void RequireContained()
    {
        var root = RealPath.Of(Path) ?? Path;
        var links = new FileSystemEnumerable<string>(Path, (ref entry) => entry.ToFullPath(), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true })
        {
            ShouldIncludePredicate = (ref entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
            ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        foreach (var link in links)
        {
            var isInterpreter = System.IO.Path.GetDirectoryName(link) == Programs && System.IO.Path.GetFileName(link).StartsWith("python", StringComparison.Ordinal);
            if (!isInterpreter && !(RealPath.Of(link) is { } target && RealPath.IsIn(target, root)))
            {
                throw FaultException.Failed("link_leads_out", $"'{System.IO.Path.GetRelativePath(Path, link)}' leads out of the environment.", "Do not use the package that brought it.");
            }
        }
    }

    /// <summary>Has the programs of its packages say that they lie where they will: each names its interpreter by its whole path.</summary>
    public void PretendAt(EnvironmentFolder place)
    {
        foreach (var file in new DirectoryInfo(Programs).EnumerateFiles().Append(new FileInfo(System.IO.Path.Combine(Venv, "pyvenv.cfg"))).Where(file => file is { Exists: true, LinkTarget: null, Length: <= LargestScript }))
        {
            var bytes = File.ReadAllBytes(file.FullName);
            if (bytes.AsSpan().IndexOf((byte)0) < 0 && System.Text.Encoding.UTF8.GetString(bytes) is var text && text.Contains(Venv, StringComparison.Ordinal))
            {
                // Written into the file itself: its rights stay.
                File.WriteAllText(file.FullName, text.Replace(Venv, place.Venv, StringComparison.Ordinal));
            }
        }
    }
}
