using System.Globalization;
using System.Text;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>
/// Cuts a template into tokens, with Jinja's whitespace rules as Transformers sets them: <c>trim_blocks</c> takes the newline after a
/// block or comment, <c>lstrip_blocks</c> the blanks before one that starts its line, <c>-</c> all whitespace on its side, <c>+</c> keeps it.
/// </summary>
internal sealed class TemplateLexer(TemplateSource source)
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", ">", "<", "=", ".", ":", "|", ",", "(", ")", "[", "]", "{", "}"];

    private readonly string _text = source.Text;
    private readonly List<TemplateToken> _tokens = [];
    private int _position;
    private bool _stripNext;
    private bool _lineStarts = true;

    public IReadOnlyList<TemplateToken> Read()
    {
        while (_position < _text.Length)
        {
            var tag = FindTag(_position);
            AddText(_position, tag);
            if (tag >= _text.Length)
            {
                break;
            }

            _position = tag + 2 + (tag + 2 < _text.Length && _text[tag + 2] is '-' or '+' ? 1 : 0);
            if (_text[tag + 1] == '#')
            {
                SkipComment(tag);
            }
            else
            {
                ReadTag(tag);
            }
        }

        Add(TemplateTokenKind.End, "", _text.Length);
        return _tokens;
    }

    private int FindTag(int start)
    {
        for (var index = start; index + 1 < _text.Length; index++)
        {
            if (_text[index] == '{' && _text[index + 1] is '%' or '{' or '#')
            {
                return index;
            }
        }

        return _text.Length;
    }

    private void AddText(int start, int tag)
    {
        var text = _text.AsSpan(start, tag - start);
        if (_stripNext)
        {
            text = text.TrimStart();
        }

        if (tag < _text.Length)
        {
            var mark = tag + 2 < _text.Length ? _text[tag + 2] : ' ';
            if (mark == '-')
            {
                text = text.TrimEnd();
            }
            else if (mark != '+' && _text[tag + 1] is '%' or '#')
            {
                var line = text.LastIndexOf('\n') + 1;
                if ((line > 0 || _lineStarts) && text[line..].IsWhiteSpace())
                {
                    text = text[..line];
                }
            }
        }

        if (text.Length > 0)
        {
            Add(TemplateTokenKind.Text, text.ToString(), start);
        }
    }

    private void SkipComment(int tag)
    {
        var end = _text.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw source.Unsupported(tag, "The comment that starts here is never closed with \"#}\".");
        }

        _position = end + 2;
        EndTag(_text[end - 1], trimsNewline: true);
    }

    /// <summary>Applies the mark before a closing delimiter, just past which the lexer stands.</summary>
    private void EndTag(char mark, bool trimsNewline)
    {
        _stripNext = mark == '-';
        _lineStarts = false;
        if (trimsNewline && mark is not ('-' or '+') && _position < _text.Length && _text[_position] == '\n')
        {
            _position++;
            _lineStarts = true;
        }
    }

    private void ReadTag(int tag)
    {
        var isBlock = _text[tag + 1] == '%';
        var close = isBlock ? "%}" : "}}";
        Add(isBlock ? TemplateTokenKind.BlockBegin : TemplateTokenKind.VariableBegin, "", tag);
        for (var depth = 0; ;)
        {
            while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
            {
                _position++;
            }

            if (_position >= _text.Length)
            {
                throw source.Unsupported(tag, $"The tag that starts here is never closed with \"{close}\".");
            }

            var marked = _text[_position] is '-' or '+';
            var at = _position + (marked ? 1 : 0);
            if (depth == 0 && string.CompareOrdinal(_text, at, close, 0, 2) == 0)
            {
                Add(isBlock ? TemplateTokenKind.BlockEnd : TemplateTokenKind.VariableEnd, "", _position);
                var mark = marked ? _text[_position] : ' ';
                _position = at + 2;
                EndTag(mark, isBlock);
                return;
            }

            depth += ReadToken();
        }
    }

    /// <summary>Reads one token of an expression; returns by how many brackets it goes deeper.</summary>
    private int ReadToken()
    {
        var start = _position;
        var first = _text[start];
        if (first is '\'' or '"')
        {
            Add(TemplateTokenKind.String, ReadString(first), start);
            return 0;
        }

        if (char.IsAsciiLetter(first) || first == '_')
        {
            Add(TemplateTokenKind.Name, Take(static c => char.IsAsciiLetterOrDigit(c) || c == '_'), start);
            return 0;
        }

        if (char.IsAsciiDigit(first))
        {
            ReadNumber(start);
            return 0;
        }

        var found = Array.Find(Operators, candidate => string.CompareOrdinal(_text, start, candidate, 0, candidate.Length) == 0)
            ?? throw source.Unsupported(start, $"The character \"{first}\" has no meaning here.");
        _position += found.Length;
        Add(TemplateTokenKind.Operator, found, start);
        return found is "(" or "[" or "{" ? 1 : found is ")" or "]" or "}" ? -1 : 0;
    }

    private void ReadNumber(int start)
    {
        var digits = Take(char.IsAsciiDigit);
        if (_position + 1 < _text.Length && _text[_position] == '.' && char.IsAsciiDigit(_text[_position + 1]))
        {
            _position++;
            Add(TemplateTokenKind.Float, digits + "." + Take(char.IsAsciiDigit), start);
        }
        else
        {
            Add(TemplateTokenKind.Integer, digits, start);
        }
    }

    private string Take(Func<char, bool> belongs)
    {
        var start = _position;
        while (_position < _text.Length && belongs(_text[_position]))
        {
            _position++;
        }

        return _text[start.._position];
    }

    private string ReadString(char quote)
    {
        var start = _position++;
        var result = new StringBuilder();
        while (_position < _text.Length)
        {
            var character = _text[_position++];
            if (character == quote)
            {
                return result.ToString();
            }

            result.Append(character == '\\' && _position < _text.Length ? ReadEscape() : character.ToString());
        }

        throw source.Unsupported(start, "The text literal that starts here is never closed.");
    }

    /// <summary>Python's escapes; an unknown one stands for itself.</summary>
    private string ReadEscape()
    {
        var character = _text[_position++];
        var digits = character switch { 'x' => 2, 'u' => 4, _ => 0 };
        if (digits > 0
            && _position + digits <= _text.Length
            && int.TryParse(_text.AsSpan(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            _position += digits;
            return ((char)value).ToString();
        }

        return character switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            '0' => "\0",
            '\n' => "",
            '\\' or '\'' or '"' => character.ToString(),
            _ => "\\" + character,
        };
    }

    private void Add(TemplateTokenKind kind, string text, int position) => _tokens.Add(new TemplateToken(kind, text, position));
}
