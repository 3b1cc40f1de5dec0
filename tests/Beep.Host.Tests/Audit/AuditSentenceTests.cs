using Beep.Host.Audit;

namespace Beep.Host.Tests.Audit;

public sealed class AuditSentenceTests
{
    [Theory]
    [InlineData(AuditActorKind.User, "ada", "user_created", AuditOutcome.Succeeded, """{"name":"bob"}""", "ada created user bob")]
    [InlineData(AuditActorKind.User, "ada", "role_changed", AuditOutcome.Succeeded, """{"fields":["permissions"],"name":"User"}""", "ada changed role User: permissions")]
    [InlineData(AuditActorKind.User, null, "setting_changed", AuditOutcome.Succeeded, """{"from":"false","name":"ENABLE_FINETUNE","to":"true"}""", "User 5 changed setting ENABLE_FINETUNE: false → true")]
    [InlineData(AuditActorKind.Anonymous, null, "sign_in", AuditOutcome.Refused, """{"name":"eve","reason":"wrong_password"}""", "Somebody not signed in was refused: sign in eve: wrong password")]
    [InlineData(AuditActorKind.System, null, "database_migrated", AuditOutcome.Succeeded, """{"count":2,"name":"Initial"}""", "The host migrated database Initial: 2 in all")]
    [InlineData(AuditActorKind.User, "ada", "signed_in", AuditOutcome.Succeeded, """{"reason":"password"}""", "ada signed in: password")]
    [InlineData(AuditActorKind.System, null, "setup_settings_written", AuditOutcome.Succeeded, """{"count":1,"name":"host.json","to":"Admin"}""", "The host wrote setup settings host.json: now Admin")]
    [InlineData(AuditActorKind.Token, "ada", "task_cancelled", AuditOutcome.Failed, null, "ada (token) failed: task cancelled 9")]
    public void Of_Row_ReadsAsASentence(object kind, string? name, string action, object outcome, string? details, string expected) =>
        Assert.Equal(expected, AuditSentence.Of(new AuditRow
        {
            Seq = 1,
            CreatedAt = DateTimeOffset.UnixEpoch,
            ActorKind = (AuditActorKind)kind,
            ActorId = "5",
            ActorName = name,
            Action = action,
            ResourceId = "9",
            Outcome = (AuditOutcome)outcome,
            Details = details,
            KeyId = "k",
        }));
}
