using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void Open_FileJustWritten_GivesTheSameTensors()
    {
        var path = _temporary.At("model.safetensors");
        float[] weights = [1, 2, 3, 4, 5, 6];
        SafetensorsWriter.Write(path,
        [
            new TensorToWrite("b", TensorType.F32, [2, 3], stream => stream.Write(MemoryMarshal.AsBytes<float>(weights))),
            new TensorToWrite("a", TensorType.BF16, [2], stream => stream.Write([0x80, 0x3F, 0, 0x40])),
            new TensorToWrite("empty", TensorType.F16, [0, 4], _ => { }),
        ]);

        using var file = SafetensorsFile.Open(path);

        Assert.Equal(["a", "b", "empty"], file.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(weights, MemoryMarshal.Cast<byte, float>(file.Bytes(file.Tensors["b"])).ToArray());
        Assert.Equal([2L, 3L], file.Tensors["b"].Shape);
        Assert.Equal([0x80, 0x3F, 0, 0x40], file.Bytes(file.Tensors["a"]).ToArray());
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void Write_TensorOfAnotherSize_LeavesNoFile()
    {
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(
            _temporary.At("model.safetensors"), [new TensorToWrite("a", TensorType.F32, [4], stream => stream.WriteByte(0))]));

        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void Open_ShardedModel_GivesTheTensorsOfTheSingleFile()
    {
        using var whole = ModelWeights.Open(RepositoryFiles.Fixture("llama-tied"));
        using var shards = ModelWeights.Open(RepositoryFiles.Fixture("llama-tied-sharded"));

        Assert.Equal(3, ModelWeights.Files(RepositoryFiles.Fixture("llama-tied-sharded")).Count);
        foreach (var tensor in whole.Tensors)
        {
            Assert.True(whole.TryGet(tensor.Name, out var wholeFile, out var wholeTensor));
            Assert.True(shards.TryGet(tensor.Name, out var shard, out var shardTensor), tensor.Name);
            Assert.True(wholeFile.Bytes(wholeTensor).SequenceEqual(shard.Bytes(shardTensor)), tensor.Name);
        }
    }

    public static TheoryData<string, string> BadHeaders => new()
    {
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", "tensor 'a' lies at bytes 0 to 16 of 8 bytes of data" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "tensor 'a' lies at bytes 8 to 0 of 8 bytes of data" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "tensor 'a' lies at bytes -8 to 0 of 8 bytes of data" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "tensor 'a' of shape [3] and type F32 has 8 bytes" },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "tensor 'a' of shape [-2] and type F32 has 8 bytes" },
        { """{"a":{"dtype":"F16","shape":[9223372036854775807,9223372036854775807,4],"data_offsets":[0,8]}}""", "tensor 'a' of shape [9223372036854775807, 9223372036854775807, 4] and type F16 has 8 bytes" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", "tensors 'a' and 'b' overlap" },
        { """{"a":{"dtype":"F32","shape":[2]}}""", "its header cannot be read: " },
        { """{"a":{"dtype":"F32","shape":"x","data_offsets":[0,8]}}""", "its header cannot be read: " },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "its header cannot be read: " },
        { "[]", "its header cannot be read: " },
        { "{", "its header cannot be read: " },
    };

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void Open_HeaderThatLies_IsRefused(string header, string what)
    {
        var fault = Assert.Throws<FaultException>(() => SafetensorsFile.Open(Write(header, claimedLength: null))).Faults.Single();

        Assert.Equal("bad_safetensors", fault.Code);
        Assert.StartsWith($"'model.safetensors' is not a sound safetensors file: {what}", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(99_000_000UL)]
    [InlineData(1_000UL)]
    public void Open_HeaderLongerThanTheFile_IsRefusedWithoutReadingIt(ulong claimed)
    {
        var fault = Assert.Throws<FaultException>(() => SafetensorsFile.Open(Write("{}", claimed))).Faults.Single();

        Assert.Contains($"its header claims {claimed:N0} bytes, in a file of 18", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("I8")]
    [InlineData("F8_E4M3")]
    [InlineData("1")]
    public void Open_NumberFormatThatIsNotRead_IsRefusedByName(string type)
    {
        var path = Write($$$"""{"a":{"dtype":"{{{type}}}","shape":[8],"data_offsets":[0,8]}}""", null);

        var fault = Assert.Throws<FaultException>(() => SafetensorsFile.Open(path)).Faults.Single();

        Assert.Equal($"Tensor 'a' has the number format '{type}'. Convert the model to one of F32, F16, BF16.", $"{fault.Message} {fault.Remedy}");
    }

    [Theory]
    [InlineData("../other/model.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("weights.bin")]
    public void Open_IndexThatNamesAnotherFolder_IsRefused(string shard)
    {
        _temporary.Write("model.safetensors.index.json", $$$"""{"weight_map":{"a":"{{{shard}}}"}}""");

        var fault = Assert.Throws<FaultException>(() => ModelWeights.Open(_temporary.Path)).Faults.Single();

        Assert.Equal(("bad_index", $"The index names the shard '{shard}'."), (fault.Code, fault.Message));
    }

    [Fact]
    public void Open_MissingShards_NamesEveryOne()
    {
        _temporary.Write("model.safetensors.index.json", """{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");

        var faults = Assert.Throws<FaultException>(() => ModelWeights.Open(_temporary.Path)).Faults;

        Assert.Equal(["The shard '1.safetensors' is not there.", "The shard '2.safetensors' is not there."], faults.Select(fault => fault.Message));
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.pt")]
    [InlineData("weights.pkl")]
    public void Open_PickledWeights_AreRefused(string name)
    {
        _temporary.Write(name, "x");

        Assert.Equal("pickled_weights", Assert.Throws<FaultException>(() => ModelWeights.Open(_temporary.Path)).Faults.Single().Code);
    }

    public void Dispose() => _temporary.Dispose();

    /// <summary>A header, then eight bytes of data.</summary>
    private string Write(string header, ulong? claimedLength)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, claimedLength ?? (ulong)Encoding.UTF8.GetByteCount(header));
        var path = _temporary.At("model.safetensors");
        File.WriteAllBytes(path, [.. length, .. Encoding.UTF8.GetBytes(header), .. new byte[8]]);
        return path;
    }
}
