using System.Text.Json;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Monitoring;

namespace Beep.Host.Cli.Serving;

/// <summary>
/// Where the server of a home listens, for commands that are called beside it. A server that is killed leaves its mark behind,
/// which the process in it then shows.
/// </summary>
/// <param name="Address">As a browser on this machine reaches it.</param>
/// <param name="Process">The server, as <see cref="ProcessIdentity"/> writes it.</param>
internal sealed record ServerMark(Uri Address, string Process)
{
    // One that is gone refuses at once; one beside which a model is trained may take its time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Leaves the mark of this process; the result takes it away.</summary>
    public static IDisposable Leave(HostPaths paths, Uri address)
    {
        var mark = new ServerMark(address, ProcessIdentity.Current.ToString());
        AtomicFile.Write(paths.ServerMark, JsonSerializer.SerializeToUtf8Bytes(mark));
        return new Eraser(paths, mark);
    }

    /// <summary>The address of a server of this home that answers; null when there is none.</summary>
    public static async Task<Uri?> FindAsync(HostPaths paths, CancellationToken cancellationToken)
    {
        if (Read(paths) is not { } mark || ProcessIdentity.Parse(mark.Process)?.IsAlive() != true)
        {
            return null;
        }

        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience };
        try
        {
            using var answer = await client.GetAsync(new Uri(mark.Address, HealthEndpoints.Live), cancellationToken).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? mark.Address : null;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static ServerMark? Read(HostPaths paths)
    {
        try
        {
            return JsonSerializer.Deserialize<ServerMark>(File.ReadAllBytes(paths.ServerMark));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private sealed class Eraser(HostPaths paths, ServerMark mark) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                // Another server of this home may have left its own since.
                if (Read(paths) == mark)
                {
                    AtomicFile.Delete(paths.ServerMark);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It names a process that ends now.
            }
        }
    }
}
