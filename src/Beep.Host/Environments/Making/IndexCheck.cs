using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Beep.Contracts;

namespace Beep.Host.Environments.Making;

/// <summary>Why an index gave nothing: installers say of one that refuses them or does not answer only that it has no such package.</summary>
internal static class IndexCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The fault, or the better one that asking the index itself tells.</summary>
    public static async Task<FaultException> ExplainAsync(FaultException fault, PackageSource source, CancellationToken cancellationToken)
    {
        if (fault.Faults[0].Code != "package_missing" || source.Index is not { } index)
        {
            return fault;
        }

        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Patience };
        using var request = new HttpRequestMessage(HttpMethod.Head, $"{index.ToString().TrimEnd('/')}/");
        if (source.Login is { } login)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(login.Value)));
        }

        try
        {
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            return answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? FaultException.Failed("index_refused", $"The index '{index}' refuses this server: {(int)answer.StatusCode}.", "Check PYTHON_INDEX_LOGIN.", cause: fault)
                : fault;
        }
        catch (HttpRequestException error)
        {
            return FaultException.Failed("index_unreachable", $"The index '{index}' does not answer: {error.Message}", "Check its address and the network, or use a folder of wheels.", cause: fault);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return FaultException.Failed("index_unreachable", $"The index '{index}' does not answer within {Patience.TotalSeconds:0} s.", "Check its address and the network, or use a folder of wheels.", cause: fault);
        }
    }
}
