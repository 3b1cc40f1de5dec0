using System.Globalization;
using System.Text;

namespace Beep.Host.Hosting.Processes;

/// <summary>The processes of a Linux system, as <c>/proc</c> shows them.</summary>
internal static class ProcessTable
{
    // In /proc/<pid>/stat, counted from the state, which is the first field after the name.
    private const int Group = 2;
    private const int Session = 3;
    private const int Started = 19;
    private const int Memory = 20;

    private const int MostLooks = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Null when there is none, or it ended while it was read.</summary>
    public static ProcessEntry? Read(int pid)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            // The name stands in brackets and may hold any character, brackets among them.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new ProcessEntry(pid, fields[0][0], int.Parse(fields[Group], CultureInfo.InvariantCulture), int.Parse(fields[Session], CultureInfo.InvariantCulture), long.Parse(fields[Started], CultureInfo.InvariantCulture)) { HasMemory = fields[Memory] != "0" };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static IEnumerable<ProcessEntry> ReadAll() =>
        from path in Directory.EnumerateDirectories("/proc")
        where int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out _)
        let entry = Read(int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))
        where entry is not null
        select entry;

    /// <summary>Whether a process was started with <c>name=value</c> in its environment; a process of another user says no.</summary>
    public static bool HasVariable(int pid, string name, string value) => ReadVariable(pid, name) == value;

    /// <summary>What a process was started with in its environment; null when it has none of that name, or is another user's.</summary>
    public static string? ReadVariable(int pid, string name)
    {
        try
        {
            var environment = ((byte[])[0, .. ReadEnvironment(pid)]).AsSpan();
            var start = Encoding.UTF8.GetBytes($"\0{name}=");
            if (environment.IndexOf(start) is not (>= 0 and var found))
            {
                return null;
            }

            var value = environment[(found + start.Length)..];
            return Encoding.UTF8.GetString(value.IndexOf((byte)0) is >= 0 and var end ? value[..end] : value);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Nothing is shown of a process that is just becoming another program: that is over in a moment, and waited for.</summary>
    private static byte[] ReadEnvironment(int pid)
    {
        for (var look = 1; ; look++)
        {
            var environment = ReadFile(pid, "environ");
            if (environment.Length > 0 || look == MostLooks || ReadFile(pid, "cmdline").Length > 0 || Read(pid) is not { IsEnded: false, HasMemory: true })
            {
                return environment;
            }

            Thread.Sleep(Pause);
        }
    }

    private static byte[] ReadFile(int pid, string name) => File.ReadAllBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{name}"));
}

/// <summary>A line of the process table.</summary>
internal sealed record ProcessEntry(int Pid, char State, int Group, int Session, long StartedTicks)
{
    /// <summary>Dead, and only kept until its parent asks how it ended.</summary>
    public bool IsEnded => State is 'Z' or 'X' or 'x';

    /// <summary>What the kernel runs for itself has none of its own.</summary>
    public bool HasMemory { get; init; }
}
