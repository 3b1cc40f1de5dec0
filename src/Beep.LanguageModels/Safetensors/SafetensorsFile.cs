using System.IO.MemoryMappedFiles;
using Beep.Contracts;

namespace Beep.LanguageModels.Safetensors;

/// <summary>A safetensors file, mapped into memory: opening costs the header, and pages are read as tensors are copied.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;

    private SafetensorsFile(string path)
    {
        Path = path;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var length = stream.Length;
        (Tensors, Metadata) = SafetensorsHeader.Read(stream, length, path);
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What it holds, by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The free text beside the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file after checking its header.</summary>
    /// <exception cref="FaultException">The file is missing, unreadable or not sound.</exception>
    public static SafetensorsFile Open(string path)
    {
        try
        {
            return new SafetensorsFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid("unreadable", $"'{path}' cannot be read: {error.Message}", "Check that the file is there and readable.", path, error);
        }
    }

    /// <summary>The address of a tensor's bytes, valid until this is disposed.</summary>
    public byte* Address(TensorInfo tensor)
    {
        ObjectDisposedException.ThrowIf(_view is null || _view.SafeMemoryMappedViewHandle.IsClosed, this);
        return _start + tensor.Offset;
    }

    /// <summary>A tensor's bytes, for those of at most 2 GiB; valid until this is disposed.</summary>
    public ReadOnlySpan<byte> Bytes(TensorInfo tensor) => new(Address(tensor), checked((int)tensor.ByteCount));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_view is { SafeMemoryMappedViewHandle.IsClosed: false })
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _map!.Dispose();
        }
    }
}
