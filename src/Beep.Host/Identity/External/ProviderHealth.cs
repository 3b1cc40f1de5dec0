using Beep.Host.Hosting.Http;
using Beep.Host.Identity.External.Protocol;

namespace Beep.Host.Identity.External;

/// <summary>Whether the provider's document and keys can be fetched and used.</summary>
internal sealed class ProviderHealth(ProviderDirectory directory) : IHealthPart
{
    public string Name => "sign_in_provider";

    public async Task<string?> FindFaultAsync(CancellationToken cancellationToken) => (await directory.FindFailureAsync(cancellationToken).ConfigureAwait(false))?.Reason;
}
