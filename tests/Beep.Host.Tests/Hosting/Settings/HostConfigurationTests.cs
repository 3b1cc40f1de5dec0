using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Tests;

namespace Beep.Host.Tests.Hosting.Settings;

public sealed class HostConfigurationTests : IDisposable
{
    private const string GoodSecret = "qF3vT8mZ1xK6wB9nL2rD7hJ4pS0cY5gU";
    private static readonly Version GoodRuntime = new(10, 0, 12);

    private readonly TemporaryFolder _home = new();
    private readonly Dictionary<string, string> _environment = [];

    public HostConfigurationTests() => _environment["BEEP_PYTHON_HOME"] = _home.Path;

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Keys_NamesAndDefaults_AreThoseThatOthersDependOn()
    {
        var lines = SettingKeys.All.Select(key =>
            key.Name + (key.IsSecret ? $", {key.FileName}" : "") + (key.Default is null ? "" : $" = {key.Default}") + (key.IsOfEnvironmentOnly ? " (environment only)" : ""));
        Assert.Equal(File.ReadLines(RepositoryFiles.At("tests", "Beep.Host.Tests", "Hosting", "Settings", "keys.txt")), lines);
    }

    [Fact]
    public void Keys_Every_IsExplained()
    {
        var page = File.ReadAllText(RepositoryFiles.At("docs", "admin", "settings.md"));
        Assert.All(SettingKeys.All, key => Assert.Contains($"| `{key.Name}` | {(key.Default is null ? "" : $"`{key.Default}`")} |", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Load_NothingSet_TakesTheDefaults()
    {
        var options = Load().Require();
        Assert.Equal((false, true, false), (options.EnableFinetune, options.EnableInternalUsers, options.EnableIdentityServer));
        Assert.Equal(("127.0.0.1", 5000), (options.Host, options.Port));
        Assert.Equal(["openid", "profile", "email"], options.IdentityServer.Scopes);
        Assert.Equal(new SqliteAddress(Path.Combine(_home.Path, "beep.db")), options.Database);
        Assert.Null(options.SecretKey);
    }

    [Fact]
    public void Load_EnvironmentAndFile_TheEnvironmentWins()
    {
        WriteConfiguration("""{ "PORT": 6000, "ENABLE_FINETUNE": true, "HOST": "0.0.0.0", /* why */ "IDENTITYSERVER_ROLE_MAP": "cn=admins=Admin, staff=Power User", }""");
        _environment["PORT"] = "7000";
        _environment["HOST"] = " ";
        var options = Load().Require();
        Assert.Equal((7000, true, "0.0.0.0"), (options.Port, options.EnableFinetune, options.Host));
        Assert.Equal(new Dictionary<string, string> { ["cn=admins"] = "Admin", ["staff"] = "Power User" }, options.IdentityServer.RoleMap);
    }

    [Fact]
    public void Load_SecretsInFiles_AreReadAndNeverShown()
    {
        _environment["SECRET_KEY_FILE"] = _home.Write("secret", GoodSecret + "\n");
        _environment["HF_TOKEN_FILE"] = _home.Write("token", "hub-token-1");
        _environment["DATABASE_URL_FILE"] = _home.Write("database", "postgresql://ada:hunter2hunter2@localhost/beep");
        var options = Load().Require();
        Assert.Equal((GoodSecret, "hub-token-1"), (options.SecretKey!.Value, options.HubToken!.Value));
        Assert.Equal("hunter2hunter2", Assert.IsType<PostgresAddress>(options.Database).Password!.Value);
        Assert.DoesNotContain(GoodSecret, options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hub-token-1", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Cluster_IsReadOnlyWhereItIsOn()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Slurm has no commands for Windows.");
        Set("SLURM_PARTITION", "gpu", "SLURM_PARTITIONS", "gpu, short", "SLURM_TIME", "90", "SLURM_GPUS", "2", "SLURM_EXTRA", "--mem=64G; --exclusive", "SLURM_BIN", Path.GetDirectoryName(_home.Write("bin/sbatch", ""))!);
        Assert.Equal(new SlurmOptions(), Load().Require().Slurm);
        Set("ENABLE_SLURM", "true");
        var slurm = Load().Require().Slurm;
        Assert.Equal(("gpu", 90, 2, null), (slurm.Partition, slurm.Minutes, slurm.Gpus, slurm.Nodes));
        Assert.Equal(["gpu", "short"], slurm.Partitions);
        Assert.Equal(["--mem=64G", "--exclusive"], slurm.Extra);
        Set("SLURM_PARTITION", "x\n#SBATCH --wrap", "SLURM_PARTITIONS", "short,a b", "SLURM_TIME", "soon", "SLURM_NODES", "0", "SLURM_EXTRA", "--mem=1;--wrap=id;-p x", "SLURM_CONF", _home.At("none"));
        Assert.Equal(["SLURM_PARTITION", "SLURM_PARTITIONS", "SLURM_TIME", "SLURM_NODES", "SLURM_EXTRA", "SLURM_EXTRA", "SLURM_CONF"], Load().Faults.Select(fault => fault.Where));
        Set("SLURM_PARTITION", "long", "SLURM_PARTITIONS", "short", "SLURM_TIME", "", "SLURM_NODES", "", "SLURM_EXTRA", "", "SLURM_CONF", "", "SLURM_BIN", _home.Path);
        Assert.Equal(["no_slurm", "partition_not_allowed"], Load().Faults.Select(fault => fault.Code));
    }

    [Fact]
    public void Load_EverythingWrong_ListsEveryFaultWithItsRemedy()
    {
        WriteConfiguration("""{ "PROT": 1, "HOST": [], "BEEP_PYTHON_HOME": "there" }""");
        Set("ENABLE_FINETUNE", "maybe", "ENABLE_INTERNAL_USER_MGMT", "no", "PORT", "70000", "HOST", "beep.example.org", "PUBLIC_URL", "https://beep.example.org/app", "SECRET_KEY", "changeme",
            "HF_TOKEN", "a", "HF_TOKEN_FILE", "b", "DATABASE_URL", "oracle:x", "IDENTITYSERVER_ROLE_MAP", "admins", "HF_ENDPOINT", "http://hub.example.org", "IDENTITYSERVER_CLIENT_SECRET_FILE", _home.At("none"));
        var file = Path.Combine(_home.Path, "config", "host.json");
        Assert.Equal(
            $"""
            {file}: 'PROT' is no setting. Use one of: {string.Join(", ", SettingKeys.All.Where(key => !key.IsOfEnvironmentOnly).Select(key => key.Name))}. [unknown_setting]
            {file}: 'HOST' is a list or an object. Write a text, a number, true or false. [bad_configuration]
            {file}: 'BEEP_PYTHON_HOME' cannot be set in a file that lies in it. Set it in the environment. [unknown_setting]
            IDENTITYSERVER_CLIENT_SECRET_FILE: The file '{_home.At("none")}' cannot be read. Name a file that holds the value of IDENTITYSERVER_CLIENT_SECRET and that this user may read. [bad_secret_file]
            HF_TOKEN: HF_TOKEN and HF_TOKEN_FILE are both set. Keep one of them. [set_twice]
            ENABLE_FINETUNE: ENABLE_FINETUNE is 'maybe'. Set it to true or false. [bad_switch]
            IDENTITYSERVER_ROLE_MAP: IDENTITYSERVER_ROLE_MAP holds 'admins'. Write pairs, each of the provider's names once: admins=Admin, staff=User. [bad_role_map]
            DATABASE_URL: DATABASE_URL cannot be used. 'oracle' is no kind of database that this version has. Write sqlite:///beep.db or postgresql://user:password@host:5432/database. [bad_database_url]
            PORT: PORT is '70000'. Set it to a number from 1 to 65535. [bad_port]
            .NET: The .NET runtime 10.0.6 accepts forged cookies (CVE-2026-40372). Install .NET 10.0.7 or later. [forged_cookies]
            SECRET_KEY: SECRET_KEY is a placeholder or can be guessed. Make one: openssl rand -base64 48 [placeholder_secret]
            HOST: HOST is 'beep.example.org'. Set it to an IP address of this machine, 0.0.0.0 for all, or localhost; PUBLIC_URL takes the name. [bad_host]
            PUBLIC_URL: PUBLIC_URL is 'https://beep.example.org/app'. Leave out what follows the host: pages are served at the root. [bad_address]
            ENABLE_INTERNAL_USER_MGMT: ENABLE_INTERNAL_USER_MGMT and ENABLE_IDENTITYSERVER_AUTH are both false, so nobody could sign in. Set one of them to true. [no_sign_in]
            HF_ENDPOINT: HF_ENDPOINT is 'http://hub.example.org', which anyone between could read and change. Use https://. [not_https]
            """.ReplaceLineEndings("\n"),
            string.Join('\n', Load(new Version(10, 0, 6)).Faults).Replace("hub.example.org/'", "hub.example.org'", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_IdentityServerWithoutItsFields_ListsThem()
    {
        Set("ENABLE_IDENTITYSERVER_AUTH", "true", "IDENTITYSERVER_AUTHORITY", "http://login.example.org/", "IDENTITYSERVER_SCOPES", "profile", "HOST", "0.0.0.0");
        Assert.Equal(
            """
            IDENTITYSERVER_CLIENT_ID: IDENTITYSERVER_CLIENT_ID is needed while ENABLE_IDENTITYSERVER_AUTH is true. Set it to what the provider gave you. [missing_setting]
            IDENTITYSERVER_CLIENT_SECRET: IDENTITYSERVER_CLIENT_SECRET is needed while ENABLE_IDENTITYSERVER_AUTH is true. Set it to what the provider gave you. [missing_setting]
            IDENTITYSERVER_AUTHORITY: IDENTITYSERVER_AUTHORITY is 'http://login.example.org/', which anyone between could read and change. Use https://. [not_https]
            IDENTITYSERVER_SCOPES: IDENTITYSERVER_SCOPES is 'profile'. Add openid. [bad_scopes]
            PUBLIC_URL: PUBLIC_URL is needed: the provider must know where to send browsers back. Set it to the address that browsers use. [missing_setting]
            """.ReplaceLineEndings("\n"),
            string.Join('\n', Load().Faults));
    }

    [Fact]
    public void Load_IdentityServerOnLoopbackWithoutTls_IsFine()
    {
        Set("ENABLE_IDENTITYSERVER_AUTH", "1", "ENABLE_INTERNAL_USER_MGMT", "0", "IDENTITYSERVER_AUTHORITY", "http://localhost:8080/", "IDENTITYSERVER_CLIENT_ID", "beep", "IDENTITYSERVER_CLIENT_SECRET", "x");
        Assert.Equal(new Uri("http://localhost:8080/"), Load().Require().IdentityServer.Authority);
    }

    [Theory]
    [InlineData("please-CHANGE-me-q8Xv2Lm5Rt9Kz3Wn7", "placeholder_secret")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "placeholder_secret")]
    [InlineData("qF3vT8mZ1xK6wB9nL2rD7hJ4pS0cY5g", "short_secret")]
    [InlineData(GoodSecret, null)]
    public void Load_SecretKey_MustBeLongAndNoPlaceholder(string secret, string? code)
    {
        _environment["SECRET_KEY"] = secret;
        var faults = Load().Faults;
        Assert.Equal(code, faults.SingleOrDefault()?.Code);
        Assert.DoesNotContain(faults, fault => fault.ToString().Contains(secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("9.0.9", false)]
    [InlineData("10.0.0", true)]
    [InlineData("10.0.6", true)]
    [InlineData("10.0.7", false)]
    public void Load_Runtime_OnlyThoseThatAcceptForgedCookiesAreRefused(string runtime, bool isRefused) =>
        Assert.Equal(isRefused, Load(Version.Parse(runtime)).Faults.Any(fault => fault.Code == "forged_cookies"));

    [Theory]
    [InlineData("PUBLIC_URL", "beep.example.org")]
    [InlineData("PUBLIC_URL", "javascript:alert(1)")]
    [InlineData("IDENTITYSERVER_AUTHORITY", "https://ada:hunter2@login.example.org")]
    [InlineData("IDENTITYSERVER_LOGOUT_REDIRECT", "/signed-out")]
    [InlineData("HF_ENDPOINT", "https://hub.example.org/?token=x")]
    public void Load_WrongAddress_IsRefusedWithoutPassword(string name, string value)
    {
        _environment[name] = value;
        var fault = Assert.Single(Load().Faults);
        Assert.Equal(("bad_address", name), (fault.Code, fault.Where));
        Assert.DoesNotContain("hunter2", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_KeysAndConfigurationOpenToOthers_AreRefused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such rights.");
            return;
        }

        WriteConfiguration("{}");
        var key = _home.Write(Path.Combine("keys", "some.key"), "x");
        var open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead;
        foreach (var path in new[] { Path.Combine(_home.Path, "keys"), key, Path.Combine(_home.Path, "config", "host.json") })
        {
            File.SetUnixFileMode(path, open);
        }

        Assert.Equal(
            [Path.Combine(_home.Path, "config", "host.json"), Path.Combine(_home.Path, "keys"), key],
            Load().Faults.Select(fault => { Assert.Equal("open_to_others", fault.Code); return fault.Where; }));
    }

    [Fact]
    public void Load_HomeThatCannotBeWritten_IsRefused()
    {
        _environment["BEEP_PYTHON_HOME"] = _home.Write("file", "x") + "/home";
        Assert.Contains(Load().Faults, fault => fault.Code == "home_not_writable" && fault.Where == "BEEP_PYTHON_HOME");
    }

    [Theory]
    [InlineData("{", "cannot be read as settings: ")]
    [InlineData("[]", "It is no JSON object.")]
    [InlineData("""{ "PORT": 1, "PORT": 2 }""", "PORT")]
    public void Load_DamagedFile_IsOneFault(string text, string expected)
    {
        WriteConfiguration(text);
        var fault = Assert.Single(Load().Faults);
        Assert.Equal("bad_configuration", fault.Code);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireDatabase_OtherFaults_DoNotStandInItsWay()
    {
        Set("PORT", "x", "SECRET_KEY", "changeme");
        Assert.IsType<SqliteAddress>(Load().RequireDatabase());
        Assert.Equal(["bad_port", "placeholder_secret"], Assert.Throws<FaultException>(() => Load().Require()).Faults.Select(fault => fault.Code));
        _environment["DATABASE_URL"] = "x";
        Assert.Equal("bad_database_url", Assert.Throws<FaultException>(() => Load().RequireDatabase()).Faults.Single().Code);
    }

    private void Set(params string[] pairs)
    {
        foreach (var pair in pairs.Chunk(2))
        {
            _environment[pair[0]] = pair[1];
        }
    }

    private void WriteConfiguration(string text)
    {
        var path = _home.Write(Path.Combine("config", "host.json"), text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, PrivateFiles.FileMode);
        }
    }

    private HostConfiguration Load(Version? runtime = null) =>
        HostConfiguration.Load(new HostSurroundings { Variable = _environment.GetValueOrDefault, Runtime = runtime ?? GoodRuntime });
}
