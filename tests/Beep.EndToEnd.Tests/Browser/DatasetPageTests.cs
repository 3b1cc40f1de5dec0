using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Models;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>Datasets as a person meets them: a file dropped in, read, understood, compared and deleted.</summary>
public sealed class DatasetPageTests(Chromium chromium, PostgresServer postgres)
{
    private const int Phone = 390;
    private const int Wide = 1440;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Upload_OfAFile_IsReadShownWithAModelAndComparedWithItsNextVersion()
    {
        await using var server = await StartAsync();
        using var folder = new TemporaryFolder();
        var page = await OpenAsync(server, isDark: false, Wide);
        await page.OpenPageAsync("/datasets");
        await page.SeeAsync("There is no dataset yet");
        await page.Locator("input[type=file]").SetInputFilesAsync(Write(folder, "questions.jsonl", Rows(1, 30) + """{"prompt": "Nothing?", "completion": ""}""" + "\n"));
        await page.ArriveAsync("**/datasets/*");
        await page.GetByRole(AriaRole.Heading, new() { Name = "questions" }).WaitForAsync();
        await page.SeeAsync("No job can take this version");
        await page.SeeAsync("Empty answers");
        Assert.Equal("31", (await page.Locator(".finding tbody td").First.InnerTextAsync()).Replace("Line", "", StringComparison.Ordinal).Trim());
        Assert.Equal("\"completion\"", await page.Locator(".finding mark").First.InnerTextAsync());

        // The corrected file is the next version.
        await page.GetByRole(AriaRole.Link, new() { Name = "Versions" }).ClickAsync();
        await page.Locator("input[type=file]").SetInputFilesAsync(Write(folder, "corrected.jsonl", Rows(1, 40)));
        await page.SeeAsync("Every row is sound");
        await page.GetByRole(AriaRole.Link, new() { Name = "Versions" }).ClickAsync();
        await page.PressAsync("Compare");
        await page.SeeAsync("10 rows added, 1 removed");

        // As the shipped model sees it.
        await page.GetByRole(AriaRole.Link, new() { Name = "Preview" }).ClickAsync();
        await page.GetByLabel("Model").SelectOptionAsync(new SelectOptionValue { Label = ModelSeeder.Name });
        await page.Locator(".seg.trained", new() { HasText = "The number 1." }).First.WaitForAsync();
        var special = page.Locator(".said .seg.special");
        Assert.True(await special.CountAsync() > 0);
        await page.GetByLabel("Show special tokens").UncheckAsync();
        await Assertions.Expect(special).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Link, new() { Name = "Lengths" }).ClickAsync();
        await page.SeeAsync("0 rows would be cut");
        await page.GetByLabel("Longest row", new() { Exact = true }).FillAsync("3");
        await page.Keyboard.PressAsync("Tab");
        await page.SeeAsync("40 rows would be cut");

        await page.GetByRole(AriaRole.Link, new() { Name = "Used by" }).ClickAsync();
        await page.GetByLabel("Row", new() { Exact = true }).FillAsync(Rows(7, 7).Trim());
        await page.PressAsync("Search");
        await page.SeeAsync("questions, version 2");

