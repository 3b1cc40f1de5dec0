using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Beep.Host.Hosting.Settings;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace Beep.Host.Hosting.Keys;

/// <summary>
/// Encrypts the key ring under a key that is derived from SECRET_KEY (HKDF-SHA256, AES-256-GCM): who copies the ring
/// without the settings can read no cookie and forge none.
/// </summary>
internal sealed class SecretKeyXmlEncryptor(SecretText secret) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var text = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var (nonce, cipher, tag) = (RandomNumberGenerator.GetBytes(AesGcm.NonceByteSizes.MaxSize), new byte[text.Length], new byte[AesGcm.TagByteSizes.MaxSize]);
        using (var aes = new AesGcm(RingKey.Derive(secret), tag.Length))
        {
            aes.Encrypt(nonce, text, cipher, tag);
        }

        return new EncryptedXmlInfo(new XElement(RingKey.Element, Convert.ToBase64String([.. nonce, .. tag, .. cipher])), typeof(SecretKeyXmlDecryptor));
    }
}

/// <summary>Its counterpart; made by Data Protection, which names it in the ring.</summary>
internal sealed class SecretKeyXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var secret = services.GetRequiredService<HostOptions>().SecretKey ?? throw new CryptographicException("SECRET_KEY is not set.");
        var bytes = Convert.FromBase64String(encryptedElement.Value).AsSpan();
        var (nonceSize, tagSize) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        var text = new byte[bytes.Length - nonceSize - tagSize];
        using var aes = new AesGcm(RingKey.Derive(secret), tagSize);
        aes.Decrypt(bytes[..nonceSize], bytes[(nonceSize + tagSize)..], bytes.Slice(nonceSize, tagSize), text);
        return XElement.Parse(Encoding.UTF8.GetString(text));
    }
}

/// <summary>What both sides of the ring's encryption share.</summary>
file static class RingKey
{
    public const string Element = "encryptedWithSecretKey";
    private const int Bytes = 32;

    public static byte[] Derive(SecretText secret) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret.Value), Bytes, info: "beep data protection ring"u8.ToArray());
}
