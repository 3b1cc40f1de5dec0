using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Decodes tokens as they are generated, and yields only whole characters: the rest waits for the token that completes it.</summary>
internal sealed class TokenTextStream(Tokenizer tokenizer, bool skipSpecialTokens)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The text that became whole with this token; often empty within an emoji or a rare letter.</summary>
    public string Push(int id) => Convert(tokenizer.BytesOf(id, skipSpecialTokens), flush: false);

    /// <summary>What is left of an unfinished character, as U+FFFD; the stream starts anew after it.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> characters = stackalloc char[256];
        if (bytes.Length > 200)
        {
            characters = new char[bytes.Length + 8];
        }

        return characters[.._decoder.GetChars(bytes, characters, flush)].ToString();
    }
}
