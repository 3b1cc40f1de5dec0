using System.Runtime.InteropServices;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Gathers the tokens of one text, with their spans only where they are asked for.</summary>
internal sealed class TokenCollector(bool withOffsets)
{
    private readonly List<int> _ids = [];
    private readonly List<int> _starts = [];
    private readonly List<int> _ends = [];

    public bool WithOffsets { get; } = withOffsets;

    public int Count => _ids.Count;

    public void Add(int id) => _ids.Add(id);

    public void AddRange(ReadOnlySpan<int> ids) => _ids.AddRange(ids);

    /// <summary>Says where the next token without a span came from; spans are added in the order of the ids.</summary>
    public void AddSpan(int start, int end)
    {
        _starts.Add(start);
        _ends.Add(end);
    }

    /// <summary>The ids from <paramref name="first"/> on; valid until the next addition.</summary>
    public ReadOnlySpan<int> IdsFrom(int first) => CollectionsMarshal.AsSpan(_ids)[first..];

    public int[] ToIds() => [.. _ids];

    public TokenizedText ToText() => new([.. _ids], [.. _starts], [.. _ends]);
}
