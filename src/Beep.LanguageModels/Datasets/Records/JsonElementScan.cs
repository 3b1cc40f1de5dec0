using System.Buffers;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>Finds where a JSON value ends, over as many pieces of input as it takes.</summary>
internal struct JsonElementScan
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);

    private int _depth;
    private bool _isInString;
    private bool _isEscaped;
    private bool _isStarted;

    /// <summary>Whether the value is complete.</summary>
    public bool IsDone { get; private set; }

    /// <summary>How many of these bytes belong to the value.</summary>
    public int Follow(ReadOnlySpan<byte> bytes)
    {
        var position = 0;
        while (position < bytes.Length && !IsDone)
        {
            position = _isInString ? FollowString(bytes, position) : FollowStructure(bytes, position);
        }

        return position;
    }

    private int FollowString(ReadOnlySpan<byte> bytes, int position)
    {
        if (_isEscaped)
        {
            _isEscaped = false;
            return position + 1;
        }

        var found = bytes[position..].IndexOfAny((byte)'"', (byte)'\\');
        if (found < 0)
        {
            return bytes.Length;
        }

        position += found;
        _isEscaped = bytes[position] == '\\';
        _isInString = _isEscaped;
        IsDone = !_isInString && _depth == 0;
        return position + 1;
    }

    private int FollowStructure(ReadOnlySpan<byte> bytes, int position)
    {
        if (_depth > 0)
        {
            var found = bytes[position..].IndexOfAny(Structure);
            if (found < 0)
            {
                return bytes.Length;
            }

            position += found;
        }
        else if (_isStarted && bytes[position] is (byte)',' or (byte)']' or (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            IsDone = true;
            return position;
        }

        _isStarted = true;
        switch (bytes[position])
        {
            case (byte)'"':
                _isInString = true;
                break;
            case (byte)'{' or (byte)'[':
                _depth++;
                break;
            case (byte)'}' or (byte)']' when _depth > 0:
                IsDone = --_depth == 0;
                break;
            default:
                break;
        }

        return position + 1;
    }
}
