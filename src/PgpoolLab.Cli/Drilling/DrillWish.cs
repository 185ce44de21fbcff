namespace PgpoolLab.Cli.Drilling;

/// <summary>What the command line says of drills.</summary>
/// <param name="Repeat">How often each is run; null as its file says.</param>
/// <param name="Clients">How many clients write; null as its file says.</param>
/// <param name="Rate">Rows a second; null as its file says.</param>
/// <param name="Settings">Settings of the lab.</param>
/// <param name="Lab">The lab to use; null for new ones.</param>
/// <param name="Keep">Leave the lab.</param>
/// <param name="Report">Where the page goes, absolute; null for no page.</param>
/// <param name="Junit">Where JUnit's XML goes, absolute; null for nowhere.</param>
/// <param name="Tap">Print in the Test Anything Protocol.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record DrillWish(
    int? Repeat,
    int? Clients,
    double? Rate,
    IReadOnlyList<string> Settings,
    string? Lab,
    bool Keep,
    string? Report,
    string? Junit,
    bool Tap,
    bool Json
);
