namespace Beep.Host.Hosting.Settings;

/// <summary>The settings of the server, read once when it starts.</summary>
internal sealed record HostOptions
{
    public required HostPaths Paths { get; init; }

    /// <summary>Whether fine-tuning has pages, routes and tables.</summary>
    public bool EnableFinetune { get; init; }

    /// <summary>Whether users sign in with a password of ours and are managed here.</summary>
    public bool EnableInternalUsers { get; init; }

    /// <summary>Whether users sign in with the organisation's provider.</summary>
    public bool EnableIdentityServer { get; init; }

    public required IdentityServerOptions IdentityServer { get; init; }

    /// <summary>Null only where DATABASE_URL is at fault.</summary>
    public DatabaseAddress? Database { get; init; }

    /// <summary>From which keys are derived; null until one is set or made.</summary>
    public SecretText? SecretKey { get; init; }

    /// <summary>The address that is listened at: an IP address or localhost.</summary>
    public required string Host { get; init; }

    public int Port { get; init; }

    /// <summary>The address that browsers use, where it is not the one that is listened at.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Another hub of models than the usual one.</summary>
    public Uri? HubEndpoint { get; init; }

    public SecretText? HubToken { get; init; }

    public RetentionOptions Retention { get; init; } = new();

    /// <summary>The largest file that is taken as a dataset, in bytes.</summary>
    public long MaxUploadBytes { get; init; } = 51_200_000_000;

    /// <summary>Folders of the server whose files may be imported as datasets, absolute.</summary>
    public IReadOnlyList<string> ImportFolders { get; init; } = [];

    public SlurmOptions Slurm { get; init; } = new();

    /// <summary>Where the packages of Python environments come from, where nobody says otherwise; null for the index that the installer knows itself.</summary>
    public Uri? PythonIndex { get; init; }

    /// <summary><c>user:password</c> for <see cref="PythonIndex"/>, and for no other.</summary>
    public SecretText? PythonIndexLogin { get; init; }
}
