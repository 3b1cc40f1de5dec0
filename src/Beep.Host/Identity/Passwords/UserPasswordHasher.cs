using Beep.Host.Identity.Users;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Beep.Host.Identity.Passwords;

/// <summary>Identity's own format 3 (PBKDF2-HMAC-SHA512), dearer than by default, and the formats that imported users bring, which are replaced at their first sign-in.</summary>
internal sealed class UserPasswordHasher : IPasswordHasher<User>
{
    public const int Iterations = 210_000;

    private readonly PasswordHasher<User> _own = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    public string HashPassword(User user, string password) => _own.HashPassword(user, password);

    public PasswordVerificationResult VerifyHashedPassword(User user, string hashedPassword, string providedPassword)
    {
        if (WerkzeugHash.Parse(hashedPassword) is { } imported)
        {
            return imported.Verify(providedPassword) ? PasswordVerificationResult.SuccessRehashNeeded : PasswordVerificationResult.Failed;
        }

        try
        {
            return _own.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
        catch (FormatException)
        {
            return PasswordVerificationResult.Failed;
        }
    }
}
