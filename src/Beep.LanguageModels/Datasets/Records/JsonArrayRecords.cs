using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Records;

/// <summary>
/// The elements of one JSON array, cut out without holding the array. Only strings and brackets are followed here;
/// whether an element is valid JSON is found later.
/// </summary>
internal sealed class JsonArrayRecords(Stream stream) : IRecordSource
{
    private const string ArrayRemedy =
        "Write the file as '[', objects with a comma between two of them, and ']'. What follows that place was not read.";

    private readonly ByteWindow _window = new(stream);
    private State _state = State.BeforeArray;

    private enum State
    {
        BeforeArray,
        BeforeFirst,
        AfterElement,
        AfterComma,
        AfterArray,
        Ended,
    }

    public bool Fill(RecordBlock block)
    {
        while (!block.IsFull && _state != State.Ended)
        {
            Step(block);
        }

        return block.Records.Count > 0;
    }

    public void Dispose() => stream.Dispose();

    private void Step(RecordBlock block)
    {
        var next = SkipBlanks();
        block.Begin(_window.Line);
        switch (_state, next)
        {
            case (State.BeforeArray, '['):
                Pass(State.BeforeFirst);
                break;
            case (State.BeforeFirst or State.AfterElement, ']'):
                Pass(State.AfterArray);
                break;
            case (State.AfterElement, ','):
                Pass(State.AfterComma);
                break;
            case (State.AfterArray, null):
                _state = State.Ended;
                break;
            case (State.AfterArray, _):
                Stop(block, $"'{Show(next)}' follows the end of the array.");
                break;
            case (_, null):
                Stop(block, "The file ends inside the array: it is cut off or lacks a ']'.");
                break;
            case (State.BeforeFirst or State.AfterComma, not (',' or ']')):
                Copy(block);
                break;
            default:
                Stop(block, $"'{Show(next)}' stands where {(_state == State.AfterComma ? "an element" : "a comma or ']'")} is expected.");
                break;
        }
    }

    private void Pass(State state)
    {
        _window.Advance(1);
        _state = state;
    }

    private void Stop(RecordBlock block, string message)
    {
        block.Refuse(FindingCodes.BadJson, message, ArrayRemedy);
        _state = State.Ended;
    }

    private char? SkipBlanks()
    {
        while (true)
        {
            var bytes = _window.Next();
            if (bytes.IsEmpty)
            {
                return null;
            }

            var start = bytes.IndexOfAnyExcept(" \t\r\n"u8);
            _window.Advance(start < 0 ? bytes.Length : start);
            if (start >= 0)
            {
                return (char)bytes[start];
            }
        }
    }

    private void Copy(RecordBlock block)
    {
        var scan = new JsonElementScan();
        var overlong = false;
        while (!scan.IsDone)
        {
            var bytes = _window.Next();
            if (bytes.IsEmpty)
            {
                Stop(block, "The file ends inside this element: it is cut off, or a quotation mark or bracket is not closed.");
                return;
            }

            var length = scan.Follow(bytes);
            if (!overlong)
            {
                block.Append(bytes[..length]);
                overlong = block.IsOverlong;
                if (overlong)
                {
                    block.RefuseOverlong();
                }
            }

            _window.Advance(length);
        }

        _state = State.AfterElement;
        if (!overlong)
        {
            block.End();
        }
    }

    private static string Show(char? value) => value is > ' ' and < (char)0x7F ? value.Value.ToString() : $"byte 0x{(int)(value ?? '\0'):X2}";
}
