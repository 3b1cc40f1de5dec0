using System.Text;
using System.Text.Json;

namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>The values of one scanned row. Entry 0 is the row's object; an entry of -1 means that there is none.</summary>
internal readonly ref struct RowView(ReadOnlySpan<byte> bytes, ReadOnlySpan<JsonEntry> entries)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly ReadOnlySpan<JsonEntry> _entries = entries;

    /// <summary>A value's type in words.</summary>
    public static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => "null",
    };

    public JsonTokenType Type(int entry) => _entries[entry].Type;

    /// <summary>The text of a string, name or number as it stands in the row.</summary>
    public ReadOnlySpan<byte> Raw(int entry) => _bytes.Slice(_entries[entry].Start, _entries[entry].Length);

    /// <summary>The text of a string or name.</summary>
    public string Text(int entry) => JsonText.Unescape(Raw(entry), _entries[entry].IsEscaped);

    public bool IsBlank(int entry) => JsonText.IsBlank(Raw(entry));

    /// <summary>The first child of a list or object, or -1.</summary>
    public int FirstChild(int container) => _entries[container].Next > container + 1 ? container + 1 : -1;

    /// <summary>The next child of the same container, or -1.</summary>
    public int NextChild(int container, int child)
    {
        var next = _entries[child].Next;
        return next < _entries[container].Next ? next : -1;
    }

    /// <summary>The value of a key of an object, or -1.</summary>
    public int Find(int container, ReadOnlySpan<byte> key)
    {
        for (var name = FirstChild(container); name >= 0; name = NextChild(container, name + 1))
        {
            if (Is(name, key))
            {
                return name + 1;
            }
        }

        return -1;
    }

    /// <summary>Whether a string or name equals this text.</summary>
    public bool Is(int entry, ReadOnlySpan<byte> text) =>
        _entries[entry].IsEscaped ? Text(entry) == Encoding.UTF8.GetString(text) : Raw(entry).SequenceEqual(text);

    /// <summary>Whether two strings are the same text.</summary>
    public bool IsSame(int entry, int other) =>
        _entries[entry].IsEscaped || _entries[other].IsEscaped ? Text(entry) == Text(other) : Raw(entry).SequenceEqual(Raw(other));

    /// <summary>The keys of the row.</summary>
    public List<string> Keys()
    {
        var keys = new List<string>();
        for (var name = FirstChild(0); name >= 0; name = NextChild(0, name + 1))
        {
            keys.Add(Text(name));
        }

        return keys;
    }
}
