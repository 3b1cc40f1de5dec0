using Beep.LanguageModels.Safetensors;
using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>Moves tensors between safetensors files and torch.</summary>
internal static unsafe class TensorFiles
{
    private const int CopyBytes = 1 << 20;

    /// <summary>Copies a mapped tensor into torch memory as <paramref name="type"/>; the file may be closed afterwards.</summary>
    public static Tensor Load(SafetensorsFile file, TensorInfo info, ScalarType type, Device device)
    {
        var stored = empty([.. info.Shape], TorchType(info.Type));
        var source = file.Address(info);
        Buffer.MemoryCopy(source, DataPointer(stored), info.ByteCount, info.ByteCount);
        if (stored.dtype == type && device.type == TorchSharp.DeviceType.CPU)
        {
            return stored;
        }

        using (stored)
        {
            return stored.to(type, device);
        }
    }

    /// <summary>Describes a tensor for <see cref="SafetensorsWriter"/>; it is read when written, so it must still live then.</summary>
    public static TensorToWrite ToWrite(string name, Tensor tensor, TensorType type) =>
        new(name, type, tensor.shape, stream =>
        {
            using var scope = NewDisposeScope();
            var plain = tensor.detach().to(TorchType(type), CPU).contiguous();
            var address = DataPointer(plain);
            var left = plain.numel() * TensorInfo.SizeOf(type);
            while (left > 0)
            {
                var count = (int)Math.Min(left, CopyBytes);
                stream.Write(new ReadOnlySpan<byte>(address, count));
                address += count;
                left -= count;
            }
        });

    /// <summary>Torch's name of a stored number format.</summary>
    public static ScalarType TorchType(TensorType type) => type switch
    {
        TensorType.F32 => ScalarType.Float32,
        TensorType.F16 => ScalarType.Float16,
        TensorType.BF16 => ScalarType.BFloat16,
    };

    private static byte* DataPointer(Tensor tensor)
    {
        if (tensor.numel() == 0)
        {
            return null;
        }

        // The accessor hands out the address for every number format only as bytes of the first element.
        using var first = tensor.reshape(-1).narrow(0, 0, 1);
        fixed (byte* pointer = first.bytes)
        {
            return pointer;
        }
    }
}
