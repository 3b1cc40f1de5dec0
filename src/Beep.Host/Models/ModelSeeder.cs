using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Models;

/// <summary>Where the program lies, and beside it what ships with it.</summary>
internal sealed record ProgramFolder(string Path);

/// <summary>Puts the model that ships with the program into the registry when a server starts: once, and where it lies.</summary>
internal sealed partial class ModelSeeder(ModelWriter writer, ModelStore store, ModelRegistry registry, ProgramFolder program, TimeProvider time, ILogger<ModelSeeder> logger) : IHostedService
{
    public const string Name = "beep/beep-tiny";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            store.Sweep();
            await SeedAsync(cancellationToken);
        }
        catch (Exception error) when (error is FaultException or IOException or UnauthorizedAccessException)
        {
            // The server is of use without it.
            Log.NotSeeded(logger, error);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task SeedAsync(CancellationToken cancellationToken)
    {
        if (ShippedFiles.Find(program.Path)?.Model is not { } folder)
        {
            return;
        }

        var known = await registry.FindAsync(Name, cancellationToken);
        var bytes = ModelFiles.BytesIn(folder);
        // Of several hosts on one database each has the program somewhere: whose place is stored does not matter while it is one.
        if (known is not null && (known.Origin != ModelOrigin.Shipped || (known.Bytes == bytes && Directory.Exists(known.Path))))
        {
            return;
        }

        var facts = ModelInspector.Inspect(folder);
        var (sha256, _) = await ModelFiles.HashAsync(folder, null, cancellationToken);
        await writer.ChangeAsync(async (context, token) =>
        {
            var model = await context.Set<Model>().SingleOrDefaultAsync(found => found.Name == Name, token);
            if (model is null)
            {
                model = new Model { Id = PublicId.New(), Name = Name, Kind = ModelKind.Base, Origin = ModelOrigin.Shipped, Path = folder, CreatedAt = time.GetUtcNow() };
                context.Add(model);
            }

            (model.Path, model.State, model.Sha256, model.Bytes, model.Version) = (folder, ModelState.Ready, sha256, bytes, model.Version + 1);
            (model.Architecture, model.Parameters, model.ContextLength, model.HasChatTemplate, model.License) = (facts.Architecture, facts.Parameters, facts.ContextLength, facts.HasChatTemplate, facts.License);
            await context.SaveChangesAsync(token);
            return (true, ModelWriter.Entry(AuditActors.System, "model_added", model));
        }, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The model that ships with the program could not be registered.")]
        public static partial void NotSeeded(ILogger logger, Exception error);
    }
}
