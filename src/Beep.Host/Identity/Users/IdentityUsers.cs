using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Passwords;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Beep.Host.Identity.Users;

/// <summary>ASP.NET Core Identity's manager of users over one context. Passwords are hashed by <see cref="PasswordService"/> before, outside of transactions.</summary>
internal sealed class IdentityUsers(IPasswordHasher<User> hasher, ILoggerFactory loggers)
{
    /// <summary>Plain letters, digits and signs: no two names look alike and none folds into another.</summary>
    private const string NameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._@+";

    private static readonly IOptions<IdentityOptions> Options = Microsoft.Extensions.Options.Options.Create(new IdentityOptions
    {
        User = new UserOptions { AllowedUserNameCharacters = NameCharacters, RequireUniqueEmail = false },
        Password = new PasswordOptions { RequiredLength = PasswordRules.Shortest, RequireDigit = false, RequireLowercase = false, RequireUppercase = false, RequireNonAlphanumeric = false },
        // Guessing is slowed by account and address, so that nobody can lock out somebody else.
        Lockout = new LockoutOptions { AllowedForNewUsers = false },
    });

    /// <summary>The manager disposes the store and not the context.</summary>
    public UserManager<User> Over(HostDbContext context)
    {
        var errors = new IdentityErrorDescriber();
        return new UserManager<User>(
            new UserOnlyStore<User, HostDbContext, long>(context, errors),
            Options,
            hasher,
            [new UserValidator<User>(errors)],
            [new PasswordRules()],
            new UpperInvariantLookupNormalizer(),
            errors,
            null!,
            loggers.CreateLogger<UserManager<User>>());
    }

    /// <exception cref="HttpFaultException">The library refused.</exception>
    public static void Require(IdentityResult result, string userName)
    {
        if (result.Succeeded)
        {
            return;
        }

        throw result.Errors.First().Code switch
        {
            nameof(IdentityErrorDescriber.DuplicateUserName) => HttpFaultException.Conflict("username_taken", $"There is a user '{userName}' already.", "Choose another username."),
            nameof(IdentityErrorDescriber.InvalidUserName) => HttpFaultException.Invalid("bad_username", $"'{userName}' is no username.", "Use letters from a to z, digits and - . _ @ +.", "username"),
            nameof(IdentityErrorDescriber.ConcurrencyFailure) => HttpFaultException.Conflict("changed_meanwhile", $"Somebody else changed '{userName}' at the same time.", "Load it again, then repeat the change."),
            _ => new HttpFaultException(StatusCodes.Status422UnprocessableEntity, [.. result.Errors.Select(error => new Fault("bad_user", error.Description, "Correct it."))]),
        };
    }
}
