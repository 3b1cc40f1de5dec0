using System.Globalization;
using System.Text;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>The filter <c>tojson</c> as Transformers has it: Python's <c>json.dumps</c> with its separators, without escaping for web pages.</summary>
internal static class TemplateJson
{
    /// <param name="value">What to write.</param>
    /// <param name="indent">Blanks a level; null writes one line.</param>
    /// <param name="ascii">Whether characters beyond ASCII are escaped; Transformers does not.</param>
    public static string Write(object? value, int? indent, bool ascii = false)
    {
        var result = new StringBuilder();
        Write(value, indent, ascii, 0, result);
        return result.ToString();
    }

    private static void Write(object? value, int? indent, bool ascii, int level, StringBuilder result)
    {
        switch (value)
        {
            case null:
                result.Append("null");
                break;
            case bool flag:
                result.Append(flag ? "true" : "false");
                break;
            case string text:
                WriteText(text, ascii, result);
                break;
            case IReadOnlyDictionary<string, object?> mapping:
                WriteItems('{', '}', [.. mapping], indent, level, result, (pair, deeper) =>
                {
                    WriteText(pair.Key, ascii, result);
                    result.Append(": ");
                    Write(pair.Value, indent, ascii, deeper, result);
                });
                break;
            case IReadOnlyList<object?> list:
                WriteItems('[', ']', list, indent, level, result, (item, deeper) => Write(item, indent, ascii, deeper, result));
                break;
            default:
                result.Append(TemplateValue.Text(value));
                break;
        }
    }

    private static void WriteItems<T>(char open, char close, IReadOnlyList<T> items, int? indent, int level, StringBuilder result, Action<T, int> write)
    {
        result.Append(open);
        for (var index = 0; index < items.Count; index++)
        {
            result.Append(index == 0 ? "" : indent is null ? ", " : ",");
            NewLine(level + 1);
            write(items[index], level + 1);
        }

        if (items.Count > 0)
        {
            NewLine(level);
        }

        result.Append(close);

        void NewLine(int depth)
        {
            if (indent is { } width)
            {
                result.Append('\n').Append(' ', width * depth);
            }
        }
    }

    private static void WriteText(string text, bool ascii, StringBuilder result)
    {
        result.Append('"');
        foreach (var character in text)
        {
            result.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                _ when character < ' ' || (ascii && character > '~') => "\\u" + ((int)character).ToString("x4", CultureInfo.InvariantCulture),
                _ => character.ToString(),
            });
        }

        result.Append('"');
    }
}
