using System.Diagnostics;
using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Models.Adding;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Models;

/// <summary><c>/api/v1/models</c>: who sees models reads; who starts jobs adds; who may delete models removes, and each what came out of their own jobs.</summary>
internal static class ModelEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/api/v1/models").WithTags("models");
        models.MapGet("", ListAsync).RequirePermission(Permissions.ModelsView).WithName("ListModels").WithSummary("Base models, adapters and merged models, newest first.");
        models.MapGet("{id}", GetAsync).RequirePermission(Permissions.ModelsView).WithName("GetModel").WithSummary("A model, what it was made from, and what was made from it.");
        models.MapPost("import", ImportAsync).RequirePermission(Permissions.FinetuneManage).WithName("ImportModel").WithSummary("Adds a model from a folder of the server; a task copies and checks it.");
        models.MapPost("download", DownloadAsync).RequirePermission(Permissions.FinetuneManage).WithName("DownloadModel").WithSummary("Adds a model of the hub; a task downloads and checks it.");
        models.MapGet("hub/{publisher}/{name}", PreviewAsync).RequirePermission(Permissions.FinetuneManage).WithName("PreviewModel").WithSummary("A model of the hub before it is downloaded: licence, size, terms, and whether it can be used here.");
        models.MapDelete("{id}", RemoveAsync).RequirePermission(Permissions.ModelsView).WithName("RemoveModel").WithSummary("Removes a model and its files; refused while something needs it.");
    }

    private static async Task<Ok<Page<ModelView>>> ListAsync([AsParameters] PageRequest page, string? search, string? kind, ClaimsPrincipal user, ModelReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(await reader.ListAsync(new ModelFilter { Search = search, Kind = KindOf(kind) }, page, user, cancellationToken));

    private static async Task<Ok<ModelDetail>> GetAsync(string id, ClaimsPrincipal user, ModelReader reader, CancellationToken cancellationToken) => TypedResults.Ok(await reader.GetAsync(id, user, cancellationToken));

    private static async Task<Ok<HubModelView>> PreviewAsync(string publisher, string name, string? revision, ModelAdder adder, CancellationToken cancellationToken) =>
        TypedResults.Ok(await adder.PreviewAsync($"{publisher}/{name}", revision, cancellationToken));

    private static async Task<Accepted<ModelView>> ImportAsync(ImportRequest request, HttpContext http, ModelAdder adder, CancellationToken cancellationToken) =>
        Accepted(await adder.ImportAsync(request, CallerOf(http), cancellationToken));

    private static async Task<Accepted<ModelView>> DownloadAsync(DownloadRequest request, HttpContext http, ModelAdder adder, CancellationToken cancellationToken) =>
        Accepted(await adder.DownloadAsync(request, CallerOf(http), cancellationToken));

    private static async Task<NoContent> RemoveAsync(string id, HttpContext http, ModelRemover remover, CancellationToken cancellationToken)
    {
        await remover.RemoveAsync(id, http.User, AuditActors.Of(http), cancellationToken);
        return TypedResults.NoContent();
    }

    private static Accepted<ModelView> Accepted(Model model) => TypedResults.Accepted($"/api/v1/models/{model.Id}", ModelView.Added(model));

    private static ModelKind? KindOf(string? kind) => kind is null
        ? null
        : Enum.GetValues<ModelKind>().Cast<ModelKind?>().FirstOrDefault(known => known!.Value.Word() == kind)
            ?? throw HttpFaultException.Invalid("bad_kind", $"kind is '{kind}'.", $"Say one of: {string.Join(", ", Enum.GetValues<ModelKind>().Select(known => known.Word()))}.", "kind");

    private static ModelCaller CallerOf(HttpContext http) => new(http.User, AuditActors.Of(http), Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier);
}
