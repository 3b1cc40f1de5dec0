namespace Beep.Host.Jobs.Runs.Logs;

/// <summary>A line of a log.</summary>
/// <param name="At">The byte at which it begins.</param>
/// <param name="Text">The line, with what moves a cursor or reorders text replaced by '?'.</param>
internal sealed record LogLine(long At, string Text);

/// <summary>A part of a log, oldest line first.</summary>
/// <param name="Items">The lines.</param>
/// <param name="Next">The cursor of what comes after; null when the run is over and that was all.</param>
/// <param name="Previous">The cursor, with direction=backward, of what comes before; null at the beginning.</param>
/// <param name="Bytes">How long the log is now.</param>
internal sealed record LogPage(IReadOnlyList<LogLine> Items, string? Next, string? Previous, long Bytes);

/// <summary>Which part of a log is wanted.</summary>
/// <param name="Position">A byte; null means the beginning, or backward the end.</param>
/// <param name="IsBackward">Whether the lines before it are meant.</param>
/// <param name="Search">Only lines that hold this text, in whatever case; null for all.</param>
/// <param name="Most">The most lines.</param>
/// <param name="IsComplete">Whether a last line without an end is whole: the run is over.</param>
internal sealed record LogRequest(long? Position, bool IsBackward, string? Search, int Most, bool IsComplete);

/// <summary>Lines, and the bytes that they were found between: from there on one can go on either way.</summary>
internal sealed record LogPart(IReadOnlyList<LogLine> Lines, long Begin, long End, long Bytes);
