namespace Beep.Host.Tasks;

/// <summary>The last lines of a task's log for somebody who follows it: what was read is not read again.</summary>
/// <param name="path">The file.</param>
/// <param name="most">How many lines are kept.</param>
internal sealed class TaskLogTail(string path, int most)
{
    private readonly List<string> _lines = [];
    private long _at;

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Reads what came since.</summary>
    /// <param name="isComplete">Whether nothing comes any more, so that a last line without an end is whole.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async Task ReadAsync(bool isComplete, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (lines, next) = await TaskLog.ReadAsync(path, _at, most, isComplete, cancellationToken);
            _lines.AddRange(lines);
            if (_lines.Count > most)
            {
                _lines.RemoveRange(0, _lines.Count - most);
            }

            if (lines.Count == 0 || next == _at)
            {
                return;
            }

            _at = next;
        }
    }
}
