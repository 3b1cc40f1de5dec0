namespace Beep.LanguageModels.Safetensors;

/// <summary>The number formats of weights that this product reads and writes.</summary>
internal enum TensorType
{
    F32 = 1,
    F16 = 2,
    BF16 = 3,
}

/// <summary>A tensor in a safetensors file.</summary>
/// <param name="Name">Its name, as in the model's state dictionary.</param>
/// <param name="Type">The number format.</param>
/// <param name="Shape">The dimensions, outermost first; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, from the start of the file.</param>
/// <param name="ByteCount">How many there are.</param>
internal sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long ByteCount)
{
    /// <summary>How many numbers the tensor holds.</summary>
    public long ElementCount => ByteCount / SizeOf(Type);

    /// <summary>Bytes a number.</summary>
    public static int SizeOf(TensorType type) => type switch
    {
        TensorType.F32 => 4,
        TensorType.F16 or TensorType.BF16 => 2,
    };
}
