using System.Text.Json.Nodes;
using PgpoolLab.Drills.Reports;
using PgpoolLab.Drills.Tests.Reports;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Drills.Tests.Browsers;

/// <summary>The page as a browser shows it, on a telephone and on a desk, light and dark.</summary>
[Trait("Needs", "chromium")]
public sealed class PageInBrowserTests(Chromium browser) : IClassFixture<Chromium>
{
    private static readonly int[] Widths = [400, 1400];

    /// <summary>Elements that reach beyond the page's right edge. What scrolls inside its own box does not.</summary>
    private const string Overflowing = """
        [...document.querySelectorAll("body *")].filter(e => !e.closest("pre")).filter(e => {
            const box = e.getBoundingClientRect();
            return box.width > 0 && box.right > document.documentElement.clientWidth + 0.5;
        }).map(e => `${e.tagName} ${e.getAttribute("class")} ${e.textContent.slice(0, 60)}`)
        """;

    /// <summary>Texts of pictures that, with this machine's fonts, reach out of their picture or lie on each
    /// other.</summary>
    private const string Overlapping = """
        [...document.querySelectorAll("svg")].filter(s => s.getBoundingClientRect().width > 0).flatMap(svg => {
            const view = svg.viewBox.baseVal;
            const texts = [...svg.querySelectorAll("text")].map(e => ({ text: e.textContent, box: e.getBBox() }));
            const out = texts.filter(({ box }) => box.x < -1 || box.x + box.width > view.width + 1
                || box.y < -1 || box.y + box.height > view.height + 1);
            const across = texts.filter((a, i) => texts.some((b, j) => i < j
                && a.box.x < b.box.x + b.box.width - 1 && b.box.x < a.box.x + a.box.width - 1
                && a.box.y < b.box.y + b.box.height - 4 && b.box.y < a.box.y + a.box.height - 4));
            return [...out, ...across].map(t => t.text);
        })
        """;

    [Theory]
    [InlineData("two-primaries")]
    [InlineData("rows-lost")]
    [InlineData("flapping")]
    [InlineData("matrix")]
    [InlineData("hostile")]
    [InlineData("all")]
    public async Task A_page_fits_every_width_and_asks_for_nothing(string name)
    {
        var file = browser.Folder[$"{name}.html"];
        await File.WriteAllTextAsync(
            file,
            new DrillPage(new TemplateStore(), "0.2.0").Render(MadeUp.Pages[name]()),
            TestContext.Current.CancellationToken
        );
        foreach (var width in Widths)
        {
            var page = await OpenedPage.OpenAsync(browser, file, width, isDark: false);
            await AssertFitsAsync(page, width);
            var (light, paper) = (await page.ScreenshotAsync(), await BackgroundAsync(page));
            await page.PrefersAsync(isDark: true, "screen");
            await AssertFitsAsync(page, width);
            Assert.NotEqual(light, await page.ScreenshotAsync());
            Assert.Equal(("rgb(255, 255, 255)", "rgb(21, 26, 34)"), (paper, await BackgroundAsync(page)));
            // Whoever prefers dark prints on white paper all the same.
            await page.PrefersAsync(isDark: true, "print");
            Assert.Equal(paper, await BackgroundAsync(page));
            AssertIsQuiet(page, file);
        }
    }

    [Theory]
    [InlineData(400, "narrow")]
    [InlineData(1400, "wide")]
    public async Task The_picture_for_the_width_is_shown_and_no_other(int width, string shown)
    {
        var file = browser.Folder[$"one-{width}.html"];
        await File.WriteAllTextAsync(
            file,
            new DrillPage(new TemplateStore(), "0.2.0").Render([MadeUp.PrimaryDies()]),
            TestContext.Current.CancellationToken
        );
        var page = await OpenedPage.OpenAsync(browser, file, width, isDark: false);
        const string visible = """
            [...document.querySelectorAll("svg")].filter(s => s.getBoundingClientRect().width > 0)
                .map(s => s.getAttribute("class"))
            """;
        Assert.Equal([$"tl tl-of-{shown}"], Texts(await page.ValueAsync(visible)));
        // At its natural size or nearly so: its texts are as large as the page's own small ones.
        var scale = await page.ValueAsync(
            """
            (s => s.getBoundingClientRect().width / s.viewBox.baseVal.width)(
                [...document.querySelectorAll("svg")].find(s => s.getBoundingClientRect().width > 0))
            """
        );
        Assert.InRange(scale!.GetValue<double>(), 0.9, 1.5);
    }

    [Fact]
    public async Task What_a_page_must_not_do_would_be_seen()
    {
        var file = browser.Folder["bad.html"];
        await File.WriteAllTextAsync(
            file,
            """
            <!DOCTYPE html><title>bad</title><img src="other.png"><div style="width:3000px">wide</div>
            <script>console.error("no")</script>
            """,
            TestContext.Current.CancellationToken
        );
        var page = await OpenedPage.OpenAsync(browser, file, 400, isDark: false);
        Assert.ThrowsAny<Exception>(() => AssertIsQuiet(page, file));
        Assert.Equal(["DIV null wide"], Texts(await page.ValueAsync(Overflowing)));
        Assert.NotEmpty(page.Reported("Runtime.consoleAPICalled"));
        Assert.Equal(2, page.Reported("Network.requestWillBeSent").Count);
    }

    private static async Task AssertFitsAsync(OpenedPage page, int width)
    {
        Assert.Empty(Texts(await page.ValueAsync(Overflowing)));
        Assert.Empty(Texts(await page.ValueAsync(Overlapping)));
        var scrolled = await page.ValueAsync("document.documentElement.scrollWidth");
        Assert.Equal(width, scrolled!.GetValue<int>());
    }

    private static void AssertIsQuiet(OpenedPage page, string file)
    {
        Assert.Empty(
            page.Reported("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
                .Select(e => e.ToJsonString())
        );
        Assert.Equal(
            [new Uri(file).AbsoluteUri],
            page.Reported("Network.requestWillBeSent").Select(e => (string?)e["params"]?["request"]?["url"])
        );
    }

    private static async Task<string?> BackgroundAsync(OpenedPage page) =>
        (string?)await page.ValueAsync("getComputedStyle(document.body).backgroundColor");

    private static IReadOnlyList<string?> Texts(JsonNode? list) => [.. list!.AsArray().Select(t => (string?)t)];
}
