namespace Beep.Host.Identity.SignIn;

/// <summary>A bounded table in memory: what was used longest ago is forgotten first. Not for several threads at once.</summary>
internal sealed class RecentTable<TKey, TValue>(int most) where TKey : notnull where TValue : class, new()
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _order = [];

    public int Count => _nodes.Count;

    public TValue? Find(TKey key) => _nodes.TryGetValue(key, out var node) ? node.Value.Value : null;

    public TValue Get(TKey key)
    {
        if (_nodes.TryGetValue(key, out var node))
        {
            _order.Remove(node);
            _order.AddLast(node);
            return node.Value.Value;
        }

        if (_nodes.Count >= most)
        {
            _nodes.Remove(_order.First!.Value.Key);
            _order.RemoveFirst();
        }

        var value = new TValue();
        _nodes[key] = _order.AddLast((key, value));
        return value;
    }

    public void Remove(TKey key)
    {
        if (_nodes.Remove(key, out var node))
        {
            _order.Remove(node);
        }
    }
}
