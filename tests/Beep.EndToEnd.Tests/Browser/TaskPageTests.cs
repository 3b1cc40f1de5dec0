using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>A running task, watched and cancelled from its page.</summary>
public sealed class TaskPageTests(Chromium chromium, PostgresServer postgres)
{
    [Fact]
    public async Task Cancel_FromThePage_EndsTheProcessToo()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Looks processes up as Linux lists them.");
        var sleeper = new SleepHandler();
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, configure: services => services.AddSingleton<ITaskHandler>(sleeper));
        var (id, name) = await server.CreateAdminAsync();
        var task = await server.Services.GetRequiredService<TaskQueue>().EnqueueAsync(new NewTask(sleeper.Kind, "Sleep for long") { OwnerId = id }, AuditActors.System, TestContext.Current.CancellationToken);

        var page = await chromium.OpenAsync(server.Address);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync("/tasks");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sleep for long" }).First.ClickAsync();
        await page.ArriveAsync($"**/tasks/{task.Id}");
        await page.GetByRole(AriaRole.Main).GetByText("half asleep").WaitForAsync();
        var process = await sleeper.Started.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(Directory.Exists($"/proc/{process}"));

        await page.PressAsync("Cancel");
        await page.PressAsync("Cancel the task");
        // The page hears of it by itself.
        await page.Locator("[role=status]", new() { HasText = "cancelled" }).WaitForAsync();
        // Whoever is told of its end may be the slower one.
        Assert.True(ProcessTable.Read(process) is null or { IsEnded: true });
        await page.Context.CloseAsync();
    }

    private sealed class SleepHandler : ITaskHandler
    {
        public string Kind => "test.sleep";

        public TaskCompletionSource<int> Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
        {
            var child = await run.StartProcessAsync(new ChildProcessStart("/bin/sleep", "300"), cancellationToken);
            Started.TrySetResult(child.Group.Leader!.Pid);
            await run.ReportAsync(50, "half asleep", cancellationToken);
            await child.WaitAsync(cancellationToken);
            return null;
        }
    }
}
