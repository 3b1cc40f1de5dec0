using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace Beep.Host.Identity.Sessions;

/// <summary>Ends the work of a circuit with its session: from then on nothing that the browser sends is done, even after it has connected again.</summary>
internal sealed class SessionCircuitHandler(AuthenticationStateProvider states, SessionService sessions, LiveSessions live, TimeProvider time) : CircuitHandler, IDisposable
{
    private IDisposable? _registration;
    private string? _sessionId;
    private DateTimeOffset _touchedAt;
    private volatile bool _isOver;

    /// <summary>Whether the session has ended and nothing is done any more.</summary>
    public bool IsOver => _isOver;

    public override async Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        var user = (await states.GetAuthenticationStateAsync()).User;
        try
        {
            await AttachAsync(user.FindFirstValue(ClaimNames.SessionId), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The browser has gone on to another page before this one was open: nothing is done in it any more.
            Over();
        }
    }

    /// <summary>Follows a session from now on; none is nobody's circuit, which may go on.</summary>
    public async Task AttachAsync(string? sessionId, CancellationToken cancellationToken)
    {
        if ((_sessionId = sessionId) is not null)
        {
            _touchedAt = time.GetUtcNow();
            _registration = live.RegisterSession(sessionId!, Over);
            // It may have ended between the request and the registration.
            if (await sessions.FindPrincipalAsync(sessionId!, cancellationToken) is null)
            {
                Over();
            }
        }
    }

    public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) => async context =>
    {
        if (!_isOver)
        {
            await TouchAsync();
            await next(context);
        }
    };

    public override Task OnCircuitClosedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => Interlocked.Exchange(ref _registration, null)?.Dispose();

    private void Over()
    {
        _isOver = true;
        (states as SessionStateProvider)?.End();
    }

    /// <summary>What is done in a circuit counts as being there, though it makes no request.</summary>
    private async Task TouchAsync()
    {
        var now = time.GetUtcNow();
        if (_sessionId is not null && now - _touchedAt >= SessionLimits.SeenGrain)
        {
            _touchedAt = now;
            await sessions.TouchAsync(_sessionId, CancellationToken.None);
        }
    }
}
