using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Models;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Models;

public sealed class ModelRegistryTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Shipped_FirstStart_IsRegisteredWhereItLiesWithAllThatIsKnown(string kind)
    {
        await using var server = await RunningServer.StartAsync(kind, postgres);
        await server.Services.GetRequiredService<ModelSeeder>().StartAsync(TestContext.Current.CancellationToken);
        var model = await Reader(server).RequireReadyAsync(ModelSeeder.Name, Admin(), TestContext.Current.CancellationToken);
        Assert.Equal(RepositoryFiles.At("models", "beep-tiny"), model.Folder);
        Assert.Equal(("llama", 5_475_584L, 512, true, "wordnet-3.0"), (model.Row.Architecture, model.Row.Parameters, model.Row.ContextLength, model.Row.HasChatTemplate, model.Row.License));
        Assert.Equal((ModelKind.Base, ModelOrigin.Shipped, ModelState.Ready), (model.Row.Kind, model.Row.Origin, model.Row.State));
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        Assert.Equal(1, await context.Set<Model>().CountAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, await context.Set<AuditRow>().CountAsync(row => row.Action == "model_added", TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(server.Services.GetRequiredService<HostPaths>().Models));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Register_AdapterOfAJob_IsReadyWithItsLineAndFilesOfItsOwn(string kind)
    {
        using var folder = new TemporaryFolder();
        await using var server = await RunningServer.StartAsync(kind, postgres);
        var origin = await Reader(server).RequireReadyAsync(ModelSeeder.Name, Admin(), TestContext.Current.CancellationToken);
        var source = TestModels.WriteAdapter(folder.Path);
        await File.WriteAllTextAsync(Path.Combine(source, "training_args.bin"), "a pickle", TestContext.Current.CancellationToken);
        var (owner, _) = await server.CreateAdminAsync();
        var wanted = new NewModel { Name = "ada/what-is-it", Kind = ModelKind.Adapter, BaseId = origin.Row.Id, JobId = PublicId.New(), DatasetId = PublicId.New(), DatasetVersion = 2, OwnerId = owner };
        var made = await Registry(server).RegisterAsync(wanted, source, ModelPlacement.Copy, AuditActors.System, TestContext.Current.CancellationToken);
        var again = await Registry(server).RegisterAsync(wanted, source, ModelPlacement.Copy, AuditActors.System, TestContext.Current.CancellationToken);

        Assert.Equal(made.Id, again.Id);
        Assert.Equal(("models/ada/what-is-it", ModelState.Ready, 24L, "llama", 512, true), (made.Path, made.State, made.Parameters, made.Architecture, made.ContextLength, made.HasChatTemplate));
        var ready = await Reader(server).RequireReadyAsync(made.Id, Admin(), TestContext.Current.CancellationToken);
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Directory.EnumerateFiles(ready.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.False(PrivateFiles.IsOpenToOthers(ready.Folder));
        var lines = Directory.EnumerateFiles(ready.Folder).Order(StringComparer.Ordinal).Select(path => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))}  {Path.GetFileName(path)}\n");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines)))), made.Sha256);

        var detail = await Reader(server).GetAsync(origin.Row.Id, Admin(), TestContext.Current.CancellationToken);
        Assert.Equal([made.Id], detail.Derived.Select(link => link.Id));
        Assert.Equal(origin.Row.Id, (await Reader(server).GetAsync(made.Id, Admin(), TestContext.Current.CancellationToken)).Base!.Id);
    }

    [Fact]
    public async Task Register_MovedOrKept_LeavesNoSecondCopy()
    {
        using var folder = new TemporaryFolder();
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        var moved = TestModels.WriteBase(Path.Combine(server.Services.GetRequiredService<HostPaths>().Home, "made"));
        var made = await Registry(server).RegisterAsync(new NewModel { Name = "ada/merged", Kind = ModelKind.Merged }, moved, ModelPlacement.Move, AuditActors.System, TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists(moved));
        Assert.Equal(64, made.Parameters);

        var kept = TestModels.WriteBase(Path.Combine(folder.Path, "kept"));
        var there = await Registry(server).RegisterAsync(new NewModel { Name = "ada/kept", Kind = ModelKind.Base }, kept, ModelPlacement.Keep, AuditActors.System, TestContext.Current.CancellationToken);
        Assert.Equal(kept, there.Path);
        await Registry(server).RemoveAsync(there.Id, AuditActors.System, TestContext.Current.CancellationToken);
        Assert.True(File.Exists(Path.Combine(kept, "model.safetensors")));
    }

    [Fact]
    public async Task Register_DamagedOrTaken_IsRefusedAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        var wrong = await Assert.ThrowsAsync<FaultException>(() => Registry(server).RegisterAsync(
            new NewModel { Name = "ada/one", Kind = ModelKind.Adapter }, TestModels.WriteBase(Path.Combine(folder.Path, "base")), ModelPlacement.Copy, AuditActors.System, TestContext.Current.CancellationToken));
        Assert.Equal("not_an_adapter", wrong.Faults[0].Code);
        var taken = await Assert.ThrowsAsync<HttpFaultException>(() => Registry(server).RegisterAsync(
            new NewModel { Name = "Beep/BEEP-tiny", Kind = ModelKind.Base }, Path.Combine(folder.Path, "base"), ModelPlacement.Copy, AuditActors.System, TestContext.Current.CancellationToken));
        Assert.Equal((409, "model_exists"), (taken.Status, taken.Faults[0].Code));
        Assert.False(Directory.Exists(server.Services.GetRequiredService<HostPaths>().Models) && Directory.EnumerateFileSystemEntries(server.Services.GetRequiredService<HostPaths>().Models).Any());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Remove_NeededThenFree_IsRefusedThenGoneWithItsFiles(string kind)
    {
        using var folder = new TemporaryFolder();
        var use = new Use();
        await using var server = await RunningServer.StartAsync(kind, postgres, configure: services => services.AddSingleton<IModelUse>(use));
        var token = TestContext.Current.CancellationToken;
        var origin = await Registry(server).RegisterAsync(new NewModel { Name = "ada/base", Kind = ModelKind.Base }, TestModels.WriteBase(Path.Combine(folder.Path, "base")), ModelPlacement.Copy, AuditActors.System, token);
        var adapter = await Registry(server).RegisterAsync(new NewModel { Name = "ada/adapter", Kind = ModelKind.Adapter, BaseId = origin.Id }, TestModels.WriteAdapter(Path.Combine(folder.Path, "adapter")), ModelPlacement.Copy, AuditActors.System, token);

        Assert.Equal("The model 'ada/base' cannot be removed: 'ada/adapter' was made from it and needs it.", (await Conflict(() => Registry(server).RemoveAsync(origin.Id, AuditActors.System, token))).Message);
        use.What = "the job 'x' is running";
        Assert.Equal("The model cannot be removed: the job 'x' is running.", (await Conflict(() => Registry(server).RemoveAsync(adapter.Id, AuditActors.System, token))).Message);
        use.What = null;
        await Registry(server).RemoveAsync(adapter.Id, AuditActors.System, token);
        await Registry(server).RemoveAsync(origin.Id, AuditActors.System, token);

        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Services.GetRequiredService<HostPaths>().Models));
        Assert.Equal("model_removed", (await Conflict(() => Reader(server).GetAsync(origin.Id, Admin(), token))).Faults[0].Code);
        var shipped = await Registry(server).FindAsync(ModelSeeder.Name, token);
        Assert.Equal("model_shipped", (await Conflict(() => Registry(server).RemoveAsync(shipped!.Id, AuditActors.System, token))).Faults[0].Code);
    }

    [Fact]
    public async Task Remove_FilesThatAJobKeeps_StayWithTheJob()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        var token = TestContext.Current.CancellationToken;
        var folder = TestModels.WriteAdapter(Path.Combine(server.Services.GetRequiredService<HostPaths>().Job("0123456789abcdef"), "artifacts", "adapter"));
        await using (var context = server.Services.GetRequiredService<HostDatabase>().CreateContext())
        {
            context.Add(new Model { Id = "fedcba9876543210", Name = "trained/kept", Kind = ModelKind.Adapter, Origin = ModelOrigin.Trained, State = ModelState.Ready, Path = "finetune/jobs/0123456789abcdef/artifacts/adapter", CreatedAt = DateTimeOffset.UnixEpoch });
            await context.SaveChangesAsync(token);
        }

        Assert.Equal(folder, (await Reader(server).RequireReadyAsync("trained/kept", Admin(), token)).Folder);
        await Registry(server).RemoveAsync("fedcba9876543210", AuditActors.System, token);
        Assert.True(File.Exists(Path.Combine(folder, "adapter_model.safetensors")));
    }

    [Fact]
    public async Task Trained_OfSomebodyElse_IsNotThere()
    {
        using var folder = new TemporaryFolder();
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        var token = TestContext.Current.CancellationToken;
        var (owner, _) = await server.CreateAdminAsync();
        var mine = await Registry(server).RegisterAsync(new NewModel { Name = "ada/mine", Kind = ModelKind.Merged, OwnerId = owner }, TestModels.WriteBase(folder.Path), ModelPlacement.Copy, AuditActors.System, token);
        var other = Caller(owner + 1000, Permissions.ModelsView);
        Assert.Equal((mine.Id, 404), ((await Reader(server).GetAsync(mine.Id, Caller(owner, Permissions.ModelsView), token)).Model.Id, (await Assert.ThrowsAsync<HttpFaultException>(() => Reader(server).GetAsync(mine.Id, other, token))).Status));
        Assert.Equal([ModelSeeder.Name], (await Reader(server).ListAsync(new ModelFilter(), default, other, token)).Items.Select(model => model.Name));
        Assert.Equal(422, (await Assert.ThrowsAsync<HttpFaultException>(() => Reader(server).RequireReadyAsync("--flag", other, token))).Status);
    }

    [Theory]
    [InlineData("publisher/name", true)]
    [InlineData("Qwen/Qwen2.5-0.5B-Instruct", true)]
    [InlineData("name", false)]
    [InlineData("a/b/c", false)]
    [InlineData("../x", false)]
    [InlineData("a/..", false)]
    [InlineData("a/.b", false)]
    [InlineData("a/b.", false)]
    [InlineData("a/con", false)]
    [InlineData("a/nul.json", false)]
    [InlineData("a/b c", false)]
    [InlineData("a/b\n", false)]
    [InlineData("a\\b", false)]
    [InlineData("-a/b", false)]
    [InlineData("", false)]
    public void Name_ByFormat_IsOneOrNot(string text, bool isOne) => Assert.Equal(isOne, ModelName.IsOne(text));

    [Theory]
    [InlineData("Ada Lovelace", "Ada-Lovelace")]
    [InlineData("  ../x ", "x")]
    [InlineData("Ünïcode", "n-code")]
    [InlineData("日本", "user")]
    [InlineData("con", "user")]
    [InlineData("a..b", "a.b")]
    public void NamePart_OfAnyText_IsOne(string text, string part) => Assert.Equal(part, ModelName.Part(text, "user"));

    private static async Task<HttpFaultException> Conflict(Func<Task> work)
    {
        var fault = await Assert.ThrowsAsync<HttpFaultException>(work);
        Assert.Equal(409, fault.Status);
        return fault;
    }

    private static ModelReader Reader(RunningServer server) => server.Services.GetRequiredService<ModelReader>();

    private static ModelRegistry Registry(RunningServer server) => server.Services.GetRequiredService<ModelRegistry>();

    private static ClaimsPrincipal Admin() => Caller(1, [.. Permissions.All.Keys]);

    private static ClaimsPrincipal Caller(long id, params string[] permissions) =>
        new(new ClaimsIdentity([new Claim(ClaimNames.UserId, $"{id}"), .. permissions.Select(permission => new Claim(ClaimNames.Permission, permission))]));

    private sealed class Use : IModelUse
    {
        public string? What { get; set; }

        public Task<string?> FindAsync(string modelId, CancellationToken cancellationToken) => Task.FromResult(What);
    }
}
