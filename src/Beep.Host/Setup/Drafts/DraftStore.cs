using System.Security.Cryptography;
using System.Text.Json;
using Beep.Host.Hosting;

namespace Beep.Host.Setup.Drafts;

/// <summary>The draft on the disk: AES-256-GCM under a key made for it, which goes away with it.</summary>
internal sealed class DraftStore(HostPaths paths, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private const int KeyBytes = 32;
    private const int MaxBytes = 1 << 20;
    private static readonly int NonceBytes = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int TagBytes = AesGcm.TagByteSizes.MaxSize;
    private static readonly byte[] Purpose = "beep setup draft 1"u8.ToArray();

    private readonly Lock _lock = new();

    /// <summary>An empty one where there is none or what lies there is not ours; without answers where they are too old.</summary>
    public SetupDraft Load()
    {
        lock (_lock)
        {
            return Read();
        }
    }

    public void Change(Func<SetupDraft, SetupDraft> change)
    {
        lock (_lock)
        {
            Write(change(Read()));
        }
    }

    public void Delete()
    {
        lock (_lock)
        {
            AtomicFile.Delete(paths.SetupDraft);
            AtomicFile.Delete(paths.SetupKey);
        }
    }

    private SetupDraft Read()
    {
        if (Decrypt() is not { } text)
        {
            return new SetupDraft();
        }

        var draft = JsonSerializer.Deserialize<SetupDraft>(text) ?? new SetupDraft();
        return time.GetUtcNow() - draft.SavedAt < Lifetime ? draft : draft with { Choices = null, Step = 0 };
    }

    private void Write(SetupDraft draft)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(draft);
        var (nonce, cipher, tag) = (RandomNumberGenerator.GetBytes(NonceBytes), new byte[text.Length], new byte[TagBytes]);
        using (var aes = new AesGcm(LoadOrCreateKey(), TagBytes))
        {
            aes.Encrypt(nonce, text, cipher, tag, Purpose);
        }

        AtomicFile.Write(paths.SetupDraft, [.. nonce, .. tag, .. cipher]);
    }

    private byte[]? Decrypt()
    {
        if (LoadKey() is not { } key || new FileInfo(paths.SetupDraft) is not { Exists: true, Length: <= MaxBytes } file || file.Length < NonceBytes + TagBytes)
        {
            return null;
        }

        var bytes = File.ReadAllBytes(paths.SetupDraft).AsSpan();
        var text = new byte[bytes.Length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(bytes[..NonceBytes], bytes[(NonceBytes + TagBytes)..], bytes.Slice(NonceBytes, TagBytes), text, Purpose);
            return text;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private byte[] LoadOrCreateKey()
    {
        if (LoadKey() is { } key)
        {
            return key;
        }

        var fresh = RandomNumberGenerator.GetBytes(KeyBytes);
        AtomicFile.Write(paths.SetupKey, fresh);
        return fresh;
    }

    private byte[]? LoadKey() => File.Exists(paths.SetupKey) && File.ReadAllBytes(paths.SetupKey) is { Length: KeyBytes } key ? key : null;
}
