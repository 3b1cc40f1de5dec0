using System.Buffers.Binary;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Safetensors;

/// <summary>
/// The head of a safetensors file: 8 bytes little-endian length, then a JSON object of names to type, shape and offsets.
/// Nothing in it is trusted: every offset is checked against the file before it is used.
/// </summary>
internal static class SafetensorsHeader
{
    private const int LengthBytes = 8;
    private const long MaxBytes = 100_000_000;
    private const string MetadataKey = "__metadata__";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>Reads and checks the head of an open file of <paramref name="fileLength"/> bytes.</summary>
    /// <exception cref="FaultException">The file is not safetensors, is cut short, or its head points outside of it.</exception>
    public static (IReadOnlyDictionary<string, TensorInfo> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(Stream stream, long fileLength, string path)
    {
        Span<byte> prefix = stackalloc byte[LengthBytes];
        if (fileLength < LengthBytes)
        {
            throw Bad(path, $"it has {fileLength} bytes, fewer than the {LengthBytes} that give the length of its header");
        }

        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxBytes || length > (ulong)(fileLength - LengthBytes))
        {
            throw Bad(path, $"its header claims {length:N0} bytes, in a file of {fileLength:N0}");
        }

        var json = new byte[(int)length];
        stream.ReadExactly(json);
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Parse(document.RootElement, LengthBytes + (long)length, fileLength, path);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Bad(path, $"its header cannot be read: {error.Message}", error);
        }
    }

    private static (Dictionary<string, TensorInfo>, Dictionary<string, string>) Parse(JsonElement root, long dataStart, long fileLength, string path)
    {
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in root.EnumerateObject())
        {
            if (entry.Name == MetadataKey)
            {
                foreach (var item in entry.Value.EnumerateObject())
                {
                    metadata[item.Name] = item.Value.GetString() ?? "";
                }
            }
            else
            {
                tensors.Add(entry.Name, ParseTensor(entry, dataStart, fileLength, path));
            }
        }

        RefuseOverlap(tensors.Values, path);
        return (tensors, metadata);
    }

    private static TensorInfo ParseTensor(JsonProperty entry, long dataStart, long fileLength, string path)
    {
        var typeName = entry.Value.GetProperty("dtype").GetString() ?? "";
        if (!Enum.TryParse<TensorType>(typeName, out var type) || !Enum.IsDefined(type) || char.IsDigit(typeName[0]))
        {
            throw FaultException.Invalid(
                "unsupported_dtype",
                $"Tensor '{entry.Name}' has the number format '{typeName}'.",
                $"Convert the model to one of {string.Join(", ", Enum.GetNames<TensorType>())}.",
                path);
        }

        var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray();
        var offsets = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64()).ToArray();
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > fileLength - dataStart)
        {
            throw Bad(path, $"tensor '{entry.Name}' lies at bytes {string.Join(" to ", offsets)} of {fileLength - dataStart:N0} bytes of data");
        }

        var byteCount = offsets[1] - offsets[0];
        if (Array.Exists(shape, size => size < 0) || ExpectedBytes(shape, type) != byteCount)
        {
            throw Bad(path, $"tensor '{entry.Name}' of shape [{string.Join(", ", shape)}] and type {type} has {byteCount:N0} bytes");
        }

        return new TensorInfo(entry.Name, type, shape, dataStart + offsets[0], byteCount);
    }

    private static Int128 ExpectedBytes(long[] shape, TensorType type)
    {
        Int128 bytes = TensorInfo.SizeOf(type);
        foreach (var size in shape)
        {
            // A shape can multiply past any integer; past any file it may stop.
            bytes *= size;
            if (bytes > long.MaxValue)
            {
                return -1;
            }
        }

        return bytes;
    }

    private static void RefuseOverlap(IEnumerable<TensorInfo> tensors, string path)
    {
        TensorInfo? previous = null;
        foreach (var tensor in tensors.Where(t => t.ByteCount > 0).OrderBy(t => t.Offset))
        {
            if (previous is not null && tensor.Offset < previous.Offset + previous.ByteCount)
            {
                throw Bad(path, $"tensors '{previous.Name}' and '{tensor.Name}' overlap");
            }

            previous = tensor;
        }
    }

    private static FaultException Bad(string path, string what, Exception? cause = null) =>
        FaultException.Invalid("bad_safetensors", $"'{Path.GetFileName(path)}' is not a sound safetensors file: {what}.", "Download or export the model again.", path, cause);
}
