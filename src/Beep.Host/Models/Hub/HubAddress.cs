using System.Net;
using System.Net.Sockets;
using Beep.Contracts;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Models.Hub;

/// <summary>Where the hub is, and where it may send us: a redirect is an address that somebody else chose.</summary>
internal sealed class HubAddress(HostOptions options)
{
    private const string Usual = "https://huggingface.co";

    private readonly string _root = (options.HubEndpoint?.ToString() ?? Usual).TrimEnd('/');

    public Uri Endpoint => new(_root);

    /// <summary>What a model's page, with its terms, is.</summary>
    public string PageOf(string repository) => $"{_root}/{repository}";

    public Uri InfoOf(string repository, string revision) => new($"{_root}/api/models/{repository}/revision/{Uri.EscapeDataString(revision)}?blobs=true");

    public Uri TreeOf(string repository, string revision) => new($"{_root}/api/models/{repository}/tree/{Uri.EscapeDataString(revision)}");

    public Uri FileOf(string repository, string revision, string file) => new($"{_root}/{repository}/resolve/{Uri.EscapeDataString(revision)}/{Uri.EscapeDataString(file)}");

    /// <summary>Whether the token may go there: to the hub itself and to nobody whom it names.</summary>
    public bool IsHub(Uri address) => address.Scheme == Endpoint.Scheme && address.Authority.Equals(Endpoint.Authority, StringComparison.OrdinalIgnoreCase);

    /// <summary>Refuses where a redirect leads unless it is encrypted, or of this machine as the hub itself is.</summary>
    /// <exception cref="FaultException">It may not be followed.</exception>
    public void RequireHop(Uri address)
    {
        var isFine = address.UserInfo.Length == 0 && (address.Scheme == Uri.UriSchemeHttps || IsHub(address)
            || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback && Endpoint.IsLoopback));
        if (!isFine)
        {
            throw Refused(address.GetLeftPart(UriPartial.Authority));
        }
    }

    /// <summary>
    /// Connects to an address that was looked at: nothing inside this network, unless the hub itself is there, and never what hands out
    /// a machine's credentials.
    /// </summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        // A proxy of the machine's own settings is connected to by its name, not by the request's.
        var isProxy = context.InitialRequestMessage.RequestUri is { } uri && !uri.IdnHost.Trim('[', ']').Equals(host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
        if (!isProxy && !host.Equals(Endpoint.IdnHost, StringComparison.OrdinalIgnoreCase))
        {
            var isInside = await IsInsideAsync(cancellationToken);
            addresses = [.. addresses.Where(address => !IsLinkLocal(address) && (isInside || !IsPrivate(address)))];
            if (addresses.Length == 0)
            {
                throw Refused(host);
            }
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<bool> IsInsideAsync(CancellationToken cancellationToken) =>
        Endpoint.IsLoopback || Array.Exists(await Dns.GetHostAddressesAsync(Endpoint.IdnHost, cancellationToken), IsPrivate);

    private static bool IsLinkLocal(IPAddress address) => address.IsIPv6LinkLocal || (V4(address) is { } bytes && bytes[0] == 169 && bytes[1] == 254);

    private static bool IsPrivate(IPAddress address) =>
        IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.IsIPv6UniqueLocal || address.IsIPv6SiteLocal
        || (V4(address) is { } bytes && (bytes[0] is 0 or 10 or 127 || (bytes[0] == 172 && bytes[1] is >= 16 and <= 31) || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 100 && bytes[1] is >= 64 and <= 127)));

    private static byte[]? V4(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? address.GetAddressBytes() : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().GetAddressBytes() : null;

    private FaultException Refused(string target) =>
        FaultException.Invalid("hub_redirect_refused", $"The hub '{_root}' sends downloads to '{target}', which is not followed.", "Check HF_ENDPOINT: a hub sends to encrypted addresses outside this network.", "HF_ENDPOINT");
}
