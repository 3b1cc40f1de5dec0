using Beep.Host.Hosting.Http;
using System.Text;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Users;
using Microsoft.AspNetCore.Identity;

namespace Beep.Host.Tests.Identity;

public sealed class PasswordTests
{
    private static readonly User Someone = new() { UserName = "ada", CreatedAt = default, RoleId = 1 };

    /// <summary>The vectors of RFC 7914, section 12, but the one that needs a gigabyte.</summary>
    [Theory]
    [InlineData("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")]
    [InlineData("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")]
    [InlineData("pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")]
    public void Scrypt_VectorsOfTheRfc_AreMet(string password, string salt, int cost, int size, int parallel, string expected) =>
        Assert.Equal(expected, Convert.ToHexStringLower(Scrypt.Derive(Encoding.ASCII.GetBytes(password), Encoding.ASCII.GetBytes(salt), cost, size, parallel, 64)));

    [Theory]
    [InlineData("pbkdf2:sha256:1000$saltsalt$07e4040d0b328b528511a7643c97a8e1042233e4daaf28aff6e16745d6351ef6", null)]
    [InlineData("scrypt:16:1:1$$77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442", "empty salt")]
    [InlineData("scrypt:15:1:1$salt$77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442", "no power of two")]
    [InlineData("scrypt:1048576:8:1$salt$77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442", "too dear")]
    [InlineData("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "no salt at all")]
    [InlineData("hunter2", "plain text")]
    public void WerkzeugHash_Parse_TakesWhatCanBeVerified(string text, string? fault) => Assert.Equal(fault is null, WerkzeugHash.Parse(text) is not null);

    [Fact]
    public void Hasher_NewHash_IsIdentitysFormat3WithSha512And210000Rounds()
    {
        var bytes = Convert.FromBase64String(new UserPasswordHasher().HashPassword(Someone, IdentityApp.Password));
        Assert.Equal([1, 0, 0, 0, 2, 0x00, 0x03, 0x34, 0x50, 0, 0, 0, 16], bytes[..13]);
        Assert.Equal(13 + 16 + 32, bytes.Length);
    }

    [Fact]
    public void Hasher_WeakerHash_IsReplaced()
    {
        var weak = new PasswordHasher<User>(Microsoft.Extensions.Options.Options.Create(new PasswordHasherOptions { IterationCount = 1000 })).HashPassword(Someone, IdentityApp.Password);
        var hasher = new UserPasswordHasher();
        Assert.Equal(PasswordVerificationResult.SuccessRehashNeeded, hasher.VerifyHashedPassword(Someone, weak, IdentityApp.Password));
        Assert.Equal(PasswordVerificationResult.Failed, hasher.VerifyHashedPassword(Someone, weak, "another password"));
        Assert.Equal(PasswordVerificationResult.Failed, hasher.VerifyHashedPassword(Someone, "no hash", IdentityApp.Password));
    }

    [Theory]
    [InlineData("elevenchars", "bad_password_length")]
    [InlineData("password1234", "common_password")]
    [InlineData("P@ssw0rd1234!!", "common_password")]
    [InlineData("Qwertyuiop12", "common_password")]
    [InlineData("aaaaaaaaaaaaaaaa", "common_password")]
    [InlineData("123456789012", "common_password")]
    [InlineData("my name is Lovelace", "password_holds_username")]
    [InlineData("twelve chars", null)]
    [InlineData("Grüße an den Mond 🌒", null)]
    public void Rules_Password_IsTakenOrSaidWhyNot(string password, string? code) => Assert.Equal(code, PasswordRules.Check(password, "lovelace")?.Code);

    [Fact]
    public void Rules_LongestAndLonger_AreTakenAndRefused()
    {
        var longest = string.Concat(Enumerable.Range(0, PasswordRules.Longest).Select(i => (char)('a' + (i * 7 % 26))));
        Assert.Null(PasswordRules.Check(longest, "ada"));
        Assert.Equal("bad_password_length", PasswordRules.Check(longest + "x", "ada")?.Code);
    }

    [Fact]
    public void CommonPasswords_List_HoldsWhatTheDocumentationSays()
    {
        var lines = File.ReadAllLines(Beep.Tests.RepositoryFiles.At("src", "Beep.Host", "Identity", "Passwords", "common-passwords.txt"));
        Assert.All(lines, line => Assert.True(line.Length >= PasswordRules.Shortest && CommonPasswords.Contains(line), line));
        var page = File.ReadAllText(Beep.Tests.RepositoryFiles.At("docs", "admin", "users.md"));
        Assert.Contains(lines.Length.ToString("N0", System.Globalization.CultureInfo.InvariantCulture), page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_NobodyOrNoPassword_FailsAfterTheSameWork()
    {
        var counting = new CountingHasher();
        using var service = new PasswordService(counting, TimeProvider.System);
        var token = TestContext.Current.CancellationToken;
        Assert.Equal(PasswordVerificationResult.Failed, await service.VerifyAsync(null, IdentityApp.Password, token));
        Assert.Equal(PasswordVerificationResult.Failed, await service.VerifyAsync(new User { PasswordHash = null, CreatedAt = default, RoleId = 1 }, IdentityApp.Password, token));
        Assert.Equal(PasswordVerificationResult.Failed, await service.VerifyAsync(new User { PasswordHash = "right", IsActive = false, CreatedAt = default, RoleId = 1 }, IdentityApp.Password, token));
        Assert.Equal(3, counting.Hashes.Count);
        Assert.All(counting.Hashes, hash => Assert.Equal((byte[])[1, 0, 0, 0, 2, 0x00, 0x03, 0x34, 0x50], Convert.FromBase64String(hash)[..9]));
    }

    [Fact]
    public async Task Service_ManyAtOnce_LeavesAProcessorToOthers()
    {
        var counting = new CountingHasher();
        using var service = new PasswordService(counting, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => service.VerifyAsync(null, IdentityApp.Password, TestContext.Current.CancellationToken)));
        Assert.Equal(30, counting.Hashes.Count);
        Assert.InRange(counting.MostAtOnce, 1, Math.Max(1, Environment.ProcessorCount - 1));
    }

    [Fact]
    public async Task Service_MoreThanMayWait_AreToldToComeLaterAndTheOthersServed()
    {
        var counting = new CountingHasher();
        using var service = new PasswordService(counting, TimeProvider.System);
        List<Task> calls;
        lock (counting.Hashes)
        {
            // Every thread stands in the first password that it took.
            calls = [.. Enumerable.Range(0, 300 + Environment.ProcessorCount).Select(_ => (Task)service.VerifyAsync(null, IdentityApp.Password, TestContext.Current.CancellationToken))];
        }

        await Task.WhenAll(calls).ContinueWith(_ => { }, TestContext.Current.CancellationToken, TaskContinuationOptions.None, TaskScheduler.Default);
        var refused = calls.Where(call => call.IsFaulted).Select(call => Assert.IsType<HttpFaultException>(call.Exception!.InnerException)).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, fault => Assert.Equal((503, "busy"), (fault.Status, fault.Faults[0].Code)));
        Assert.Equal(calls.Count - refused.Count, counting.Hashes.Count);
        Assert.Equal(PasswordVerificationResult.Failed, await service.VerifyAsync(null, IdentityApp.Password, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Service_HasherFails_TellsTheCallerAndGoesOn()
    {
        using var service = new PasswordService(new CountingHasher { Fails = true }, TimeProvider.System);
        for (var call = 0; call <= Environment.ProcessorCount; call++)
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(() => service.HashAsync(IdentityApp.Password, TestContext.Current.CancellationToken));
            Assert.Equal("no hash", error.Message);
        }
    }

    private sealed class CountingHasher : IPasswordHasher<User>
    {
        private int _now;

        public System.Collections.Concurrent.ConcurrentBag<string> Hashes { get; } = [];

        public int MostAtOnce { get; private set; }

        public bool Fails { get; init; }

        public string HashPassword(User user, string password) => Fails ? throw new InvalidOperationException("no hash") : "right";

        public PasswordVerificationResult VerifyHashedPassword(User user, string hashedPassword, string providedPassword)
        {
            lock (Hashes)
            {
                Hashes.Add(hashedPassword);
                MostAtOnce = Math.Max(MostAtOnce, ++_now);
            }

            Thread.Sleep(5);
            lock (Hashes)
            {
                _now--;
            }

            return PasswordVerificationResult.Success;
        }
    }
}
