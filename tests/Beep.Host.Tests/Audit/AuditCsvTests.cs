using Beep.Host.Audit;

namespace Beep.Host.Tests.Audit;

public sealed class AuditCsvTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+49", "'+49")]
    [InlineData("-2", "'-2")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("=cmd|'/c calc',1", "\"'=cmd|'/c calc',1\"")]
    [InlineData(null, "")]
    public void Line_NameOfActor_IsOneHarmlessCell(string? name, string expected)
    {
        var line = AuditCsv.Line(Row(name));
        Assert.Equal($"7,2026-01-02T03:04:05.0000000+00:00,user,12,{expected},,,user_created,user,13,succeeded,,,k,0102\r\n", line);
    }

    [Fact]
    public void Header_Columns_AreThoseOfALine() => Assert.Equal(AuditCsv.Header.Count(c => c == ','), AuditCsv.Line(Row("ada")).Count(c => c == ','));

    private static AuditRow Row(string? name) => new()
    {
        Seq = 7,
        CreatedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        ActorKind = AuditActorKind.User,
        ActorId = "12",
        ActorName = name,
        Action = "user_created",
        ResourceType = "user",
        ResourceId = "13",
        Outcome = AuditOutcome.Succeeded,
        KeyId = "k",
        Hash = [1, 2],
    };
}
