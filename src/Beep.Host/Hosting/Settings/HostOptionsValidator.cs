using System.Net;
using System.Text;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Hosting.Settings;

/// <summary>Finds everything that is wrong with the options together, each with its remedy.</summary>
internal static class HostOptionsValidator
{
    private const int LeastSecretBytes = 32;
    private const int LeastDistinctCharacters = 10;
    private const string MakeSecret = "Make one: openssl rand -base64 48";

    private static readonly Version FirstFaultyRuntime = new(10, 0, 0);
    private static readonly Version LastFaultyRuntime = new(10, 0, 6);

    private static readonly string[] Placeholders =
        ["change", "placeholder", "example", "your-secret", "your_secret", "yoursecret", "secret-key", "secret_key", "secretkey", "password", "default", "insecure", "development", "dev-key", "beep-python"];

    public static IEnumerable<Fault> Validate(HostOptions options, Version runtime) =>
    [
        .. Runtime(runtime), .. Secret(options.SecretKey), .. Listening(options), .. SignIn(options), .. Addresses(options), .. Cluster(options.Slurm), .. Files(options.Paths),
    ];

    private static IEnumerable<Fault> Runtime(Version runtime)
    {
        if (runtime >= FirstFaultyRuntime && new Version(runtime.Major, runtime.Minor, Math.Max(0, runtime.Build)) <= LastFaultyRuntime)
        {
            yield return new Fault("forged_cookies", $"The .NET runtime {runtime} accepts forged cookies (CVE-2026-40372).", "Install .NET 10.0.7 or later.", ".NET");
        }
    }

    private static IEnumerable<Fault> Secret(SecretText? secret)
    {
        var name = SettingKeys.SecretKey.Name;
        if (secret is null)
        {
            yield break;
        }

        if (Placeholders.Any(word => secret.Value.Contains(word, StringComparison.OrdinalIgnoreCase)) || secret.Value.Distinct().Count() < LeastDistinctCharacters)
        {
            yield return new Fault("placeholder_secret", $"{name} is a placeholder or can be guessed.", MakeSecret, name);
        }
        else if (Encoding.UTF8.GetByteCount(secret.Value) is < LeastSecretBytes and var bytes)
        {
            yield return new Fault("short_secret", $"{name} has {bytes} bytes; at least {LeastSecretBytes} are needed.", MakeSecret, name);
        }
    }

    private static IEnumerable<Fault> Listening(HostOptions options)
    {
        if (!IPAddress.TryParse(options.Host, out _) && options.Host != "localhost")
        {
            yield return new Fault("bad_host", $"HOST is '{options.Host}'.", "Set it to an IP address of this machine, 0.0.0.0 for all, or localhost; PUBLIC_URL takes the name.", SettingKeys.Host.Name);
        }

        if (options.PublicUrl is { AbsolutePath: not "/" } address)
        {
            yield return new Fault("bad_address", $"PUBLIC_URL is '{address}'.", "Leave out what follows the host: pages are served at the root.", SettingKeys.PublicUrl.Name);
        }
    }

