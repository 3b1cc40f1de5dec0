namespace Beep.Recipe;

/// <summary>One meaning: the words that share it, what it is, and its relations.</summary>
/// <param name="Key">Part of speech and offset, as in <c>n02084071</c>; unique in the database.</param>
/// <param name="Category">The number of the lexicographer's file: 5 animal, 6 artifact, 13 food … (lexnames(5WN)).</param>
/// <param name="Words">Lower case unless a proper name, with blanks.</param>
/// <param name="Definition">The gloss without its examples.</param>
/// <param name="Examples">The quoted sentences of the gloss.</param>
/// <param name="Pointers">Symbol and key of each related meaning, the symbols as in wninput(5WN).</param>
internal sealed record Synset(
    string Key,
    int Category,
    IReadOnlyList<string> Words,
    string Definition,
    IReadOnlyList<string> Examples,
    IReadOnlyList<(string Symbol, string Key)> Pointers)
{
    public IEnumerable<string> Related(string symbol) => Pointers.Where(pointer => pointer.Symbol == symbol).Select(static pointer => pointer.Key);
}