        await page.PressAsync("Delete");
        await page.SeeAsync("2 versions with all rows go");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.ArriveAsync("**/datasets");
        await page.SeeAsync("There is no dataset yet");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Upload_RefusedByTheServer_SaysEveryLineAtFault()
    {
        await using var server = await StartAsync();
        using var folder = new TemporaryFolder();
        var page = await OpenAsync(server, isDark: false, Phone);
        await page.OpenPageAsync("/datasets");
        await page.Locator("input[type=file]").SetInputFilesAsync(Write(folder, "broken.jsonl", Rows(1, 2) + "{\"prompt\": <b>\n{no}\n"));
        await page.SeeAsync("broken.jsonl:3");
        await page.SeeAsync("broken.jsonl:4");
        await Accessibility.CheckAsync(page, "a refused upload");
        await page.PressAsync("Dismiss");
        await Assertions.Expect(page.GetByText("broken.jsonl:3")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Upload_WhoseConnectionBreaks_GoesOnByItself()
    {
        await using var server = await StartAsync();
        using var folder = new TemporaryFolder();
        var page = await OpenAsync(server, isDark: false, Wide);
        await page.OpenPageAsync("/datasets");
        var (parts, broken) = (0, 0);
        await page.RouteAsync("**/api/v1/finetune/uploads/*", async route =>
        {
            if (route.Request.Method == "PATCH" && ++parts == 2)
            {
                broken++;
                await route.AbortAsync("connectionreset");
                return;
            }

            await route.ContinueAsync();
        });
        var file = Path.Combine(folder.Path, "large.jsonl");
        await using (var writer = new StreamWriter(file))
        {
            for (var row = 0; writer.BaseStream.Length < 40_000_000; row++)
            {
                await writer.WriteLineAsync($$"""{"prompt": "What is {{row}}?", "completion": "{{new string('n', 400)}} {{row}}."}""");
            }
        }

        await page.Locator("input[type=file]").SetInputFilesAsync(file);
        await page.ArriveAsync("**/datasets/*", timeout: 60_000);
        await page.SeeAsync("Every row is sound");
        Assert.Equal(1, broken);
        Assert.True(parts >= 4, $"{parts} parts");
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData(false, Wide)]
    [InlineData(true, Wide)]
    [InlineData(false, Phone)]
    [InlineData(true, Phone)]
    public async Task Tabs_All_AreAccessibleAndFit(bool isDark, int width)
    {
        await using var server = await StartAsync();
        using var client = await server.CreateAdminClientAsync();
        var id = await UploadAsync(client, Rows(1, 60) + Rows(1, 3) + """{"prompt": "A question with <script>alert(1)</script> and a very, very long line?", "completion": ""}""" + "\n");
        var model = (await server.Services.GetRequiredService<ModelRegistry>().FindAsync(ModelSeeder.Name, Token))!.Id;
        var page = await OpenAsync(server, isDark, width);
        foreach (var tab in new[] { "report", $"preview&model={model}", "preview", $"lengths&model={model}", "lengths", "versions", "uses" })
        {
            await page.OpenPageAsync($"/datasets/{id}?tab={tab}");
            await page.WaitForFunctionAsync("() => document.querySelector('.tabs [aria-current]')");
            await page.SettleAsync();
            await Accessibility.CheckAsync(page, tab, Accessibility.ToRead(isDark, width == Wide));
        }

        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData(false, Wide)]
    [InlineData(true, Phone)]
    public async Task Preview_OfPreferencePairs_ShowsBothAnswersSideBySide(bool isDark, int width)
    {
        await using var server = await StartAsync();
        using var client = await server.CreateAdminClientAsync();
        var id = await UploadAsync(client, string.Concat(Enumerable.Range(1, 6).Select(row => $$"""{"prompt": "What is {{row}}?", "chosen": "The number {{row}}, which comes after {{row - 1}}.", "rejected": "I do not know <b>{{row}}</b>."}""" + "\n")));
        var model = (await server.Services.GetRequiredService<ModelRegistry>().FindAsync(ModelSeeder.Name, Token))!.Id;
        var page = await OpenAsync(server, isDark, width);
        await page.OpenPageAsync($"/datasets/{id}?tab=preview&model={model}");
        var row = page.GetByRole(AriaRole.Article, new() { Name = "Row 1", Exact = true });
        var (chosen, rejected) = (row.GetByRole(AriaRole.Group, new() { Name = "The chosen answer" }), row.GetByRole(AriaRole.Group, new() { Name = "The rejected answer" }));
        await chosen.GetByText("The number 1, which comes after 0.").WaitForAsync();
        await rejected.GetByText("I do not know <b>1</b>.").WaitForAsync();
        Assert.Equal(1, await row.GetByText("What is 1?").CountAsync());
        await page.SettleAsync();
        var (left, right) = ((await chosen.BoundingBoxAsync())!, (await rejected.BoundingBoxAsync())!);
        Assert.True(width == Wide ? left.Y == right.Y && left.X + left.Width <= right.X : left.X == right.X && left.Y + left.Height <= right.Y);
        await Accessibility.CheckAsync(page, "preference pairs");
        await page.Context.CloseAsync();
    }

    private Task<RunningServer> StartAsync() => RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });

    private async Task<IPage> OpenAsync(RunningServer server, bool isDark, int width)
    {
        var (_, name) = await server.CreateAdminAsync();
        var page = await chromium.OpenAsync(server.Address, isDark, width);
        await page.SignInAsync(name, RunningServer.Password);
        return page;
    }

    /// <summary>A dataset whose rows were read; its id.</summary>
    internal static async Task<string> UploadAsync(HttpClient client, string rows)
    {
        const string root = "/api/v1/finetune/datasets";
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(rows)), "file", "questions-of-a-week.jsonl" } };
        using var answer = await client.PostAsync(root, form, Token);
        var id = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["dataset"]!["id"]!;
        while ((string?)JsonNode.Parse(await client.GetStringAsync($"{root}/{id}/versions/1", Token))!["state"] == "checking")
        {
            await Task.Delay(50, Token);
        }

        return id;
    }

    internal static string Rows(int from, int to) =>
        string.Concat(Enumerable.Range(from, to - from + 1).Select(row => $$"""{"prompt": "What is {{row}}?", "completion": "The number {{row}}."}""" + "\n"));

    private static string Write(TemporaryFolder folder, string name, string content)
    {
        var path = Path.Combine(folder.Path, name);
        File.WriteAllText(path, content);
        return path;
    }
}
