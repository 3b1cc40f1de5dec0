using System.Text.Encodings.Web;
using System.Text.Json;

namespace Beep.Recipe;

/// <summary>The rows of the JSON lines files that the recipe writes and reads back.</summary>
internal static class Rows
{
    private static readonly JsonSerializerOptions Layout = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<string> ReadTexts(string path)
    {
        foreach (var line in File.ReadLines(path))
        {
            using var row = JsonDocument.Parse(line);
            yield return row.RootElement.GetProperty("text").GetString()!;
        }
    }

    public static void WriteTexts(string path, IEnumerable<string> texts) => Write(path, texts.Select(static text => (object)new { text }));

    public static void Write(string path, IEnumerable<object> rows)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var writer = new StreamWriter(path) { NewLine = "\n" };
        foreach (var row in rows)
        {
            writer.WriteLine(JsonSerializer.Serialize(row, Layout));
        }
    }
}
