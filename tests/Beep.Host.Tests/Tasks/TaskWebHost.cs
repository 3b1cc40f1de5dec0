using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Live;
using Beep.Host.Tasks;
using Beep.Host.Tests.Audit;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Beep.Host.Tests.Tasks;

/// <summary>The surface of tasks on a server of its own; who calls is what the header says.</summary>
internal sealed class TaskWebHost : IAsyncDisposable
{
    public const string CallerHeader = "X-Test-Caller";

    private readonly AuditLog _log;
    private readonly WebApplication _application;

    private TaskWebHost(AuditLog log, WebApplication application) => (_log, _application) = (log, application);

    public Uri Address => new(_application.Urls.Single());

    public AuditLog Log => _log;

    public TaskStore Store => _application.Services.GetRequiredService<TaskStore>();

    public TaskQueue Queue => _application.Services.GetRequiredService<TaskQueue>();

    public static async Task<TaskWebHost> StartAsync(string kind, PostgresServer server, params ITaskHandler[] handlers)
    {
        var log = await AuditLog.CreateAsync(kind, server);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, HeaderAuthentication>("test", null);
        builder.Services.AddAuthorization();
        TaskTestHost.AddGround(builder.Services, log);
        // Every report is stored, and nothing is given up because the machine stands still for a while.
        builder.Services.AddSingleton(TaskTestHost.Quick with { ReportEvery = TimeSpan.Zero }).AddLive().AddTasks();
        builder.Services.Configure<HubOptions>(hub => (hub.HandshakeTimeout, hub.ClientTimeoutInterval) = (TaskTestHost.Patience, TaskTestHost.Patience));
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TaskTestHost.Patience * 2);
        foreach (var handler in handlers)
        {
            builder.Services.AddSingleton(handler);
        }

        var application = builder.Build();
        application.Use(AnswerFaultsAsync);
        application.UseAuthentication();
        application.UseAuthorization();
        application.MapTasks();
        application.MapLive();
        await application.StartAsync(TestContext.Current.CancellationToken);
        return new TaskWebHost(log, application);
    }

    /// <summary>A client of a user, by <c>7</c> or <c>7 audit.read system:admin</c>.</summary>
    public HttpClient Client(string? caller)
    {
        var client = new HttpClient { BaseAddress = Address, Timeout = TaskTestHost.Patience };
        client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (caller is not null)
        {
            client.DefaultRequestHeaders.Add(CallerHeader, caller);
        }

        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _log.Dispose();
    }

    private static async Task AnswerFaultsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (HttpFaultException error)
        {
            context.Response.StatusCode = error.Status;
            await context.Response.WriteAsync(error.Faults[0].Code, CancellationToken.None);
        }
    }

    private sealed class HeaderAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers[CallerHeader].ToString() is not { Length: > 0 } caller)
            {
                return Task.FromResult(AuthenticateResult.NoResult());
            }

            var words = caller.Split(' ');
            var claims = words.Skip(1).Select(word => new Claim(ClaimNames.Permission, word))
                .Prepend(new Claim(ClaimNames.UserId, long.Parse(words[0], CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(claims, "test")), "test")));
        }
    }
}
