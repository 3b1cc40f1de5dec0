using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Hosting.Keys;
using Beep.Host.Hosting.Settings;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Cli;

public sealed class KeyActionsTests
{
    private const string Purpose = "tests";

    [Fact]
    public async Task Rotate_AfterSetup_VoidsWhatWasProtectedBefore()
    {
        using var home = new TemporaryFolder();
        Assert.Equal("setup_required", (string?)(await RunAsync(home, 20, "admin", "rotate-keys"))["faults"]![0]!["code"]);
        await RunAsync(home, 0, "admin", "create");
        var options = HostConfiguration.Load(new HostSurroundings { Variable = Variable(home) }).Require();
        var old = Protector(options).Protect("a ticket");
        Assert.Equal("a ticket", Protector(options).Unprotect(old));

        Assert.Equal(0, (int)(await RunAsync(home, 0, "admin", "rotate-keys"))["sessions_ended"]!);

        var now = Protector(options);
        Assert.Throws<CryptographicException>(() => now.Unprotect(old));
        Assert.Equal("another", Protector(options).Unprotect(now.Protect("another")));
        Assert.Empty((await RunAsync(home, 0, "audit", "verify"))["faults"]!.AsArray());
    }

    [Fact]
    public void Ring_OnTheDisk_IsEncryptedUnderTheSecretKey()
    {
        using var home = new TemporaryFolder();
        var options = new HostOptions { Paths = new(home.Path), Host = "127.0.0.1", IdentityServer = new(), SecretKey = new("q8w7e6r5t4y3u2i1o0pZXCVBNMasdfghjkl") };
        var kept = Protector(options).Protect("a ticket");
        var ring = string.Concat(Directory.EnumerateFiles(options.Paths.KeyRing).Select(File.ReadAllText));
        Assert.Contains("encryptedWithSecretKey", ring, StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey", ring, StringComparison.Ordinal);
        Assert.ThrowsAny<CryptographicException>(() => Protector(options with { SecretKey = new("another-q8w7e6r5t4y3u2i1o0pZXCVBNM") }).Unprotect(kept));
    }

    private static IDataProtector Protector(HostOptions options) =>
        new ServiceCollection().AddLogging().AddSingleton(options).AddKeyRing(options).BuildServiceProvider().GetRequiredService<IDataProtectionProvider>().CreateProtector(Purpose);

    private static Func<string, string?> Variable(TemporaryFolder home) => name => name == SettingKeys.Home.Name ? home.Path : null;

    private static async Task<JsonNode> RunAsync(TemporaryFolder home, int code, params string[] arguments)
    {
        var terminal = new TestTerminal();
        Assert.Equal(code, await BeepCommand.RunAsync([.. arguments, "--json"], terminal.Services() with { Variable = Variable(home) }, TestContext.Current.CancellationToken));
        return JsonNode.Parse(terminal.Output)!;
    }
}
