using Beep.Contracts;
using Beep.Host.Environments.Making;

namespace Beep.Host.Tests.Environments;

public sealed class LockFileTests
{
    private static readonly string A = new('a', 64);
    private static readonly string B = new('b', 64);

    [Fact]
    public void Lock_OfPipCompileAndUv_IsReadAndWrittenTheSame()
    {
        var parsed = LockFile.Parse($"# made elsewhere\nToy_Model[cuda]==1.0 \\\r\n    --hash=sha256:{A.ToUpperInvariant()} \\\r\n    --hash=sha256:{B}\r\n    # via something\n\ntoy.tools==2.1+cpu --hash sha256:{B}\n");
        Assert.Equal([("toy-model", "1.0", $"{A} {B}"), ("toy-tools", "2.1+cpu", B)], parsed.Packages.Select(package => (package.Name, package.Version, string.Join(' ', package.Sha256))));
        Assert.Equal(parsed.Write(), LockFile.Parse(parsed.Write()).Write());
        Assert.Equal(parsed.Sha256(), LockFile.Parse(parsed.Write()).Sha256());
    }

    [Theory]
    [InlineData("--index-url https://evil.example.org")]
    [InlineData("-r other.txt")]
    [InlineData("-e .")]
    [InlineData("toy==1.0")]
    [InlineData("toy>=1.0 --hash=sha256:A")]
    [InlineData("toy @ https://evil.example.org/toy.whl --hash=sha256:A")]
    [InlineData("./toy.whl --hash=sha256:A")]
    [InlineData("toy==1.0 --hash=md5:A")]
    [InlineData("toy==1.0 --hash=sha256:short")]
    [InlineData("toy==1.0 --hash=sha256:A --index-url x")]
    [InlineData("toy==1.*  --hash=sha256:A")]
    [InlineData("toy==$(id) --hash=sha256:A")]
    [InlineData("toy==1.0 --hash=sha256:A\nToy==2.0 --hash=sha256:A")]
    [InlineData("")]
    [InlineData("# nothing")]
    public void Lock_AnythingElse_IsRefused(string text) =>
        Assert.Equal("bad_lock", Assert.Throws<FaultException>(() => LockFile.Parse(text.Replace(":A", $":{A}", StringComparison.Ordinal))).Faults[0].Code);

    [Fact]
    public void Lock_ManyFaults_AreToldWithTheirLines()
    {
        var faults = Assert.Throws<FaultException>(() => LockFile.Parse("toy==1\n\nother\n")).Faults;
        Assert.Equal(["lock:1", "lock:3"], faults.Select(fault => fault.Where));
        Assert.Equal("'other' is not a package with its hashes.", faults[1].Message);
    }

    [Fact]
    public void Presets_AsTheyShip_ArePinnedExactly()
    {
        foreach (var preset in EnvironmentPreset.All)
        {
            var lines = File.ReadLines(Beep.Tests.RepositoryFiles.At("workers", "huggingface", "requirements", preset.File)).Where(line => line.Length > 0 && !line.StartsWith('#')).ToList();
            Assert.NotEmpty(lines);
            Assert.All(lines, line => Assert.Matches(@"\A[a-z0-9-]+==[0-9]+(\.[0-9]+)+\z", line));
        }
    }
}
