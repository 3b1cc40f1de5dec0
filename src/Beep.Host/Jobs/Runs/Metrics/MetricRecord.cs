using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Beep.Host.Jobs.Runs.Metrics;

/// <summary>What a record is about; the numbers are stored.</summary>
internal enum RecordKind
{
    None = 0,
    Metric = 1,
    Evaluation = 2,

    /// <summary>A worker begins: what was done after its step is void.</summary>
    Started = 3,

    /// <summary>Something else that people want to find again: a checkpoint, a warning. Its place in the file is in <see cref="MetricRecord.Offset"/>.</summary>
    Notable = 4,

    /// <summary>A text generated while training; as <see cref="Notable"/>, and void where its step is.</summary>
    Sample = 5,
}

/// <summary>One line of <c>events.jsonl</c> in 64 bytes. A number that was not given, or not finite, is NaN.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal struct MetricRecord
{
    public const int Size = 64;

    private const int FromNothing = -1;

    private long _at;
    private int _step;
    private int _kind;
    private double _loss;
    private double _learningRate;
    private double _gradNorm;
    private double _tokensPerSecond;
    private double _memoryBytes;
    private double _tokens;

    public readonly RecordKind Kind => (RecordKind)_kind;

    /// <summary>In optimizer steps done; of a start, the step that it goes on from, or -1.</summary>
    public readonly int Step => _step;

    /// <summary>The same at another step.</summary>
    public readonly MetricRecord MovedTo(int step)
    {
        var moved = this;
        moved._step = step;
        return moved;
    }

    /// <summary>Ticks in UTC; 0 where the line gave none.</summary>
    public readonly long At => _at;

    public readonly double Loss => _loss;

    public readonly double LearningRate => _learningRate;

    public readonly double GradNorm => _gradNorm;

    public readonly double TokensPerSecond => _tokensPerSecond;

    public readonly double MemoryBytes => _memoryBytes;

    public readonly double Tokens => _tokens;

    /// <summary>Of an evaluation: the share of tokens that the model ranks first.</summary>
    public readonly double TokenAccuracy => _tokens;

    /// <summary>Of a notable line: where it begins. A double holds places up to 2^53 exactly.</summary>
    public readonly long Offset => (long)_memoryBytes;

    /// <summary>Whether a resume before its step makes it void.</summary>
    public readonly bool IsOfAStep => Kind is RecordKind.Metric or RecordKind.Evaluation or RecordKind.Sample;

    /// <summary>Reads a line; <see cref="RecordKind.None"/> for one that is none of ours.</summary>
    // Compiled well at once: the first run of it is over a million lines, and by then that is over.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static MetricRecord Parse(ReadOnlySpan<byte> json, long offset)
    {
        var record = new MetricRecord { _loss = double.NaN, _learningRate = double.NaN, _gradNorm = double.NaN, _tokensPerSecond = double.NaN, _memoryBytes = double.NaN, _tokens = double.NaN };
        var resumedFrom = FromNothing;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return default;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var field = FieldOf(reader.ValueSpan);
                reader.Read();
                switch (field)
                {
                    case Field.Type when (record._kind = (int)KindOf(ref reader)) == 0:
                        return default;
                    case Field.ResumedFrom:
                        resumedFrom = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var step) ? step : FromNothing;
                        break;
                    default:
                        record.ReadField(field, ref reader);
                        break;
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return default;
        }

        switch (record.Kind)
        {
            case RecordKind.Started:
                record._step = resumedFrom;
                record._memoryBytes = offset;
                break;
            case RecordKind.Notable or RecordKind.Sample:
                record._memoryBytes = offset;
                break;
            default:
                break;
        }

        return record;
    }

    private static RecordKind KindOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("metric"u8) ? RecordKind.Metric
        : reader.ValueTextEquals("progress"u8) ? RecordKind.None
        : reader.ValueTextEquals("evaluation"u8) ? RecordKind.Evaluation
        : reader.ValueTextEquals("started"u8) ? RecordKind.Started
        : reader.ValueTextEquals("sample"u8) ? RecordKind.Sample
        : reader.TokenType == JsonTokenType.String ? RecordKind.Notable
        : RecordKind.None;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadField(Field field, ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        switch (field)
        {
            case Field.Step:
                _step = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var step) ? step : 0;
                break;
            case Field.At:
                _at = reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var at) ? at.UtcTicks : 0;
                break;
            case Field.Loss:
                _loss = NumberOf(ref reader);
                break;
            case Field.LearningRate:
                _learningRate = NumberOf(ref reader);
                break;
            case Field.GradNorm:
                _gradNorm = NumberOf(ref reader);
                break;
            case Field.TokensPerSecond:
                _tokensPerSecond = NumberOf(ref reader);
                break;
            case Field.MemoryBytes:
                _memoryBytes = NumberOf(ref reader);
                break;
            case Field.Tokens:
                _tokens = NumberOf(ref reader);
                break;
            default:
                break;
        }
    }

    /// <summary>By the length first: a line has a dozen names, and a long run a million lines.</summary>
    private static Field FieldOf(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("at"u8) => Field.At,
        4 when name.SequenceEqual("type"u8) => Field.Type,
        4 when name.SequenceEqual("step"u8) => Field.Step,
        4 when name.SequenceEqual("loss"u8) => Field.Loss,
        6 when name.SequenceEqual("tokens"u8) => Field.Tokens,
        9 when name.SequenceEqual("grad_norm"u8) => Field.GradNorm,
        12 when name.SequenceEqual("memory_bytes"u8) => Field.MemoryBytes,
        12 when name.SequenceEqual("resumed_from"u8) => Field.ResumedFrom,
        13 when name.SequenceEqual("learning_rate"u8) => Field.LearningRate,
        14 when name.SequenceEqual("token_accuracy"u8) => Field.Tokens,
        17 when name.SequenceEqual("tokens_per_second"u8) => Field.TokensPerSecond,
        _ => Field.None,
    };

    private static double NumberOf(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && Utf8Parser.TryParse(reader.ValueSpan, out double value, out _) && double.IsFinite(value) ? value : double.NaN;

    private enum Field
    {
        None,
        Type,
        ResumedFrom,
        Step,
        At,
        Loss,
        LearningRate,
        GradNorm,
        TokensPerSecond,
        MemoryBytes,
        Tokens,
    }
}
