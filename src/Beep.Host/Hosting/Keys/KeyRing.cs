using Beep.Contracts;
using Beep.Host.Hosting.Settings;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace Beep.Host.Hosting.Keys;

/// <summary>The ring of keys that protect cookies, tickets and drafts: files in the home, encrypted under SECRET_KEY.</summary>
internal static class KeyRing
{
    private const string ApplicationName = "beep";
    /// <summary>How long a key protects what is new.</summary>
    public static readonly TimeSpan KeyLifetime = TimeSpan.FromDays(90);

    /// <exception cref="FaultException">The folder cannot be written.</exception>
    public static IServiceCollection AddKeyRing(this IServiceCollection services, HostOptions options)
    {
        var secret = options.SecretKey ?? throw new InvalidOperationException("The key ring needs SECRET_KEY.");
        PrivateFiles.CreateFolder(options.Paths.Home);
        PrivateFiles.CreateFolder(options.Paths.Keys);
        PrivateFiles.CreateFolder(options.Paths.KeyRing);
        if (WritableFolder.Probe(options.Paths.KeyRing) is { } reason)
        {
            throw FaultException.Invalid("key_ring_not_writable", $"The folder of keys '{options.Paths.KeyRing}' cannot be written: {reason}", "Correct its permissions.", options.Paths.KeyRing);
        }

        services.AddDataProtection().SetApplicationName(ApplicationName).SetDefaultKeyLifetime(KeyLifetime)
            .PersistKeysToFileSystem(new DirectoryInfo(options.Paths.KeyRing));
        services.Configure<KeyManagementOptions>(keys => keys.XmlEncryptor = new SecretKeyXmlEncryptor(secret));
        return services;
    }
}
