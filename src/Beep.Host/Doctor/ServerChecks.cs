using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Doctor;

/// <summary>What a server needs of the machine around it: an address to listen at, and a clock that is right.</summary>
internal static class ServerChecks
{
    private const string PortName = "Port";
    private const string TimeName = "Time";

    // Cookies, tokens and a provider's answers are refused when clocks differ by more than a minute.
    private static readonly TimeSpan MostDrift = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Whether HOST and PORT can be listened at, found by trying.</summary>
    public static DoctorFinding Port(HostOptions options)
    {
        var address = options.Host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(options.Host, out var parsed) ? parsed : null;
        if (address is null)
        {
            return DoctorFinding.Warn(PortName, $"HOST '{options.Host}' cannot be tried", $"Correct {SettingKeys.Host.Name}.");
        }

        try
        {
            using var listener = new TcpListener(address, options.Port);
            listener.Start();
            return DoctorFinding.Ok(PortName, $"{address}:{options.Port} is free");
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return DoctorFinding.Warn(PortName, $"something listens at {address}:{options.Port} already; a server of ours, or another program", $"If it is another program, set {SettingKeys.Port.Name} to another port.");
        }
        catch (SocketException error)
        {
            return DoctorFinding.Fail(PortName, $"{address}:{options.Port} cannot be listened at: {error.Message}", $"Set {SettingKeys.Host.Name} and {SettingKeys.Port.Name} to an address of this machine and a port that you may use.");
        }
    }

    /// <summary>Whether the clock agrees with the provider that signs people in, the only other clock that we are told to ask.</summary>
    public static async Task<DoctorFinding> TimeAsync(HostOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var text = now.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        if (now.Year < 2026)
        {
            return DoctorFinding.Fail(TimeName, $"the clock says {text}", "Set it: cookies and tokens depend on it.");
        }

        if (!options.EnableIdentityServer || options.IdentityServer.Authority is not { } authority)
        {
            return DoctorFinding.Ok(TimeName, text);
        }

        try
        {
            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Patience };
            using var request = new HttpRequestMessage(HttpMethod.Head, authority);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (answer.Headers.Date is not { } theirs)
            {
                return DoctorFinding.Ok(TimeName, $"{text}; the provider does not tell its own");
            }

            var drift = (time.GetUtcNow() - theirs).Duration();
            return drift <= MostDrift
                ? DoctorFinding.Ok(TimeName, $"{text}, as the provider's")
                : DoctorFinding.Fail(TimeName, $"the clock says {text} and the provider's differs by {drift.TotalSeconds:0} s", "Set both by NTP: sign-ins are refused while they differ.");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return DoctorFinding.Warn(TimeName, $"{text}; the provider at {authority} does not answer", $"Check {SettingKeys.Authority.Name} and the network.");
        }
    }
}
