using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Setup.Choices;
using Beep.Host.Setup.Probing;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Setup;

/// <summary>What the tests of a database and of a provider can be made to do.</summary>
public sealed class SetupProbeTests(PostgresServer server) : IDisposable
{
    private readonly TemporaryFolder _home = new();

    private HostPaths Paths => new(_home.Path);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task DbTestAsPortScan_ClosedSilentOrOtherService_GetTheSameAnswer()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var web = new Answering("HTTP/1.1 400 Bad Request\r\nServer: secret-service/1.2\r\n\r\n");
        // The silent one is given up after that.
        await using var setup = await SetupHarness.StartAsync(Paths, patience: TimeSpan.FromSeconds(2));
        var answers = new HashSet<string>();
        foreach (var port in new[] { 1, ((IPEndPoint)silent.LocalEndpoint).Port, web.Port })
        {
            var (status, body, _) = await setup.ValidateAsync(Server("127.0.0.1", port));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
            body!.AsObject().Remove("correlation_id");
            answers.Add(body.ToJsonString());
        }

        Assert.Contains("database_unreachable", Assert.Single(answers), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DbTestAsPortScan_WithoutTheToken_ReachesNothing()
    {
        using var web = new Answering("");
        await using var setup = await SetupHarness.StartAsync(Paths);
        Assert.Equal(HttpStatusCode.Unauthorized, (await setup.ValidateAsync(Server("127.0.0.1", web.Port), "wrong")).Status);
        Assert.Equal(0, web.Count);
    }

    [Fact]
    public async Task DbTestAsPortScan_MoreThanTenAMinute_AreRefusedAlsoThroughInitialize()
    {
        var time = new ManualTime();
        await using var setup = await SetupHarness.StartAsync(Paths, time: time);
        for (var count = 0; count < 10; count++)
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await setup.ValidateAsync(Server("127.0.0.1", 1))).Status);
        }

        var (status, _, answer) = await setup.ValidateAsync(Server("127.0.0.1", 1));
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.NotNull(answer.Headers.RetryAfter);
        var body = SetupHarness.Body(new SqliteAddress(Paths.Database));
        body["database"] = Server("127.0.0.1", 1);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await setup.InitializeAsync(body)).Status);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await setup.ValidateAsync(new JsonObject())).Status);
    }

    [Theory]
    [InlineData("sqlserver")]
    [InlineData("mysql")]
    [InlineData("oracle")]
    [InlineData("1")]
    public async Task DbTestAsPortScan_AProviderThatIsNotOffered_IsRefused(string provider)
    {
        await using var setup = await SetupHarness.StartAsync(Paths);
        Assert.Equal(HttpStatusCode.BadRequest, (await setup.ValidateAsync(new JsonObject { ["provider"] = provider })).Status);
    }

    [Fact]
    public async Task Probe_Postgres_SaysVersionLatencyAndCoarselyWhatIsWrong()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, PostgresServer.Missing);
        var address = await server.CreateDatabaseAsync();
        await using var setup = await SetupHarness.StartAsync(Paths);
        var good = await setup.ValidateAsync(SetupHarness.Fields(address));
        Assert.Matches(@"^PostgreSQL \d+", (string)good.Body!["version"]!);
        Assert.True((double)good.Body["latency_ms"]! > 0);
        Assert.False((bool)good.Body["is_taken"]!);
        Assert.Equal("database_credentials_refused", await CodeAsync(fields => fields["password"] = "wrong"));
        Assert.Equal("database_credentials_refused", await CodeAsync(fields => fields["user"] = "nobody"));
        Assert.Equal("no_such_database", await CodeAsync(fields => fields["database"] = "nowhere"));

        async Task<string?> CodeAsync(Action<JsonObject> change)
        {
            var fields = SetupHarness.Fields(address);
            change(fields);
            var (_, body, _) = await setup.ValidateAsync(fields);
            Assert.DoesNotContain("FATAL", body!.ToJsonString(), StringComparison.OrdinalIgnoreCase);
            return (string?)body["code"];
        }
    }

    [Theory]
    [InlineData("../outside.db")]
    [InlineData("/tmp/outside.db")]
    [InlineData("beep.db?mode=memory")]
    [InlineData("beep.db;Password=x")]
    [InlineData(":memory:")]
    [InlineData("file:beep.db")]
    [InlineData("%2e%2e/x.db")]
    [InlineData("keys/audit.key")]
    [InlineData("a\nb.db")]
    [InlineData("")]
    [InlineData("..")]
    public void SqlitePathInjection_NotAPlainNameInTheHome_IsRefused(string file)
    {
        var fault = Assert.Throws<FaultException>(() => new DatabaseChoice { File = file }.Resolve(Paths)).Faults.Single();
        Assert.Equal(("bad_database", "database.file"), (fault.Code, fault.Where));
    }

    [Theory]
    [InlineData("host", "db.example.org;SSL Mode=Disable")]
    [InlineData("host", "db.example.org/other?sslmode=disable#")]
    [InlineData("host", "user@db.example.org")]
    [InlineData("host", "db.example.org:5433")]
    [InlineData("host", "")]
    [InlineData("database", "a/b")]
    [InlineData("database", "")]
    [InlineData("user", "a\r\nb")]
    [InlineData("port", "70000")]
    public void ConnectionStringInjection_AFieldThatIsMore_IsRefused(string field, string value)
    {
        var choice = new DatabaseChoice { Provider = DatabaseProvider.Postgresql, Host = "db.example.org", Password = "hunter2-hunter2" };
        _ = field switch
        {
            "host" => choice.Host = value,
            "database" => choice.Database = value,
            "user" => choice.User = value,
            _ => (object)(choice.Port = int.Parse(value, null)),
        };
        var fault = Assert.Throws<FaultException>(() => choice.Resolve(Paths)).Faults.Single();
        Assert.Equal("bad_database", fault.Code);
        Assert.DoesNotContain("hunter2", fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("p;Host=evil;x=", "u@ser", "da ta?sslmode=disable")]
    [InlineData("%41#/?:@", "ü", "x%2Fy")]
    [InlineData("", "user", "db")]
    public void ConnectionStringInjection_OddCharacters_ArriveAsTheyAre(string password, string user, string database)
    {
        var choice = new DatabaseChoice { Provider = DatabaseProvider.Postgresql, Host = "::1", Password = password, User = user, Database = database, Encryption = PostgresEncryption.VerifyFull };
        var address = Assert.IsType<PostgresAddress>(choice.Resolve(Paths).Address);
        Assert.Equal(("::1", user, database, PostgresEncryption.VerifyFull), (address.Host, address.User, address.Database, address.Encryption));
        Assert.Equal(password.Length == 0 ? null : password, address.Password?.Value);
    }

    [Theory]
    [InlineData("""{"issuer":"ISSUER","response_types_supported":["code"],ENDPOINTS,"keys":[{"kty":"RSA","e":"AQAB","n":"MODULUS"}]}""", null)]
    [InlineData("""{"issuer":"ISSUER","response_types_supported":["code"],ENDPOINTS,"keys":[{"kty":"RSA","use":"enc","e":"AQAB","n":"MODULUS"}]}""", "no_keys")]
    [InlineData("""{"issuer":"ISSUER","response_types_supported":["code"],ENDPOINTS}""", "no_keys")]
    [InlineData("""{"issuer":"ISSUER","response_types_supported":["code"],"authorization_endpoint":"http://10.0.0.7/a","token_endpoint":"ISSUER/t","jwks_uri":"ISSUER/k"}""", "no_provider")]
    [InlineData("""{"issuer":"ISSUER","response_types_supported":["code"],"authorization_endpoint":"ISSUER/a","token_endpoint":"ISSUER/t"}""", "no_provider")]
    [InlineData("""{"issuer":"ISSUER/","response_types_supported":["code"]}""", "other_issuer")]
    [InlineData("""{"issuer":"https://login.example.org","response_types_supported":["code"]}""", "other_issuer")]
    [InlineData("""{"issuer":"ISSUER","response_types_supported":["id_token"]}""", "no_provider")]
    [InlineData("""{"response_types_supported":["code"]}""", "no_provider")]
    [InlineData("""[]""", "no_provider")]
    [InlineData("""<html>""", "no_provider")]
    [InlineData("REDIRECT", "no_provider")]
    [InlineData("LARGE", "no_provider")]
    public async Task OidcMisconfiguration_DiscoveryDocument_MustFit(string document, string? code)
    {
        using var provider = new Answering("");
        var issuer = $"http://127.0.0.1:{provider.Port}";
        var body = document == "LARGE" ? "{\"issuer\":\"" + new string('a', 2 << 20) : document
            .Replace("ENDPOINTS", """ "authorization_endpoint":"ISSUER/a","token_endpoint":"ISSUER/t","jwks_uri":"ISSUER/k","code_challenge_methods_supported":["S256"]""", StringComparison.Ordinal)
            .Replace("MODULUS", Modulus, StringComparison.Ordinal).Replace("ISSUER", issuer, StringComparison.Ordinal);
        provider.Answer = document == "REDIRECT"
            ? "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            : $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";
        var probe = new DiscoveryProbe(TimeProvider.System, SetupHarness.Patience);
        if (code is null)
        {
            var found = await probe.TryAsync(issuer, Cancellation);
            Assert.Equal((true, 1), (found.HasProofKey, found.Keys));
        }
        else
        {
            Assert.Equal(code, (await Assert.ThrowsAsync<FaultException>(() => probe.TryAsync(issuer, Cancellation))).Faults.Single().Code);
        }

        Assert.Equal(code is null or "no_keys" ? 2 : 1, provider.Count);
    }

    [Theory]
    [InlineData("http://login.example.org", "not_https")]
    [InlineData("ftp://login.example.org", "bad_address")]
    [InlineData("https://ada:secret@login.example.org", "bad_address")]
    [InlineData("https://login.example.org/?x=1", "bad_address")]
    [InlineData("", "bad_address")]
    [InlineData("http://127.0.0.1:1", "provider_unreachable")]
    public async Task OidcMisconfiguration_Authority_MustBeSafeToAsk(string authority, string code) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<FaultException>(() => new DiscoveryProbe(TimeProvider.System, SetupHarness.Patience).TryAsync(authority, Cancellation))).Faults.Single().Code);

    private static JsonObject Server(string host, int port) => new() { ["provider"] = "postgresql", ["host"] = host, ["port"] = port, ["password"] = "x", ["encryption"] = "disable" };

    /// <summary>Of a key of 2048 bits.</summary>
    private static string Modulus => Convert.ToBase64String(Enumerable.Repeat((byte)0xC1, 256).ToArray()).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>Says the same to everybody who connects.</summary>
    private sealed class Answering : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _count;

        public Answering(string answer)
        {
            Answer = answer;
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = ServeAsync();
        }

        public string Answer { get; set; }

        public int Port { get; }

        public int Count => Volatile.Read(ref _count);

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    Interlocked.Increment(ref _count);
                    var stream = client.GetStream();
                    _ = await stream.ReadAsync(new byte[8192]);
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(Answer));
                    client.Client.Shutdown(SocketShutdown.Send);
                    _ = await stream.ReadAsync(new byte[8192]);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException or OperationCanceledException)
            {
            }
        }
    }
}
