using System.Globalization;
using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Beep.Host.Identity.Pages;

/// <summary>Who looks at the page of one circuit, and from where.</summary>
internal sealed class PageCaller(AuthenticationStateProvider states, IHttpContextAccessor accessor, NavigationManager navigation, TimeProvider time)
{
    // A circuit keeps the address that it was opened from.
    private readonly string? _ipAddress = accessor.HttpContext?.Connection.RemoteIpAddress?.ToString();

    public async Task<ClaimsPrincipal> ReadAsync() => (await states.GetAuthenticationStateAsync()).User;

    public async Task<Grantor> ToGrantorAsync() => Grantor.Of(await ReadAsync(), _ipAddress);

    /// <summary>The caller, for a change that needs a fresh password; null when the browser was sent to the page that asks for it.</summary>
    public async Task<Grantor?> ToElevatedAsync()
    {
        var user = await ReadAsync();
        if (long.TryParse(user.FindFirstValue(ClaimNames.ElevatedUntil), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks > time.GetUtcNow().UtcTicks)
        {
            return Grantor.Of(user, _ipAddress);
        }

        navigation.NavigateTo($"/account/elevate?return_url={Uri.EscapeDataString(new Uri(navigation.Uri).PathAndQuery)}", forceLoad: true);
        return null;
    }
}
