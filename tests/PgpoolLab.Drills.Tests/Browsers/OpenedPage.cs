using System.Text.Json.Nodes;

namespace PgpoolLab.Drills.Tests.Browsers;

/// <summary>A page in a tab of its own, as a reader has it: with a width and a preference for light or dark.</summary>
internal sealed class OpenedPage
{
    private readonly Chromium _browser;
    private readonly string _session;
    private readonly CancellationToken _limit;

    private OpenedPage(Chromium browser, string session, CancellationToken limit) =>
        (_browser, _session, _limit) = (browser, session, limit);

    internal static async Task<OpenedPage> OpenAsync(Chromium browser, string file, int width, bool isDark)
    {
        var limit = Chromium.Limit();
        var blank = new JsonObject { ["url"] = "about:blank" };
        var target = await browser.AskAsync(null, "Target.createTarget", blank, limit);
        var attach = new JsonObject { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true };
        var attached = await browser.AskAsync(null, "Target.attachToTarget", attach, limit);
        var page = new OpenedPage(browser, (string)attached["sessionId"]!, limit);
        foreach (var domain in (string[])["Page", "Network", "Runtime", "Log"])
        {
            await page.AskAsync($"{domain}.enable");
        }

        await page.AskAsync(
            "Emulation.setDeviceMetricsOverride",
            new()
            {
                ["width"] = width,
                ["height"] = 900,
                ["deviceScaleFactor"] = 1,
                ["mobile"] = false,
            }
        );
        await page.PrefersAsync(isDark, "screen");
        await page.AskAsync("Page.setLifecycleEventsEnabled", new() { ["enabled"] = true });
        browser.Events.Clear();
        var navigated = await page.AskAsync("Page.navigate", new() { ["url"] = new Uri(file).AbsoluteUri });
        var loader = (string)navigated["loaderId"]!;
        // about:blank has a life of its own.
        await browser.WaitForAsync(
            e =>
                (string?)e["method"] == "Page.lifecycleEvent"
                && (string?)e["params"]?["name"] == "load"
                && (string?)e["params"]?["loaderId"] == loader,
            limit
        );
        return page;
    }

    /// <summary>Changes what the reader prefers, and whether it is a screen or paper.</summary>
    internal Task PrefersAsync(bool isDark, string media) =>
        AskAsync(
            "Emulation.setEmulatedMedia",
            new()
            {
                ["media"] = media,
                ["features"] = new JsonArray(
                    new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" }
                ),
            }
        );

    /// <summary>The value of an expression of JavaScript.</summary>
    internal async Task<JsonNode?> ValueAsync(string expression)
    {
        var answer = await AskAsync(
            "Runtime.evaluate",
            new() { ["expression"] = expression, ["returnByValue"] = true }
        );
        Assert.Null(answer["exceptionDetails"]);
        return answer["result"]!["value"];
    }

    /// <summary>What is seen, as the bytes of a PNG.</summary>
    internal async Task<string> ScreenshotAsync() => (string)(await AskAsync("Page.captureScreenshot"))["data"]!;

    /// <summary>What was reported of this page by this name.</summary>
    internal IReadOnlyList<JsonObject> Reported(params string[] methods) =>
        [.. _browser.Events.Where(e => (string?)e["sessionId"] == _session && methods.Contains((string?)e["method"]))];

    private Task<JsonObject> AskAsync(string method, JsonObject? parameters = null) =>
        _browser.AskAsync(_session, method, parameters, _limit);
}
