using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Checklist;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Setup;

/// <summary>What is left to do once a host is set up.</summary>
public sealed class ChecklistTests(PostgresServer server)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Checklist_FreshHost_IsTickedOffAndEachMarkIsAudited()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await using (var setup = await SetupHarness.StartAsync(database.Paths))
        {
            await setup.InitializeAsync(SetupHarness.Body(database.Address));
        }

        var options = HostConfiguration.Load(new HostSurroundings { Variable = SetupHarness.Variable(database.Paths) }).Require();
        var trail = new AuditTrail(options.Database!, options, TimeProvider.System);
        var checklist = new ChecklistService(trail.Database, trail.Writer, options, TimeProvider.System);
        Assert.Equal([ChecklistService.Password, ChecklistService.Keys, ChecklistService.Backup], await OpenAsync(checklist));

        await using var context = trail.Database.CreateContext();
        await context.Set<User>().ExecuteUpdateAsync(set => set.SetProperty(user => user.MustChangePassword, false), Cancellation);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => checklist.MarkAsync(ChecklistService.Keys, AuditActors.System, Cancellation)));
        await checklist.MarkAsync(ChecklistService.Backup, AuditActors.System, Cancellation);
        Assert.Empty(await OpenAsync(checklist));
        var marks = (await SetupAudit.RowsAsync(database.Paths)).Where(row => row.Action == "setup_checklist_marked").Select(row => row.ResourceId);
        Assert.Equal(["setup.checklist.keys_reviewed", "setup.checklist.backup_made"], marks);
    }

    [Fact]
    public async Task Checklist_WhereTheProviderAloneWasChosen_LeadsThereAndTheHostBeginsWithBoth()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await using (var setup = await SetupHarness.StartAsync(database.Paths))
        {
            var body = SetupHarness.Body(database.Address);
            body["sign_in"] = new JsonObject
            {
                ["identity_server"] = true, ["provider_alone"] = true, ["authority"] = "https://login.example.org", ["client_id"] = "beep", ["client_secret"] = "not asked for", ["role_map"] = "beep-admins=Admin, staff=User",
            };
            Assert.Equal(HttpStatusCode.OK, (await setup.InitializeAsync(body)).Status);
        }

        var options = HostConfiguration.Load(new HostSurroundings { Variable = SetupHarness.Variable(database.Paths) }).Require();
        Assert.Equal((true, true, "Admin", "User"), (options.EnableInternalUsers, options.EnableIdentityServer, options.IdentityServer.RoleMap["beep-admins"], options.IdentityServer.RoleMap["staff"]));
        var trail = new AuditTrail(options.Database!, options, TimeProvider.System);
        var checklist = new ChecklistService(trail.Database, trail.Writer, options, TimeProvider.System);
        Assert.Contains(ChecklistService.ProviderAlone, await OpenAsync(checklist));
        // Done once it is so; the first administrator's password is of no use then.
        Assert.Equal([ChecklistService.Keys, ChecklistService.Backup], await OpenAsync(new ChecklistService(trail.Database, trail.Writer, options with { EnableInternalUsers = false }, TimeProvider.System)));
        // And where somebody wants to keep both after all.
        await checklist.MarkAsync(ChecklistService.ProviderAlone, AuditActors.System, Cancellation);
        Assert.DoesNotContain(ChecklistService.ProviderAlone, await OpenAsync(checklist));
    }

    [Theory]
    [InlineData(ChecklistService.Password)]
    [InlineData(ChecklistService.Https)]
    [InlineData("nothing")]
    public async Task Checklist_WhatTheHostSeesByItself_CannotBeMarked(string item)
    {
        using var database = await TestDatabase.CreateMigratedAsync(TestDatabase.Sqlite, server);
        var options = HostConfiguration.Load(new HostSurroundings { Variable = database.Variable }).Options;
        var trail = new AuditTrail(options.Database!, options, TimeProvider.System);
        var checklist = new ChecklistService(trail.Database, trail.Writer, options, TimeProvider.System);
        Assert.Equal("no_such_item", (await Assert.ThrowsAsync<HttpFaultException>(() => checklist.MarkAsync(item, AuditActors.System, Cancellation))).Faults.Single().Code);
    }

    [Theory]
    [InlineData("127.0.0.1", null, true)]
    [InlineData("0.0.0.0", null, false)]
    [InlineData("127.0.0.1", "http://beep.example.org", false)]
    [InlineData("0.0.0.0", "https://beep.example.org", true)]
    public async Task Checklist_Https_IsDoneWhereNobodyCanReadAlong(string host, string? publicUrl, bool isDone)
    {
        using var database = await TestDatabase.CreateMigratedAsync(TestDatabase.Sqlite, server);
        var options = HostConfiguration.Load(new HostSurroundings { Variable = database.Variable }).Options with { Host = host, PublicUrl = publicUrl is null ? null : new Uri(publicUrl) };
        var trail = new AuditTrail(options.Database!, options, TimeProvider.System);
        var items = await new ChecklistService(trail.Database, trail.Writer, options, TimeProvider.System).ReadAsync(Cancellation);
        Assert.Equal(isDone, items.Single(item => item.Id == ChecklistService.Https).IsDone);
    }

    private static async Task<IEnumerable<string>> OpenAsync(ChecklistService checklist) =>
        (await checklist.ReadAsync(Cancellation)).Where(item => !item.IsDone).Select(item => item.Id);
}
