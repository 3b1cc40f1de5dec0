namespace Beep.LanguageModels.Datasets.Rows;

/// <summary>The keys of the objects that are open, by hash; small objects are searched, large ones hashed.</summary>
internal sealed class KeySet
{
    private const int SearchUpTo = 16;

    private readonly List<ulong> _keys = [];
    private readonly Stack<(int Start, int Object)> _open = new();
    private readonly HashSet<(int Object, ulong Key)> _large = [];
    private int _objects;

    public void Clear()
    {
        _keys.Clear();
        _open.Clear();
        _objects = 0;
        if (_large.Count > 0)
        {
            _large.Clear();
        }
    }

    public void Open() => _open.Push((_keys.Count, _objects++));

    public void Close()
    {
        var (start, _) = _open.Pop();
        _keys.RemoveRange(start, _keys.Count - start);
    }

    /// <summary>Adds a key to the innermost object; false when it is there already.</summary>
    public bool Add(ulong key)
    {
        var (start, owner) = _open.Peek();
        var count = _keys.Count - start;
        if (count < SearchUpTo)
        {
            for (var index = start; index < _keys.Count; index++)
            {
                if (_keys[index] == key)
                {
                    return false;
                }
            }
        }
        else
        {
            for (var index = start; count == SearchUpTo && index < _keys.Count; index++)
            {
                _large.Add((owner, _keys[index]));
            }

            if (!_large.Add((owner, key)))
            {
                return false;
            }
        }

        _keys.Add(key);
        return true;
    }
}
