using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Choices;

namespace Beep.Host.Setup.Completion;

/// <summary>What the first administrator must be, said before anything is written.</summary>
internal static class AdminRules
{
    private const string Where = "admin";

    public static IReadOnlyList<Fault> Check(AdminChoice admin)
    {
        var faults = new List<Fault>();
        try
        {
            UserRules.Require(admin.Username, admin.Email, admin.DisplayName);
        }
        catch (HttpFaultException error)
        {
            faults.AddRange(error.Faults);
        }

        if (PasswordRules.Check(admin.Password ?? "", admin.Username) is { } fault)
        {
            faults.Add(string.IsNullOrEmpty(admin.Password) ? fault with { Code = "missing_password", Message = "The first administrator has no password.", Remedy = $"Choose one of {PasswordRules.Shortest} to {PasswordRules.Longest} characters." } : fault);
        }

        return [.. faults.Select(one => one with { Where = $"{Where}.{one.Where}" })];
    }
}
