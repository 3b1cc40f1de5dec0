using Beep.Host.Hosting.Http;
using Beep.Host.Identity.External.Protocol;

namespace Beep.Host.Identity.External;

/// <summary>Whether the provider's document and keys are known, or can be fetched.</summary>
internal sealed class ProviderHealth(ProviderDirectory directory) : IHealthPart
{
    public string Name => "sign_in_provider";

    public async Task<string?> FindFaultAsync(CancellationToken cancellationToken)
    {
        try
        {
            await directory.GetAsync(cancellationToken).ConfigureAwait(false);
            return directory.Failure is null ? null : directory.Failure.Reason;
        }
        catch (ProviderException error)
        {
            return error.Reason;
        }
    }
}
