using Beep.Contracts;
using Beep.Host.Identity.Users;
using Microsoft.AspNetCore.Identity;

namespace Beep.Host.Identity.Passwords;

/// <summary>What a password must be: long, not common, not the name of its user. Nothing is asked about kinds of characters.</summary>
internal sealed class PasswordRules : IPasswordValidator<User>
{
    public const int Shortest = 12;
    public const int Longest = 128;
    private const int ShortestNameThatCounts = 4;

    /// <summary>What is wrong with it; null when it will do.</summary>
    public static Fault? Check(string password, string? userName)
    {
        if (password.Length is < Shortest or > Longest)
        {
            return new Fault("bad_password_length", $"The password has {password.Length} characters.", $"Choose one of {Shortest} to {Longest}.", "password");
        }

        if (userName is { Length: > 0 } && (password.Equals(userName, StringComparison.OrdinalIgnoreCase)
            || (userName.Length >= ShortestNameThatCounts && password.Contains(userName, StringComparison.OrdinalIgnoreCase))))
        {
            return new Fault("password_holds_username", "The password is or contains the username.", "Choose another one.", "password");
        }

        return CommonPasswords.Contains(password)
            ? new Fault("common_password", "The password is one of those that are tried first.", "Choose another one: three or four unrelated words are good.", "password")
            : null;
    }

    public Task<IdentityResult> ValidateAsync(UserManager<User> manager, User user, string? password) =>
        Task.FromResult(Check(password ?? "", user.UserName) is { } fault ? IdentityResult.Failed(new IdentityError { Code = fault.Code, Description = $"{fault.Message} {fault.Remedy}" }) : IdentityResult.Success);
}
