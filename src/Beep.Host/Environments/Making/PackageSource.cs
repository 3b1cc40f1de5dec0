using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Environments.Making;

/// <summary>Where packages come from: an index, perhaps a second one, or a folder of wheels and then no network at all.</summary>
internal sealed record PackageSource
{
    // They let a company's proxy and its certificates be used, and are nothing to a process without a network.
    private static readonly string[] OfNetwork =
        ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PIP_CERT"];

    public Uri? Index { get; init; }

    public Uri? ExtraIndex { get; init; }

    /// <summary><c>user:password</c> for <see cref="Index"/>.</summary>
    public SecretText? Login { get; init; }

    /// <summary>A folder of wheels, absolute.</summary>
    public string? Wheelhouse { get; init; }

    /// <summary>Where an environment's packages come from, with the login of the settings where it is their index.</summary>
    public static PackageSource Of(EnvironmentRow row, HostOptions options)
    {
        var index = row.IndexAddress is { } address ? new Uri(address) : null;
        return new PackageSource
        {
            Index = index,
            ExtraIndex = row.ExtraIndexAddress is { } extra ? new Uri(extra) : null,
            Login = index is not null && index == options.PythonIndex ? options.PythonIndexLogin : null,
            Wheelhouse = row.Wheelhouse,
        };
    }

    /// <summary>In words, without the login.</summary>
    public string Describe() => Wheelhouse is not null ? $"the folder '{Wheelhouse}'" : Describe(Index?.ToString(), ExtraIndex?.ToString());

    /// <summary>An index, and a second one, in words; null for the one that the installer knows itself.</summary>
    public static string Describe(string? index, string? extra) => (index ?? "the installer's own index") + (extra is null ? "" : $" and {extra}");

    /// <summary>The index with the login in it: for the environment of a process, and never for its arguments.</summary>
    public string? SecretIndex()
    {
        if (Index is null || Login?.Value is not { } login)
        {
            return Index?.ToString();
        }

        var at = login.IndexOf(':', StringComparison.Ordinal);
        return new UriBuilder(Index) { UserName = Uri.EscapeDataString(login[..at]), Password = Uri.EscapeDataString(login[(at + 1)..]) }.Uri.ToString();
    }

    /// <summary>What a process needs of the host's own environment to reach the index.</summary>
    public IEnumerable<KeyValuePair<string, string>> NetworkVariables(Func<string, string?> variable) => Wheelhouse is not null
        ? []
        : from name in OfNetwork let value = variable(name) where !string.IsNullOrEmpty(value) select KeyValuePair.Create(name, value);
}
