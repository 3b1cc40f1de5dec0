using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.OpenAi.Catalogue;

/// <summary><c>/v1/models</c>. Names have a slash in them, which some clients escape and some do not.</summary>
internal static class OpenAiModelEndpoints
{
    public static void Map(RouteGroupBuilder root)
    {
        var models = root.MapGroup("/models").RequirePermission(Permissions.ModelsView);
        models.MapGet("", ListAsync).WithName("OpenAiListModels").WithSummary("Lists base models and what your fine-tunes have made.");
        models.MapGet("{**model}", GetAsync).WithName("OpenAiRetrieveModel").WithSummary("Shows a model.");
        models.MapDelete("{**model}", DeleteAsync).WithName("OpenAiDeleteModel").WithSummary("Deletes what a fine-tune has made, or a model that you may delete.");
    }

    private static async Task<Ok<ModelListView>> ListAsync(ClaimsPrincipal user, TunedModels models, CancellationToken cancellationToken) => TypedResults.Ok(await models.ListAsync(user, cancellationToken));

    private static async Task<Ok<OpenAiModelView>> GetAsync(string model, ClaimsPrincipal user, TunedModels models, CancellationToken cancellationToken) =>
        TypedResults.Ok(await models.GetAsync(NameOf(model), user, cancellationToken));

    private static async Task<Ok<DeletedView>> DeleteAsync(string model, HttpContext http, TunedModels models, CancellationToken cancellationToken)
    {
        await models.DeleteAsync(NameOf(model), http.User, AuditActors.Of(http), cancellationToken);
        return TypedResults.Ok(new DeletedView(NameOf(model), "model"));
    }

    private static string NameOf(string model) => model.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
