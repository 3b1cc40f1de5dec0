using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Records;

namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>
/// Reads a row once: whether it is sound JSON in UTF-8, its values by place and length, and its hash. No text is
/// copied. One scanner belongs to one thread and is used again for each row.
/// </summary>
internal sealed class RowScanner
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = RecordLimits.MaxDepth + 2 };

    private readonly KeySet _keys = new();
    private readonly int[] _open = new int[RecordLimits.MaxDepth + 2];
    private JsonEntry[] _entries = new JsonEntry[256];
    private int _count;
    private int _depth;
    private JsonTokenType _previous;

    /// <summary>The hash of the values in their order, the same whatever white space stands between them.</summary>
    public UInt128 Hash { get; private set; }

    /// <summary>Reads the row and reports what is wrong with its notation; false when it cannot be looked at further.</summary>
    public bool Scan(ReadOnlySpan<byte> row, FindingLog log)
    {
        _keys.Clear();
        _count = _depth = 0;
        _previous = JsonTokenType.None;
        if (!Utf8.IsValid(row))
        {
            JsonFaults.ReportNotUtf8(row, log);
            return false;
        }

        var reader = new Utf8JsonReader(row, Options);
        try
        {
            return Read(ref reader, log);
        }
        catch (JsonException error)
        {
            JsonFaults.Report(row, error, log);
            return false;
        }
    }

    /// <summary>The values of the row that was scanned last.</summary>
    public RowView View(ReadOnlySpan<byte> row) => new(row, _entries.AsSpan(0, _count));

    private bool Read(ref Utf8JsonReader reader, FindingLog log)
    {
        var hasher = new RowHasher();
        while (reader.Read())
        {
            var type = reader.TokenType;
            if (type is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                Close(type);
            }
            else if (_depth == RecordLimits.MaxDepth && type is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                log.Error(
                    FindingCodes.TooDeep,
                    $"Objects and lists are nested more than {RecordLimits.MaxDepth} deep.",
                    "Flatten the row.");
                return false;
            }
            else if (!Append(ref reader, type))
            {
                log.Error(
                    FindingCodes.TooManyValues,
                    $"The row has more than {RecordLimits.MaxValues:N0} values.",
                    "Split it into several rows.");
                return false;
            }
            else
            {
                CheckValue(ref reader, type, log);
            }

            hasher.Add((byte)type, reader.ValueSpan);
            _previous = type;
        }

        Hash = hasher.Finish();
        if (_entries[0].Type == JsonTokenType.StartObject)
        {
            return true;
        }

        log.Error(
            FindingCodes.WrongType,
            $"The row is {RowView.Describe(_entries[0].Type)}, not an object.",
            "Write each row as an object: {\"prompt\": \"...\", \"completion\": \"...\"}.");
        return false;
    }

    private bool Append(ref Utf8JsonReader reader, JsonTokenType type)
    {
        var start = (int)reader.TokenStartIndex + (type is JsonTokenType.String or JsonTokenType.PropertyName ? 1 : 0);
        var length = reader.ValueSpan.Length;
        if (type == JsonTokenType.Number && _previous == JsonTokenType.Number)
        {
            ref var run = ref _entries[_count - 1];
            run.Length = start + length - run.Start;
            return true;
        }

        if (_count == _entries.Length)
        {
            if (_count == RecordLimits.MaxValues)
            {
                return false;
            }

            Array.Resize(ref _entries, _count * 2);
        }

        _entries[_count] = new JsonEntry { Type = type, IsEscaped = reader.ValueIsEscaped, Start = start, Length = length, Next = _count + 1 };
        if (type is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            _open[_depth++] = _count;
            if (type == JsonTokenType.StartObject)
            {
                _keys.Open();
            }
        }

        _count++;
        return true;
    }

    private void Close(JsonTokenType type)
    {
        _entries[_open[--_depth]].Next = _count;
        if (type == JsonTokenType.EndObject)
        {
            _keys.Close();
        }
    }

    private void CheckValue(ref Utf8JsonReader reader, JsonTokenType type, FindingLog log)
    {
        switch (type)
        {
            case JsonTokenType.PropertyName:
                if (!_keys.Add(reader.ValueIsEscaped ? UnescapedHash(ref reader) : RowHasher.Hash(reader.ValueSpan)))
                {
                    var key = JsonText.Preview(JsonText.Unescape(reader.ValueSpan, reader.ValueIsEscaped));
                    log.Error(
                        FindingCodes.DuplicateKey,
                        $"The key '{key}' appears twice in one object.",
                        "Keep one of the two values.",
                        key);
                }

                goto case JsonTokenType.String;
            case JsonTokenType.String:
                if (reader.ValueIsEscaped && JsonText.HasLoneSurrogate(reader.ValueSpan))
                {
                    log.Error(
                        FindingCodes.NotUtf8,
                        "An escape such as \\ud83d names half a character: its other half is missing.",
                        "Write the text anew from its source; it was cut in the middle of a character.");
                }

                break;
            case JsonTokenType.Number when !IsFinite(reader.ValueSpan):
                log.Error(
                    FindingCodes.NanLiteral,
                    $"The number {JsonText.Preview(JsonText.Unescape(reader.ValueSpan, false))} is too large: it would be read as Infinity.",
                    "Write a finite number or null.");
                break;
            default:
                break;
        }
    }

    private static ulong UnescapedHash(ref Utf8JsonReader reader) =>
        RowHasher.Hash(Encoding.UTF8.GetBytes(JsonText.Unescape(reader.ValueSpan, isEscaped: true)));

    private static bool IsFinite(ReadOnlySpan<byte> number) =>
        (number.Length < 300 && number.IndexOfAny((byte)'e', (byte)'E') < 0)
        || (Utf8Parser.TryParse(number, out double value, out _) && double.IsFinite(value));
}
