using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Sessions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Identity.Users;

/// <summary>/api/v1/users.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/api/v1/users").WithTags("Users");
        users.MapGet("", ListAsync).RequirePermission(Permissions.UsersManage).WithName("ListUsers").WithSummary("Lists users, or those with a text in their names or address.");
        users.MapPost("", CreateAsync).RequirePermission(Permissions.UsersManage).RequireElevation(allowsTokens: true).WithName("CreateUser").WithSummary("Makes a user; a password that was drawn is in this answer only.");
        users.MapGet("{id:long}", GetAsync).RequirePermission(Permissions.UsersManage).WithName("GetUser").WithSummary("Shows a user.");
        users.MapPatch("{id:long}", UpdateAsync).RequirePermission(Permissions.UsersManage).RequireElevation(allowsTokens: true).WithName("UpdateUser").WithSummary("Changes a user; another role or being deactivated ends the user's sessions.");
        users.MapDelete("{id:long}", DeleteAsync).RequirePermission(Permissions.UsersManage).RequireElevation(allowsTokens: true).WithName("DeleteUser").WithSummary("Deletes a user.");
        users.MapPost("{id:long}/reset-password", ResetAsync).RequirePermission(Permissions.UsersManage).RequireElevation(allowsTokens: true).WithName("ResetPassword").WithSummary("Gives a user another password, to be changed at the next sign-in.");
        users.MapGet("{id:long}/sessions", ListSessionsAsync).RequirePermission(Permissions.UsersManage).WithName("ListSessionsOfUser").WithSummary("Lists a user's sessions.");
    }

    private static async Task<Ok<Page<UserView>>> ListAsync([AsParameters] PageRequest page, string? search, UserService users, CancellationToken cancellationToken) =>
        TypedResults.Ok(await users.ListAsync(page, search, cancellationToken));

    private static async Task<Created<UserWithPassword>> CreateAsync(NewUser wanted, UserService users, HttpContext context, CancellationToken cancellationToken)
    {
        var made = await users.CreateAsync(Grantor.Of(context), wanted, cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/v1/users/{made.User.Id}", made);
    }

    private static async Task<Ok<UserView>> GetAsync(long id, UserService users, CancellationToken cancellationToken) => TypedResults.Ok(await users.GetAsync(id, cancellationToken));

    private static async Task<Ok<UserView>> UpdateAsync(long id, UserChange change, UserService users, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(await users.UpdateAsync(Grantor.Of(context), id, change, cancellationToken));

    private static async Task<NoContent> DeleteAsync(long id, UserService users, HttpContext context, CancellationToken cancellationToken)
    {
        await users.DeleteAsync(Grantor.Of(context), id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<UserWithPassword>> ResetAsync(long id, PasswordReset reset, UserService users, HttpContext context, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await users.ResetPasswordAsync(Grantor.Of(context), id, reset.Password, cancellationToken));
    }

    private static async Task<Ok<IReadOnlyList<SessionView>>> ListSessionsAsync(long id, UserService users, SessionService sessions, HttpContext context, CancellationToken cancellationToken)
    {
        await users.GetAsync(id, cancellationToken);
        return TypedResults.Ok(SessionView.Of(await sessions.ListAsync(id, cancellationToken), context.User));
    }
}
