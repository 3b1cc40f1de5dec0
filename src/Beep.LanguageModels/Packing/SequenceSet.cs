namespace Beep.LanguageModels.Packing;

/// <summary>Which rows share a sequence.</summary>
internal sealed class SequenceSet
{
    /// <summary>How many sequences may wait for a fitting row; more fill better and cost more to search.</summary>
    private const int OpenSequences = 128;

    private readonly int[] _rows;
    private readonly int[] _starts;

    private SequenceSet(int[] rows, int[] starts) => (_rows, _starts) = (rows, starts);

    /// <summary>How many sequences there are.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>The rows of a sequence, in order.</summary>
    public ReadOnlySpan<int> Rows(int sequence) => _rows.AsSpan(_starts[sequence].._starts[sequence + 1]);

    /// <summary>One row a sequence, in the order of the file.</summary>
    public static SequenceSet OneByOne(int rows) => new([.. Enumerable.Range(0, rows)], [.. Enumerable.Range(0, rows + 1)]);

    /// <summary>
    /// Puts rows together up to <paramref name="maxLength"/> tokens: each goes into the fullest open sequence that
    /// still has room for it (bounded best fit). Rows are taken in <paramref name="order"/>.
    /// </summary>
    /// <param name="lengths">Tokens of each row, none above <paramref name="maxLength"/>.</param>
    /// <param name="maxLength">Tokens a sequence.</param>
    /// <param name="order">A permutation of the rows.</param>
    public static SequenceSet Pack(ReadOnlySpan<int> lengths, int maxLength, ReadOnlySpan<int> order)
    {
        var open = new List<(int Free, List<int> Rows)>();
        var closed = new List<List<int>>();
        foreach (var row in order)
        {
            var best = -1;
            for (var i = 0; i < open.Count; i++)
            {
                if (open[i].Free >= lengths[row] && (best < 0 || open[i].Free < open[best].Free))
                {
                    best = i;
                }
            }

            if (best < 0)
            {
                if (open.Count == OpenSequences)
                {
                    var fullest = open.IndexOf(open.MinBy(sequence => sequence.Free));
                    closed.Add(open[fullest].Rows);
                    open.RemoveAt(fullest);
                }

                open.Add((maxLength, []));
                best = open.Count - 1;
            }

            open[best].Rows.Add(row);
            open[best] = (open[best].Free - lengths[row], open[best].Rows);
        }

        closed.AddRange(open.Select(sequence => sequence.Rows));
        return Flatten(closed, order.Length);
    }

    private static SequenceSet Flatten(List<List<int>> sequences, int rowCount)
    {
        var rows = new List<int>(rowCount);
        var starts = new int[sequences.Count + 1];
        for (var i = 0; i < sequences.Count; i++)
        {
            rows.AddRange(sequences[i]);
            starts[i + 1] = rows.Count;
        }

        return new SequenceSet([.. rows], starts);
    }
}
