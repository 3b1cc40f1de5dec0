using System.Text;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Setup;
using Beep.Host.Setup.Choices;
using Beep.Host.Setup.Drafts;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Setup;

/// <summary>A setup that is left and come back to.</summary>
public sealed class SetupDraftTests : IDisposable
{
    private static readonly string[] Secrets = ["database-hunter2", "admin-hunter2-x", "client-hunter2", "secret-hunter2"];

    private readonly TemporaryFolder _home = new();
    private readonly ManualTime _time = new();

    private HostPaths Paths => new(_home.Path);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task ResumeLeaksSecrets_AfterARestart_AnswersAreThereAndSecretsAreNot()
    {
        await using (var setup = await SetupHarness.StartAsync(Paths, time: _time))
        {
            using var scope = setup.Services.CreateScope();
            var session = scope.ServiceProvider.GetRequiredService<SetupSession>();
            session.Unlock(setup.Token);
            Assert.False(session.IsResumed);
            Answer(session);
            session.Save(3, "sign_in");
        }

        Assert.All(Directory.EnumerateFiles(_home.Path, "*", SearchOption.AllDirectories), AssertHidden);
        Assert.Equal(PrivateFiles.FileMode, OperatingSystem.IsWindows() ? PrivateFiles.FileMode : File.GetUnixFileMode(Paths.SetupDraft));
        Assert.False(File.Exists(Paths.Configuration));

        await using var again = await SetupHarness.StartAsync(Paths, time: _time);
        using var second = again.Services.CreateScope();
        var resumed = second.ServiceProvider.GetRequiredService<SetupSession>();
        Assert.Throws<InvalidOperationException>(() => resumed.Save(1, "database"));
        Assert.Equal("", resumed.Choices.SignIn.Authority ?? "");
        Assert.Throws<HttpFaultException>(() => resumed.Unlock("wrong"));
        Assert.False(resumed.IsUnlocked);
        resumed.Unlock(again.Token);
        Assert.Equal((true, 3, "grace", "https://login.example.org"), (resumed.IsResumed, resumed.ResumedStep, resumed.Choices.Admin.Username, resumed.Choices.SignIn.Authority));
        Assert.Equal([null, null, null, null], new[] { resumed.Choices.Database.Password, resumed.Choices.Admin.Password, resumed.Choices.SignIn.ClientSecret, resumed.Choices.Keys.SecretKey });
    }

    [Fact]
    public async Task ResumeLeaksSecrets_AfterAnHour_TheAnswersAreGone()
    {
        await using var setup = await SetupHarness.StartAsync(Paths, time: _time);
        using var scope = setup.Services.CreateScope();
        var session = scope.ServiceProvider.GetRequiredService<SetupSession>();
        session.Unlock(setup.Token);
        Answer(session);
        session.Save(3, "sign_in");
        _time.Advance(DraftStore.Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal("grace", setup.Services.GetRequiredService<DraftStore>().Load().Choices!.Admin.Username);
        // What happens meanwhile does not keep them alive.
        setup.Services.GetRequiredService<SetupJournal>().Add(SetupActions.TokenRefused, "127.0.0.1");
        _time.Advance(TimeSpan.FromSeconds(2));
        var draft = setup.Services.GetRequiredService<DraftStore>().Load();
        Assert.Null(draft.Choices);
        Assert.Contains(draft.Events, happened => happened.Action == SetupActions.StepSaved);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(-1)]
    public void ResumeLeaksSecrets_ADraftThatWasChanged_IsNotRead(int index)
    {
        var store = new DraftStore(Paths, _time);
        store.Change(_ => new SetupDraft { Choices = new SetupChoices(), SavedAt = _time.GetUtcNow() });
        Assert.NotNull(store.Load().Choices);
        var bytes = File.ReadAllBytes(Paths.SetupDraft);
        bytes[index < 0 ? ^1 : index] ^= 1;
        File.WriteAllBytes(Paths.SetupDraft, bytes);
        Assert.Null(store.Load().Choices);
        File.Delete(Paths.SetupKey);
        Assert.Null(store.Load().Choices);
    }

    [Fact]
    public async Task ResumeLeaksSecrets_AnOpenPageWhoseTokenIsTooOld_IsShut()
    {
        await using var setup = await SetupHarness.StartAsync(Paths, time: _time);
        using var scope = setup.Services.CreateScope();
        var session = scope.ServiceProvider.GetRequiredService<SetupSession>();
        session.Unlock(setup.Token);
        _time.Advance(TimeSpan.FromHours(25));
        Assert.Equal("setup_token_expired", Assert.Throws<HttpFaultException>(() => session.Save(1, "database")).Faults.Single().Code);
        Assert.Equal("setup_token_expired", (await Assert.ThrowsAsync<HttpFaultException>(() => session.CompleteAsync(Cancellation))).Faults.Single().Code);
    }

    [Fact]
    public void Journal_AFloodOfTries_PushesNothingElseOut()
    {
        var journal = new SetupJournal(new DraftStore(Paths, _time), _time);
        journal.Add(SetupActions.Started, null);
        for (var count = 0; count < 250; count++)
        {
            journal.Add(SetupActions.TokenRefused, count % 2 == 0 ? "127.0.0.1" : "127.0.0.2");
        }

        var events = journal.Read();
        Assert.Equal(SetupActions.Started, events[0].Action);
        Assert.InRange(events.Count, 2, 200);
        Assert.Equal(251, events.Sum(happened => happened.Count));
    }

    [Theory]
    [InlineData("changeme-changeme-changeme-changeme", "placeholder_secret")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "placeholder_secret")]
    [InlineData("qF3vT8mZ1xK6wB9n", "short_secret")]
    public void WeakOrDefaultKeys_OneOfAPersonsOwn_MustBeStrong(string secret, string code)
    {
        var choices = new SetupChoices { Keys = new KeysChoice { SecretKey = secret } };
        var (settings, faults) = ChoiceSettings.Of(choices, Paths, SetupHarness.Variable(Paths));
        Assert.Null(settings);
        Assert.Equal(code, faults.Single().Code);
    }

