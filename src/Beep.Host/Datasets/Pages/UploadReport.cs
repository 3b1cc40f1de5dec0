using System.Text.Json;

namespace Beep.Host.Datasets.Pages;

/// <summary>How an upload of this page is, as its script says.</summary>
/// <param name="State"><c>sending</c>, <c>checking</c>, <c>waiting</c>, <c>done</c>, <c>refused</c> or <c>stopped</c>.</param>
/// <param name="Name">Of the file.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Sent">How much of it is on the server.</param>
/// <param name="Dataset">What it became.</param>
/// <param name="Message">Why it was refused.</param>
/// <param name="Remedy">What to do about it.</param>
/// <param name="Where">The line at fault.</param>
/// <param name="Faults">Every fault, where there are several.</param>
internal sealed record UploadReport(string State, string? Name, double Bytes, double? Sent, string? Dataset, string? Message, string? Remedy, string? Where, IReadOnlyList<string>? Faults)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <exception cref="JsonException">It is none.</exception>
    public static UploadReport Read(JsonElement json) => json.Deserialize<UploadReport>(Options) ?? throw new JsonException("The report is null.");
}
