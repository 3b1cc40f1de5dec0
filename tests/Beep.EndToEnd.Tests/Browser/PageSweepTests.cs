using System.Collections.Concurrent;
using System.Reflection;
using Beep.Host.Audit;
using Beep.Host.Cli.Serving;
using Beep.Host.Data;
using Beep.Host.Environments;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Identity.Groups;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Beep.Host.Tasks;
using Beep.Host.Tests.Jobs.Runs;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>Every page that there is, as an Admin sees it: readable for everybody, in both themes, on a phone and on a wide screen, and within the policy of what it may load.</summary>
public sealed class PageSweepTests(Chromium chromium, PostgresServer postgres)
{
    private const int Phone = 390;
    private const int Wide = 1440;

    // The error page is drawn for a failed request; the frame of status pages is seen at an address that is not there.
    private static readonly string[] Elsewhere = ["/error", "/status/{Code:int}", "/setup"];

    [Theory]
    [InlineData(false, Wide)]
    [InlineData(true, Wide)]
    [InlineData(false, Phone)]
    [InlineData(true, Phone)]
    public async Task Pages_All_AreAccessibleFitAndLoadNothingForeign(bool isDark, int width)
    {
        // Every area is on; nobody goes to the provider, which is not there.
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with
        {
            EnableFinetune = true,
            EnableIdentityServer = true,
            IdentityServer = new IdentityServerOptions { Authority = new Uri("http://localhost:1"), ClientId = "beep", ClientSecret = new SecretText("not asked for"), Scopes = ["openid"], Name = "Example Organisation" },
        });
        var (id, name) = await server.CreateAdminAsync();
        var group = await server.Services.GetRequiredService<GroupService>().CreateAsync(Grantor.CommandLine, new NewGroup { Name = "Research" }, TestContext.Current.CancellationToken);
        var task = await server.Services.GetRequiredService<TaskQueue>().EnqueueAsync(new NewTask("audit.verify", "Verify the audit log") { OwnerId = id }, AuditActors.System, TestContext.Current.CancellationToken);
        var (job, folder) = await RunHome.AddAsync(server, JobState.Succeeded);
        await File.WriteAllTextAsync(folder.Events, RunHome.Started(1) + RunHome.Evaluation(2, 0, 6) + RunHome.Metric(3, 1, 5) + RunHome.Metric(4, 2, 4) + RunHome.Evaluation(5, 2, 3), TestContext.Current.CancellationToken);
        var model = await server.Services.GetRequiredService<ModelRegistry>().FindAsync(ModelSeeder.Name, TestContext.Current.CancellationToken);
        await using (var context = server.Services.GetRequiredService<HostDatabase>().CreateContext())
        {
            context.Add(new EnvironmentRow
            {
                Id = PublicId.New(), Name = "lab", Origin = EnvironmentOrigin.Registered, State = EnvironmentState.Ready, Python = "/usr/bin/python3", PythonVersion = "3.12.4", Architecture = "x86_64", Packages = 41, CreatedAt = TimeProvider.System.GetUtcNow(),
                Report = new EnvironmentReport { Python = "3.12.4", Libraries = new Dictionary<string, string?> { ["torch"] = "2.8.0", ["bitsandbytes"] = null }, Devices = [new("cpu", "A processor", 1L << 34)], Methods = new Dictionary<string, string?> { ["lora"] = null, ["qlora"] = "bitsandbytes is not installed" }, TrainingSeconds = 4.2 }.Write(),
            });
            await context.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        using var client = await server.CreateAdminClientAsync();
        var dataset = await DatasetPageTests.UploadAsync(client, DatasetPageTests.Rows(1, 20));
        await server.Services.GetRequiredService<BackendService>().SetAsync("own-trainer", new BackendChange { Definition = new BackendDefinition { Program = Environment.ProcessPath } }, AuditActors.System, TestContext.Current.CancellationToken);
        var address = server.Address.ToString();
        var page = await chromium.OpenAsync(server.Address, isDark, width);
        var complaints = new ConcurrentBag<string>();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                complaints.Add($"{page.Url}: {message.Text}");
            }
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                complaints.Add($"{page.Url} asked for {request.Url}");
            }
        };

        await page.GotoAsync("/sign-in");
        await Accessibility.CheckAsync(page, "/sign-in");
        await page.SignInAsync(name, RunningServer.Password);
        foreach (var path in Paths(("users", $"{id}"), ("roles", "1"), ("groups", $"{group.Id}"), ("tasks", task.Id), ("models", model!.Id), ("datasets", dataset), ("jobs", job.Id), ("backends", "own-trainer"), ("environments", "lab")))
        {
            await page.OpenPageAsync(path);
            await Accessibility.CheckAsync(page, path, Accessibility.ToRead(isDark, width == Wide));
        }

        Assert.Empty(complaints);
        await page.OpenPageAsync("/there-is-no-such-page");
        await Accessibility.CheckAsync(page, "not found");
        await page.SeeAsync("There is nothing at this address");
        await page.Context.CloseAsync();
    }

    /// <summary>The address of every page, with an id that exists where one is wanted.</summary>
    private static IEnumerable<string> Paths(params (string Room, string Id)[] ids) =>
        from type in typeof(HostServer).Assembly.GetTypes()
        from route in type.GetCustomAttributes<RouteAttribute>()
        let path = route.Template
        where !Elsewhere.Contains(path) && path != "/sign-in" && path != "/sign-in/link"
        select path.Contains('{', StringComparison.Ordinal)
            ? $"/{path.Split('/')[1]}/{ids.Single(id => id.Room == path.Split('/')[1]).Id}"
            : path;
}