    private static IEnumerable<Fault> SignIn(HostOptions options)
    {
        if (!options.EnableIdentityServer)
        {
            if (!options.EnableInternalUsers)
            {
                yield return new Fault("no_sign_in", "ENABLE_INTERNAL_USER_MGMT and ENABLE_IDENTITYSERVER_AUTH are both false, so nobody could sign in.", "Set one of them to true.", SettingKeys.InternalUsers.Name);
            }

            yield break;
        }

        var server = options.IdentityServer;
        foreach (var (key, isMissing) in new[] { (SettingKeys.Authority, server.Authority is null), (SettingKeys.ClientId, server.ClientId is null), (SettingKeys.ClientSecret, server.ClientSecret is null) })
        {
            if (isMissing)
            {
                yield return new Fault("missing_setting", $"{key.Name} is needed while ENABLE_IDENTITYSERVER_AUTH is true.", "Set it to what the provider gave you.", key.Name);
            }
        }

        foreach (var (key, address) in new[] { (SettingKeys.Authority, server.Authority), (SettingKeys.LogoutRedirect, server.LogoutRedirect), (SettingKeys.PublicUrl, options.PublicUrl) })
        {
            if (address is { Scheme: not "https", IsLoopback: false })
            {
                yield return new Fault("not_https", $"{key.Name} is '{address}', which anyone between could read and change.", "Use https://.", key.Name);
            }
        }

        if (!server.Scopes.Contains("openid"))
        {
            yield return new Fault("bad_scopes", $"{SettingKeys.Scopes.Name} is '{string.Join(' ', server.Scopes)}'.", "Add openid.", SettingKeys.Scopes.Name);
        }

        if (server.ApiAudience is not null && server.ApiAudience == server.ClientId && server.ApiScope is null)
        {
            yield return new Fault("missing_setting", $"{SettingKeys.ApiScope.Name} is needed while {SettingKeys.ApiAudience.Name} is the client's own id: without a scope, an ID token looks as an access token does.", "Set it to a scope that the provider gives to programs alone.", SettingKeys.ApiScope.Name);
        }

        if (options.PublicUrl is null && !IsLoopback(options.Host))
        {
            yield return new Fault("missing_setting", $"{SettingKeys.PublicUrl.Name} is needed: the provider must know where to send browsers back.", "Set it to the address that browsers use.", SettingKeys.PublicUrl.Name);
        }
    }

    /// <summary>What is fetched from elsewhere and used.</summary>
    private static IEnumerable<Fault> Addresses(HostOptions options)
    {
        foreach (var (key, address) in new[] { (SettingKeys.HubEndpoint, options.HubEndpoint), (SettingKeys.PythonIndex, options.PythonIndex) })
        {
            if (address is { Scheme: not "https", IsLoopback: false })
            {
                yield return new Fault("not_https", $"{key.Name} is '{address}', which anyone between could read and change.", "Use https://.", key.Name);
            }
        }
    }

    private static IEnumerable<Fault> Cluster(SlurmOptions slurm)
    {
        if (!slurm.IsOn)
        {
            yield break;
        }

        if (OperatingSystem.IsWindows())
        {
            yield return new Fault("no_slurm", "ENABLE_SLURM is true, but Slurm has no commands for Windows.", "Run the server on a machine of the cluster, or set it to false.", SettingKeys.Slurm.Name);
        }
        else if (slurm.CommandFolder is { } folder ? !File.Exists(Path.Combine(folder, "sbatch")) : Programs.Find("sbatch") is null)
        {
            yield return new Fault("no_slurm", $"ENABLE_SLURM is true, but there is no sbatch {(slurm.CommandFolder is { } given ? $"in '{given}'" : "on the PATH")}.", "Install the commands of Slurm (Debian: slurm-client) as the cluster has them, or set SLURM_BIN to their folder.", SettingKeys.SlurmBin.Name);
        }

        if (slurm is { Partition: { } partition, Partitions: { Count: > 0 } allowed } && !partition.Split(',').All(allowed.Contains))
        {
            yield return new Fault("partition_not_allowed", $"SLURM_PARTITION is '{partition}', which SLURM_PARTITIONS does not allow.", "Add it there, or choose another one.", SettingKeys.SlurmPartition.Name);
        }
    }

    private static IEnumerable<Fault> Files(HostPaths paths)
    {
        if (WritableFolder.Probe(paths.Home) is { } reason)
        {
            yield return new Fault("home_not_writable", $"The home '{paths.Home}' cannot be written: {reason}", "Correct its permissions, or set BEEP_PYTHON_HOME to a folder of your own.", SettingKeys.Home.Name);
        }

        if (!Directory.Exists(paths.Keys))
        {
            yield break;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(paths.Keys, "*", new EnumerationOptions { IgnoreInaccessible = true }).Prepend(paths.Keys).Where(PrivateFiles.IsOpenToOthers))
        {
            yield return new Fault("open_to_others", $"Others may read or change '{entry}'.", $"Run: chmod {(Directory.Exists(entry) ? "700" : "600")} '{entry}' — and replace the keys if others use this machine.", entry);
        }
    }

    private static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
