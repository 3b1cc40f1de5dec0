using Beep.Host.Cli;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Cli;

/// <summary>What a server refuses to start with; each fault names its remedy.</summary>
public sealed class ServeCommandTests
{
    [Theory]
    [InlineData("SECRET_KEY", "changeme", "[placeholder_secret]", "Make one: openssl rand -base64 48")]
    [InlineData("SECRET_KEY", "short but mixed", "[short_secret]", "Make one: openssl rand -base64 48")]
    [InlineData("PORT", "99999", "[bad_port]", "Set it to a number from 1 to 65535.")]
    [InlineData("HOST", "not an address", "[bad_host]", "Set it to an IP address of this machine")]
    [InlineData("DATABASE_URL", "mysql://x", "[bad_database_url]", "Write sqlite:///")]
    [InlineData("ENABLE_INTERNAL_USER_MGMT", "false", "[no_sign_in]", "Set one of them to true.")]
    public async Task Serve_WrongSetting_EndsWithItsRemedy(string name, string value, string code, string remedy)
    {
        using var home = new TemporaryFolder();
        var error = await ServeAsync(new() { ["BEEP_PYTHON_HOME"] = home.Path, [name] = value });
        Assert.Contains(code, error, StringComparison.Ordinal);
        Assert.Contains(remedy, error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(home.Path));
    }

    [Fact]
    public async Task Serve_KeysThatOthersMayRead_EndsWithItsRemedy()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other rights.");
        using var home = new TemporaryFolder();
        var keys = home.At("keys");
        Directory.CreateDirectory(keys);
#pragma warning disable CA1416 // Skipped on Windows.
        File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
#pragma warning restore CA1416
        Assert.Contains($"error: {keys}: Others may read or change '{keys}'. Run: chmod 700", await ServeAsync(new() { ["BEEP_PYTHON_HOME"] = home.Path }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_HomeThatCannotBeWritten_EndsWithItsRemedy()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Uses a folder of Linux that nobody can write.");
        var error = await ServeAsync(new() { ["BEEP_PYTHON_HOME"] = "/proc/beep" });
        Assert.Contains("[home_not_writable]", error, StringComparison.Ordinal);
        Assert.Contains("set BEEP_PYTHON_HOME to a folder of your own", error, StringComparison.Ordinal);
    }

    private static async Task<string> ServeAsync(Dictionary<string, string> environment)
    {
        var terminal = new TestTerminal();
        var code = await BeepCommand.RunAsync(["serve"], terminal.Services() with { Variable = environment.GetValueOrDefault }, TestContext.Current.CancellationToken);
        Assert.Equal(20, code);
        return terminal.Error;
    }
}
