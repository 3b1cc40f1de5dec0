using System.Text;
using System.Text.Json;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;
using FsCheck.Xunit;

namespace Beep.LanguageModels.Tests.Datasets.Rows;

public sealed class RowViewTests
{
    [Theory]
    [InlineData("{\"a\":[{\"b\":[1,2,[3],4,5]},{}],\"c\":{\"d\":[]},\"e\":\"x\"}")]
    [InlineData("{\"a\":[1,2],\"b\":[[1],2],\"c\":[{\"x\":1},2,3,\"y\",4]}")]
    public void View_NestedValues_AreThoseOfJsonDocument(string row)
    {
        var bytes = Encoding.UTF8.GetBytes(row);
        var scanner = new RowScanner();
        Assert.True(scanner.Scan(bytes, new FindingLog()));

        Assert.Equal(Show(JsonDocument.Parse(row).RootElement), Show(scanner.View(bytes), 0));
    }

    [Property]
    public void Text_AnyString_IsThatOfJsonDocument(string text)
    {
        var row = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["text"] = text ?? "" });
        var scanner = new RowScanner();
        Assert.True(scanner.Scan(row, new FindingLog()));
        var view = scanner.View(row);
        var expected = JsonDocument.Parse(row).RootElement.GetProperty("text").GetString()!;

        Assert.Equal(expected, view.Text(view.Find(0, "text"u8)));
        Assert.Equal(string.IsNullOrWhiteSpace(expected), view.IsBlank(view.Find(0, "text"u8)));
    }

    [Theory]
    [InlineData("\\b", false)]
    [InlineData("\\n\\t \\f\\r", true)]
    [InlineData("\\u00a0\u2003", true)]
    public void IsBlank_Escapes_MeanWhatTheyNameAndNotTheirLetters(string text, bool isBlank) =>
        Assert.Equal(isBlank, JsonText.IsBlank(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Find_EscapedKey_IsFound()
    {
        var row = Encoding.UTF8.GetBytes("{\"\\u0074ext\":\"x\"}");
        var scanner = new RowScanner();
        scanner.Scan(row, new FindingLog());

        Assert.Equal("x", scanner.View(row).Text(scanner.View(row).Find(0, "text"u8)));
    }

    [Fact]
    public void Preview_ControlAndDirectionCharacters_BecomeSpaces()
    {
        Assert.Equal("a b c d", JsonText.Preview("a\nb\u001bc\u202Ed"));
        Assert.Equal(new string('x', 40) + "…", JsonText.Preview(new string('x', 50)));
    }

    private static string Show(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', element.EnumerateObject().Select(property => $"{property.Name}:{Show(property.Value)}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', element.EnumerateArray().Select(Show))}]",
        _ => element.ToString(),
    };

    private static string Show(RowView view, int entry)
    {
        if (view.Type(entry) is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return Encoding.UTF8.GetString(view.Raw(entry));
        }

        var isObject = view.Type(entry) == JsonTokenType.StartObject;
        var parts = new List<string>();
        for (var child = view.FirstChild(entry); child >= 0; child = view.NextChild(entry, isObject ? child + 1 : child))
        {
            parts.Add(isObject ? $"{view.Text(child)}:{Show(view, child + 1)}" : Show(view, child));
        }

        return isObject ? $"{{{string.Join(',', parts)}}}" : $"[{string.Join(',', parts)}]";
    }
}
