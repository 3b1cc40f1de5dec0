using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Archives;

/// <summary>Why an archive is refused: each is answered with 422.</summary>
internal static class ArchiveFaults
{
    private const int LongestShown = 80;

    public static HttpFaultException Broken(string kind, string what) =>
        DatasetFaults.Unreadable("broken_archive", $"The {kind} cannot be unpacked: {what}.", "Pack the file again, or upload it unpacked.");

    public static HttpFaultException Unsafe(string name, string what) =>
        DatasetFaults.Unreadable("unsafe_archive", $"The archive holds '{Shown(name)}', {what}.", "Pack only the file with the rows, without folders around it.");

    public static HttpFaultException Duplicate(string name) =>
        DatasetFaults.Unreadable("duplicate_entry", $"The archive holds '{Shown(name)}' twice, or once more in other capitals.", "Pack each file once.");

    public static HttpFaultException Encrypted() =>
        DatasetFaults.Unreadable("encrypted_archive", "The archive is encrypted.", "Pack the file without a password.");

    public static HttpFaultException Nested(string name) =>
        DatasetFaults.Unreadable("nested_archive", $"The archive holds another one: '{Shown(name)}'.", "Pack the file with the rows itself.");

    public static HttpFaultException TooManyEntries() =>
        DatasetFaults.Unreadable("too_many_entries", $"The archive holds more than {Hosting.Units.Count(ArchiveLimits.Entries)} files.", "Pack only the file with the rows.");

    public static HttpFaultException ExpandsTooFar() => DatasetFaults.Unreadable(
        "expands_too_far", $"The archive unpacks to more than {ArchiveLimits.Ratio} times its size, or to more than you may keep.", "Upload the file unpacked, or ask an administrator for a larger quota.");

    public static HttpFaultException WrongLength(string name) =>
        DatasetFaults.Unreadable("archive_lies", $"'{Shown(name)}' in the archive is not as long as the archive says.", "Pack the file again.");

    public static HttpFaultException NoRows() =>
        DatasetFaults.Unreadable("no_rows_inside", "The archive holds no file of rows.", "Pack one .jsonl, .json, .csv or .txt file.");

    public static HttpFaultException SeveralFiles(string first, string second) => DatasetFaults.Unreadable(
        "several_files", $"The archive holds '{Shown(first)}' and '{Shown(second)}', which cannot be put into one.", "Pack one file; only .jsonl files are put one after the other.");

    private static string Shown(string name) => string.Concat(name.Where(letter => !char.IsControl(letter)).Take(LongestShown));
}

/// <summary>The bounds that keep an archive from being more than it seems.</summary>
internal static class ArchiveLimits
{
    /// <summary>How many files it may hold, folders among them.</summary>
    public const int Entries = 10_000;

    /// <summary>How many times its own size it may unpack to.</summary>
    public const int Ratio = 100;

    /// <summary>What small archives may unpack to beyond that.</summary>
    public const long Slack = 1 << 20;

    /// <summary>The longest name, or heading with names, in an archive.</summary>
    public const int NameBytes = 64 << 10;

    /// <summary>The largest directory of a zip.</summary>
    public const int DirectoryBytes = 16 << 20;
}
