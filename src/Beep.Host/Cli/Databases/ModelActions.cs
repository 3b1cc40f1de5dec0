using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Uses;
using Beep.Host.Models;
using Beep.Host.Models.Adding;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Databases;

/// <summary>What the subcommands of <c>beep models</c> do: the same as the server does, in this process.</summary>
internal static class ModelActions
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Whoever runs the command line may everything with this host's models and environments.</summary>
    public static readonly ClaimsPrincipal Anybody = new(new ClaimsIdentity(Permissions.All.Keys.Select(permission => new Claim(ClaimNames.Permission, permission))));

    public static Task<int> ListAsync(HostServices services, Reporter reporter, string? search, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var models = new JsonArray();
        string? next = null;
        do
        {
            var page = await tools.Get<ModelReader>().ListAsync(new ModelFilter { Search = search }, new PageRequest(next, PageRequest.MaxSize), Anybody, token).ConfigureAwait(false);
            foreach (var model in page.Items)
            {
                models.Add(await ShowAsync(tools, reporter, model, token).ConfigureAwait(false));
            }

            next = page.Next;
        }
        while (next is not null);
        reporter.Say(models.Count == 0 ? $"There is none. Get one: {CommandLineText.Call("models", "download", "REPOSITORY")}" : Units.Count(models.Count, "model"));
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["models"] = models });
    }, cancellationToken);

    public static Task<int> ImportAsync(HostServices services, Reporter reporter, string folder, string name, string? origin, bool isInPlace, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var source = Path.GetFullPath(folder);
        var request = new ImportRequest { Folder = source, Name = name, Base = origin, InPlace = isInPlace };
        var (wanted, placement) = await tools.Get<ModelAdder>().PlanImportAsync(request, source, Anybody, token).ConfigureAwait(false);
        return await AddAsync(tools, reporter, wanted, (model, report) => tools.Get<ModelPreparation>().ImportAsync(model.Id, source, placement, AuditActors.CommandLine, report, token), token).ConfigureAwait(false);
    }, cancellationToken);

    public static Task<int> DownloadAsync(HostServices services, Reporter reporter, string repository, string? revision, string? name, string? origin, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var request = new DownloadRequest { Repository = repository, Revision = revision, Name = name, Base = origin };
        var (wanted, plan) = await tools.Get<ModelAdder>().PlanDownloadAsync(request, Anybody, token).ConfigureAwait(false);
        reporter.Say($"{repository}: {Units.Bytes(plan.Bytes)} in {Units.Count(plan.Files.Count, "file")}, licence {wanted.License ?? "not stated"}, commit {plan.Commit[..12]}");
        return await AddAsync(tools, reporter, wanted, (model, report) => tools.Get<ModelPreparation>().DownloadAsync(model.Id, plan, AuditActors.CommandLine, report, token), token).ConfigureAwait(false);
    }, cancellationToken);

    public static Task<int> RemoveAsync(HostServices services, Reporter reporter, string name, bool isConfirmed, CancellationToken cancellationToken) => RunAsync(services, reporter, async (tools, token) =>
    {
        var model = await tools.Get<ModelReader>().RequireAsync(name, Anybody, token).ConfigureAwait(false);
        if (!isConfirmed)
        {
            var files = ModelStore.IsOurs(model) ? $", with {Units.Bytes(model.Bytes ?? 0)} of files" : "; its files stay where they are";
            throw FaultException.Invalid("not_confirmed", $"This removes the model '{model.Name}'{files}.", "Add --yes.", "--yes");
        }

        await tools.Get<ModelRegistry>().RemoveAsync(model.Id, AuditActors.CommandLine, token).ConfigureAwait(false);
        reporter.Say($"Removed '{model.Name}'.");
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["removed"] = model.Name });
    }, cancellationToken);

    private static async Task<int> RunAsync(HostServices services, Reporter reporter, Func<IdentityTools, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new StopSignals(stop.Cancel, () => Environment.Exit((int)WorkerExitCode.Failed));
        return await IdentityTools.RunAsync(
            services,
            reporter,
            (collection, options) => Collect(collection.AddTaskCore().AddModels(services.ProgramFolder), options),
            async tools =>
            {
                await tools.Get<ModelSeeder>().SeedAsync(stop.Token).ConfigureAwait(false);
                return await work(tools, stop.Token).ConfigureAwait(false);
            },
            stop.Token).ConfigureAwait(false);
    }

    /// <summary>What jobs need stays, also where no server runs.</summary>
    private static void Collect(IServiceCollection services, HostOptions options)
    {
        if (options.EnableFinetune)
        {
            services.AddSingleton(provider => new FineTuneDatabase(provider.GetRequiredService<HostDatabase>().Address)).AddSingleton<IModelUse, JobModelUses>();
        }
    }

    private static async Task<int> AddAsync(IdentityTools tools, Reporter reporter, NewModel wanted, Func<Model, Func<FileProgress, Task>, Task<Model>> prepare, CancellationToken cancellationToken)
    {
        var registry = tools.Get<ModelRegistry>();
        var added = await registry.AddAsync(wanted, AuditActors.CommandLine, null, cancellationToken).ConfigureAwait(false);
        var line = new ProgressLine(reporter);
        try
        {
            var model = await prepare(added, line.ShowAsync).ConfigureAwait(false);
            line.End();
            var detail = await tools.Get<ModelReader>().GetAsync(model.Id, Anybody, cancellationToken).ConfigureAwait(false);
            var shown = await ShowAsync(tools, reporter, detail.Model, cancellationToken).ConfigureAwait(false);
            reporter.Say($"{reporter.Terminal.Good("Ready.")} Use it: {CommandLineText.Call("plan", "--model", (string)shown["folder"]!, "--data", "FILE")}");
            return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["model"] = shown });
        }
        catch (OperationCanceledException)
        {
            line.End();
            await registry.FailAsync(added.Id, "It was stopped before it was whole.", AuditActors.CommandLine, CancellationToken.None).ConfigureAwait(false);
            throw new FaultException(WorkerExitCode.Cancelled, new Fault("cancelled", "Stopped; what has come so far is kept.", "Run the same command again: a download goes on where it stopped."));
        }
        catch
        {
            line.End();
            throw;
        }
    }

    /// <summary>A line for a person; returns the object for a program.</summary>
    private static async Task<JsonObject> ShowAsync(IdentityTools tools, Reporter reporter, ModelView model, CancellationToken cancellationToken)
    {
        var row = await tools.Get<ModelRegistry>().FindAsync(model.Id, cancellationToken).ConfigureAwait(false);
        var folder = row is null ? null : tools.Get<ModelReader>().FolderOf(row);
        reporter.Say(string.Join("  ", new[]
        {
            model.Name, model.Kind.Word(), model.Bytes is { } bytes ? Units.Bytes(bytes) : null, model.Parameters is { } count ? $"{Units.Count(count)} parameters" : null,
            model.License ?? "no licence stated", model.State == ModelState.Ready ? folder : $"{model.State.Word()}: {model.Message}",
        }.OfType<string>()));
        var json = JsonSerializer.SerializeToNode(model, Json)!.AsObject();
        json["folder"] = folder;
        return json;
    }
}

/// <summary>How far work is: one line that is written over on a terminal, else a line now and then.</summary>
internal sealed class ProgressLine(Reporter reporter)
{
    private const int PlainStep = 10;

    private readonly Lock _gate = new();
    private string _step = "";
    private int _percent = -1;
    private int _length;

    public Task ShowAsync(FileProgress progress)
    {
        lock (_gate)
        {
            if (reporter.IsJson)
            {
                return Task.CompletedTask;
            }

            var text = $"{progress.Step}: {progress.Percent} %  {progress.Message}";
            if (reporter.Terminal.IsLive)
            {
                var cut = text[..Math.Min(text.Length, Math.Max(20, reporter.Terminal.ReadWidth() - 1))];
                reporter.Terminal.Out.Write("\r" + cut.PadRight(_length));
                _length = cut.Length;
            }
            else if (progress.Step != _step || progress.Percent / PlainStep > _percent / PlainStep)
            {
                reporter.Terminal.Out.WriteLine(text);
                (_step, _percent) = (progress.Step, progress.Percent);
            }
        }

        return Task.CompletedTask;
    }

    public void End()
    {
        if (_length > 0)
        {
            reporter.Terminal.Out.WriteLine();
            _length = 0;
        }
    }
}
