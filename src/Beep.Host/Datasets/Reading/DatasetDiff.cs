using System.Text;
using Beep.Host.Datasets.Rows;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Reading;

/// <summary>A row that one version has and the other has not.</summary>
internal sealed record DiffRow(long Line, string Row);

/// <summary>What two versions differ in, by their rows.</summary>
/// <param name="Added">Rows of the later one that the earlier has not, each repetition for itself.</param>
/// <param name="Removed">The other way round.</param>
/// <param name="Kept">Rows of both.</param>
/// <param name="AddedRows">The first of them.</param>
/// <param name="RemovedRows">The first of them.</param>
internal sealed record DiffView(int From, int To, long Added, long Removed, long Kept, IReadOnlyList<DiffRow> AddedRows, IReadOnlyList<DiffRow> RemovedRows);

/// <summary>Compares versions by walking along both lists of hashes, in the memory of a few rows.</summary>
internal static class DatasetDiff
{
    private const int Examples = 20;
    private const int LongestRow = 2000;

    /// <exception cref="HttpFaultException">409: the rows of one were never read.</exception>
    public static DiffView Compare(FoundVersion from, FoundVersion to, CancellationToken cancellationToken)
    {
        using var before = RowIndex.Open(from.Folder) ?? throw NotRead(from);
        using var after = RowIndex.Open(to.Folder) ?? throw NotRead(to);
        using var old = before.Read().GetEnumerator();
        using var fresh = after.Read().GetEnumerator();
        var (added, removed, kept) = (new FirstLines(), new FirstLines(), 0L);
        var (isOld, isFresh) = (old.MoveNext(), fresh.MoveNext());
        while (isOld || isFresh)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var order = !isOld ? 1 : !isFresh ? -1 : old.Current.Hash.CompareTo(fresh.Current.Hash);
            if (order < 0)
            {
                removed.Add(old.Current.Line);
            }
            else if (order > 0)
            {
                added.Add(fresh.Current.Line);
            }
            else
            {
                kept++;
            }

            isOld = order <= 0 ? old.MoveNext() : isOld;
            isFresh = order >= 0 ? fresh.MoveNext() : isFresh;
        }

        return new DiffView(from.Version.Number, to.Version.Number, added.Count, removed.Count, kept, added.Read(to, cancellationToken), removed.Read(from, cancellationToken));
    }

    private static HttpFaultException NotRead(FoundVersion found) =>
        HttpFaultException.Conflict("dataset_checking", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The rows of version {found.Version.Number} were not read yet."), "Wait for its report.");

    /// <summary>Counts lines and keeps the first of them.</summary>
    private sealed class FirstLines
    {
        private readonly PriorityQueue<long, long> _lines = new(Comparer<long>.Create((left, right) => right.CompareTo(left)));

        public long Count { get; private set; }

        public void Add(long line)
        {
            Count++;
            _lines.Enqueue(line, line);
            if (_lines.Count > Examples)
            {
                _lines.Dequeue();
            }
        }

        public List<DiffRow> Read(FoundVersion found, CancellationToken cancellationToken)
        {
            var wanted = _lines.UnorderedItems.Select(item => item.Element).ToHashSet();
            var rows = new List<DiffRow>();
            if (wanted.Count > 0)
            {
                VersionData.Read(found, 0, (block, record, _) =>
                {
                    if (wanted.Contains(record.Line))
                    {
                        rows.Add(new DiffRow(record.Line, Encoding.UTF8.GetString(block.Bytes(record)[..Math.Min(record.Length, LongestRow)])));
                    }

                    return rows.Count < wanted.Count;
                }, cancellationToken);
            }

            return rows;
        }
    }
}
