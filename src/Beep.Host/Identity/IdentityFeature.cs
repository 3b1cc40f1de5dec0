using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Privileges;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Tokens;
using Beep.Host.Identity.Users;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Identity;

namespace Beep.Host.Identity;

/// <summary>Who people and programs are, and what they may do.</summary>
internal static class IdentityFeature
{
    private const string CookieName = "beep";
    private const string AntiforgeryName = "beep-form";
    private const string HostPrefix = "__Host-";

    /// <summary>Needs the database, the audit writer, the clock, the options and Data Protection's ring beside it.</summary>
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddIdentityServices();
        services.AddSingleton<SessionTicketStore>().AddSingleton<SignInThrottle>().AddSingleton<TokenRate>().AddSingleton<SignInService>();
        services.AddHostedService<SessionSweeper>();
        services.AddSingleton<ExternalBearer>();
        services.AddScoped<AuthenticationStateProvider, SessionStateProvider>().AddScoped<CircuitHandler, SessionCircuitHandler>();
        services.AddDataProtection();
        services.AddMetrics();
        AddSchemes(services);
        AddPolicies(services);
        services.AddAntiforgery();
        services.AddOptions<AntiforgeryOptions>().Configure<HostOptions>((antiforgery, host) => Shape(antiforgery.Cookie, AntiforgeryName, host, SameSiteMode.Strict));
        return services;
    }

    /// <summary>What the command line needs, too; it brings a data protection of its own, for it begins no sessions.</summary>
    public static IServiceCollection AddIdentityServices(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton<IPasswordHasher<User>, UserPasswordHasher>();
        return services.AddSingleton<IdentityMeters>().AddSingleton<PasswordService>().AddSingleton<IdentityUsers>().AddSingleton<IdentityWriter>().AddSingleton<IdentitySeeder>()
            .AddSingleton<ExternalSessions>().AddSingleton<ExternalAccounts>().AddSingleton(Directory).AddSingleton(Client).AddSingleton(Http)
            .AddSingleton<SessionCache>().AddSingleton<LiveSessions>().AddSingleton<SessionTickets>().AddSingleton<SessionService>().AddSingleton<SignInLinkService>().AddSingleton<AdminBootstrap>().AddSingleton<Import.FlaskImporter>()
            .AddSingleton<UserService>().AddSingleton<RoleService>().AddSingleton<GroupService>().AddSingleton<PrivilegeService>().AddSingleton<TokenService>();
    }

    /// <summary>Who calls, what of it is believed, and whether it may: after routing.</summary>
    public static IApplicationBuilder UseIdentity(this IApplicationBuilder app)
    {
        app.UseAuthentication();
        app.UseMiddleware<RequestGuard>();
        return app.UseAuthorization();
    }

    /// <summary>Sign-in with the provider; only where the settings have it.</summary>
    public static IServiceCollection AddExternalSignIn(this IServiceCollection services) => services
        .AddSingleton(Used).AddSingleton<AttemptCookies>().AddSingleton<ExternalSignIn>().AddSingleton<ExternalSignOut>().AddSingleton(services => new CallbackRate(services.GetRequiredService<TimeProvider>())).AddSingleton<IHealthPart, ProviderHealth>().AddHostedService<ExternalRefresher>();

    private static UsedOnceTable Used(IServiceProvider services) => new(services.GetRequiredService<HostDatabase>(), services.GetRequiredService<TimeProvider>());

    private static ProviderHttp Http(IServiceProvider services) => new(services.GetRequiredService<HostOptions>().IdentityServer.Authority ?? new Uri("http://localhost"));

    private static ProviderDirectory Directory(IServiceProvider services) =>
        new(services.GetRequiredService<HostOptions>().IdentityServer.Authority?.OriginalString ?? "", services.GetRequiredService<ProviderHttp>(), services.GetRequiredService<TimeProvider>());

    private static ProviderClient Client(IServiceProvider services) => new(services.GetRequiredService<HostOptions>().IdentityServer, services.GetRequiredService<ProviderHttp>());

    public static void MapIdentity(this IEndpointRouteBuilder routes)
    {
        var managesUsers = routes.ServiceProvider.GetRequiredService<HostOptions>().EnableInternalUsers;
        routes.MapAccount(managesUsers);
        routes.MapProfile();
        routes.MapSessions();
        routes.MapTokens();
        routes.MapPrivileges();
        if (routes.ServiceProvider.GetRequiredService<HostOptions>().EnableIdentityServer)
        {
            routes.MapExternal();
        }

        if (managesUsers)
        {
            routes.MapUsers();
            routes.MapRoles();
            routes.MapGroups();
        }
    }

    private static void AddSchemes(IServiceCollection services)
    {
        services.AddAuthentication(authentication => authentication.DefaultScheme = IdentitySchemes.Any)
            .AddPolicyScheme(IdentitySchemes.Any, null, any => any.ForwardDefaultSelector = context =>
                context.Request.Headers.Authorization.Count > 0 ? IdentitySchemes.Token : IdentitySchemes.Session)
            .AddScheme<AuthenticationSchemeOptions, TokenHandler>(IdentitySchemes.Token, null)
            .AddCookie(IdentitySchemes.Session);
        services.AddOptions<CookieAuthenticationOptions>(IdentitySchemes.Session).Configure<HostOptions, SessionTicketStore, TimeProvider>((cookie, host, store, time) =>
        {
            Shape(cookie.Cookie, CookieName, host, SameSiteMode.Lax);
            cookie.SessionStore = store;
            cookie.TimeProvider = time;
            cookie.CookieManager = new SessionCookieManager();
            cookie.TicketDataFormat = new SessionCookieFormat(IdentitySchemes.Session);
            // The store counts idle time; the longest of the absolute limits is what the handler knows.
            cookie.ExpireTimeSpan = SessionLimits.Absolute;
            cookie.SlidingExpiration = false;
            cookie.LoginPath = AccessResultHandler.SignInPage;
            cookie.Events.OnRedirectToLogin = redirect => Done(() => AccessResultHandler.Challenge(redirect.HttpContext));
            cookie.Events.OnRedirectToAccessDenied = redirect => Done(() => AccessResultHandler.Forbid(redirect.HttpContext, []));
            // Where to go is decided by whoever signs in or out, and never by a parameter that was not looked at.
            cookie.Events.OnRedirectToReturnUrl = _ => Task.CompletedTask;
        });
    }

    private static void AddPolicies(IServiceCollection services)
    {
        services.AddSingleton<IAuthorizationHandler, PermissionHandler>().AddSingleton<IAuthorizationHandler, ElevationHandler>().AddSingleton<IAuthorizationHandler, PasswordCurrentHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessResultHandler>();
        services.AddAuthorization(authorization =>
        {
            authorization.DefaultPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().AddRequirements(new PasswordCurrentRequirement()).Build();
            authorization.FallbackPolicy = authorization.DefaultPolicy;
        });
    }

    /// <summary>__Host- binds a cookie to this host and to HTTPS; on plain HTTP, as on one's own machine, browsers would drop it.</summary>
    private static void Shape(CookieBuilder cookie, string name, HostOptions host, SameSiteMode sameSite)
    {
        var isHttps = host.PublicUrl?.Scheme == Uri.UriSchemeHttps;
        cookie.Name = isHttps ? HostPrefix + name : name;
        cookie.SecurePolicy = isHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        (cookie.HttpOnly, cookie.SameSite, cookie.Path, cookie.Domain, cookie.IsEssential) = (true, sameSite, "/", null, true);
    }

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
