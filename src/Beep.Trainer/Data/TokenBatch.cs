using Beep.LanguageModels.Datasets.Tokens;
using static TorchSharp.torch;

namespace Beep.Trainer.Data;

/// <summary>Sequences side by side, padded on the right: what one forward pass reads.</summary>
internal sealed class TokenBatch
{
    /// <summary>A label on which no loss is taken, as in Transformers.</summary>
    public const int Ignored = -100;

    private readonly long[] _inputIds;
    private readonly long[] _positions;
    private readonly int[] _segments;
    private readonly long[] _labelledAt;
    private readonly long[] _targets;

    private TokenBatch(int sequences, int length, bool isPacked, List<long> labelledAt, List<long> targets)
    {
        (Sequences, Length, IsPacked) = (sequences, length, isPacked);
        _inputIds = new long[sequences * length];
        _positions = new long[sequences * length];
        _segments = new int[sequences * length];
        (_labelledAt, _targets) = ([.. labelledAt], [.. targets]);
    }

    /// <summary>How many sequences: B.</summary>
    public int Sequences { get; }

    /// <summary>How long the longest is: T.</summary>
    public int Length { get; }

    /// <summary>Whether some sequence holds several rows, which must not see each other.</summary>
    public bool IsPacked { get; }

    /// <summary>Tokens, padding left out.</summary>
    public int Tokens { get; private init; }

    /// <summary>Positions on which loss is taken.</summary>
    public int LabelledTokens => _targets.Length;

    /// <summary>The lines of the data file that the batch holds.</summary>
    public required IReadOnlyList<long> Lines { get; init; }

    /// <summary>Puts rows side by side. The label of a position is the token after it in the same row.</summary>
    /// <param name="store">The rows.</param>
    /// <param name="sequences">The rows of each sequence.</param>
    public static TokenBatch Assemble(TokenStore store, IReadOnlyList<int[]> sequences)
    {
        var length = sequences.Max(rows => rows.Sum(row => store.Length(row)));
        var (labelledAt, targets) = (new List<long>(), new List<long>());
        var (ids, labels) = (new int[length], new int[length]);
        var filled = new List<(int At, int Segment, int[] Ids)>();
        var tokens = 0;
        for (var s = 0; s < sequences.Count; s++)
        {
            var at = s * length;
            for (var segment = 0; segment < sequences[s].Length; segment++)
            {
                var count = store.Length(sequences[s][segment]);
                store.Read(sequences[s][segment], ids.AsSpan(0, count), labels.AsSpan(0, count));
                filled.Add((at, segment + 1, ids[..count]));
                for (var i = 0; i + 1 < count; i++)
                {
                    if (labels[i + 1] != Ignored)
                    {
                        labelledAt.Add(at + i);
                        targets.Add(labels[i + 1]);
                    }
                }

                at += count;
                tokens += count;
            }
        }

        var batch = new TokenBatch(sequences.Count, length, sequences.Any(rows => rows.Length > 1), labelledAt, targets)
        {
            Tokens = tokens,
            Lines = [.. sequences.SelectMany(rows => rows).Select(row => store.Line(row))],
        };
        foreach (var (at, segment, rowIds) in filled)
        {
            batch.Fill(at, segment, rowIds);
        }

        return batch;
    }

    /// <summary>The token ids, [B, T].</summary>
    public Tensor InputIds(Device device) => tensor(_inputIds, [Sequences, Length], ScalarType.Int64, device);

    /// <summary>The position of each token in its row, [B, T].</summary>
    public Tensor Positions(Device device) => tensor(_positions, [Sequences, Length], ScalarType.Int64, device);

    /// <summary>The row that each token belongs to, [B, T]; null when each sequence is one row.</summary>
    public Tensor? Segments(Device device) => IsPacked ? tensor(_segments, [Sequences, Length], ScalarType.Int32, device) : null;

    /// <summary>Where loss is taken, as indexes into [B·T]; [N].</summary>
    public Tensor LabelledAt(Device device) => tensor(_labelledAt, ScalarType.Int64, device);

    /// <summary>What is to be predicted there; [N].</summary>
    public Tensor Targets(Device device) => tensor(_targets, ScalarType.Int64, device);

    private void Fill(int at, int segment, int[] ids)
    {
        for (var i = 0; i < ids.Length; i++)
        {
            _inputIds[at + i] = ids[i];
            _positions[at + i] = i;
            _segments[at + i] = segment;
        }
    }
}
