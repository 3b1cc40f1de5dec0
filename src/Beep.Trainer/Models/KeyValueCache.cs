using Beep.LanguageModels.Configuration;
using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>The keys and values of one sequence, allocated once for its longest length.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;

    public KeyValueCache(ModelConfig config, int capacity, ScalarType type, Device device)
    {
        Capacity = capacity;
        _keys = Allocate(config, capacity, type, device);
        _values = Allocate(config, capacity, type, device);
    }

    /// <summary>How many tokens fit.</summary>
    public int Capacity { get; }

    /// <summary>How many there are.</summary>
    public int Length { get; private set; }

    /// <summary>Appends [1, kv_heads, T, head_dim] to a layer and returns all of that layer so far.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        var count = keys.shape[2];
        using (var keySlot = _keys[layer].narrow(2, Length, count))
        using (var valueSlot = _values[layer].narrow(2, Length, count))
        {
            keySlot.copy_(keys);
            valueSlot.copy_(values);
        }

        return (_keys[layer].narrow(2, 0, Length + count), _values[layer].narrow(2, 0, Length + count));
    }

    /// <summary>Counts the tokens that every layer has appended.</summary>
    public void Advance(int count) => Length += count;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
        {
            tensor.Dispose();
        }
    }

    private static Tensor[] Allocate(ModelConfig config, int capacity, ScalarType type, Device device) =>
        [.. Enumerable.Range(0, config.NumLayers).Select(_ =>
            zeros([1, config.NumKeyValueHeads, capacity, config.HeadDim], type, device).DetachFromDisposeScope())];
}
