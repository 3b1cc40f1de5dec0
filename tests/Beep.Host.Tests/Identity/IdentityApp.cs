using System.Text.Json;
using System.Text.Json.Serialization;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using HostOptions = Beep.Host.Hosting.Settings.HostOptions;

namespace Beep.Host.Tests.Identity;

/// <summary>A server of nothing but this feature, with an Admin <c>root</c>.</summary>
internal sealed class IdentityApp : IAsyncDisposable
{
    public const string AdminName = "root";
    public const string Password = "a plain brown teapot";

    private readonly TestDatabase _database;
    private readonly bool _ownsDatabase;
    private readonly WebApplication _app;

    private IdentityApp(TestDatabase database, bool ownsDatabase, WebApplication app, ManualTime time) => (_database, _ownsDatabase, _app, Time) = (database, ownsDatabase, app, time);

    public ManualTime Time { get; }

    public TestDatabase Database => _database;

    public Uri Address => new(_app.Urls.First());

    public IServiceProvider Services => _app.Services;

    public IEnumerable<Endpoint> Endpoints => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<IdentityApp> StartAsync(PostgresServer server, string kind = TestDatabase.Sqlite, Func<HostOptions, HostOptions>? change = null)
    {
        var app = await StartOnAsync(await TestDatabase.CreateMigratedAsync(kind, server), true, new ManualTime(), new EphemeralDataProtectionProvider(), change);
        await app.Get<IdentitySeeder>().SeedAsync(Token);
        await app.CreateAdminAsync(AdminName);
        return app;
    }

    /// <summary>Another host on the same database, with the same keys and clock.</summary>
    public Task<IdentityApp> StartSecondAsync() => StartOnAsync(_database, false, Time, Get<IDataProtectionProvider>(), null);

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public HostDbContext CreateContext() => Get<HostDatabase>().CreateContext();

    public async Task<long> CreateAdminAsync(string name)
    {
        await using var context = CreateContext();
        await using var transaction = await context.Database.BeginTransactionAsync(Token);
        var user = await Get<AdminBootstrap>().CreateAdminAsync(context, new AdminDraft(name, Password) { MustChangePassword = false }, AuditActors.System, Token);
        await transaction.CommitAsync(Token);
        return user.Id;
    }

    /// <summary>A user whose password is <see cref="Password"/> and need not be changed.</summary>
    public async Task<long> CreateUserAsync(string name, string role = SystemRoles.User, bool mustChange = false)
    {
        var made = await Get<UserService>().CreateAsync(Grantor.System, new NewUser { UserName = name, Password = Password, RoleId = await RoleIdAsync(role) }, Token);
        await using var context = CreateContext();
        await context.Set<User>().Where(user => user.Id == made.User.Id).ExecuteUpdateAsync(set => set.SetProperty(user => user.MustChangePassword, mustChange), Token);
        return made.User.Id;
    }

    public async Task<long> RoleIdAsync(string name)
    {
        await using var context = CreateContext();
        return await context.Set<Role>().Where(role => role.Name == name).Select(role => role.Id).SingleAsync(Token);
    }

    public async Task<List<AuditRow>> AuditAsync(string action)
    {
        await using var context = CreateContext();
        return await context.Set<AuditRow>().AsNoTracking().Where(row => row.Action == action).OrderBy(row => row.Seq).ToListAsync(Token);
    }

    public Browser Open() => new(Address);

    public async Task<Browser> SignInAsync(string name = AdminName, bool elevate = false)
    {
        var browser = Open();
        await browser.SignInAsync(name);
        if (elevate)
        {
            await browser.ElevateAsync();
        }

        return browser;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_ownsDatabase)
        {
            _database.Dispose();
        }
    }

    private static async Task<IdentityApp> StartOnAsync(TestDatabase database, bool ownsDatabase, ManualTime time, IDataProtectionProvider protection, Func<HostOptions, HostOptions>? change)
    {
        var options = new HostOptions { Paths = database.Paths, Host = "127.0.0.1", IdentityServer = new(), Database = database.Address, EnableInternalUsers = true };
        options = change?.Invoke(options) ?? options;
        var trail = new AuditTrail(database.Address, options, time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddSingleton(options).AddSingleton<TimeProvider>(time).AddSingleton(trail.Database).AddSingleton(trail.Writer);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        });
        builder.Services.AddIdentity();
        builder.Services.AddSingleton(protection);
        var app = builder.Build();
        app.Use(AnswerFaultsAsync);
        app.UseRouting();
        app.UseIdentity();
        app.UseAntiforgery();
        app.MapIdentity();
        app.MapGet("/form", (HttpContext context, IAntiforgery forms) => forms.GetAndStoreTokens(context).RequestToken).AllowAnonymous();
        app.MapGet("/page", () => "page").RequireSignedIn();
        app.MapGet("/api/v1/models-to-delete", () => "deleted").RequirePermission(Permissions.ModelsDelete);
        app.MapGet("/api/v1/models-to-view", () => "seen").RequirePermission(Permissions.ModelsView);
        app.MapGet("/api/v1/undeclared", () => "undeclared");
        app.MapGet("/api/v1/ticks", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }).RequireSignedIn();
        await app.StartAsync(Token);
        return new IdentityApp(database, ownsDatabase, app, time);
    }

    /// <summary>What the server's own middleware does with faults, in short.</summary>
    private static async Task AnswerFaultsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (HttpFaultException fault)
        {
            context.Response.Clear();
            context.Response.StatusCode = fault.Status;
            if (fault.RetryAfter is { } wait)
            {
                context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            await context.Response.WriteAsJsonAsync(new { code = fault.Faults[0].Code, detail = fault.Faults[0].Message });
        }
    }
}
