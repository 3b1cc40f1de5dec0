namespace Beep.Host.Data;

/// <summary>How a database stands to this program's migrations, oldest first.</summary>
internal sealed record DatabaseState
{
    /// <summary>Whether there is a database at all; an SQLite file is made by the first migration.</summary>
    public required bool Exists { get; init; }

    public string? InstanceId { get; init; }

    public IReadOnlyList<string> Applied { get; init; } = [];

    public IReadOnlyList<string> Pending { get; init; } = [];

    /// <summary>Applied by a later version of the program.</summary>
    public IReadOnlyList<string> Unknown { get; init; } = [];

    /// <summary>Together with how another context's tables in the same database stand; they may lack migrations where they are not wanted.</summary>
    public DatabaseState With(DatabaseState other, bool isWanted) => this with
    {
        Applied = [.. Applied, .. other.Applied],
        Pending = [.. Pending, .. isWanted ? other.Pending : []],
        Unknown = [.. Unknown, .. other.Unknown],
    };
}
