using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using PgpoolLab.Hosts.Links;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The table of <c>links</c>.</summary>
internal static class LinksView
{
    private static readonly LinkJson Json = new(
        new JsonSerializerOptions(LinkJson.Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = true,
        }
    );

    internal static string ToJson(IReadOnlyList<LinkView> links) =>
        JsonSerializer.Serialize(links, Json.IReadOnlyListLinkView);

    internal static void Print(IAnsiConsole console, IReadOnlyList<LinkView> links) =>
        new FittedTable(
            [
                new("link"),
                new("state"),
                new("since"),
                new("until"),
                new("connections", Right: true),
                new("sent", Right: true),
                new("received", Right: true),
                new("address"),
            ],
            [.. links.Select(Row)]
        )
        {
            Gap = 2,
        }.Print(console);

    private static string[] Row(LinkView link) =>
        [
            Printable.Escape(link.Link),
            link.State == Model.Links.LinkState.Open.ToString()
                ? link.State
                : $"[yellow]{Printable.Escape(link.State)}[/]",
            Clock(link.Since),
            link.Until is { } until ? Clock(until)
            : link.IsHeld ? "held"
            : "",
            link.Connections.ToString(CultureInfo.InvariantCulture),
            Bytes(link.BytesForth),
            Bytes(link.BytesBack),
            $"{link.Address}:{link.Port}",
        ];

    private static string Clock(DateTimeOffset time) =>
        time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Bytes(long bytes) =>
        bytes < 10_000 ? $"{bytes} B"
        : bytes < 10_000_000 ? $"{bytes / 1000} kB"
        : $"{bytes / 1_000_000} MB";
}