    [Fact]
    public void WeakOrDefaultKeys_NoneGiven_IsMadeAtRandom()
    {
        var made = Enumerable.Range(0, 2).Select(_ => ChoiceSettings.Of(new SetupChoices(), Paths, SetupHarness.Variable(Paths)).Settings!.Options.SecretKey!.Value).ToList();
        Assert.Equal(2, made.Distinct().Count());
        Assert.All(made, secret => Assert.Equal(48, Convert.FromBase64String(secret).Length));
    }

    [Fact]
    public void OidcMisconfigurationLocksOut_ProviderAlone_IsNotOffered()
    {
        var choices = new SetupChoices
        {
            SignIn = new SignInChoice { IdentityServer = true, Authority = "https://login.example.org", ClientId = "beep", ClientSecret = "client-hunter2" },
            Areas = new AreasChoice { EnableInternalUserMgmt = false },
        };
        Assert.Equal("locks_out", ChoiceSettings.Of(choices, Paths, SetupHarness.Variable(Paths)).Faults.Single().Code);
        choices.Areas.EnableInternalUserMgmt = true;
        Assert.True(ChoiceSettings.Of(choices, Paths, SetupHarness.Variable(Paths)).Settings!.Options.EnableIdentityServer);
    }

    [Fact]
    public void Choices_WhatTheEnvironmentSays_WinsAndIsNotWritten()
    {
        var environment = new Dictionary<string, string> { ["SECRET_KEY"] = "qF3vT8mZ1xK6wB9nL2rD7hJ4pS0cY5gU", ["ENABLE_FINETUNE"] = "false", ["DATABASE_URL"] = "sqlite:///other.db", ["PUBLIC_URL"] = "https://beep.example.org" };
        var choices = new SetupChoices { Database = new DatabaseChoice { File = "../x" }, Keys = new KeysChoice { SecretKey = "changeme", PublicUrl = "https://other.example.org" } };
        var (settings, faults) = ChoiceSettings.Of(choices, Paths, SetupHarness.Variable(Paths, environment));
        Assert.Empty(faults);
        Assert.Equal(["ENABLE_IDENTITYSERVER_AUTH", "ENABLE_INTERNAL_USER_MGMT"], settings!.Changes.Keys.Select(key => key.Name).Order());
        Assert.Equal((false, "https://beep.example.org/", Path.Combine(_home.Path, "other.db")), (settings.Options.EnableFinetune, settings.Options.PublicUrl!.AbsoluteUri, ((SqliteAddress)settings.Database).Path));
    }

    private static void Answer(SetupSession session)
    {
        session.Choices.Database.Password = Secrets[0];
        session.Choices.Admin.Username = "grace";
        session.Choices.Admin.Password = session.RepeatedPassword = Secrets[1];
        session.Choices.SignIn.Authority = "https://login.example.org";
        session.Choices.SignIn.ClientSecret = Secrets[2];
        session.Choices.Keys.SecretKey = Secrets[3];
    }

    private void AssertHidden(string file)
    {
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(file));
        Assert.DoesNotContain("grace", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        var draft = System.Text.Json.JsonSerializer.Serialize(new DraftStore(Paths, _time).Load());
        Assert.Contains("grace", draft, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", draft, StringComparison.Ordinal);
    }
}
