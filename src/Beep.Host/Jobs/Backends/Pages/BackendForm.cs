namespace Beep.Host.Jobs.Backends.Pages;

/// <summary>A backend as it stands in the fields of its page: lists are lines of text.</summary>
internal sealed record BackendForm
{
    private const string Writable = ":rw";

    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public bool IsEnabled { get; set; } = true;

    /// <summary>Empty for a program of this machine.</summary>
    public string Engine { get; set; } = "";

    public string? Program { get; set; }

    public string? Image { get; set; }

    public string Arguments { get; set; } = "train\n{job}";

    public string EngineOptions { get; set; } = "";

    public string Mounts { get; set; } = "";

    public string Environment { get; set; } = "";

    public string PassEnvironment { get; set; } = "";

    public int? MemoryMib { get; set; }

    public double? Cpus { get; set; }

    public int Gpus { get; set; }

    public bool Network { get; set; }

    public bool IsContainer => Engine.Length > 0;

    public static BackendForm Of(BackendView view)
    {
        var definition = view.Definition!;
        return new BackendForm
        {
            Name = view.Name,
            Description = view.Description,
            IsEnabled = view.IsEnabled,
            Engine = definition.Engine ?? "",
            Program = definition.Program,
            Image = definition.Image,
            Arguments = string.Join('\n', definition.Arguments),
            EngineOptions = string.Join('\n', definition.EngineOptions),
            Mounts = string.Join('\n', definition.Mounts.Select(mount => $"{mount.Source}:{mount.Target}{(mount.ReadOnly ? "" : Writable)}")),
            Environment = string.Join('\n', definition.Environment.Select(pair => $"{pair.Key}={pair.Value}")),
            PassEnvironment = string.Join('\n', definition.PassEnvironment),
            MemoryMib = definition.MemoryMib,
            Cpus = definition.Cpus,
            Gpus = definition.Gpus,
            Network = definition.Network,
        };
    }

    public BackendChange ToChange() => new()
    {
        Description = string.IsNullOrWhiteSpace(Description) ? null : Description.Trim(),
        IsEnabled = IsEnabled,
        Definition = new BackendDefinition
        {
            Engine = IsContainer ? Engine : null,
            Program = string.IsNullOrWhiteSpace(Program) ? null : Program.Trim(),
            Image = IsContainer && !string.IsNullOrWhiteSpace(Image) ? Image.Trim() : null,
            Arguments = Lines(Arguments),
            EngineOptions = IsContainer ? Lines(EngineOptions) : [],
            Mounts = IsContainer ? [.. Lines(Mounts).Select(Mount)] : [],
            // The last of two with one name wins, as in a shell.
            Environment = Lines(Environment).Select(line => line.Split('=', 2)).GroupBy(parts => parts[0].Trim(), StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last() is [_, var value] ? value : "", StringComparer.Ordinal),
            PassEnvironment = Lines(PassEnvironment),
            MemoryMib = IsContainer ? MemoryMib : null,
            Cpus = IsContainer ? Cpus : null,
            Gpus = Gpus,
            Network = IsContainer && Network,
        },
    };

    private static BackendMount Mount(string line)
    {
        var (text, isWritable) = line.EndsWith(Writable, StringComparison.Ordinal) ? (line[..^Writable.Length], true) : (line, false);
        var parts = text.Split(':', 2);
        return new BackendMount(parts[0], parts is [_, var target] ? target : parts[0], !isWritable);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
