using System.Text;

namespace Beep.LanguageModels.Tokenization;

/// <summary>The bytes each token stands for, in one block.</summary>
internal sealed class TokenBytes
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;

    /// <param name="tokens">Per id the token as the file spells it; null where no token has the id.</param>
    public TokenBytes(string?[] tokens)
    {
        using var bytes = new MemoryStream();
        _ends = new int[tokens.Length];
        for (var id = 0; id < tokens.Length; id++)
        {
            if (tokens[id] is { } token)
            {
                bytes.Write(ByteAlphabet.Decode(token) ?? Encoding.UTF8.GetBytes(token));
            }

            _ends[id] = (int)bytes.Length;
        }

        _bytes = bytes.ToArray();
    }

    public int Count => _ends.Length;

    /// <summary>Empty for an id that no token has, such as those a model adds to round its vocabulary up.</summary>
    public ReadOnlySpan<byte> Of(int id)
    {
        if ((uint)id >= (uint)_ends.Length)
        {
            return [];
        }

        var start = id == 0 ? 0 : _ends[id - 1];
        return _bytes.AsSpan(start, _ends[id] - start);
    }
}
