using System.Buffers.Binary;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Safetensors;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The number format.</param>
/// <param name="Shape">The dimensions, outermost first.</param>
/// <param name="Write">Writes its bytes, exactly as many as shape and type give.</param>
internal sealed record TensorToWrite(string Name, TensorType Type, IReadOnlyList<long> Shape, Action<Stream> Write);

/// <summary>Writes a safetensors file, one tensor in memory at a time.</summary>
internal static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>Writes the tensors in order of name, with <c>format: pt</c>, which Transformers and PEFT demand.</summary>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors)
    {
        var ordered = tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).ToList();
        var header = Header(ordered);
        DurableFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var tensor in ordered)
            {
                var start = stream.Position;
                tensor.Write(stream);
                if (stream.Position - start != ByteCount(tensor))
                {
                    throw new InvalidOperationException($"Tensor '{tensor.Name}' wrote {stream.Position - start} bytes instead of {ByteCount(tensor)}.");
                }
            }
        });
    }

    private static byte[] Header(List<TensorToWrite> tensors)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            var offset = 0L;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type.ToString());
                json.WriteStartArray("shape");
                foreach (var size in tensor.Shape)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += ByteCount(tensor);
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Padded with spaces so that the data that follows is aligned.
        while (buffer.Length % Alignment != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }

    private static long ByteCount(TensorToWrite tensor) =>
        tensor.Shape.Aggregate((long)TensorInfo.SizeOf(tensor.Type), (product, size) => checked(product * size));
}
