using System.Text.Json.Serialization;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Identity.Tokens;

internal sealed record TokenView(string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt)
{
    public static TokenView Of(ApiToken token) => new(token.PublicId, token.Name, token.Scopes, token.CreatedAt, token.ExpiresAt, token.LastUsedAt);
}

/// <summary>A token that was just made; its text is in no other answer.</summary>
internal sealed record TokenWithText(TokenView Token, string Text);

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NewToken
{
    public required string Name { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>90 where it is not said; at most 365.</summary>
    public int? ExpiresInDays { get; init; }
}

/// <summary>/api/v1/tokens: one's own. No token makes or revokes tokens.</summary>
internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        var tokens = routes.MapGroup("/api/v1/tokens").WithTags("Tokens");
        tokens.MapGet("", ListAsync).RequireSignedIn().WithName("ListTokens").WithSummary("Lists the own API tokens, newest first.");
        tokens.MapPost("", CreateAsync).RequireSignedIn().RequireElevation().WithName("CreateToken").WithSummary("Makes an API token; its text is in this answer only.");
        tokens.MapDelete("{id}", RevokeAsync).RequireSignedIn().RequireElevation().WithName("RevokeToken").WithSummary("Revokes an own API token.");
    }

    private static async Task<Ok<IReadOnlyList<TokenView>>> ListAsync(TokenService tokens, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<TokenView>>([.. (await tokens.ListAsync(context.User.RequireUserId(), cancellationToken)).Select(TokenView.Of)]);

    private static async Task<Created<TokenWithText>> CreateAsync(NewToken wanted, TokenService tokens, HttpContext context, CancellationToken cancellationToken)
    {
        var (token, text) = await tokens.CreateAsync(Grantor.Of(context), wanted.Name, wanted.Scopes, wanted.ExpiresInDays, cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/v1/tokens/{token.PublicId}", new TokenWithText(TokenView.Of(token), text));
    }

    private static async Task<NoContent> RevokeAsync(string id, TokenService tokens, HttpContext context, CancellationToken cancellationToken)
    {
        await tokens.RevokeAsync(Grantor.Of(context), context.User.RequireUserId(), id, cancellationToken);
        return TypedResults.NoContent();
    }
}
