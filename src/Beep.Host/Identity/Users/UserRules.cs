using System.Globalization;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Users;

/// <summary>What the fields of a user must be, beyond what the library asks.</summary>
internal static class UserRules
{
    private const string Fallback = "user";

    /// <summary>Every fault at once; null means not given.</summary>
    public static void Require(string? userName, string? email, string? displayName)
    {
        var faults = new List<Fault>();
        if (userName is not null && (userName.Length is 0 or > User.LongestName || userName.Any(c => !char.IsAsciiLetterOrDigit(c) && !"-._@+".Contains(c, StringComparison.Ordinal))))
        {
            faults.Add(new Fault("bad_username", $"'{Shown(userName)}' is no username.", $"Use 1 to {User.LongestName} letters from a to z, digits and - . _ @ +.", "username"));
        }

        if (NullIfEmpty(email) is { } address && (address.Length > User.LongestEmail || address.Count(c => c == '@') != 1 || address.StartsWith('@') || address.EndsWith('@') || address.Any(c => char.IsControl(c) || c == ' ')))
        {
            faults.Add(new Fault("bad_email", $"'{Shown(address)}' is no address.", $"Write name@host, at most {User.LongestEmail} characters.", "email"));
        }

        if (displayName is not null && (displayName.Length > User.LongestDisplayName || displayName.Any(char.IsControl)))
        {
            faults.Add(new Fault("bad_display_name", $"The display name has {displayName.Length} characters, or control characters among them.", $"Use at most {User.LongestDisplayName}.", "display_name"));
        }

        if (faults.Count > 0)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, faults);
        }
    }

    public static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    /// <summary>The wanted name in the characters that we take, with a number where it is somebody's already.</summary>
    public static async Task<string> FreeNameAsync(HostDbContext context, UserManager<User> manager, string wanted, CancellationToken cancellationToken)
    {
        const int roomForNumber = 6;
        var name = string.Concat(wanted.Where(c => char.IsAsciiLetterOrDigit(c) || "-._@+".Contains(c, StringComparison.Ordinal)).Take(User.LongestName - roomForNumber));
        name = name.Length == 0 ? Fallback : name;
        for (var number = 1; ; number++)
        {
            var candidate = number == 1 ? name : name + number.ToString(CultureInfo.InvariantCulture);
            var normalized = manager.NormalizeName(candidate);
            if (!await context.Set<User>().AnyAsync(user => user.NormalizedUserName == normalized, cancellationToken))
            {
                return candidate;
            }
        }
    }

    private static string Shown(string text) => string.Concat(text.Where(c => !char.IsControl(c)).Take(User.LongestName));
}
