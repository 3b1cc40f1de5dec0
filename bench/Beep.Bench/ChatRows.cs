using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Beep.Bench;

/// <summary>Writes conversations as people have them with assistants: several turns, paragraphs, lists, code, other scripts.</summary>
internal static class ChatRows
{
    private static readonly string[] Words =
        ("the of and to in a is that for it as was with be by on not he this are or his from at which but have an they you were her she there would their we him been has "
        + "when who will no more if out so said what up its about into than them can only other new some could time these two may then do first any my now such like our over "
        + "man me even most made after also did many before must through years where much your way well down should because each just those people how too little state good "
        + "very make world still own see men work long get here between both life being under never day same another know while last might us great old year off come since "
        + "function parameter gradient dataset learning rate naïve café Zürich größer señor résumé").Split(' ');

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes about so many bytes; the same ones each time.</summary>
    public static void Write(string path, long bytes)
    {
        var random = new Random(1);
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        while (stream.Length < bytes)
        {
            using (var json = new Utf8JsonWriter(stream, Relaxed))
            {
                WriteRow(json, random);
            }

            stream.WriteByte((byte)'\n');
        }
    }

    private static void WriteRow(Utf8JsonWriter json, Random random)
    {
        json.WriteStartObject();
        json.WriteStartArray("messages");
        WriteMessage(json, "system", "You are a helpful assistant.");
        for (var turn = random.Next(1, 4); turn > 0; turn--)
        {
            WriteMessage(json, "user", Text(random, random.Next(5, 60)));
            WriteMessage(json, "assistant", Text(random, random.Next(30, 400)));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMessage(Utf8JsonWriter json, string role, string content)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteString("content", content);
        json.WriteEndObject();
    }

    private static string Text(Random random, int words)
    {
        var text = new StringBuilder();
        for (var word = 0; word < words; word++)
        {
            text.Append(Words[random.Next(Words.Length)]);
            text.Append(random.Next(60) switch
            {
                0 => ".\n\n",
                1 => ":\n- ",
                2 => " \"quoted\" ",
                3 or 4 or 5 => ". ",
                6 => " 你好 ",
                _ => " ",
            });
        }

        return text.ToString();
    }
}
