using System.Security.Claims;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs.Api;

/// <summary>What holds for requests before anything is looked up.</summary>
internal static partial class NewJobRules
{
    public const int MostPriority = 100;

    private const int MostMetadata = 16;
    private const int LongestMetadataKey = 64;
    private const int LongestMetadataValue = 512;

    /// <exception cref="HttpFaultException">422 with everything that is wrong; 403 for a priority that the caller may not give.</exception>
    public static void Require(NewJob wanted, string? key, ClaimsPrincipal caller)
    {
        List<Fault> faults = [.. Name(wanted.Name), .. Priority(wanted.Priority), .. Metadata(wanted.Metadata)];
        if (wanted.Suffix is { } suffix && !SuffixText().IsMatch(suffix))
        {
            faults.Add(new Fault("bad_suffix", $"'suffix' has {suffix.Length} characters, or others than letters, digits, '.', '_' and '-'.", $"Use 1 to {Job.LongestSuffix}, beginning with a letter or digit.", "suffix"));
        }

        if (key is not null && (key.Length is 0 or > Job.LongestKey || key.Any(c => c is < ' ' or > '~')))
        {
            faults.Add(new Fault("bad_idempotency_key", $"The Idempotency-Key has {key.Length} characters, or others than printable ASCII.", $"Use 1 to {Job.LongestKey}.", "Idempotency-Key"));
        }

        Throw(faults);
        RequirePriority(wanted.Priority is not (null or 0), caller);
    }

    public static void Require(JobPatch patch, ClaimsPrincipal caller)
    {
        Throw([.. Name(patch.Name, isEmptyAllowed: false), .. Priority(patch.Priority)]);
        RequirePriority(patch.Priority is not null, caller);
    }

    private static void RequirePriority(bool isChosen, ClaimsPrincipal caller)
    {
        if (isChosen && !caller.Holds(Permissions.SystemAdmin))
        {
            throw HttpFaultException.Forbidden("forbidden", $"Giving a priority needs the permission {Permissions.SystemAdmin}.", "Leave it out.");
        }
    }

    private static IEnumerable<Fault> Name(string? name, bool isEmptyAllowed = true)
    {
        if (name is not null && (name.Trim().Length > Job.LongestName || (name.Trim().Length == 0 && !isEmptyAllowed) || name.Any(char.IsControl)))
        {
            yield return new Fault("bad_name", $"The name has {name.Trim().Length} characters, or control characters among them.", $"Use 1 to {Job.LongestName}.", "name");
        }
    }

    private static IEnumerable<Fault> Priority(int? priority)
    {
        if (priority is < -MostPriority or > MostPriority)
        {
            yield return new Fault("out_of_range", $"'priority' is {priority}; it must be from -{MostPriority} to {MostPriority}.", "Correct the value or leave the field out.", "priority");
        }
    }

    private static IEnumerable<Fault> Metadata(IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is not null && (metadata.Count > MostMetadata || metadata.Any(pair => pair.Key.Length is 0 or > LongestMetadataKey || pair.Value is null || pair.Value.Length > LongestMetadataValue)))
        {
            yield return new Fault("bad_metadata", $"'metadata' has {metadata.Count} pairs, or one that is too long.", $"Give at most {MostMetadata}, with keys of 1 to {LongestMetadataKey} characters and values of at most {LongestMetadataValue}.", "metadata");
        }
    }

    private static void Throw(List<Fault> faults)
    {
        if (faults.Count > 0)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, faults);
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex SuffixText();
}
