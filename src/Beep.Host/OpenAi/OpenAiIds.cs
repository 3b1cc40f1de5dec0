using System.Globalization;
using System.Text.RegularExpressions;
using Beep.Host.Hosting;

namespace Beep.Host.OpenAi;

/// <summary>A file of OpenAI's: a version of a dataset, or the figures of a job.</summary>
/// <param name="Id">Of the dataset or the job.</param>
/// <param name="Version">Of the dataset; 0 for the figures of a job.</param>
internal sealed record FileId(string Id, int Version)
{
    public bool IsResult => Version == 0;

    public override string ToString() => IsResult ? $"file-results-{Id}" : Version == 1 ? $"file-{Id}" : string.Create(CultureInfo.InvariantCulture, $"file-{Id}-{Version}");
}

/// <summary>A fine-tuned model: <c>ft:base:org:suffix:job</c>, and one of its checkpoints with <c>:ckpt-step-N</c> behind.</summary>
/// <param name="JobId">Of the job that trained it.</param>
/// <param name="Step">Of a checkpoint; null for the result.</param>
internal sealed record TunedName(string JobId, int? Step);

/// <summary>Our ids as OpenAI's clients know theirs. Who reads one finds what it says and nothing else: ids are checked by their format.</summary>
internal static partial class OpenAiIds
{
    public const string Organisation = "beep";
    public const string OrganisationId = "org-beep";

    public static string Job(string id) => $"ftjob-{id}";

    public static string? ReadJob(string? text) => text is not null && JobId().Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    public static FileId? ReadFile(string? text) => text is null || FileIdText().Match(text) is not { Success: true } match ? null
        : match.Groups[1].Success ? new FileId(match.Groups[2].Value, 0)
        : new FileId(match.Groups[2].Value, match.Groups[3].Success ? int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture) : 1);

    public static string Checkpoint(string jobId, int step) => string.Create(CultureInfo.InvariantCulture, $"ftckpt_{jobId}{step}");

    public static int? ReadCheckpoint(string jobId, string text) =>
        text.StartsWith($"ftckpt_{jobId}", StringComparison.Ordinal) && int.TryParse(text.AsSpan(7 + PublicId.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;

    public static string Tuned(string model, string? suffix, string jobId) => $"ft:{model}:{Organisation}:{suffix}:{jobId}";

    public static string TunedCheckpoint(string model, string? suffix, string jobId, int step) => string.Create(CultureInfo.InvariantCulture, $"{Tuned(model, suffix, jobId)}:ckpt-step-{step}");

    public static bool IsTuned(string text) => text.StartsWith("ft:", StringComparison.Ordinal);

    public static TunedName? ReadTuned(string text) => TunedText().Match(text) is { Success: true } match
        ? new TunedName(match.Groups[1].Value, match.Groups[2].Success && int.TryParse(match.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null)
        : null;

    [GeneratedRegex(@"\Aftjob-([0-9a-f]{16})\z")]
    private static partial Regex JobId();

    [GeneratedRegex(@"\Afile-(results-)?([0-9a-f]{16})(?:-([0-9]{1,6}))?\z")]
    private static partial Regex FileIdText();

    [GeneratedRegex(@"\Aft:[^:]{1,200}:[^:]{0,64}:[^:]{0,64}:([0-9a-f]{16})(?::ckpt-step-([0-9]{1,9}))?\z")]
    private static partial Regex TunedText();
}
